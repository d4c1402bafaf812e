//! Who runs while others could, too.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;

/// How that is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// One task at a time; it goes on as long as it can, then it is the turn of the one that is first by its name.
    #[default]
    Serial,
    /// One task at a time; who it is is drawn.
    Random {
        /// From this.
        seed: u64,
    },
    /// One task at a time, as with `Serial` but for these switches, in the order of their choices.
    Replay(Arc<[Switch]>),
    /// All at once, as without rinject: what several tasks do comes in the order that it happens to have.
    Free,
}

impl Policy {
    /// Whether tasks run at once.
    pub fn is_free(&self) -> bool {
        *self == Policy::Free
    }
}

/// Where another task goes on than `Serial` would let go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Switch {
    /// At which choice among several tasks that could go on, counted from 1.
    pub choice: u64,
    /// Its process, in the order in which they were made.
    pub process: u32,
    /// Its thread in the process.
    pub thread: u32,
}

impl Switch {
    /// As it is displayed: `12:P1.T2`, or `3:P2` for the first thread of a process.
    pub fn parse(text: &str) -> Option<Switch> {
        let (choice, task) = text.split_once(':')?;
        let task = task.strip_prefix('P')?;
        let (process, thread) = task.split_once(".T").unwrap_or((task, "1"));
        let choice: NonZero<u64> = choice.parse().ok()?;
        let (process, thread): (NonZero<u32>, NonZero<u32>) = (process.parse().ok()?, thread.parse().ok()?);
        let is_plain = text.bytes().all(|byte| byte != b'+');
        is_plain.then_some(Switch { choice: choice.get(), process: process.get(), thread: thread.get() })
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:P{}", self.choice, self.process)?;
        if self.thread == 1 { Ok(()) } else { write!(f, ".T{}", self.thread) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_read_as_they_are_written() {
        for text in ["1:P1", "12:P1.T2", "18446744073709551615:P4294967295.T3"] {
            assert_eq!(Switch::parse(text).map(|switch| switch.to_string()).as_deref(), Some(text));
        }
        for text in ["", "1", "1:", "1:P", "0:P1", "1:P0", "1:P1.T0", "+1:P1", "1:p1", "-1:P1", "1:P1.T"] {
            assert_eq!(Switch::parse(text), None, "{text}");
        }
    }
}
