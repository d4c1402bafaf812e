//! Event patterns: parse, print, match. One grammar for rules, expectations and filters.
//! It must not know how events are made: whatever is matched implements [`Subject`].

mod subject;

pub use subject::{Operand, ResultView, Subject, SubjectKind};
