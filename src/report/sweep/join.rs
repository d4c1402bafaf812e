//! Shares of sweeps become one report, as if one machine had made all runs. Those that do not belong together are not joined;
//! what is missing is told. It must not read files.

use std::collections::{BTreeSet, HashMap};

use super::swept::{Head, Run, SweepReport, Swept};
use crate::cases::Shard;
use crate::sweep::Cell;
use crate::sweep::coverage::Coverage;

/// Runs that are named where there are many.
const MOST: usize = 3;
const ONE_EACH: &str = "give `rinject merge` one report of each share of one sweep";

/// What is wrong with reports that are to be joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What, with the files that it is in.
    pub what: String,
    /// How to mend it.
    pub help: &'static str,
    /// Whether nothing can be made of the reports.
    pub is_fatal: bool,
}

/// What became of several reports.
#[derive(Clone, Debug)]
pub struct Joined {
    /// All of them together; without its status. What is fatal is not in it.
    pub report: SweepReport,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// A share of a spec that was swept, and the file that has it.
#[derive(Clone, Copy)]
struct Share<'f> {
    file: &'f str,
    shard: Option<Shard>,
    swept: &'f Swept,
}

/// Joins reports, each with the name of its file.
pub fn join(files: &[(String, SweepReport)]) -> Joined {
    let mut report = SweepReport::default();
    let mut problems = Vec::new();
    let mut specs: Vec<&str> = Vec::new();
    for (_, found) in files {
        report.took += found.took;
        specs.extend(found.sweeps.iter().map(|swept| swept.head.spec.as_str()));
        report.refused.extend(found.refused.iter().cloned());
    }
    keep_first(&mut specs);
    keep_first(&mut report.refused);
    for spec in specs {
        let shares: Vec<Share<'_>> = files
            .iter()
            .flat_map(|(file, found)| found.sweeps.iter().map(move |swept| Share { file, shard: found.shard, swept }))
            .filter(|share| share.swept.head.spec == spec)
            .collect();
        match unlike(spec, &shares).or_else(|| twice(spec, &shares)) {
            Some(problem) => problems.push(problem),
            None => {
                problems.extend(missing(spec, &shares, files));
                report.sweeps.push(joined(&shares));
            }
        }
    }
    Joined { report, problems }
}

/// Leaves of what is there several times the first.
fn keep_first<T: Clone + Ord>(all: &mut Vec<T>) {
    let mut seen = BTreeSet::new();
    all.retain(|it| seen.insert(it.clone()));
}

