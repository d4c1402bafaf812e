//! What a sweep of one case came to.
//! It must not know how that is told.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::args::Sweep;
use crate::cases::Case;
use crate::cli::args::Global;
use crate::cli::exit_status::ExitStatus;
use crate::report::shell_word;
use crate::runner::sweep::Course;
use crate::sweep::states::{Shown, weaknesses};
use crate::sweep::{Cell, Evidence, Fault, Finding, Point, Seen, Verdict, distinct};

/// What one run came to.
#[derive(Debug)]
pub(super) struct Result {
    pub(super) cell: Cell,
    pub(super) verdict: Verdict,
    pub(super) evidence: Evidence,
    pub(super) took: Duration,
}

/// What all runs of a case came to, in the order of the points.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) id: String,
    pub(super) again: Again,
    /// Whether each run is shown, and not only what is to be looked at.
    pub(super) shows_all: bool,
    /// How many runs all shares have together.
    pub(super) of: usize,
    pub(super) course: Course,
    pub(super) results: Vec<Result>,
    /// Whether there were runs of which nothing can be said.
    pub(super) lost: bool,
    pub(super) took: Duration,
}

impl Results {
    /// The point of a run.
    pub(super) fn point(&self, result: &Result) -> &Point {
        &self.course.points[result.cell.point]
    }

    /// The findings, worst first; behind them those that a loss of power shows, in the order of the calls.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let all = self.results.iter().enumerate();
        let others: Vec<usize> = all.filter(|(_, result)| !result.is_state()).map(|(at, _)| at).collect();
        let runs = others.iter().map(|at| &self.results[*at]);
        let mut findings = distinct(runs.map(|result| Seen {
            cell: &result.cell,
            point: self.point(result),
            verdict: result.verdict,
            shows: &result.evidence.shows,
        }));
        findings.iter_mut().flat_map(|finding| &mut finding.runs).for_each(|at| *at = others[*at]);
        findings.extend(self.weaknesses());
        findings
    }

    fn weaknesses(&self) -> Vec<Finding> {
        let Some(power) = &self.course.power else { return Vec::new() };
        let shown = |(run, result): (usize, &'_ Result)| {
            let (state, told) = power.state(&result.cell)?;
            let (point, verdict) = (self.point(result), result.verdict);
            let checks = checks_of(&result.evidence);
            Some(Shown { run, point, state, lost: told.lost.clone(), verdict, checks })
        };
        let shown: Vec<Shown<'_>> = self.results.iter().enumerate().filter_map(shown).collect();
        weaknesses(&shown)
    }

    /// How many runs came to this.
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.results.iter().filter(|result| result.verdict == verdict).count()
    }

    /// What it adds to the exit status; findings that are `known` add nothing.
    pub(super) fn status(&self, known: Option<&BTreeSet<String>>) -> ExitStatus {
        let is_new = |finding: &Finding| known.is_none_or(|known| !known.contains(&finding.key));
        let status = if self.lost { ExitStatus::NotSetUp } else { ExitStatus::Passed };
        if self.findings().iter().any(is_new) { status.and(ExitStatus::Failed) } else { status }
    }
}

impl Result {
    /// Whether it is no run, but what a loss of power leaves of one.
    pub(super) fn is_state(&self) -> bool {
        matches!(self.cell.fault, Fault::Power(_))
    }
}

/// The names of the checks that fail: they stand in quotes in what is said of them.
fn checks_of(evidence: &Evidence) -> Vec<String> {
    let of_check = evidence.notes.iter().filter_map(|note| note.split_once("check \"")?.1.split('"').next());
    let mut names: Vec<String> = of_check.map(str::to_owned).collect();
    names.dedup();
    names
}

/// What tells a sweep from others that could have its results: the spec, the program, the points.
pub(super) fn mark(course: &Course) -> String {
    let mut hash = Sha256::new();
    hash.update(course.base().text());
    let program = std::fs::metadata(&course.program).ok();
    let changed = program.and_then(|data| Some((data.len(), data.modified().ok()?)));
    hash.update(format!("{changed:?} {:?} {:?}", course.sweep.compare, course.sweep.file_system));
    for point in &course.points {
        hash.update(format!("{} {} {:?}", point.called, point.nth, point.frames));
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// The command that makes one run again.
#[derive(Debug)]
pub(super) struct Again {
    before: String,
    behind: String,
}

impl Again {
    /// With the words that say what a case is, and where its points are.
    pub(super) fn of(case: &Case, words: &Sweep, global: &Global) -> Again {
        let word = |flag: &str, word: &str| format!(" --{flag} {}", shell_word(word));
        let mut before = "rinject sweep".to_owned();
        before.extend(global.profile.iter().map(|profile| word("profile", profile)));
        before.extend(words.bin.iter().map(|bin| word("bin", bin)));
        before.extend(words.on.iter().map(|on| word("on", on)));
        let lists = [("faults", &words.faults), ("error", &words.error), ("mode", &words.mode)];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        before.extend(lists.map(|(flag, list)| word(flag, &list.join(","))));
        before.extend(words.points.iter().map(|points| word("points", points)));
        before.extend(words.file_system.iter().map(|system| word("file-system", system)));
        let command: Vec<String> = words.command.iter().map(|word| shell_word(&word.to_string_lossy())).collect();
        let behind = if command.is_empty() { shell_word(&case.id) } else { format!("-- {}", command.join(" ")) };
        Again { before, behind }
    }

    /// The command for this run.
    pub(super) fn command(&self, cell: &Cell) -> String {
        format!("{} --cell {} {}", self.before, shell_word(&cell.to_string()), self.behind)
    }
}
