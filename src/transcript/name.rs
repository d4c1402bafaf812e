//! The canonical names of tasks.

use std::fmt;

/// A task as the transcript names it: `P2` for the first thread of the second process, `P2.T3` for its third.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskName {
    /// The process, from 1, by birth in the run.
    pub process: u32,
    /// The thread, from 1, by birth in its process.
    pub thread: u32,
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.thread == 1 {
            f.pad(&format!("P{}", self.process))
        } else {
            f.pad(&format!("P{}.T{}", self.process, self.thread))
        }
    }
}
