//! A source text with its name, and byte ranges in it.

/// A text that diagnostics point into.
#[derive(Debug)]
pub struct Source {
    /// The name shown: the path as the user wrote it, or `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A range of bytes in a [`Source`], end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}
