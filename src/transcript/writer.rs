//! Streams events as lines of text, so that memory does not grow with the run.

/// Writes events as lines.
pub struct Writer;
