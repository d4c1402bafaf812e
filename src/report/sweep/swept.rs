//! What sweeps came to, without the machine that they were made on.
//! It must not know how that is told.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cases::Shard;
use crate::sweep::coverage::Coverage;
use crate::sweep::states::{Shown, State, weaknesses};
use crate::sweep::{Cell, Evidence, Fault, Finding, Point, Seen, Verdict, distinct};

/// What `rinject sweep` came to, or what shares of it came to together.
#[derive(Clone, Debug, Default)]
pub struct SweepReport {
    /// The specs that were swept, in their order.
    pub sweeps: Vec<Swept>,
    /// The specs that could not be swept, which was said where they were not.
    pub refused: Vec<String>,
    /// The exit status.
    pub status: u8,
    /// Which share of the runs it is, if it is not all.
    pub shard: Option<Shard>,
    /// How long it took.
    pub took: Duration,
    /// The keys of findings that an earlier sweep had; `None` where there is no such report.
    pub known: Option<BTreeSet<String>>,
}

impl SweepReport {
    /// Whether an earlier sweep did not have the finding.
    pub fn is_new(&self, finding: &Finding) -> bool {
        self.known.as_ref().is_none_or(|known| !known.contains(&finding.key))
    }

    /// How many findings there are that satisfy this.
    pub(super) fn count(&self, is_counted: impl Fn(&Finding) -> bool) -> usize {
        self.sweeps.iter().flat_map(Swept::findings).filter(|finding| is_counted(finding)).count()
    }
}

/// What must be the same in all shares of a sweep: digests, in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Of the spec's text, without what a sweep does not look at.
    pub spec: String,
    /// Of the program's file.
    pub program: String,
    /// Of the names of the runs of all shares.
    pub runs: String,
}

/// A run of which nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRun {
    /// Its name.
    pub cell: String,
    /// Why not.
    pub why: String,
}

/// What is to be said of a spec that was swept, beside its runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Head {
    /// The spec: its path, or `<command>`.
    pub spec: String,
    /// How many points there are at which calls can fail.
    pub points: usize,
    /// How many runs there are here.
    pub runs: usize,
    /// How many all shares have together.
    pub of: usize,
    /// How many calls that change files were recorded, for the states that a loss of power can leave.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub operations: usize,
    /// What those states take for granted of the file system.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file_system: String,
    /// How many runs have left no counters, where it is asked which lines they reach.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncounted: usize,
    /// How long a run could take.
    pub limit_ms: u64,
    /// How long all of them took.
    pub duration_ms: u64,
    /// What the author should know.
    pub notes: Vec<String>,
    /// The runs that are not among the others, since nothing can be said of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<LostRun>,
    /// The version of rinject.
    pub rinject: String,
    /// What must be the same in all shares.
    pub marks: Marks,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A spec that was swept.
#[derive(Clone, Debug)]
pub struct Swept {
    /// What is to be said of all of it.
    pub head: Head,
    /// The points, by which runs are told where they are; there may be some without a run.
    pub points: Vec<Point>,
    /// The runs, in the order of the points.
    pub runs: Vec<Run>,
    /// Which lines of source they have reached, where it is asked for.
    pub coverage: Option<Coverage>,
    findings: Vec<Finding>,
}

/// A run with a fault.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which of the runs of all shares it is, from 1.
    pub number: usize,
    /// What was done, and at which of the points.
    pub cell: Cell,
    /// What it showed.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Evidence,
    /// Of a state that a loss of power can leave: which.
    pub state: Option<StateOf>,
    /// How long it took.
    pub took: Duration,
    /// The command that makes it again.
    pub again: String,
}

/// A state that a loss of power can leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateOf {
    /// The operation that its name has, from 0.
    pub at: usize,
    /// The operation that it is about, from 0.
    pub op: usize,
    /// How many operations are over when the power fails.
    pub done: usize,
    /// The operations of which something is lost.
    pub lost: Vec<usize>,
    /// Of two losses, the files that they are of, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<(usize, usize)>,
}

impl Run {
    /// Whether it is no run, but what a loss of power leaves of one.
    pub fn is_state(&self) -> bool {
        matches!(self.cell.fault, Fault::Power(_))
    }
}

impl Swept {
    /// All of it; the findings are found here.
    pub fn new(head: Head, points: Vec<Point>, runs: Vec<Run>) -> Swept {
        let mut swept = Swept { head, points, runs, coverage: None, findings: Vec::new() };
        swept.head.runs = swept.runs.len();
        swept.findings = swept.found();
        swept
    }

    /// The same, with the lines of source that all runs have reached.
    #[must_use]
    pub fn reaching(self, coverage: Option<Coverage>) -> Swept {
        Swept { coverage, ..self }
    }

    /// The findings, worst first; behind them those that a loss of power shows, in the order of the calls.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The point of a run.
    pub fn point(&self, run: &Run) -> &Point {
        &self.points[run.cell.point]
    }

    /// The checks that fail in other states of a finding, and not in the one that is shown.
    pub(super) fn checks_beside(&self, shown: &Run, others: &[usize]) -> Vec<String> {
        let own = checks_of(&shown.evidence);
        let states = others.iter().map(|at| &self.runs[*at]).filter(|run| run.is_state());
        let mut names: Vec<String> = Vec::new();
        for name in states.flat_map(|run| checks_of(&run.evidence)) {
            if !own.contains(&name) && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How many runs came to this.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.runs.iter().filter(|run| run.verdict == verdict).count()
    }

    fn found(&self) -> Vec<Finding> {
        let all = self.runs.iter().enumerate();
        let others: Vec<usize> = all.filter(|(_, run)| !run.is_state()).map(|(at, _)| at).collect();
        let mut findings = distinct(others.iter().map(|at| &self.runs[*at]).map(|run| Seen {
            cell: &run.cell,
            point: self.point(run),
            verdict: run.verdict,
            shows: &run.evidence.shows,
        }));
        findings.iter_mut().flat_map(|finding| &mut finding.runs).for_each(|at| *at = others[*at]);
        let shown: Vec<Shown<'_>> = self.runs.iter().enumerate().filter_map(|it| self.shown(it)).collect();
        findings.extend(weaknesses(&shown));
        findings
    }

    fn shown<'r>(&'r self, (at, run): (usize, &'r Run)) -> Option<Shown<'r>> {
        let (Fault::Power(loss), Some(state)) = (run.cell.fault, &run.state) else { return None };
        Some(Shown {
            run: at,
            point: self.point(run),
            state: State { op: state.op, done: state.done, what: loss.what },
            lost: state.lost.clone(),
            files: state.files,
            verdict: run.verdict,
            checks: checks_of(&run.evidence),
        })
    }
}

/// The names of the checks that fail: they stand in quotes in what is said of them.
fn checks_of(evidence: &Evidence) -> Vec<String> {
    let of_check = evidence.notes.iter().filter_map(|note| note.split_once("check \"")?.1.split('"').next());
    let mut names: Vec<String> = of_check.map(str::to_owned).collect();
    names.dedup();
    names
}