/// That shares are none of one sweep.
fn unlike(spec: &str, shares: &[Share<'_>]) -> Option<Problem> {
    let first = shares.first()?;
    let (one, head) = (first.file, &first.swept.head);
    shares[1..].iter().find_map(|share| {
        let (other, it) = (share.file, &share.swept.head);
        let fatal = |what: String, help| Some(Problem { what, help, is_fatal: true });
        if it.rinject != head.rinject {
            let what =
                format!("`{one}` was written by rinject {}, and `{other}` by rinject {}", head.rinject, it.rinject);
            return fatal(what, "sweep all shares with one version of rinject");
        }
        if it.marks.spec != head.marks.spec {
            let what = format!("`{spec}` is another spec in `{other}` than in `{one}`: their texts are not the same");
            return fatal(what, "sweep the same spec on each machine; join the reports of others by themselves");
        }
        if it.marks.program != head.marks.program {
            let what = format!("`{spec}` runs another program in `{other}` than in `{one}`: the files are not the same");
            return fatal(what, "build the program once, and sweep the same file on each machine");
        }
        if (&it.marks.runs, it.of) != (&head.marks.runs, head.of) {
            let what = format!(
                "`{spec}` has other runs in `{other}` ({}) than in `{one}` ({}): the words of the command line are not \
                 the same, or the program makes other calls there",
                it.of, head.of
            );
            return fatal(what, "sweep with the same words, libraries and locale on each machine");
        }
        if has_coverage(share) != has_coverage(first) {
            let [with, other] = if has_coverage(first) { [one, other] } else { [other, one] };
            let what = format!("`{with}` says which lines of source `{spec}` has reached, and `{other}` does not");
            return fatal(what, "sweep all shares with `--coverage`, or none");
        }
        let counts = [first, share].map(|share| share.shard.map(|shard| shard.count));
        if counts[0] != counts[1] {
            let named = |count: Option<u64>| count.map_or("all runs".to_owned(), |count| format!("a share of {count}"));
            let [this, that] = counts.map(named);
            let what = format!("`{one}` has {this} of `{spec}`, and `{other}` has {that}");
            return fatal(what, ONE_EACH);
        }
        None
    })
}

/// That runs are in several files.
fn twice(spec: &str, shares: &[Share<'_>]) -> Option<Problem> {
    let mut files: HashMap<Option<u64>, &Share<'_>> = HashMap::new();
    let mut runs: HashMap<Cell, &Share<'_>> = HashMap::new();
    for share in shares {
        let fatal = |what: String| Some(Problem { what, help: ONE_EACH, is_fatal: true });
        if let Some(other) = files.insert(share.shard.map(|shard| shard.index), share) {
            let named = share.shard.map_or_else(|| format!("`{spec}`"), |shard| format!("share {shard} of `{spec}`"));
            let what = format!("{named} is there twice: in `{}` and in `{}`", other.file, share.file);
            return fatal(what + &disagreement(other.swept, share.swept));
        }
        for run in &share.swept.runs {
            if let Some(other) = runs.insert(nameless(run.cell), share) {
                let what = format!("run `{}` of `{spec}` is in `{}` and in `{}`", run.cell, other.file, share.file);
                return fatal(what + &disagreement(other.swept, share.swept));
            }
        }
    }
    None
}

/// The runs that came to something else in two reports.
fn disagreement(one: &Swept, other: &Swept) -> String {
    let known: HashMap<Cell, &Run> = one.runs.iter().map(|run| (nameless(run.cell), run)).collect();
    let unlike: Vec<String> = other
        .runs
        .iter()
        .filter_map(|run| Some((run, known.get(&nameless(run.cell))?)))
        .filter(|(run, before)| run.verdict != before.verdict)
        .map(|(run, before)| format!("`{}` ({} and {})", run.cell, before.verdict, run.verdict))
        .collect();
    let more = unlike.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match unlike.len() {
        0 => ", with the same verdicts".to_owned(),
        _ => format!("; they do not agree on {}{more}", unlike[..unlike.len().min(MOST)].join(", ")),
    }
}

/// Whether a share says which lines of source its runs have reached.
fn has_coverage(share: &Share<'_>) -> bool {
    share.swept.coverage.is_some()
}

/// A run by its name alone: in two reports points stand at other positions.
fn nameless(cell: Cell) -> Cell {
    Cell { point: 0, ..cell }
}

/// What the shares do not have.
fn missing(spec: &str, shares: &[Share<'_>], files: &[(String, SweepReport)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut tell = |what: String, help| problems.push(Problem { what, help, is_fatal: false });
    let count = shares.iter().filter_map(|share| share.shard).map(|shard| shard.count).max().unwrap_or(0);
    let is_there = |index: u64| shares.iter().filter_map(|share| share.shard).any(|shard| shard.index == index);
    for index in (1..=count).filter(|index| !is_there(*index)) {
        let shard = Shard { index, count };
        let is_refused =
            |found: &SweepReport| found.shard == Some(shard) && found.refused.iter().any(|refused| refused == spec);
        match files.iter().find(|(_, found)| is_refused(found)) {
            Some((file, _)) => tell(
                format!("share {shard} of `{spec}` is missing: `{file}` says that it could not be swept there"),
                "look at what `rinject sweep` said on that machine",
            ),
            None => tell(format!("share {shard} of `{spec}` is missing"), ONE_EACH),
        }
    }
    let of = shares.first().map_or(0, |share| share.swept.head.of);
    let has: usize = shares.iter().map(|share| share.swept.runs.len() + share.swept.head.lost.len()).sum();
    if problems.is_empty() && has != of {
        let what = format!("the reports have {has} of {of} runs of `{spec}`");
        problems.push(Problem { what, help: ONE_EACH, is_fatal: false });
    }
    problems
}

/// Shares that belong together.
fn joined(shares: &[Share<'_>]) -> Swept {
    let mut head =
        Head { notes: Vec::new(), lost: Vec::new(), duration_ms: 0, uncounted: 0, ..shares[0].swept.head.clone() };
    let mut all: Vec<(&Swept, &Run)> = Vec::new();
    let mut coverage: Option<Coverage> = None;
    for Share { swept, .. } in shares {
        head.limit_ms = head.limit_ms.max(swept.head.limit_ms);
        head.duration_ms += swept.head.duration_ms;
        head.uncounted += swept.head.uncounted;
        if let Some(its) = &swept.coverage {
            coverage.get_or_insert_default().add(its);
        }
        head.notes.extend(swept.head.notes.iter().cloned());
        head.lost.extend(swept.head.lost.iter().cloned());
        all.extend(swept.runs.iter().map(|run| (*swept, run)));
    }
    keep_first(&mut head.notes);
    all.sort_by_key(|(_, run)| run.number);
    let mut points = Vec::new();
    let mut places = HashMap::new();
    let mut runs = Vec::new();
    for (swept, run) in all {
        let at =
            *places.entry((run.is_state(), run.cell.after, run.cell.called, run.cell.nth)).or_insert_with(|| {
                points.push(swept.point(run).clone());
                points.len() - 1
            });
        runs.push(Run { cell: Cell { point: at, ..run.cell }, ..run.clone() });
    }
    Swept::new(head, points, runs).reaching(coverage)
}
