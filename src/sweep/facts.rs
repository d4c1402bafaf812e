//! What one run came to, as far as a sweep looks at it.
//! It must not know whether that is good.

use std::collections::{BTreeMap, BTreeSet};

use super::left::Left;
use crate::abi::Ending;

/// What one run came to. The name of its folder is `${tmp}` in all texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How the first process ended; `None` where the run had to be ended.
    pub ended: Option<Ending>,
    /// Why it had to be, where it was stuck.
    pub stuck: Option<Stuck>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// What is in the folder, by the names in it: when the checks have been run, where there are any.
    pub files: BTreeMap<String, Left>,
    /// Names that were there before the run.
    pub before: BTreeSet<String>,
    /// Names that were there before the checks were run.
    pub made: BTreeSet<String>,
    /// Processes that outlived the first one for longer than any does without a fault.
    pub orphans: usize,
    /// Processes that crashed: `kv by SIGSEGV`.
    pub crashed: Vec<String>,
    /// The checks, where they were run.
    pub checks: Vec<Checked>,
    /// How often the fault fired.
    pub fired: u64,
    /// Where it fired first, as a transcript has it.
    pub at: Option<String>,
    /// Names in the folder of what could not be removed, since the fault was at the call that does it.
    pub kept: BTreeSet<String>,
    /// Whether it fired on a call about standard error, where messages go.
    pub is_mute: bool,
    /// What is wrong with how a check ended that met a fault itself, one sentence each.
    pub disturbed: Vec<String>,
    /// Why it did not, where it was its turn.
    pub prevented: Option<String>,
    /// Of a budget, the most that was in use of it.
    pub used: Option<String>,
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Whether it must hold even where the program says that it failed.
    pub is_always: bool,
    /// What it found wrong, one sentence each.
    pub failed: Vec<String>,
    /// What it printed: standard output, then standard error.
    pub printed: Vec<u8>,
}

impl Facts {
    /// What the checks found wrong; only of those that always hold, if so.
    pub fn broken(&self, only_always: bool) -> Vec<String> {
        let counts = |check: &&Checked| check.is_always || !only_always;
        self.checks.iter().filter(counts).flat_map(|check| check.failed.iter().cloned()).collect()
    }

    /// Why nothing can be said of a run with a fault, in words: it did not come to the call that was to fail, though nothing
    /// was in the way of that.
    pub fn lost(&self) -> Option<String> {
        match (self.fired, &self.stuck, &self.prevented) {
            (0, Some(Stuck::Slow(_)), _) => Some("it had no time to come to that call".to_owned()),
            (0, Some(_), _) => Some("it came to no end before that call".to_owned()),
            // No call needs more than there is: that is all there is to say of a budget.
            (0, None, None) if self.used.is_none() => Some("it did not make that call".to_owned()),
            _ => None,
        }
    }

    /// Whether another run, with more time, may tell more.
    pub fn is_open(&self) -> bool {
        matches!(self.stuck, Some(Stuck::Slow(_))) || self.lost().is_some()
    }
}

/// Why a run does not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// It does not end, that is known; where it is, line by line.
    Hang(Vec<String>),
    /// Its time was up: it may be slow, or the machine; where it was, line by line.
    Slow(Vec<String>),
    /// It makes the same call again and again, which fails in the same way.
    Busy {
        /// The call.
        call: String,
        /// How it fails.
        errno: String,
        /// How often it was seen to.
        times: u64,
    },
}

/// In what a run is not as one without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It ends in another way.
    Exit,
    /// It prints something else.
    Stdout,
    /// A file has something else in it, or is not there.
    File {
        /// Its name in the folder.
        name: String,
        /// What it is without a fault.
        golden: Left,
        /// What it is; `None` where it is not there.
        now: Option<Left>,
    },
    /// Something is there that is not without a fault.
    Extra {
        /// Its name in the folder.
        name: String,
        /// Whether it was there before the run, which takes it away without a fault.
        was_there: bool,
    },
}
