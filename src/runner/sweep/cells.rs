//! Runs with a fault: each is made again where it is not clear what it shows, at last alone and with much more time.
//! It must not know which runs there are.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::super::workers::each;
use super::facts::{check, facts_of};
use super::timed::Timed;
use super::{Course, MORE_OUTPUT, TIMES_LONGER};
use crate::abi::{Ending, Signal};
use crate::plan::{Counted, Plan};
use crate::run::{End, Played};
use crate::sweep::coverage::Reached;
use crate::sweep::{Called, Cell, Facts, Fault, Outcome, Stuck, Watch, judge};

/// Who meets its fault so often, and does not go round and round,
const OFTEN: u64 = 1_000;
/// may take so many times as long as others when it is alone.
const LONGER_WHERE_OFTEN: u32 = 4;

/// A run with a fault that is over.
#[derive(Debug)]
pub struct Ran {
    /// What it showed.
    pub outcome: Outcome,
    /// How long the program ran.
    pub took: Duration,
    /// Which lines it has reached that no run without a fault reaches; `None` where nobody asks.
    pub reached: Option<Reached>,
}

/// A run that has come to an end, or has been given up.
pub(super) struct Watched {
    facts: Facts,
    took: Duration,
    reached: Option<Reached>,
}

/// A run of which nothing can be said.
#[derive(Debug)]
pub struct Lost {
    /// Which.
    pub cell: Cell,
    /// Why, in words.
    pub why: String,
}

impl Course {
    /// Runs the program with the fault of a cell, and judges what it does; where it is to be run again when nothing else runs, how
    /// long it may take then.
    fn run(&self, cell: &Cell) -> Result<Result<Ran, Duration>, Box<End>> {
        if let (Fault::Power(_), Some(power)) = (cell.fault, &self.power) {
            // They are laid out, and not run.
            return power.run(&self.stage, &self.base, cell, |played| self.reach(played)).map(Ok);
        }
        let mut seen = self.once(cell, self.limit, false)?;
        if seen.facts.is_open() || seen.facts.orphans > 0 {
            // Slowly, or not at all? And if not, where?
            seen = self.once(cell, self.limit * 2, true)?;
        }
        Ok(match (seen.facts.is_open(), seen.facts.orphans) {
            (false, 0) => Ok(self.judged(cell, seen)),
            // On a busy machine, processes come to their end late.
            (false, _) => Err(self.limit * 2),
            (true, _) => Err(self.patience),
        })
    }

    /// The same, when nothing else runs, with time enough.
    fn run_alone(&self, cell: &Cell, limit: Duration) -> Result<Result<Ran, Lost>, Box<End>> {
        let mut seen = self.once(cell, limit, true)?;
        if seen.facts.is_open() && limit < self.patience {
            seen = self.once(cell, self.patience, true)?;
        }
        if matches!(seen.facts.stuck, Some(Stuck::Slow(_))) && seen.facts.fired > OFTEN {
            // It gets on from one fault to the next, each of which takes its time.
            seen = self.once(cell, self.patience * LONGER_WHERE_OFTEN, true)?;
        }
        Ok(match seen.facts.lost() {
            Some(why) => Err(Lost { cell: *cell, why }),
            None => Ok(self.judged(cell, seen)),
        })
    }

    fn judged(&self, cell: &Cell, Watched { facts, took, reached }: Watched) -> Ran {
        let outcome = match cell.after {
            Some(after) => self.judged_recovery(cell, after, &facts),
            None => judge(&self.golden, &facts, cell, &self.points[cell.point]),
        };
        Ran { outcome, took, reached }
    }

    /// Runs the program with the fault of a cell; what it left is not looked at any further.
    pub(super) fn hurt(
        &self,
        cell: &Cell,
        limit: Duration,
        looks_closely: bool,
    ) -> Result<(Played, Facts), Box<End>> {
        let begun = || {
            let watch = watch(cell, |called| self.counts.get(&called).copied());
            Timed::new(if looks_closely { watch.with_tail() } else { watch })
        };
        let mut watch = begun();
        let printed = (self.golden.facts.stdout.len() + self.golden.facts.stderr.len()) as u64;
        let watched = |plan: &mut Plan| {
            plan.target.timeout = limit;
            plan.target.limits.output.get_or_insert(MORE_OUTPUT + printed * u64::from(TIMES_LONGER));
            // What is traced has a part in the order of several tasks.
            if self.has_company || looks_closely {
                self.watch(plan);
            }
        };
        let counted = if looks_closely { None } else { self.counted(cell) };
        let (rule, when) = cell.plain_rule();
        let watched = |plan: &mut Plan| {
            watched(plan);
            if let (Some(rule), Some(when)) = (plan.rules.last_mut(), &when) {
                rule.when.clone_from(when);
            }
        };
        let hastily = |plan: &mut Plan| {
            watched(plan);
            // Of another rule, or where some calls are nobody's, nothing is known here.
            plan.trace.counted = counted.clone().filter(|_| plan.rules.len() == 1 && plan.spared.is_none());
        };
        let text = self.base.text_with(&rule);
        let read = |text: &str| self.base.read(text);
        let mut played = self.stage.play_text(&text, read, hastily, &mut watch)?;
        if played.record.is_miscounted {
            watch = begun();
            played = self.stage.play_text(&text, read, watched, &mut watch)?;
        }
        let facts = facts_of(&played, &watch, self.grace);
        Ok((played, facts))
    }

