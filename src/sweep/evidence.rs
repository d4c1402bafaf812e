//! What there is to see of a run with a fault, in words.
//! It must not decide what that is worth.

use serde::{Deserialize, Serialize};

use super::facts::{Checked, Difference, Facts, Stuck};
use super::steady::Golden;
use super::verdict::Verdict;
use crate::abi::Ending;

/// Longer texts are cut in reports.
const LONGEST: usize = 4 << 10;
/// Lines of a message that are shown.
const LINES: usize = 6;

/// What a verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// How the run ended, in words.
    pub how: String,
    /// The call as it failed, as a transcript has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Of a fault in a check: what was done to the program before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Of a budget: the most that was in use of it, `10 of 10 (disk)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<String>,
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

impl Evidence {
    /// What there is to see of a run.
    pub(super) fn of(golden: &Golden, facts: &Facts, differences: &[Difference]) -> Evidence {
        let message = message(&golden.facts, facts);
        let leftovers = differences.iter().filter_map(|difference| match difference {
            // Who cannot remove a file cannot help leaving it.
            Difference::Extra { name, was_there: false } => {
                Some(name.clone()).filter(|name| !facts.kept.contains(name) && !is_told(name, &message))
            }
            _ => None,
        });
        let orphans = match facts.orphans {
            0 => None,
            1 => Some(format!("1{PROCESS}")),
            more => Some(format!("{more}{PROCESSES}")),
        };
        let has_other_stdout = differences.contains(&Difference::Stdout);
        Evidence {
            how: how_ended(facts),
            at: facts.at.clone(),
            after: None,
            used: facts.used.clone(),
            notes: differences.iter().filter_map(told).collect(),
            leftovers: leftovers.chain(orphans).collect(),
            stdout: has_other_stdout.then(|| (shown(&golden.facts.stdout), shown(&facts.stdout))),
            message,
            shows: Vec::new(),
        }
    }
}

/// How what is left behind is told where it is processes.
const PROCESS: &str = " more process";
const PROCESSES: &str = " more processes";

/// Whether something that is left behind, as it is told, is processes.
pub fn is_processes(left: &str) -> bool {
    [PROCESS, PROCESSES].iter().filter_map(|what| left.strip_suffix(what)).any(is_number)
}

/// Whether the program says that it leaves a file on purpose: `zip warning: new zip file left as: ziA1b2C3`.
fn is_told(name: &str, message: &[String]) -> bool {
    const WORDS: [&str; 10] = [
        "left as",
        "left in",
        "left at",
        "leaving",
        "kept as",
        "kept in",
        "keeping",
        "preserved",
        "saved as",
        "not removed",
    ];
    let base = name.rsplit('/').next().unwrap_or(name);
    let says = |line: &&String| line.contains(base) && WORDS.iter().any(|word| line.contains(word));
    message.iter().any(|line| says(&line))
}

/// Where the result is another, as far as it makes the verdict.
pub(super) fn shows(
    verdict: Verdict,
    facts: &Facts,
    differences: &[Difference],
    leftovers: &[String],
    is_held_to_all: bool,
) -> Vec<String> {
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
            let counts = |check: &&Checked| !check.failed.is_empty() && (check.is_always || is_held_to_all);
            let failed = facts.checks.iter().filter(counts);
            failed.map(|check| format!("check \"{}\"", check.name)).collect()
        }
        Verdict::Crash => facts.crashed.clone(),
        _ => Vec::new(),
    };
    shown.sort();
    shown.dedup();
    shown
}

/// A name of a file without what is drawn anew each time: the six letters and digits at its end of `mkstemp(3)`, and long
/// numbers, as those of processes and of other libraries' temporary files.
fn without_chance(name: &str) -> String {
    const DRAWN: usize = 6;
    let is_drawn = |name: &str| name.len() == DRAWN && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_odd = |name: &str| name.bytes().any(|byte| !byte.is_ascii_lowercase());
    let at = name.len().saturating_sub(DRAWN);
    match name.get(at..).filter(|end| is_drawn(end) && is_odd(end) && !is_number(end)) {
        Some(_) => format!("{}XXXXXX", &name[..at]),
        None => without_numbers(name),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A text with `N` in place of numbers that are long enough to be those of processes.
fn without_numbers(text: &str) -> String {
    const LONG: usize = 4;
    let mut short = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|char: char| char.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        let (number, after) =
            number.split_at(number.find(|char: char| !char.is_ascii_digit()).unwrap_or(number.len()));
        short += before;
        short += if number.len() < LONG { number } else { "N" };
        rest = after;
    }
    short + rest
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

/// What a run says that one without a fault does not: all that is new on standard error, and of standard output what reads
/// like a message. A result that merely is another says nothing.
fn message(golden: &Facts, facts: &Facts) -> Vec<String> {
    let texts = [(&golden.stderr, &facts.stderr, false), (&golden.stdout, &facts.stdout, true)];
    let mut message = Vec::new();
    for (golden, now, is_result) in texts {
        let known: Vec<&[u8]> = golden.split(|byte| *byte == b'\n').collect();
        let said = now.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !known.contains(line));
        // Half of a line that is printed without a fault says nothing.
        let is_half = |line: &&[u8]| known.iter().any(|whole| whole.starts_with(line));
        let said = said.filter(|line| !is_half(line)).map(|line| String::from_utf8_lossy(line).into_owned());
        message.extend(said.filter(|line| !is_result || is_message(line)));
    }
    message.truncate(LINES);
    message
}

/// Whether a line of standard output tells that something went wrong, by the words that programs and strerror(3) have for that.
fn is_message(line: &str) -> bool {
    const WORDS: [&str; 22] = [
        "error",
        "fail",
        "fatal",
        "panic",
        "abort",
        "warning",
        "cannot",
        "can't",
        "could not",
        "couldn't",
        "unable",
        "denied",
        "not permitted",
        "no space",
        "exhausted",
        "out of memory",
        "no such",
        "too many",
        "quota",
        "broken pipe",
        "refused",
        "unavailable",
    ];
    let line = line.to_lowercase();
    WORDS.iter().any(|word| line.contains(word))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).into_owned()
}
