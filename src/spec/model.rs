//! A spec as it is written: every value with its place, nothing resolved, nothing defaulted.
//! It must not know what the values mean to a run.

use std::sync::Arc;

use super::cell::Choice;
use super::determinism::Determinism;
use super::sweep::Sweep;
use super::target::Target;
use crate::diagnostic::{Diagnostics, Source, Span};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A string and its place, quotes included.
pub type Text = At<String>;

/// A number or a string, where a key takes both.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A number.
    Int(i128),
    /// A string.
    Text(String),
}

/// A table whose keys are the author's own, in file order, and where it stands.
pub type Entries<T> = At<Vec<(Text, T)>>;

/// The whole file.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The text that spans point into.
    pub source: Arc<Source>,
    /// `name`.
    pub name: Option<Text>,
    /// `tags`.
    pub tags: Vec<Text>,
    /// `seed`.
    pub seed: Option<At<i128>>,
    /// `requires`.
    pub requires: Vec<Text>,
    /// `xfail`.
    pub xfail: Option<Text>,
    /// `[vars]`, in file order.
    pub vars: Vec<(Text, Text)>,
    /// `[matrix]`, in file order: what a case has one value of each of.
    pub matrix: Vec<Axis>,
    /// Keys of `[matrix]` without a value that could be read.
    pub refused_axes: Vec<String>,
    /// `[target]`.
    pub target: Option<Target>,
    /// Where `[target]` is missing; the command line may name a process instead.
    pub lacks_target: Option<Span>,
    /// `[[setup]]`.
    pub setup: Vec<Command>,
    /// `[determinism]`.
    pub determinism: Determinism,
    /// `[trace]`.
    pub trace: Trace,
    /// `[[inject]]`.
    pub inject: Vec<Inject>,
    /// `[expect]`.
    pub expect: Expect,
    /// `[[check]]`.
    pub check: Vec<Check>,
    /// `[snapshot]`.
    pub snapshot: Snapshot,
    /// `[sweep]`.
    pub sweep: Option<Sweep>,
    /// What is wrong with keys and types. Lowering reports it together with what it finds itself.
    pub problems: Diagnostics,
}

impl Spec {
    /// Whether it names nothing to run: it can only be a part of other specs.
    pub fn runs_nothing(&self) -> bool {
        self.target.as_ref().is_none_or(|target| target.program.is_none() && target.attach.is_none())
    }
}

/// A key of `[matrix]`.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The key.
    pub name: Text,
    /// Its values, as `${matrix.NAME}` has them: one at least, and one alone in a case.
    pub values: Vec<Text>,
}

/// `[[setup]]`.
#[derive(Clone, Debug)]
pub struct Command {
    /// The table.
    pub span: Span,
    /// `run`.
    pub run: Option<At<Vec<Text>>>,
    /// `timeout`.
    pub timeout: Option<Text>,
}

/// `[trace]`.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// `start`.
    pub start: Option<Text>,
    /// `follow`.
    pub follow: Option<At<Vec<Text>>>,
    /// `syscalls`.
    pub syscalls: Option<At<Vec<Text>>>,
    /// `signals`.
    pub signals: Option<At<Vec<Text>>>,
    /// `drop`.
    pub drop: Vec<Text>,
    /// `paths`.
    pub paths: Vec<Text>,
    /// `strings`.
    pub strings: Option<At<i128>>,
    /// `results`.
    pub results: Option<At<bool>>,
    /// `filter`.
    pub filter: Option<Text>,
    /// `backtrace`.
    pub backtrace: Option<At<i128>>,
    /// `io-uring`.
    pub io_uring: Option<Text>,
    /// `nested`.
    pub nested: Option<Text>,
}

