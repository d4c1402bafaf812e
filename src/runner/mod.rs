//! Many cases: in parallel, told in order. It judges nothing and prints nothing.

mod explore;
mod queue;
pub mod sweep;
mod verify;
mod workers;

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crate::cases::Case;
use crate::run::{self, End, Options};
use crate::verdict::Verdict;
use queue::Queue;
use workers::share;

/// What becomes of the cases while they run.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A case has begun.
    Began(&'a Case),
    /// A case runs no longer.
    Over(&'a Case),
    /// How a case has ended. Endings are told in the order of the cases.
    Ended(&'a Case, Box<Ended>),
}

/// How a case ended.
#[derive(Debug)]
pub struct Ended {
    /// What became of it.
    pub end: End,
    /// How long it took.
    pub took: Duration,
    /// How often it had failed before, where it may be tried again.
    pub failed_before: u32,
}

impl Ended {
    /// One that was not begun any more.
    fn interrupted() -> Ended {
        Ended { end: End::Interrupted, took: Duration::ZERO, failed_before: 0 }
    }
}

/// How each case is run.
#[derive(Clone, Debug, Default)]
pub enum Way {
    /// Once.
    #[default]
    Once,
    /// Until it passes, and so many times more than once at most.
    Retries(u32),
    /// Once with each of these seeds, until one fails it.
    Seeds(RangeInclusive<u64>),
    /// So many times, which must all come to the same.
    Verify(u32),
}

/// How many cases run at a time, and how far.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At a time.
    pub jobs: usize,
    /// After so many failures no case begins any more.
    pub most_failures: Option<u32>,
}

/// Runs `cases`, so many at a time as `pace` says, those that attach to the same process one after the other. `tell` is called on
/// the calling thread, which also runs them where that is one at a time.
pub fn run_all(cases: &[Case], options: &Options, way: &Way, pace: Pace, mut tell: impl FnMut(Progress<'_>)) {
    let failures = AtomicU32::new(0);
    let is_enough = || pace.most_failures.is_some_and(|most| failures.load(Ordering::SeqCst) >= most);
    let play = |case: &Case| {
        let is_over = options.stopper.is_stopped() || is_enough();
        let ended = if is_over { Ended::interrupted() } else { play(case, options, way) };
        if ended.end.is_failure() {
            failures.fetch_add(1, Ordering::SeqCst);
        }
        Box::new(ended)
    };
    let jobs = pace.jobs.clamp(1, cases.len().max(1));
    if jobs == 1 {
        for case in cases {
            tell(Progress::Began(case));
            let ended = play(case);
            tell(Progress::Over(case));
            tell(Progress::Ended(case, ended));
        }
        return;
    }
    let queue = Queue::new(cases.iter().map(|case| attached(case, options)));
    let work = |sender: Sender<(usize, Option<Box<Ended>>)>| {
        while let Some(turn) = queue.next() {
            // The receiver is gone only when the telling thread has panicked.
            let _ = sender.send((turn.number, None));
            let _ = sender.send((turn.number, Some(play(&cases[turn.number]))));
        }
    };
    share(jobs, work, |receiver| {
        let mut waiting: Vec<Option<Box<Ended>>> = cases.iter().map(|_| None).collect();
        let mut told = 0;
        for (number, ended) in receiver {
            let Some(ended) = ended else {
                tell(Progress::Began(&cases[number]));
                continue;
            };
            tell(Progress::Over(&cases[number]));
            waiting[number] = Some(ended);
            while let Some(ended) = waiting.get_mut(told).and_then(Option::take) {
                tell(Progress::Ended(&cases[told], ended));
                told += 1;
            }
        }
    });
}

/// Runs a case in a way.
fn play(case: &Case, options: &Options, way: &Way) -> Ended {
    let begun = Instant::now();
    let mut failed_before = 0;
    let end = match way {
        Way::Once => run::run(case, options),
        Way::Retries(most) => loop {
            let end = run::run(case, options);
            if !may_pass_again(&end) || failed_before == *most || options.stopper.is_stopped() {
                break end;
            }
            failed_before += 1;
        },
        Way::Seeds(seeds) => explore::explore(case, options, seeds.clone()),
        Way::Verify(times) => verify::verify(case, options, *times),
    };
    Ended { end, took: begun.elapsed(), failed_before }
}

/// Whether another try may end in another way: what is invalid, cannot be set up or is known to fail will not.
fn may_pass_again(end: &End) -> bool {
    matches!(end, End::Judged(judged) if matches!(judged.outcome.verdict, Verdict::Fail | Verdict::Timeout))
}

/// The process that a case attaches to, if it does.
fn attached(case: &Case, options: &Options) -> Option<i32> {
    let written = || case.spec.as_ref().ok()?.target.as_ref()?.attach.as_ref()?.pid.as_ref();
    options.attach.map(|attach| attach.pid).or_else(|| written()?.value.try_into().ok())
}
