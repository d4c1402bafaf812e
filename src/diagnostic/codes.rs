//! The stable codes of diagnostics.

/// A stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u16);

/// Whether a problem stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It does.
    Error,
    /// It does not.
    Warning,
}
