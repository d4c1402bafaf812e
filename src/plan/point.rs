//! Places where the program is stopped: breakpoints and watchpoints.
//! Pure: whether a place exists is known only when the program runs.

use std::fmt;
use std::sync::Arc;

use super::{Place, PlaceAt, Signature};
use crate::diagnostic::Span;

/// A breakpoint or a watchpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Where.
    pub place: Place,
    /// As the spec has it.
    pub text: Arc<str>,
    /// Where that stands in the spec.
    pub span: Span,
    /// What stops there.
    pub kind: PointKind,
    /// The function that begins there.
    pub signature: Option<Signature>,
}

/// What stops at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// A task about to execute the instruction there; `hardware` says that it is done by a debug register.
    Code {
        /// In a debug register, so that the program's text is left alone.
        hardware: bool,
    },
    /// A task that has accessed the data there.
    Data {
        /// Which accesses.
        access: Access,
        /// How many bytes: 1, 2, 4 or 8.
        len: u8,
    },
}

/// Which accesses a watchpoint stops at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Writes.
    Write,
    /// Reads and writes.
    ReadWrite,
}

impl Point {
    /// Whether it takes one of the four debug registers.
    pub fn is_hardware(&self) -> bool {
        !matches!(self.kind, PointKind::Code { hardware: false })
    }

    /// Whether it is the start of a function, as far as the spec tells: arguments and the return address are where
    /// the calling convention puts them.
    pub fn is_function_start(&self) -> bool {
        match &self.place.at {
            PlaceAt::Symbol { offset, .. } => *offset == 0,
            PlaceAt::Line { .. } => false,
            PlaceAt::Address(_) => true,
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PointKind::Code { .. } => write!(f, "hit({})", self.text),
            PointKind::Data { .. } => write!(f, "watch({})", self.text),
        }
    }
}
