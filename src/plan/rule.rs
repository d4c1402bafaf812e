//! Rules: which event, which of its occurrences, and what is done.

use std::fmt;
use std::sync::Arc;

use super::{Action, Budget, Caller, Chance, ClockFault, Point};
use crate::abi::{Operation, Sysno};
use crate::diagnostic::Span;
use crate::pattern::{PathGlob, Pattern, Pred, Ranges};

/// One `[[inject]]`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name: as written, or `r1`, `r2`, ... by position.
    pub name: Arc<str>,
    /// Where it begins in the spec.
    pub span: Span,
    /// Where its `on`, `at` or `watch` stands.
    pub on_span: Span,
    /// Where its `fires` stands, if it does.
    pub fires_span: Option<Span>,
    /// The event.
    pub trigger: Trigger,
    /// What more must hold (`where`).
    pub filter: Filter,
    /// Which of the matching events, counted within `scope`.
    pub when: Ranges,
    /// What is counted together.
    pub scope: Scope,
    /// Armed by this event, from the next one on; armed from the start if there is none.
    pub after: Option<Pattern>,
    /// Disarmed by this event.
    pub until: Option<Pattern>,
    /// How often it must fire over the whole run.
    pub fires: Ranges,
    /// By chance only.
    pub probability: Option<Probability>,
    /// Operations that its plain calls belong to, each with the same pattern for all calls of it: what may be used
    /// instead of them.
    pub instead: Vec<(Operation, Pattern)>,
    /// Whether its events are left out of the transcript.
    pub quiet: bool,
    /// Whether implausible faults are wanted.
    pub unfaithful: bool,
    /// What may be used before its calls fail; such a rule has no actions.
    pub budget: Option<Budget>,
    /// How the time of day is changed; such a rule has no actions.
    pub clock: Option<ClockFault>,
    /// What is done, in the order of the action table.
    pub actions: Vec<Action>,
}

/// The event a rule waits for.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The pattern.
    pub pattern: Pattern,
    /// At which stop it is decided.
    pub phase: Phase,
    /// The place, where the event is that a task gets there.
    pub point: Option<Point>,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.point {
            Some(point) => point.fmt(f),
            None => self.pattern.fmt(f),
        }
    }
}

/// At which stop a trigger is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the call.
    Entry,
    /// When the result is known: the pattern names a result.
    Exit,
    /// At a signal's delivery.
    Signal,
    /// At a breakpoint or a watchpoint.
    Point,
    /// At a life-cycle event: exec, clone, exit.
    LifeCycle,
}

/// A rule that fires by chance: whether it does depends on the seed, its name and the number of the event alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probability {
    /// Of all events, more than 0 and at most 1.
    pub share: f64,
    /// What the chance comes from.
    pub seed: u64,
}

impl Probability {
    /// A seed with which the rule called `name` fires within its first `events` events; the smallest one, if it is
    /// not too far to seek.
    pub fn seed_that_fires(&self, name: &str, events: u64) -> Option<u64> {
        let fires = |seed| (1..=events.min(1000)).any(|number| Probability { seed, ..*self }.fires(name, number));
        (0..1000).find(|seed| fires(*seed))
    }

    /// Whether the rule called `name` fires on its event `number`.
    pub fn fires(&self, name: &str, number: u64) -> bool {
        Chance::new(self.seed, name, number).happens(self.share)
    }
}

/// `where`: all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Where the event is an operation: which. Of its calls `path` and `fd` look at the side of the job only.
    pub operations: Vec<Operation>,
    /// Any path argument, or the path behind any descriptor argument.
    pub path: Option<PathGlob>,
    /// Any descriptor argument.
    pub fd: Option<DescriptorTest>,
    /// Predicates over arguments, in the grammar of patterns.
    pub args: Vec<ArgTest>,
    /// The process.
    pub process: Option<ProcessTest>,
    /// The thread by its position in its process, from 1.
    pub thread: Option<u32>,
    /// Functions of which one must be on the stack; none for any.
    pub callers: Vec<Caller>,
}

impl Filter {
    /// Whether `path` and `fd` look at the argument `arg` of `call`.
    pub fn looks_at(&self, call: Option<Sysno>, arg: &str) -> bool {
        let members = || self.operations.iter().filter_map(|job| job.member(call?));
        members().next().is_none() || members().any(|member| member.sides.contains(&arg))
    }
}

/// A predicate over arguments.
#[derive(Clone, Debug)]
pub struct ArgTest {
    /// The predicate.
    pub pred: Pred,
}

/// Which descriptor.
#[derive(Clone, Debug)]
pub enum DescriptorTest {
    /// This number.
    Number(i32),
    /// What it refers to.
    Target(PathGlob),
}

/// Which process.
#[derive(Clone, Debug)]
pub enum ProcessTest {
    /// `P1`, `P2`, ...
    Position(u32),
    /// Base name of its image.
    Image(PathGlob),
}

impl ProcessTest {
    /// Whether it holds of the process at `position` whose image has this base name.
    pub fn is(&self, position: u32, image: &str) -> bool {
        match self {
            ProcessTest::Position(wanted) => *wanted == position,
            ProcessTest::Image(glob) => glob.matches(image),
        }
    }
}

/// What a rule's counter counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of the run.
    Run,
    /// Each process by itself.
    Process,
    /// Each thread by itself.
    Thread,
    /// Each path by itself, as it is resolved.
    Path,
    /// Each descriptor by itself, by what the transcript calls it.
    Descriptor,
    /// Each stack by itself.
    Callsite,
}
