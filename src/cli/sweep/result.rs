//! What a sweep of one case came to.
//! It must not know how that is told.

use std::collections::HashMap;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::args::Sweep;
use super::state::Kept;
use crate::cases::Case;
use crate::cli::args::Global;
use crate::plan;
use crate::report::shell_word;
use crate::report::sweep::{Marks, Run, StateOf, Swept};
use crate::runner::sweep::Course;
use crate::sweep::coverage::Coverage;
use crate::sweep::{Cell, Fault};

/// What all runs of a case came to, and what they were made of.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) course: Course,
    pub(super) swept: Swept,
}

/// The runs that a sweep has, or a share of it: which of those of all shares each is.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) cells: Vec<(usize, Cell)>,
    /// How many all shares have together.
    pub(super) of: usize,
    /// What tells them from those of another sweep.
    pub(super) mark: String,
}

impl Drawn {
    /// Of `all` those that are in the share.
    pub(super) fn new(all: Vec<Cell>, is_mine: impl Fn(&Cell) -> bool) -> Drawn {
        let mark = digest(all.iter().map(|cell| format!("{cell}\n")));
        let of = all.len();
        Drawn { cells: (1..).zip(all).filter(|(_, cell)| is_mine(cell)).collect(), of, mark }
    }
}

/// What a run came to, for reports.
pub(super) fn run(course: &Course, number: usize, cell: Cell, kept: Kept, again: &Again) -> Run {
    let first = course.fault_points();
    let state = course.power.as_ref().and_then(|power| power.state(&cell)).map(|(state, told)| StateOf {
        at: cell.point - first,
        op: state.op,
        done: state.done,
        lost: told.lost.clone(),
        files: told.files,
    });
    let took = Duration::from_millis(kept.took_ms);
    Run { number, again: again.command(&cell), cell, verdict: kept.verdict, evidence: kept.evidence, state, took }
}

/// What must be the same in all shares of a sweep. `text` is the spec before anything is added to it.
pub(super) fn marks(text: &str, course: &Course, drawn: &Drawn) -> Marks {
    let asked = format!("{text} {:?} {:?}", course.sweep.compare, course.sweep.file_system);
    // One that cannot be read is the same everywhere.
    let program = std::fs::read(&course.program).unwrap_or_default();
    Marks { spec: digest([asked]), program: digest([program]), runs: drawn.mark.clone() }
}

fn digest(parts: impl IntoIterator<Item: AsRef<[u8]>>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Which lines all runs of a sweep have reached, and how many of those with a fault have not said it; `None` where nobody asks.
pub(super) fn reached(course: &Course, found: &HashMap<Cell, Kept>) -> Option<(Coverage, usize)> {
    let mut all = course.reached.clone()?;
    let mut uncounted = 0;
    for (cell, kept) in found {
        let Some(reached) = &kept.reached else { continue };
        all.add(&reached.more);
        // Of a state the checks alone are run, which need not be the program.
        uncounted += usize::from(!reached.is_known && !matches!(cell.fault, Fault::Power(_)));
    }
    Some((all, uncounted))
}

/// What tells a sweep from others that could have its results: the spec, the program, the points.
pub(super) fn mark(course: &Course) -> String {
    let program = std::fs::metadata(&course.program).ok();
    let changed = program.and_then(|data| Some((data.len(), data.modified().ok()?)));
    let plan::Sweep { compare, file_system, coverage, .. } = &course.sweep;
    let head = format!("{}{changed:?} {compare:?} {file_system:?} {coverage}", course.base().text());
    let points = course.own_points().iter().map(|point| format!("{} {} {:?}", point.called, point.nth, point.frames));
    digest([head].into_iter().chain(points))
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
        before.extend(words.recovery.then(|| " --recovery".to_owned()));
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
