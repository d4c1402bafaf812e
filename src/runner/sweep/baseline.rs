//! The runs without a fault: several at a time, as those with one are.
//! It must not know whether they agree.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::workers;
use super::coverage::Reader;
use super::facts::{check, facts};
use super::timed::Timed;
use super::{Base, Refused, lookouts, play, watch_calls};
use crate::abi::CallSet;
use crate::plan::{FaultKind, Plan, Sweep};
use crate::run::{End, Played, Stage};
use crate::sweep::coverage::Coverage;
use crate::sweep::{Facts, Stuck, Survey, fallible};

/// A run with a fault makes other calls, by which a clock of its own goes: what shows parts of a second differs then.
const A_LITTLE: Duration = Duration::from_millis(7);
/// A run without a fault may take so many times as long as the spec says: each call is looked at, on a machine that may be
/// busy;
pub(super) const LONGER: u32 = 6;
/// and one in which each allocation is looked at with its stack so many times.
const LONGER_AT_EACH_ALLOCATION: u32 = 30;
/// Frames of a stack that tell points apart: recursion goes deeper.
pub(super) const FRAMES: usize = 64;

/// What is run.
pub(super) struct Asked<'a> {
    pub(super) stage: &'a Stage,
    pub(super) base: &'a Base,
    pub(super) sweep: &'a Sweep,
    /// The calls that are looked at.
    pub(super) calls: &'a CallSet,
    pub(super) reader: Option<&'a Reader>,
    /// The same at another time, where it is asked whether that tells: runs within a second show nothing of the time.
    pub(super) another_day: Option<Base>,
    /// How long a run may take that need not come to its end, where others, as far as they are over, took so long.
    pub(super) limit: &'a (dyn Fn(Duration) -> Duration + Sync),
}

/// Runs that have come to their end.
pub(super) struct Runs {
    /// In order.
    pub(super) taken: Vec<Taken>,
    /// What another day has shown, where somebody asked.
    pub(super) another_day: AnotherDay,
}

/// What a run at another time has shown; `None` where it has not come to its end.
pub(super) type AnotherDay = Result<Option<Box<Facts>>, Box<End>>;

/// One of them.
enum Run {
    Taken(Box<Taken>),
    AnotherDay(AnotherDay),
}

/// A run that has come to its end.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) facts: Facts,
    /// What was seen of it; of the first one with stacks.
    pub(super) survey: Survey,
    pub(super) took: Duration,
    /// The longest that nothing was seen of others when the first process had ended.
    pub(super) silence: Duration,
    /// The program's file.
    pub(super) program: PathBuf,
    /// The folder it was in.
    pub(super) folder: PathBuf,
    /// Which lines it has reached, where that is asked for.
    pub(super) reached: Option<Coverage>,
    /// It had a time, or random bytes, of its own.
    pub(super) is_fixed: bool,
    pub(super) has_setup: bool,
}

impl Asked<'_> {
    /// All runs, so many at a time.
    ///
    /// # Errors
    /// Of the first that was not to be made, or did not end.
    pub(super) fn runs(&self, jobs: usize) -> Result<Runs, Refused> {
        let count = self.sweep.baseline;
        // How long the one with stacks took, which takes longest, and the longest of the others.
        let (first, longest) = (AtomicU64::new(0), AtomicU64::new(0));
        let run = |at: usize| -> Result<Run, Refused> {
            match u32::try_from(at + 1) {
                Ok(number) if number <= count => {
                    let taken = self.run(number)?;
                    let which = if number == 1 { &first } else { &longest };
                    which.fetch_max(taken.took.as_nanos() as u64, Ordering::SeqCst);
                    Ok(Run::Taken(Box::new(taken)))
                }
                // There are not more who make runs than runs without it: one of them is over.
                _ => {
                    let took = [&longest, &first].map(|took| took.load(Ordering::SeqCst));
                    let took = took.into_iter().find(|took| *took > 0).unwrap_or_default();
                    Ok(Run::AnotherDay(self.on_another_day(Duration::from_nanos(took))))
                }
            }
        };
        let most = count.max(1) as usize;
        let all = workers::all(jobs.clamp(1, most), count as usize + usize::from(self.another_day.is_some()), run)?;
        let mut runs = Runs { taken: Vec::new(), another_day: Ok(None) };
        for run in all {
            match run {
                Run::Taken(taken) => runs.taken.push(*taken),
                Run::AnotherDay(shown) => runs.another_day = shown,
            }
        }
        Ok(runs)
    }

    /// A run at another time, where others took so long; `None` where it does not come to its end.
    fn on_another_day(&self, longest: Duration) -> AnotherDay {
        let Some(base) = &self.another_day else { return Ok(None) };
        let change = |plan: &mut Plan| plan.target.timeout = (self.limit)(longest);
        let played = play(self.stage, base, "", change, &mut Survey::new(false))?;
        let mut facts = facts(&played);
        check(&mut facts, &played, self.stage)?;
        Ok(Some(Box::new(facts)).filter(|facts| facts.stuck.is_none()))
    }

    fn run(&self, number: u32) -> Result<Taken, Refused> {
        let Asked { stage, base, sweep, .. } = self;
        let (is_first, is_last) = (number == 1, number == sweep.baseline);
        let mut survey = Timed::new(Survey::new(sweep.each).of(&fallible(sweep)));
        let (mut is_fixed, mut has_setup) = (false, false);
        let change = |plan: &mut Plan| {
            watch_calls(plan, self.calls);
            // One run tells where calls come from; unwinding takes longer than they do.
            plan.trace.backtrace = if is_first { FRAMES } else { 0 };
            let counts_allocations = is_first && sweep.faults.contains(&FaultKind::Alloc);
            plan.target.timeout *= if counts_allocations { LONGER_AT_EACH_ALLOCATION } else { LONGER };
            has_setup = !plan.setup.is_empty();
            is_fixed = plan.fixed.random.is_some() || plan.fixed.clock.is_some();
            if is_last {
                plan.fixed.clock = plan.fixed.clock.map(|start| start + A_LITTLE);
            }
        };
        let played = play(stage, base, &lookouts(sweep), change, &mut survey)?;
        let mut facts = facts(&played);
        if let Some(stuck) = &facts.stuck {
            return Err(Refused::Endless(told(stuck, &played, survey.quiet())));
        }
        facts.crashed = survey.sink.crashed();
        check(&mut facts, &played, stage)?;
        let read = |reader: &Reader| reader.read(&played).map_err(|trouble| trouble.of(base));
        let read = self.reader.map(read).transpose()?;
        Ok(Taken {
            facts,
            took: played.took,
            silence: survey.silence(),
            program: played.program.clone(),
            folder: played.folder().to_owned(),
            reached: read.map(|read| read.unwrap_or_default().without_fault()),
            is_fixed,
            has_setup,
            survey: survey.sink,
        })
    }
}

/// How a run without a fault was when its time was up; nothing was seen of it for as long as `quiet`.
fn told(stuck: &Stuck, played: &Played, quiet: Duration) -> String {
    match stuck {
        Stuck::Busy { call, errno, .. } => format!("makes `{call}` again and again, which fails with {errno}"),
        Stuck::Slow(whereabouts) if quiet * 2 < played.took => {
            let took = played.took;
            format!("is slow: it still made calls when its time was up, after {took:.1?}: {}", whereabouts.join(", "))
        }
        Stuck::Hang(whereabouts) | Stuck::Slow(whereabouts) => format!("does not end: {}", whereabouts.join(", ")),
    }
}
