//! All of specs/ many times, while something else takes every processor.

use std::process::{Child, Command, Stdio};

use crate::project;

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

/// One for each processor.
pub struct Hogs(Vec<Hog>);

impl Hogs {
    /// Starts them; they end with this value.
    pub fn start() -> Result<Hogs, String> {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        (0..processors).map(|_| Hog::start()).collect::<Result<Vec<Hog>, String>>().map(Hogs)
    }
}

/// Runs all of specs/ `times` times and counts the rounds that differ; the first of them is shown whole.
pub fn run(times: u32) -> Result<(), String> {
    project::fixtures()?;
    let rinject = project::rinject()?;
    let hogs = Hogs::start()?;
    let mut different = 0;
    let mut first = String::new();
    for round in 1..=times {
        let output = Command::new(&rinject)
            .current_dir(project::root())
            .args(["run", "--check", "--quiet", "specs"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run rinject: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let totals = text.lines().find(|line| line.contains(" passed, ")).unwrap_or_default();
        println!("round {round} of {times}: {totals}");
        if !output.status.success() {
            different += 1;
            if first.is_empty() {
                first = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
    if different > 0 {
        return Err(format!("{different} of {times} rounds differ; the first of them:\n{first}"));
    }
    println!("{times} rounds beside {} busy processes: not one byte differs", hogs.0.len());
    Ok(())
}
