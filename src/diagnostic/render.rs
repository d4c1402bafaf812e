//! Diagnostics as text.

/// How diagnostics are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without colour.
    Plain,
    /// With ANSI colours.
    Colour,
}