/// `[[inject]]`.
#[derive(Clone, Debug)]
pub struct Inject {
    /// The table.
    pub span: Span,
    /// Whether it has an action or a place, good or bad; a key that was refused may have been meant as one.
    pub does_something: bool,
    /// `name`.
    pub name: Option<Text>,
    /// `on`.
    pub on: Option<Text>,
    /// `at`.
    pub at: Option<Text>,
    /// `watch`.
    pub watch: Option<Text>,
    /// `access`.
    pub access: Option<Text>,
    /// `len`.
    pub len: Option<At<i128>>,
    /// `hardware`.
    pub hardware: Option<At<bool>>,
    /// `signature`.
    pub signature: Option<Text>,
    /// `where`.
    pub filter: Where,
    /// `when`.
    pub when: Option<At<Scalar>>,
    /// `scope`.
    pub scope: Option<Text>,
    /// `after`.
    pub after: Option<Text>,
    /// `until`.
    pub until: Option<Text>,
    /// `fires`.
    pub fires: Option<At<Scalar>>,
    /// `unfaithful`.
    pub unfaithful: Option<At<bool>>,
    /// Keys of it whose value is a list; their first values stand in its other fields.
    pub choices: Vec<Choice>,
    /// `error`.
    pub error: Option<At<Scalar>>,
    /// `retval`.
    pub retval: Option<At<Scalar>>,
    /// `signal`.
    pub signal: Option<SignalAction>,
    /// `suppress`.
    pub suppress: Option<At<bool>>,
    /// `delay-enter`.
    pub delay_enter: Option<Text>,
    /// `delay-exit`.
    pub delay_exit: Option<Text>,
    /// `kill`.
    pub kill: Option<Text>,
    /// `kill-at`.
    pub kill_at: Option<Text>,
    /// `error-after`.
    pub error_after: Option<At<Scalar>>,
    /// `short`.
    pub short: Option<At<Scalar>>,
    /// `corrupt`.
    pub corrupt: Option<Corrupt>,
    /// `args`, in file order.
    pub args: Option<Entries<At<Scalar>>>,
    /// `replace`.
    pub replace: Option<Text>,
    /// `registers`, in file order.
    pub registers: Option<Entries<At<Scalar>>>,
    /// `memory`.
    pub memory: Option<At<Vec<Memory>>>,
    /// `detach`.
    pub detach: Option<At<bool>>,
    /// `quiet`.
    pub quiet: Option<At<bool>>,
    /// `return`.
    pub returns: Option<At<Scalar>>,
    /// `step`.
    pub step: Option<Step>,
    /// `probability`.
    pub probability: Option<At<f64>>,
    /// `seed`.
    pub seed: Option<At<i128>>,
    /// `capture`, in file order.
    pub capture: Option<Entries<Text>>,
    /// `budget`.
    pub budget: Option<Budget>,
    /// `clock`.
    pub clock: Option<ClockFault>,
}

/// `step` of a rule.
#[derive(Clone, Debug)]
pub struct Step {
    /// All of it.
    pub span: Span,
    /// `count`.
    pub count: Option<At<i128>>,
    /// `until`.
    pub until: Option<Text>,
}

/// `corrupt` of a rule.
#[derive(Clone, Debug)]
pub struct Corrupt {
    /// All of it.
    pub span: Span,
    /// `arg`.
    pub arg: Option<Text>,
    /// `offset`.
    pub offset: Option<At<i128>>,
    /// `xor`.
    pub xor: Option<At<i128>>,
    /// `random`.
    pub random: Option<Random>,
}

/// `clock` of a rule.
#[derive(Clone, Debug)]
pub struct ClockFault {
    /// All of it.
    pub span: Span,
    /// `skew`.
    pub skew: Option<Text>,
    /// `jump`.
    pub jump: Option<At<Vec<Text>>>,
}

/// `budget` of a rule.
#[derive(Clone, Debug)]
pub struct Budget {
    /// All of it.
    pub span: Span,
    /// `disk`.
    pub disk: Option<At<Scalar>>,
    /// `fds`.
    pub fds: Option<At<i128>>,
    /// `memory`.
    pub memory: Option<At<Scalar>>,
    /// `processes`.
    pub processes: Option<At<i128>>,
}

/// `random` of `corrupt`.
#[derive(Clone, Debug)]
pub struct Random {
    /// All of it.
    pub span: Span,
    /// `bits`.
    pub bits: Option<At<i128>>,
    /// `seed`.
    pub seed: Option<At<i128>>,
}

