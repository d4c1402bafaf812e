//! The canonical names of tasks.

use std::fmt::{self, Write};

/// A task as the transcript names it: `P2` for the first thread of the second process, `P2.T3` for its third.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskName {
    /// The process, from 1, by birth in the run.
    pub process: u32,
    /// The thread, from 1, by birth in its process.
    pub thread: u32,
}

impl TaskName {
    /// Writes it, and returns how many characters it has.
    pub(super) fn write(self, f: &mut impl Write) -> Result<usize, fmt::Error> {
        let mut digits = itoa::Buffer::new();
        let process = digits.format(self.process);
        f.write_char('P')?;
        f.write_str(process)?;
        let mut len = 1 + process.len();
        if self.thread != 1 {
            let thread = digits.format(self.thread);
            f.write_str(".T")?;
            f.write_str(thread)?;
            len += 2 + thread.len();
        }
        Ok(len)
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.write(f)?;
        // In a column it stands on the left.
        (len..f.width().unwrap_or_default()).try_for_each(|_| f.write_char(' '))
    }
}

#[cfg(test)]
mod tests {
    use super::TaskName;

    #[test]
    fn names_fill_their_column() {
        let shown = |process, thread| format!("{0}|{0:<6}|{0:6}|", TaskName { process, thread });
        assert_eq!(shown(1, 1), "P1|P1    |P1    |");
        assert_eq!(shown(10, 1), "P10|P10   |P10   |");
        assert_eq!(shown(9, 3), "P9.T3|P9.T3 |P9.T3 |");
        assert_eq!(shown(12, 345), "P12.T345|P12.T345|P12.T345|");
    }
}
