//! The spec resolved for this machine: closed enums, nothing left to look up.
//! Pure: it must not read files or ask the kernel; what it needs to know comes in [`Context`].

mod action;
mod bpf;
mod budget;
mod caller;
mod chance;
mod clock;
mod expect;
mod fixed;
mod lower;
mod place;
mod point;
mod policy;
mod rule;
mod signature;
mod spared;
mod spot;
mod sweep;
mod target;
mod trace;

pub use action::{
    Action, Amount, ArgEdit, ArgValue, Capture, Captured, Corruption, Flip, Form, MemoryEdit, MemoryValue, Recipient,
    Side, StepTo, Victim,
};
pub use bpf::{MARK, MARK_FOREIGN, filter, filter_all_but};
pub use budget::{Budget, Resource};
pub use caller::{Caller, base_name};
pub use chance::Chance;
pub use clock::{ClockFault, Shift};
pub use expect::{
    Check, CountExpect, EventExpect, ExitExpect, Expect, FileExpect, Invariant, Item, NeverExpect, OutputExpect,
    Redaction, Sequence, SnapshotPlan, TextTest, View,
};
pub use fixed::Fixed;
pub use lower::{Attached, Context, Programs, lower};
pub use place::{Place, PlaceAt, PlaceError};
pub use point::{Access, Point, PointKind};
pub use policy::{Policy, Switch};
pub use rule::{ArgTest, DescriptorTest, Filter, Phase, Probability, ProcessTest, Rule, Scope, Trigger};
pub use signature::{KINDS, Kind, Param, Signature, SignatureProblem};
pub use spared::Spared;
pub use spot::{Base, Spot, SpotProblem};
pub use sweep::{Compare, FaultKind, FileSystem, Mode, Sweep};
pub use target::{Attach, Command, FileContent, Input, Limits, Output, Target, TargetFile};
use trace::always_stops;
pub use trace::{Constant, Counted, FilterMode, Follow, IoUring, Nested, Start, Trace};

use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Source};

/// Everything a run needs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The spec's name.
    pub name: String,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// The text that spans point into.
    pub source: Arc<Source>,
    /// What to run.
    pub target: Target,
    /// Commands that run before it, untraced.
    pub setup: Vec<Command>,
    /// What exists in the transcript.
    pub trace: Trace,
    /// Who runs while others could, too.
    pub policy: Policy,
    /// Where a task gives its turn away.
    pub yields: Vec<Point>,
    /// Surroundings that are the same on every run.
    pub fixed: Fixed,
    /// The rules in file order.
    pub rules: Vec<Rule>,
    /// What must happen.
    pub expect: Expect,
    /// Commands that run after it, untraced.
    pub checks: Vec<Check>,
    /// What is compared with the golden file.
    pub snapshot: SnapshotPlan,
    /// What a sweep does; `None` where the spec says nothing of it.
    pub sweep: Option<Sweep>,
    /// Directories of the host and the names that stand for them in a transcript, such as
    /// (`/tmp/rinject-abcdefgh/data`, `${var.data}`); longest path first.
    pub names: Vec<(String, String)>,
    /// What no rule is about.
    pub spared: Option<Spared>,
    /// What the author should know although it stops nothing.
    pub warnings: Diagnostics,
}

impl Plan {
    /// A text with the names that stand for directories of the host.
    pub fn renamed(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (host, name)| text.replace(host, name))
    }

    /// Whether tasks may be let go during the run, and go on when it is over.
    pub fn lets_go(&self) -> bool {
        let detaches = |rule: &Rule| rule.actions.iter().any(|action| matches!(action, Action::Detach));
        self.trace.nested == Nested::Release || self.rules.iter().any(detaches)
    }
}
