//! Expectations that events decide, and the lines of the transcript where each was met, or broken.

use super::outcome::FailureKind;
use crate::diagnostic::Span;

/// Of each expectation so many matches are kept at most: a run may have millions.
const MOST: usize = 1000;
/// Of all of them together about so many, a few of each in any case: a spec may have thousands.
const MOST_OF_ALL: usize = 20_000;
const FEW: usize = 10;

/// An expectation, and what of the transcript met it or broke it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// What is expected.
    pub expectation: Expectation,
    /// Where it stands in the spec; nowhere where the exit status is left out.
    pub span: Option<Span>,
    /// Whether the run came to what is expected.
    pub holds: bool,
    /// What met it or broke it, in the order of the transcript: the first thousand, or fewer where there are many expectations.
    pub matches: Vec<Match>,
    /// How many more there were.
    pub more: u64,
    /// How many are kept.
    most: usize,
}

/// What is expected, in the words of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// `expect.exit`.
    Exit {
        /// How the first process ends: `exit 0 or 3`.
        is: String,
    },
    /// An event of `expect.never`.
    Never {
        /// The event.
        event: String,
    },
    /// One of `expect.count`.
    Count {
        /// The event.
        event: String,
        /// How often: `1..3`.
        is: String,
    },
    /// An `[[expect.sequence]]`.
    Sequence {
        /// Its name, if it has one.
        name: Option<String>,
        /// Which one it is, from 1.
        number: usize,
        /// How many items it has.
        steps: usize,
    },
}

/// An event that an expectation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its line in the transcript, from 1.
    pub line: u64,
    /// Whether it is that line; otherwise it is shown nowhere, and comes after that line, or before all where it is 0.
    pub is_written: bool,
    /// What it is to the expectation.
    pub role: Role,
    /// Which item of a sequence it is about, from 1.
    pub step: Option<usize>,
    /// Which it is of those that are counted, from 1.
    pub nth: Option<u64>,
    /// Where the spec says what was, or was not, to happen.
    pub span: Option<Span>,
}

/// What an event is to an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is what is expected.
    Meets,
    /// It is what must not be, or one too many.
    Breaks,
    /// It is what came nearest to what did not happen.
    Misses,
}

/// Where in the transcript an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) line: u64,
    pub(super) is_written: bool,
}

impl Met {
    pub(super) fn new(expectation: Expectation, span: Option<Span>) -> Met {
        Met { expectation, span, holds: true, matches: Vec::new(), more: 0, most: MOST }
    }

    /// One of so many expectations.
    pub(super) fn one_of(&mut self, all: usize) {
        self.most = (MOST_OF_ALL / all.max(1)).clamp(FEW, MOST);
    }

    /// Adds one, as far as there is room.
    pub(super) fn push(&mut self, found: Match) {
        if self.matches.len() < self.most {
            self.matches.push(found);
        } else {
            self.more += 1;
        }
    }

    /// Adds one in any case: the one that tells why it does not hold.
    pub(super) fn push_last(&mut self, found: Match) {
        self.matches.push(found);
    }

    /// Puts names for what is called otherwise in every run.
    pub(super) fn rename(&mut self, renamed: impl Fn(&str) -> String) {
        match &mut self.expectation {
            Expectation::Never { event } | Expectation::Count { event, .. } => *event = renamed(event),
            Expectation::Exit { .. } | Expectation::Sequence { .. } => {}
        }
    }
}

impl Expectation {
    /// What kind of failure it is where it does not hold; its name is that of the spec's key.
    pub fn kind(&self) -> FailureKind {
        match self {
            Expectation::Exit { .. } => FailureKind::Exit,
            Expectation::Never { .. } => FailureKind::Never,
            Expectation::Count { .. } => FailureKind::Count,
            Expectation::Sequence { .. } => FailureKind::Sequence,
        }
    }
}

impl Match {
    pub(super) fn new(at: At, role: Role, span: Option<Span>) -> Match {
        Match { line: at.line, is_written: at.is_written, role, step: None, nth: None, span }
    }
}

impl Role {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Role::Meets => "meets",
            Role::Breaks => "breaks",
            Role::Misses => "misses",
        }
    }
}
