//! Why a test that runs specs fails, in the words of the command line.

use std::fmt;

use crate::report::{CaseResult, Human, Report};
use crate::run::End;

/// What a test returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong: its text is what `rinject run` would have printed. A test that returns it prints `Error: ` and the text.
pub struct Error {
    text: String,
    is_unable: bool,
}

impl Error {
    /// With these words.
    pub(super) fn new(text: impl Into<String>) -> Error {
        Error { text: text.into(), is_unable: false }
    }

    /// What a case came to that did not end as it should.
    pub(super) fn of(result: &CaseResult) -> Error {
        let mut text = Vec::new();
        // Writing to memory cannot fail.
        let _ = Human::new(&mut text, false, false).case(result);
        let text = String::from_utf8_lossy(&text).trim_end().to_owned();
        Error {
            text,
            is_unable: result.diagnostics.errors().any(|error| error.code == crate::diagnostic::Code::UNABLE),
        }
    }

    /// Whether it is this machine that cannot run it: ptrace is refused, or the architecture is another one.
    pub fn is_unable(&self) -> bool {
        self.is_unable
    }
}

/// Whether a run came to no verdict, for which there is no outcome.
pub(super) fn is_without_verdict(end: &End) -> bool {
    match end {
        End::Judged(_) => false,
        End::Invalid(_) | End::NotSetUp(_) | End::Unable(_) | End::Interrupted => true,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// As the text: it is what a test that returns it prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}
