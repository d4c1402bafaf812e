//! What is wrong with a pattern, as places in its own text.
//! It must not know where in a file the text stands.

use std::ops::Range;

use crate::diagnostic::Code;

/// One thing that is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternProblem {
    /// The bytes of the pattern that are wrong.
    pub range: Range<usize>,
    /// Its stable code.
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// What is said at the place itself; may be empty.
    pub label: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl PatternProblem {
    pub(super) fn new(code: Code, range: Range<usize>, message: impl Into<String>) -> PatternProblem {
        PatternProblem { range, code, message: message.into(), label: String::new(), help: None }
    }

    #[must_use]
    pub(super) fn label(mut self, label: impl Into<String>) -> PatternProblem {
        self.label = label.into();
        self
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> PatternProblem {
        self.help = help.into();
        self
    }
}
