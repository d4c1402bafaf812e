//! Which events exist, and which of them are written.

use std::sync::Arc;

use super::Place;
use crate::abi::{CallSet, Errno, SignalSet, Sysno};
use crate::diagnostic::Span;
use crate::pattern::{PathGlob, Pattern};

/// Which events exist and are written to the transcript.
#[derive(Clone, Debug)]
pub struct Trace {
    /// When tracing begins.
    pub start: Start,
    /// Where `start` stands in the spec, if it does.
    pub start_span: Option<Span>,
    /// What is followed.
    pub follow: Follow,
    /// Calls that stop: those written, and those that rules, expectations, start, drop, after and until name.
    pub calls: CallSet,
    /// Those of them that are only looked at when they are made: nothing of them is written, and no rule is theirs.
    pub beside: CallSet,
    /// Calls that are written to the transcript.
    pub written: CallSet,
    /// Those of them that are written as they are made: nobody waits for their results.
    pub resultless: CallSet,
    /// Whether the calls came from `[trace] syscalls` and are not just the ones that are named elsewhere.
    pub explicit: bool,
    /// Signals that are written.
    pub signals: SignalSet,
    /// Events that are traced but not written.
    pub drop: Vec<Pattern>,
    /// Where there are any: calls that none of them takes part in are not written.
    pub paths: Vec<PathGlob>,
    /// Bytes of a buffer shown before it is cut to length and hash.
    pub strings: usize,
    /// Whether calls that the vDSO answers without the kernel have to be real ones.
    pub hides_vdso: bool,
    /// Calls whose answers are not the kernel's.
    pub answered: CallSet,
    /// Calls that fail whatever their arguments are, and are nowhere shown: what the arguments point to is not read.
    pub unread: CallSet,
    /// Calls that the filter itself lets fail: they do not stop, and nobody counts them.
    pub constants: Vec<Constant>,
    /// Calls of which one matters, and which are no events but for that.
    pub counted: Option<Counted>,
    /// How many frames are shown below an event.
    pub backtrace: usize,
    /// What becomes of calls that set up or use an io_uring.
    pub io_uring: IoUring,
    /// What becomes of a target that traces its own children.
    pub nested: Nested,
    /// How calls are selected.
    pub filter: FilterMode,
}

/// The calls of the only rule, of which one counts: those before it, and some behind it, are no events. The rule counts them, and
/// nobody waits for their results. Only a task that is alone, in a run without a clock of its own, has such calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The call.
    pub call: Sysno,
    /// The first that is an event, from 1.
    pub first: u64,
    /// Whether descriptors get names in those before it.
    pub names: bool,
    /// Behind the one that counts, so many are no events.
    pub after: u64,
    /// The one that counts, from 1.
    pub nth: u64,
}

impl Counted {
    /// Whether the call of this number is no event.
    pub fn holds(&self, number: u64) -> bool {
        number < self.first || number > self.nth && number - self.nth <= self.after
    }
}

/// A call that the filter itself lets fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// The name of the rule.
    pub rule: Arc<str>,
    /// The call.
    pub call: Sysno,
    /// How it fails.
    pub errno: Errno,
}

/// When tracing begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// At each image's `main`; `explicit` is true where the spec says so, and then a missing `main` is an error.
    Main {
        /// Whether the spec says so.
        explicit: bool,
    },
    /// At each image's entry point, after the loader.
    Entry,
    /// With the target's own first execve, that call included.
    Exec,
    /// When a task gets to this place, once for the run.
    Place {
        /// The place.
        place: Place,
        /// As the spec has it.
        text: Box<str>,
    },
    /// When this event has happened, once for the run.
    Event(Pattern),
}

/// What is followed besides the first task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// Threads of followed processes.
    pub threads: bool,
    /// Child processes.
    pub forks: bool,
    /// New images.
    pub execs: bool,
}

/// What becomes of calls that set up or use an io_uring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoUring {
    /// They fail with ENOSYS.
    Deny,
    /// They are let through, and the report says so.
    Allow,
}

impl IoUring {
    /// The name that stands for a rule where calls fail because of [`IoUring::Deny`].
    pub const RULE: &str = "io-uring";

    /// Calls that stop for its sake, whatever else is traced.
    pub fn calls(self) -> CallSet {
        match self {
            IoUring::Deny => const { CallSet::named(&["io_uring_setup", "io_uring_enter", "io_uring_register"]) },
            IoUring::Allow => const { CallSet::named(&["io_uring_setup"]) },
        }
    }
}

/// Calls by which a task could get out of sight, or its memory, be woken by nobody, or by whoever touches a file: they stop,
/// whatever is traced.
static ALWAYS: CallSet = CallSet::named(&[
    "alarm",
    "clone",
    "clone3",
    "fanotify_init",
    "fork",
    "inotify_init",
    "inotify_init1",
    "prctl",
    "seccomp",
    "setitimer",
    "timer_create",
    "userfaultfd",
    "vfork",
]);

/// The calls that stop for rinject's own sake, whatever is traced.
pub(super) fn always_stops() -> CallSet {
    ALWAYS.clone()
}

impl Trace {
    /// Whether the filter itself carries out the rule of this name.
    pub fn is_constant(&self, rule: &str) -> bool {
        self.constants.iter().any(|constant| *constant.rule == *rule)
    }

    /// All calls that stop: those with events, and those that are watched for rinject's own sake.
    pub fn stops(&self) -> CallSet {
        let mut calls = always_stops();
        calls.union(&self.calls);
        calls.union(&self.io_uring.calls());
        calls.union(&self.nested.calls());
        calls.union(&self.answered);
        calls
    }
}

/// How calls are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterMode {
    /// By a seccomp filter in the target: calls nobody asked about run at full speed.
    Seccomp,
    /// Every call stops, and the target carries no filter.
    Ptrace,
}

/// What becomes of a target that traces its own children: a task has one tracer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nested {
    /// The kernel refuses it (EPERM), and the report says so.
    Deny,
    /// Whoever is to be traced by the target is let go first.
    Release,
}

impl Nested {
    /// The name that stands for a rule where calls fail because of [`Nested::Deny`].
    pub const RULE: &str = "nested";

    /// Calls that stop for its sake, whatever else is traced.
    pub fn calls(self) -> CallSet {
        const { CallSet::named(&["ptrace"]) }
    }
}
