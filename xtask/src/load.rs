//! Something that takes every processor while runs are made.

use std::process::{Child, Command, Stdio};

/// How many runs are made before the load changes.
pub const BATCH: u32 = 10;

/// A process that does nothing as fast as it can; it ends with this value.
struct Hog(Child);

impl Hog {
    fn start() -> Result<Hog, String> {
        let child = Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn();
        child.map(Hog).map_err(|error| format!("cannot start a busy process: {error}"))
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        // It can only have ended by somebody else's hand.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One busy process for each processor; they end with this value.
pub struct Load {
    _hogs: Vec<Hog>,
}

impl Load {
    /// What is to run beside the next run, where so many have been made: every other ten are loaded.
    pub fn after(runs: u32) -> Result<Option<Load>, String> {
        if (runs / BATCH).is_multiple_of(2) {
            return Ok(None);
        }
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        (0..processors).map(|_| Hog::start()).collect::<Result<_, _>>().map(|hogs| Some(Load { _hogs: hogs }))
    }
}
