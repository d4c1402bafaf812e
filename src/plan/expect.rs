//! What must happen, and what is compared with the golden file.

use std::path::PathBuf;

use regex::Regex;

use crate::abi::Signal;
use crate::diagnostic::Span;
use crate::pattern::{PathGlob, Pattern, Ranges};

use super::{Command, ProcessTest};

/// `[expect]`.
#[derive(Clone, Debug)]
pub struct Expect {
    /// How the first process ends.
    pub exit: ExitExpect,
    /// Where `exit` stands in the spec, if it does.
    pub exit_span: Option<Span>,
    /// Standard output.
    pub stdout: OutputExpect,
    /// Standard error.
    pub stderr: OutputExpect,
    /// Events that must not happen.
    pub never: Vec<NeverExpect>,
    /// How often events happen.
    pub count: Vec<CountExpect>,
    /// Invariants, with their places.
    pub invariants: Vec<(Invariant, Span)>,
    /// `[[expect.sequence]]`.
    pub sequences: Vec<Sequence>,
}

/// How a process ends.
#[derive(Clone, Debug, PartialEq)]
pub enum ExitExpect {
    /// With one of these statuses.
    Codes(Vec<i32>),
    /// By this signal.
    Signal(Signal),
    /// Anyhow.
    Any,
}

/// What must hold of an output; all that is given.
#[derive(Clone, Debug, Default)]
pub struct OutputExpect {
    /// The tests, with their places in the spec.
    pub tests: Vec<(TextTest, Span)>,
}

/// A test of a text.
#[derive(Clone, Debug)]
pub enum TextTest {
    /// It is exactly this.
    Equals(String),
    /// This is in it.
    Contains(String),
    /// This matches somewhere in it.
    Matches(Regex),
    /// This matches nowhere in it.
    NeverMatches(Regex),
    /// It is empty (true) or not (false).
    IsEmpty(bool),
    /// It is exactly what is in this file.
    File(PathBuf),
}

/// An event that must not happen.
#[derive(Clone, Debug)]
pub struct NeverExpect {
    /// The event.
    pub pattern: Pattern,
    /// Its place in the spec.
    pub span: Span,
}

/// How often an event happens.
#[derive(Clone, Debug)]
pub struct CountExpect {
    /// The event.
    pub pattern: Pattern,
    /// Its place in the spec.
    pub span: Span,
    /// How often.
    pub is: Ranges,
    /// Where `is` stands.
    pub is_span: Span,
}

/// What must hold at the end of every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    /// No process outlives the first.
    NoOrphans,
    /// No process ends with ended children that it did not wait for.
    NoZombies,
    /// No process ends, or gets a new image, with descriptors open that it has opened itself.
    NoFdLeak,
    /// No new file is left in the case's folder.
    NoLeftovers,
}

/// `[[expect.sequence]]`.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Its name; shown in failures.
    pub name: Option<String>,
    /// Its place in the spec.
    pub span: Span,
    /// Which events it looks at.
    pub view: View,
    /// What must happen in this order.
    pub items: Vec<Item>,
}

/// Which events a sequence looks at; all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Those of this process.
    pub process: Option<ProcessTest>,
    /// Those of this thread of each process, from 1.
    pub thread: Option<u32>,
}

/// One item of a sequence.
#[derive(Clone, Debug)]
pub enum Item {
    /// It happens, after the item before.
    Event(EventExpect),
    /// It is the very next event of the view.
    Next(EventExpect),
    /// It does not happen before the next positive item matches, or to the end.
    Not(EventExpect),
    /// All happen, in any order.
    AnyOrder(Vec<EventExpect>),
    /// It may happen here.
    Optional(EventExpect),
    /// It happens this often before the next item matches.
    Count(EventExpect, Ranges),
    /// It is the last event of the view.
    Last(EventExpect),
}

/// An event of a sequence.
#[derive(Clone, Debug)]
pub struct EventExpect {
    /// The event.
    pub pattern: Pattern,
    /// Its place in the spec.
    pub span: Span,
    /// The rule that must have fired on it.
    pub injected: Option<String>,
}

/// `[[check]]`.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, or the command.
    pub name: String,
    /// The command.
    pub command: Command,
    /// How it ends.
    pub exit: ExitExpect,
    /// Its standard output.
    pub stdout: OutputExpect,
    /// Its standard error.
    pub stderr: OutputExpect,
    /// Whether a sweep holds a program to it that says that it failed.
    pub always: bool,
}

/// `[snapshot]`.
#[derive(Clone, Debug)]
pub struct SnapshotPlan {
    /// Whether the transcript is compared.
    pub transcript: bool,
    /// Whether standard output is compared.
    pub stdout: bool,
    /// Files whose names, sizes and hashes are compared.
    pub files: Vec<FileExpect>,
    /// What is rewritten before comparing.
    pub redact: Vec<Redaction>,
}

/// Files that a snapshot lists.
#[derive(Clone, Debug)]
pub struct FileExpect {
    /// Which files, as absolute paths.
    pub glob: PathGlob,
    /// Its place in the spec.
    pub span: Span,
}

/// A rewriting of lines before they are compared.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// What is replaced.
    pub regex: Regex,
    /// With what; `$1` and `${name}` stand for groups.
    pub with: String,
}
