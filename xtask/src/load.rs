//! Something that takes every processor while runs are made.

use std::process::{Child, Command, Stdio};

/// How many runs are made before the load changes.
pub const BATCH: u32 = 10;

/// Whether the next run is to be made under load, where so many have been made: every other ten are.
pub fn is_due(runs: u32) -> bool {
    !(runs / BATCH).is_multiple_of(2)
}

/// How many processors there are.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// A process that does nothing as fast as it can, and leaves to others most of a processor that they want; it ends with this
/// value.
struct Hog(Child);

impl Hog {
    fn start() -> Result<Hog, String> {
        let child =
            Command::new("nice").args(["-n", "5", "sh", "-c", "while :; do :; done"]).stdin(Stdio::null()).spawn();
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
    /// What is to run beside the next run, where so many have been made ([`is_due`]).
    pub fn after(runs: u32) -> Result<Option<Load>, String> {
        if !is_due(runs) {
            return Ok(None);
        }
        (0..processors()).map(|_| Hog::start()).collect::<Result<_, _>>().map(|hogs| Some(Load { _hogs: hogs }))
    }
}