/// An entry of `memory`.
#[derive(Clone, Debug)]
pub struct Memory {
    /// All of it.
    pub span: Span,
    /// `at`.
    pub at: Option<Text>,
    /// Whichever of `bytes`, `u8`, ..., `cstr` there are, with their values.
    pub values: Vec<(&'static str, At<Scalar>)>,
}

/// `where`.
#[derive(Clone, Debug, Default)]
pub struct Where {
    /// `path`.
    pub path: Option<Text>,
    /// `fd`.
    pub fd: Option<At<Scalar>>,
    /// `args`.
    pub args: Vec<Text>,
    /// `process`.
    pub process: Option<Text>,
    /// `thread`.
    pub thread: Option<At<i128>>,
    /// `caller`.
    pub caller: Vec<Text>,
    /// `result`.
    pub result: Option<Text>,
}

/// `signal` of a rule.
#[derive(Clone, Debug)]
pub struct SignalAction {
    /// All of it.
    pub span: Span,
    /// `name`, or the string itself.
    pub name: Option<Text>,
    /// `to`.
    pub to: Option<Text>,
    /// `at`.
    pub at: Option<Text>,
    /// `value`.
    pub value: Option<At<i128>>,
}

/// `[expect]`.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// `exit`, `stdout`, `stderr`.
    pub ending: Ending,
    /// `never`.
    pub never: Vec<Text>,
    /// `count`.
    pub count: Vec<Count>,
    /// `invariants`.
    pub invariants: Vec<Text>,
    /// `[[expect.sequence]]`.
    pub sequence: Vec<Sequence>,
}

/// How a program ends and what it has written.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// `exit`.
    pub exit: Option<Exit>,
    /// `stdout`.
    pub stdout: OutputTests,
    /// `stderr`.
    pub stderr: OutputTests,
}

/// `exit`.
#[derive(Clone, Debug)]
pub enum Exit {
    /// A status.
    Status(At<i128>),
    /// `"any"`.
    Word(Text),
    /// `{ signal }`.
    Signal(Text),
    /// `{ any-of }`.
    AnyOf(At<Vec<At<i128>>>),
}

/// `stdout`, `stderr` of expectations.
#[derive(Clone, Debug, Default)]
pub struct OutputTests {
    /// `equals`.
    pub equals: Option<Text>,
    /// `contains`.
    pub contains: Vec<Text>,
    /// `matches`.
    pub matches: Vec<Text>,
    /// `never-matches`.
    pub never_matches: Vec<Text>,
    /// `is-empty`.
    pub is_empty: Option<At<bool>>,
    /// `file`.
    pub file: Option<Text>,
}

impl OutputTests {
    /// Where the first of them stands, if there is one.
    pub fn span(&self) -> Option<Span> {
        let texts = [&self.equals, &self.file].into_iter().flatten();
        let lists = [&self.contains, &self.matches, &self.never_matches].into_iter().flatten();
        let spans = texts.chain(lists).map(|text| text.span);
        spans.chain(self.is_empty.as_ref().map(|flag| flag.span)).min_by_key(|span| span.start)
    }
}

/// An entry of `count`.
#[derive(Clone, Debug)]
pub struct Count {
    /// `event`.
    pub event: Text,
    /// `is`.
    pub is: At<Scalar>,
}

/// `[[expect.sequence]]`.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The table.
    pub span: Span,
    /// `name`.
    pub name: Option<Text>,
    /// `of.process`.
    pub process: Option<Text>,
    /// `of.thread`.
    pub thread: Option<At<i128>>,
    /// `events`.
    pub events: Vec<Item>,
}

/// An item of a sequence.
#[derive(Clone, Debug)]
pub struct Item {
    /// All of it.
    pub span: Span,
    /// What is said of the event.
    pub kind: ItemKind,
    /// The event; several for `any-order`.
    pub events: Vec<Text>,
    /// `injected`.
    pub injected: Option<Text>,
}

/// What an item says of its event.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `event`, or a string.
    Event,
    /// `next`.
    Next,
    /// `not`.
    Not,
    /// `any-order`.
    AnyOrder,
    /// `optional`.
    Optional,
    /// `last`.
    Last,
    /// `count` with `event`.
    Count(At<Scalar>),
}

/// `[[check]]`.
#[derive(Clone, Debug)]
pub struct Check {
    /// `name`.
    pub name: Option<Text>,
    /// `run`.
    pub command: Command,
    /// `expect`.
    pub ending: Ending,
    /// `always`.
    pub always: Option<At<bool>>,
}

/// `[snapshot]`.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// `transcript`.
    pub transcript: Option<At<bool>>,
    /// `stdout`.
    pub stdout: Option<At<bool>>,
    /// `files`.
    pub files: Vec<Text>,
    /// `redact`.
    pub redact: Vec<Redact>,
}

/// An entry of `redact`.
#[derive(Clone, Debug)]
pub struct Redact {
    /// `regex`.
    pub regex: Text,
    /// `with`.
    pub with: Text,
}
