//! Many cases: in parallel, told in order. It judges nothing and prints nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::cases::Case;
use crate::run::{self, End, Options};

/// What becomes of the cases while they run.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A case has begun.
    Began(&'a Case),
    /// A case has ended. Endings are told in the order of the cases.
    Ended(&'a Case, Box<Ended>),
}

/// How a case ended.
#[derive(Debug)]
pub struct Ended {
    /// What became of it.
    pub end: End,
    /// How long it took.
    pub took: Duration,
}

/// Runs `cases`, `jobs` at a time, each on a thread of its own. `tell` is called on the calling thread.
pub fn run_all(cases: &[Case], options: &Options, jobs: usize, mut tell: impl FnMut(Progress<'_>)) {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, cases.len().max(1)) {
            let sender = sender.lock().map(|sender| sender.clone());
            let Ok(sender) = sender else { return };
            let next = &next;
            scope.spawn(move || {
                while let Some((number, case)) = claim(next, cases) {
                    // The receiver is gone only when the telling thread has panicked.
                    let _ = sender.send((number, None));
                    let begun = Instant::now();
                    let end = if options.stopper.is_stopped() { End::Interrupted } else { run::run(case, options) };
                    let _ = sender.send((number, Some(Box::new(Ended { end, took: begun.elapsed() }))));
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<Box<Ended>>> = cases.iter().map(|_| None).collect();
        let mut told = 0;
        for (number, ended) in receiver {
            let Some(ended) = ended else {
                tell(Progress::Began(&cases[number]));
                continue;
            };
            waiting[number] = Some(ended);
            while let Some(ended) = waiting.get_mut(told).and_then(Option::take) {
                tell(Progress::Ended(&cases[told], ended));
                told += 1;
            }
        }
    });
}

fn claim<'a>(next: &AtomicUsize, cases: &'a [Case]) -> Option<(usize, &'a Case)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    Some((number, cases.get(number)?))
}