    /// Which calls beside that of a cell are no events.
    fn counted(&self, cell: &Cell) -> Option<Counted> {
        let all = self.counts.get(&cell.called).copied().unwrap_or_default();
        cell.counted(&self.points[cell.point].circumstances, all).filter(|_| !self.has_company)
    }

    fn once(&self, cell: &Cell, limit: Duration, looks_closely: bool) -> Result<Watched, Box<End>> {
        if let Some(after) = cell.after {
            return self.disturb(cell, after, limit, looks_closely);
        }
        let (played, mut facts) = self.hurt(cell, limit, looks_closely)?;
        if facts.fired > 0 && facts.stuck.is_none() {
            check(&mut facts, &played, &self.stage)?;
        }
        let is_ended = ends(cell, &facts);
        if is_ended {
            // Who is ended at once cannot end others, either, and they do not live to see the next use.
            facts.orphans = 0;
        }
        if is_ended && self.golden.leaves_more(&facts) && facts.broken(!cell.fault.kills()).is_empty() {
            // Nobody tidies up after that: what counts is what the next use leaves there.
            self.use_again(&played)?;
            facts.files = played.files();
        }
        self.watched(&played, facts, played.took)
    }

    /// What was seen of a run that is over, with the lines that it has reached.
    pub(super) fn watched(&self, played: &Played, facts: Facts, took: Duration) -> Result<Watched, Box<End>> {
        // Who is killed has not written what it has counted.
        let is_over = matches!(facts.ended, Some(Ending::Exited(_)));
        let reached = self.reach(played)?;
        let reached = reached.map(|reached| Reached { is_known: reached.is_known && is_over, ..reached });
        Ok(Watched { facts, took, reached })
    }

    /// Runs the program once more, without a fault, in the folder that a run has left.
    pub(super) fn use_again(&self, played: &Played) -> Result<(), Box<End>> {
        self.stage.play_again(played, |plan| {
            plan.rules.retain(|rule| &*rule.name != "fault");
            plan.target.timeout = self.patience;
        })
    }
}

/// Whoever looks on at a run with the fault of a cell, whose calls are made so often without it.
pub(super) fn watch(cell: &Cell, count: impl Fn(Called) -> Option<u64>) -> Watch {
    let calls = cell.retried();
    let count = calls.iter().filter_map(|call| count(Called::Call(*call))).sum();
    Watch::new(calls, count)
}

/// Whether the fault has ended the first process at once: a kill, or a signal that it does not catch.
fn ends(cell: &Cell, facts: &Facts) -> bool {
    let ended = |signal: Signal| facts.ended == Some(Ending::Killed(signal));
    cell.fault.kills() || matches!(cell.fault, Fault::Signal(signal) if ended(signal))
}

/// Runs cells, so many at a time; `tell` is called for each that is over, in whatever order and on whatever thread, for one at a
/// time. No cell begins once the runs are stopped from outside, or one of them could not be made. Those that do not come to their
/// end in time are made again at last, one by one; of those that are returned nothing can be said.
///
/// # Errors
/// Why one of them could not be made.
pub fn run_cells(
    course: &Course,
    cells: &[Cell],
    jobs: usize,
    mut tell: impl FnMut(&Cell, Ran) + Send,
) -> Result<Vec<Lost>, Box<End>> {
    let mut later: Vec<(Cell, Duration)> = Vec::new();
    let mut failed: Option<Box<End>> = None;
    let results = Mutex::new((&mut tell, &mut later, &mut failed));
    each(jobs, cells.len(), |at| {
        let ran = course.run(&cells[at]);
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        let (tell, later, failed) = &mut *results;
        match ran {
            Ok(Ok(ran)) => tell(&cells[at], ran),
            Ok(Err(limit)) => later.push((cells[at], limit)),
            Err(end) => {
                // Of several troubles the first is told; that of a run that was stopped is none.
                if failed.as_ref().is_none_or(|known| is_stop(known)) {
                    **failed = Some(end);
                }
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    if let Some(end) = failed {
        return Err(end);
    }
    let mut lost = Vec::new();
    for (cell, limit) in later {
        match course.run_alone(&cell, limit)? {
            Ok(ran) => tell(&cell, ran),
            Err(none) => lost.push(none),
        }
    }
    Ok(lost)
}

fn is_stop(end: &End) -> bool {
    matches!(end, End::Interrupted)
}
