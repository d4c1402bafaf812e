//! What a run came to, beside its events.

use super::TaskName;
use crate::abi::{Ending, Operation, Sysno};

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// How the first process ended; `None` where the run was given up before.
    pub ending: Option<Ending>,
    /// Whether `trace.start` was reached.
    pub started: bool,
    /// For each rule in file order, how it fared.
    pub rules: Vec<RuleRecord>,
    /// Events of the transcript that are not of the life cycle.
    pub events: u64,
    /// Processes that were alive when the first one ended.
    pub orphans: Vec<TaskName>,
    /// Processes that had ended, and were not waited for when their parent ended.
    pub zombies: Vec<TaskName>,
    /// Descriptors that a process had opened and not closed when it ended or got a new image: `P1 fd#1<a.txt>`.
    pub leaks: Vec<String>,
    /// The numbers that the kernel gave to processes of the run, the first thousand of them; none where they are the same
    /// in each run.
    pub numbers: Vec<u32>,
    /// What the author should know, such as a start that fell back to the entry point.
    pub notes: Vec<String>,
    /// How often there were several tasks of which one was chosen to go on, where that is drawn or replayed.
    pub choices: u64,
    /// At which of these choices another task went on than in the serial order, and which.
    pub switches: Vec<(u64, TaskName)>,
    /// Why the run was given up, if it was.
    pub abandoned: Option<Abandoned>,
    /// A call that is no event may have been counted twice, since a signal came into it.
    pub is_miscounted: bool,
}

/// How a rule fared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleRecord {
    /// How often it fired.
    pub fired: u64,
    /// Whether the filter has carried it out, so that nobody could count anything.
    pub is_uncounted: bool,
    /// How often its event and conditions were met while it was armed.
    pub matched: u64,
    /// How often its event was met, whatever `where` said and whether it was armed or not.
    pub seen: u64,
    /// Whether it was ever armed.
    pub armed: bool,
    /// How often another rule decided the call it would have fired on.
    pub overruled: u64,
    /// Why it could not fire although it was its turn, and how often, in the order in which it came up.
    pub prevented: Vec<(String, u64)>,
    /// Of a rule with a budget: the most that was used of it.
    pub used: Option<String>,
    /// Whether its place was found.
    pub found: bool,
    /// Why its place was not found, where it was looked for last.
    pub missing: Option<String>,
    /// Calls that did the job of the rule's own call where its conditions held, each with that job.
    pub instead: Vec<(Operation, Sysno)>,
}

/// Why a run was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// The wall-clock limit was reached.
    Timeout(Vec<Hang>),
    /// Every task waited for another one.
    Deadlock(Vec<Hang>),
    /// There were more live tasks than `limits.tasks`.
    Tasks(u64),
    /// There were more transcript lines than `limits.events`.
    Events(u64),
    /// An output grew beyond `limits.output`.
    Output(u64),
    /// `start = "main"` was asked for and an image has none that can be found; its name.
    NoMain(String),
    /// The transcript could not be written on.
    Unwritten,
    /// rinject ran out of descriptors or memory; the errno.
    Shortage(i32),
    /// Somebody outside stopped the run.
    Stopped,
}

/// Where a task was when a run was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hang {
    /// The task.
    pub task: TaskName,
    /// The call it was in, if it was in one.
    pub call: Option<String>,
}
