//! What is wrong with a word of the command line: which word, why, and what to write instead.
//! It must not know the words.

use std::fmt;

/// A word that makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Problem {
    /// What is wrong, with the part of the word that it is about.
    pub(in crate::cli) why: String,
    /// What to write instead.
    pub(in crate::cli) help: Option<String>,
}

impl Problem {
    pub(super) fn new(why: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem { why: why.into(), help: Some(help.into()) }
    }

    /// The same problem, as one of this word.
    pub(super) fn within(self, word: &str) -> Problem {
        Problem { why: format!("cannot read `{word}`: {}", self.why), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}
