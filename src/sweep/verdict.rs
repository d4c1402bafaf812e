//! What a run with a fault shows of the program: one verdict, and what it rests on.
//! It must not know how the run was made.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::facts::{Difference, Facts, Stuck};
use super::fault::Fault;
use super::point::{Point, Stream};
use super::steady::Golden;
use crate::abi::{Ending, Signal};

/// Longer texts are cut in reports.
const LONGEST: usize = 4 << 10;
/// Lines of a message that are shown.
const LINES: usize = 6;

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

/// What a verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// How the run ended, in words.
    pub how: String,
    /// The call as it failed, as a transcript has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What there is to see, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the program said that it does not say without a fault: lines of standard error, then of standard output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message: Vec<String>,
    /// Standard output without a fault and now, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<(String, String)>,
    /// What is left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<String>,
    /// Where the result is another, by which findings are told apart: names of files and checks, without what chance has
    /// put into them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<String>,
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Evidence,
}

/// Judges a run with the fault of `cell` at `point`.
pub fn judge(golden: &Golden, facts: &Facts, cell: &Cell, point: &Point) -> Outcome {
    let differences = golden.differences(facts);
    let mut evidence = Evidence { how: how_ended(facts), at: facts.at.clone(), ..Evidence::default() };
    evidence.message = message(&golden.facts, facts);
    if !cell.fault.kills() {
        // Half of a result is what a kill leaves.
        evidence.notes.extend(differences.iter().filter_map(told));
    }
    let leftovers = differences.iter().filter_map(|difference| match difference {
        // Who cannot remove a file cannot help leaving it.
        Difference::Extra { name, was_there: false } => {
            Some(name.clone()).filter(|name| !facts.kept.contains(name) && !is_told(name, &evidence.message))
        }
        _ => None,
    });
    evidence.leftovers = leftovers.collect();
    if facts.orphans > 0 {
        evidence.leftovers.push(format!("{} more processes", facts.orphans));
    }
    if differences.contains(&Difference::Stdout) && !cell.fault.kills() {
        evidence.stdout = Some((shown(&golden.facts.stdout), shown(&facts.stdout)));
    }
    let verdict = verdict(golden, facts, (cell, point), &differences, &mut evidence);
    evidence.shows = shows(verdict, facts, &differences, &evidence.leftovers);
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
        return Verdict::NotFired;
    }
    let is_same = facts.ended == golden.facts.ended || !golden.compare.exit;
    // Who says that it failed need not have made what a check looks for.
    let broken = facts.broken(!is_same && !cell.fault.kills());
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
    if is_same {
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

/// Whether the program says that it leaves a file on purpose: `zip warning: new zip file left as: ziA1b2C3`.
fn is_told(name: &str, message: &[String]) -> bool {
    const WORDS: [&str; 10] = [
        "left as",
        "left in",
        "left at",
        "leaving",
        "kept",
        "keeping",
        "preserved",
        "saved",
        "not removed",
        "not deleted",
    ];
    let base = name.rsplit('/').next().unwrap_or(name);
    let says = |line: &&String| line.contains(base) && WORDS.iter().any(|word| line.contains(word));
    message.iter().any(|line| says(&line))
}

/// Where the result is another, as far as it makes the verdict.
fn shows(verdict: Verdict, facts: &Facts, differences: &[Difference], leftovers: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = match verdict {
        Verdict::Silent => {
            let place = |difference: &Difference| match difference {
                Difference::Exit | Difference::Extra { was_there: false, .. } => None,
                Difference::Stdout => Some("standard output".to_owned()),
                Difference::File { name, .. } | Difference::Extra { name, .. } => Some(without_chance(name)),
            };
            differences.iter().filter_map(place).collect()
        }
        Verdict::Leftover => leftovers.iter().map(|name| without_chance(name)).collect(),
        Verdict::Broken => {
            let failed = facts.checks.iter().filter(|check| !check.failed.is_empty());
            failed.map(|check| format!("check \"{}\"", check.name)).collect()
        }
        Verdict::Crash => facts.crashed.clone(),
        _ => Vec::new(),
    };
    shown.sort();
    shown.dedup();
    shown
}

/// A name of a file without the six letters and digits at its end that `mkstemp(3)` draws.
fn without_chance(name: &str) -> String {
    const DRAWN: usize = 6;
    let is_drawn = |name: &str| name.len() == DRAWN && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_odd = |name: &str| name.bytes().any(|byte| !byte.is_ascii_lowercase());
    let at = name.len().saturating_sub(DRAWN);
    match name.get(at..).filter(|end| is_drawn(end) && is_odd(end)) {
        Some(_) => format!("{}XXXXXX", &name[..at]),
        None => name.to_owned(),
    }
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

/// How a run ended, in words.
pub fn how_ended(facts: &Facts) -> String {
    match (&facts.stuck, facts.ended) {
        (Some(Stuck::Busy { call, errno, times }), _) => {
            format!("makes `{call}` again and again, which fails with {errno}: {times} times in a row")
        }
        (Some(Stuck::Hang(_) | Stuck::Slow(_)), _) => "does not end".to_owned(),
        (None, Some(Ending::Exited(code))) => format!("exited {code}"),
        (None, Some(Ending::Killed(signal))) => format!("was killed by {signal}"),
        (None, None) => "was ended".to_owned(),
    }
}

fn told(difference: &Difference) -> Option<String> {
    match difference {
        // How it ended is said anyway, and what is left behind has a place of its own.
        Difference::Exit | Difference::Extra { was_there: false, .. } => None,
        Difference::Stdout => Some("standard output differs".to_owned()),
        Difference::File { name, golden, now: Some(now) } => Some(format!("`{name}` is {now}, not {golden}")),
        Difference::File { name, golden, now: None } => Some(format!("`{name}` is not there ({golden})")),
        Difference::Extra { name, was_there: true } => Some(format!("`{name}` is still there")),
    }
}

/// What a run says that one without a fault does not.
fn message(golden: &Facts, facts: &Facts) -> Vec<String> {
    let texts = [(&golden.stderr, &facts.stderr), (&golden.stdout, &facts.stdout)];
    let mut message = Vec::new();
    for (golden, now) in texts {
        let known: Vec<&[u8]> = golden.split(|byte| *byte == b'\n').collect();
        let said = now.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !known.contains(line));
        // Half of a line that is printed without a fault says nothing.
        let is_half = |line: &&[u8]| known.iter().any(|whole| whole.starts_with(line));
        message.extend(said.filter(|line| !is_half(line)).map(|line| String::from_utf8_lossy(line).into_owned()));
    }
    message.truncate(LINES);
    message
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).into_owned()
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
