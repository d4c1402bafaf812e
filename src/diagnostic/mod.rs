//! Messages for the author of a spec: a stable code, the place in the source, what is wrong, how to mend it.
//! Pure: it renders text and must not print it.

mod codes;
mod render;
mod source;
mod suggest;

pub use codes::{Code, Level};
pub use render::Style;
pub use source::{Source, Span};
pub use suggest::{did_you_mean, listed, nearest};

use std::sync::Arc;

/// One problem, with the places it speaks of.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// Whether it stops the run.
    pub level: Level,
    /// What is wrong, in one line, lower case.
    pub message: String,
    /// The places in the source; the first is the main one.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: Option<String>,
    /// More to know: one line each.
    pub notes: Vec<String>,
    /// The text that the spans point into.
    pub source: Arc<Source>,
}

/// A place in the source and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty.
    pub text: String,
}
