//! One case in many orders: the first seed that fails it, and the fewest switches between tasks that still do.
//! It must not know how an order is made.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use crate::cases::Case;
use crate::plan::{Policy, Switch};
use crate::run::{self, End, Judged, Options};
use crate::verdict::{FailureKind, Verdict};

/// How often a schedule is run with some of its switches left out, at most, and for how long: one that hangs takes its
/// time each time.
const TRIES: u32 = 300;
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a case with one seed after the other, until one fails it. What is told then is the run with the fewest switches
/// that fails the same way.
pub(super) fn explore(case: &Case, options: &Options, seeds: RangeInclusive<u64>) -> End {
    let is_free = match run::resolve(case, options) {
        Ok(plan) => plan.policy.is_free(),
        Err(problems) => return End::Invalid(problems),
    };
    let (first, last) = (*seeds.start(), *seeds.end());
    let mut choices = 0;
    let mut passed = None;
    for seed in seeds {
        let judged = match drawn(case, options, seed, Policy::Random { seed }) {
            End::Judged(judged) => judged,
            end => return end,
        };
        choices += judged.outcome.record.choices;
        if fails(&judged) {
            return if is_free { failed_freely(judged, seed) } else { shortest(case, options, seed, judged) };
        }
        if options.stopper.is_stopped() {
            return End::Interrupted;
        }
        passed = Some(judged);
    }
    let Some(mut judged) = passed else { return run::run(case, options) };
    let notes = &mut judged.outcome.record.notes;
    notes.push(match (is_free, choices) {
        (true, _) => "its tasks all run at once (`schedule = \"free\"`): a seed fixes no order".to_owned(),
        (false, 0) => "its tasks never had to be chosen from: there is one order".to_owned(),
        (false, _) => format!("none of the seeds {first}..{last} fails it"),
    });
    End::Judged(judged)
}

fn drawn(case: &Case, options: &Options, seed: u64, policy: Policy) -> End {
    run::run(case, &Options { seed: Some(seed), policy: Some(policy), ..options.clone() })
}

fn failed_freely(mut judged: Box<Judged>, seed: u64) -> End {
    judged.seed = Some(seed);
    let note = format!("seed {seed} fails it, which need not do so again: its tasks all run at once");
    judged.outcome.record.notes.push(note);
    End::Judged(judged)
}

/// The run with the fewest switches that fails as `judged` has.
fn shortest(case: &Case, options: &Options, seed: u64, judged: Box<Judged>) -> End {
    let how = kinds(&judged);
    let again = |switches: &[Switch]| {
        if options.stopper.is_stopped() {
            return None;
        }
        match drawn(case, options, seed, Policy::Replay(switches.into())) {
            End::Judged(again) if fails(&again) && kinds(&again) == how => Some(again),
            _ => None,
        }
    };
    let all = switches(&judged);
    let Some(mut best) = again(&all) else {
        let mut judged = judged;
        judged.seed = Some(seed);
        judged.outcome.record.notes.push(format!(
            "seed {seed} fails it, and the same {} did not: something that rinject does not fix has a part in it",
            counted(all.len())
        ));
        return End::Judged(judged);
    };
    let mut kept = all.clone();
    let mut tries = 0;
    let begun = Instant::now();
    let goes_on = |tries: u32| tries < TRIES && begun.elapsed() < PATIENCE;
    // Delta debugging ("Simplifying and Isolating Failure-Inducing Input", Zeller and Hildebrandt, 2002): ever smaller
    // parts are left out, as long as what remains still fails.
    let mut part = kept.len().div_ceil(2);
    while part > 0 && !kept.is_empty() && goes_on(tries) {
        let mut at = 0;
        while at < kept.len() && goes_on(tries) {
            let without = [&kept[..at], &kept[kept.len().min(at + part)..]].concat();
            tries += 1;
            match again(&without) {
                Some(judged) => (kept, best) = (switches(&judged), judged),
                None => at += part,
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    let listed: Vec<String> = kept.iter().map(|switch| format!("\"{switch}\"")).collect();
    best.seed = Some(seed);
    let notes = &mut best.outcome.record.notes;
    notes.push(format!(
        "seed {seed} fails it with {}; what is shown has {}",
        counted(all.len()),
        counted(kept.len())
    ));
    notes.push(format!(
        "`[determinism] schedule = {{ policy = \"replay\", switches = [{}] }}` brings it back",
        listed.join(", ")
    ));
    End::Judged(best)
}

/// Whether something was not as expected, also where that is known.
fn fails(judged: &Judged) -> bool {
    matches!(judged.outcome.verdict, Verdict::Fail | Verdict::Timeout | Verdict::Xfail(_))
}

fn counted(switches: usize) -> String {
    match switches {
        0 => "no switch".to_owned(),
        1 => "1 switch".to_owned(),
        many => format!("{many} switches"),
    }
}

fn switches(judged: &Judged) -> Vec<Switch> {
    let switches = judged.outcome.record.switches.iter();
    switches.map(|(choice, task)| Switch { choice: *choice, process: task.process, thread: task.thread }).collect()
}

/// In what ways a run failed.
fn kinds(judged: &Judged) -> Vec<FailureKind> {
    judged.outcome.failures.iter().map(|failure| failure.kind).collect()
}
