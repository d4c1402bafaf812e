//! What a run with a fault shows of the program: one verdict, and what it rests on.
//! It must not know how the run was made.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::evidence::{Evidence, shows};
use super::facts::{Difference, Facts, Stuck};
use super::fault::Fault;
use super::point::{Point, Stream};
use super::steady::Golden;
use crate::abi::{Ending, Signal};

/// What a run with a fault shows of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The result is the same.
    Masked,
    /// It ends with another status, and says why.
    Reported,
    /// The fault could not be made.
    NotFired,
    /// It ends with another status, and says nothing.
    NoMessage,
    /// Something is left behind that is not without a fault.
    Leftover,
    /// A check fails.
    Broken,
    /// It makes the same call with the same error without end.
    BusyRetry,
    /// It does not end.
    Hang,
    /// It crashes.
    Crash,
    /// Its status says that all is well, and the result is another.
    Silent,
}

impl Verdict {
    /// Every verdict: good ones first, then findings.
    pub const ALL: [Verdict; 10] = [
        Verdict::Masked,
        Verdict::Reported,
        Verdict::NotFired,
        Verdict::NoMessage,
        Verdict::Leftover,
        Verdict::Broken,
        Verdict::BusyRetry,
        Verdict::Hang,
        Verdict::Crash,
        Verdict::Silent,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Masked => "masked",
            Verdict::Reported => "reported",
            Verdict::NotFired => "not-fired",
            Verdict::NoMessage => "no-message",
            Verdict::Leftover => "leftover",
            Verdict::Broken => "broken",
            Verdict::BusyRetry => "busy-retry",
            Verdict::Hang => "hang",
            Verdict::Crash => "crash",
            Verdict::Silent => "silent",
        }
    }

    /// One letter for the matrix.
    pub fn letter(self) -> char {
        match self {
            Verdict::Masked => '.',
            Verdict::Reported => 'r',
            Verdict::NotFired => '-',
            Verdict::NoMessage => 'm',
            Verdict::Leftover => 'L',
            Verdict::Broken => 'X',
            Verdict::BusyRetry => 'B',
            Verdict::Hang => 'H',
            Verdict::Crash => 'C',
            Verdict::Silent => 'S',
        }
    }

    /// Whether the program is to be looked at.
    pub fn is_finding(self) -> bool {
        !matches!(self, Verdict::Masked | Verdict::Reported | Verdict::NotFired)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What is to be said of a budget that no call met the end of.
pub(super) const ENOUGH: &str = "no call needed more";

/// Judges a run with the fault of `cell` at `point`.
pub fn judge(golden: &Golden, facts: &Facts, cell: &Cell, point: &Point) -> Outcome {
    let differences = golden.differences(facts);
    let mut evidence = Evidence::of(golden, facts, &differences);
    if cell.fault.kills() {
        // Half of a result is what a kill leaves.
        evidence.notes.clear();
        evidence.stdout = None;
    }
    let verdict = verdict(golden, facts, (cell, point), &differences, &mut evidence);
    evidence.shows = shows(verdict, facts, &differences, &evidence.leftovers, is_held_to_all(golden, facts, cell));
    Outcome { verdict, evidence }
}

fn verdict(
    golden: &Golden,
    facts: &Facts,
    (cell, point): (&Cell, &Point),
    differences: &[Difference],
    evidence: &mut Evidence,
) -> Verdict {
    match &facts.stuck {
        Some(Stuck::Busy { .. }) => return Verdict::BusyRetry,
        Some(Stuck::Hang(whereabouts) | Stuck::Slow(whereabouts)) => {
            evidence.notes = whereabouts.clone();
            return Verdict::Hang;
        }
        None => {}
    }
    if facts.fired == 0 {
        evidence.notes.clear();
        evidence.notes.extend(facts.prevented.clone());
        if facts.used.is_some() && facts.prevented.is_none() {
            evidence.notes.push(ENOUGH.to_owned());
        }
        return Verdict::NotFired;
    }
    let broken = facts.broken(!is_held_to_all(golden, facts, cell));
    evidence.notes.extend(broken.iter().cloned());
    let left = if evidence.leftovers.is_empty() { None } else { Some(Verdict::Leftover) };
    if cell.fault.kills() {
        // What is left is what the recovery has left.
        return if broken.is_empty() { left.unwrap_or(Verdict::Masked) } else { Verdict::Broken };
    }
    if facts.crashed != golden.facts.crashed && !facts.crashed.is_empty() {
        evidence.notes.push(format!("crashed: {}", facts.crashed.join(", ")));
        return Verdict::Crash;
    }
    if !broken.is_empty() {
        return Verdict::Broken;
    }
    if has_same_status(golden, facts) {
        return same_status(facts, differences, evidence).unwrap_or_else(|| left.unwrap_or(Verdict::Masked));
    }
    match facts.ended {
        Some(Ending::Killed(signal)) if is_asked(signal, cell.fault) => left.unwrap_or(Verdict::Reported),
        Some(Ending::Killed(_)) => Verdict::Crash,
        Some(Ending::Exited(0)) => Verdict::Silent,
        Some(Ending::Exited(_))
            if !evidence.message.is_empty() || facts.is_mute || needs_no_words(facts, cell.fault, point) =>
        {
            left.unwrap_or(Verdict::Reported)
        }
        Some(Ending::Exited(_)) | None => Verdict::NoMessage,
    }
}

fn has_same_status(golden: &Golden, facts: &Facts) -> bool {
    facts.ended == golden.facts.ended || !golden.compare.exit
}

/// Whether all checks must hold: who says that it failed need not have made what a check looks for.
fn is_held_to_all(golden: &Golden, facts: &Facts, cell: &Cell) -> bool {
    has_same_status(golden, facts) || cell.fault.kills()
}

/// A run that ends as without a fault: a finding where its result is another although it says that all is well.
fn same_status(facts: &Facts, differences: &[Difference], evidence: &Evidence) -> Option<Verdict> {
    let is_other = |difference: &Difference| match difference {
        Difference::Stdout | Difference::File { .. } | Difference::Extra { was_there: true, .. } => true,
        Difference::Exit | Difference::Extra { was_there: false, .. } => false,
    };
    if !differences.iter().any(is_other) {
        return None;
    }
    match facts.ended {
        // A status that says that something is wrong said so without a fault, too: only words can tell the two apart.
        Some(Ending::Exited(code)) if code != 0 && !evidence.message.is_empty() => None,
        _ => Some(Verdict::Silent),
    }
}

/// Whether a signal ends a program because that was asked of it.
fn is_asked(signal: Signal, fault: Fault) -> bool {
    match fault {
        Fault::Signal(sent) => sent == signal,
        // Its handler may tidy up and let it end the program after all; those of crashes are looked for before.
        Fault::Interrupt => true,
        fault => breaks_pipe(fault) && Signal::parse("SIGPIPE") == Some(signal),
    }
}

/// Whether nobody reads any more what is written.
fn breaks_pipe(fault: Fault) -> bool {
    matches!(fault, Fault::Error(errno) if errno.name() == Some("EPIPE"))
}

/// Whether nothing need be said: who cannot print cannot, who sends a signal knows, and a shell whose command dies of
/// SIGPIPE ends with 128 and its number (`dash(1)`, EXIT STATUS).
fn needs_no_words(facts: &Facts, fault: Fault, point: &Point) -> bool {
    const SIGPIPE_OF_A_COMMAND: i32 = 128 + 13;
    matches!(fault, Fault::Signal(_) | Fault::Interrupt)
        || breaks_pipe(fault) && facts.ended == Some(Ending::Exited(SIGPIPE_OF_A_COMMAND))
        || matches!(point.circumstances.stream, Some(Stream::Out | Stream::Err))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
