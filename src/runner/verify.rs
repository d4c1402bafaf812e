//! One case several times: every run has to come to the same.
//! It must not know what makes runs differ.

use crate::cases::Case;
use crate::run::{self, Difference, End, Judged, Options};
use crate::verdict::{Failure, FailureKind};

/// Runs a case so many times and compares transcripts, outputs and ends with those of the first run; the first that
/// differs is told, at its line.
pub(super) fn verify(case: &Case, options: &Options, times: u32) -> End {
    let mut first = match run::run(case, options) {
        End::Judged(judged) => judged,
        end => return end,
    };
    for number in 2..=times {
        let again = match run::run(case, options) {
            End::Judged(judged) => judged,
            end => return end,
        };
        match difference(&first, &again) {
            Ok(None) => {}
            Ok(Some(found)) => {
                let message = format!("run {number} of {times} differs from the first in {}", found.what);
                let mut failure = Failure::of(FailureKind::Determinism, message);
                failure.near = found.near;
                failure.notes = found.notes;
                failure.help = Some("docs/limits.md lists what is not fixed".to_owned());
                first.outcome.fail(failure);
                return End::Judged(first);
            }
            Err(error) => {
                let message = format!("run {number} of {times} cannot be compared: {error}");
                first.outcome.fail(Failure::of(FailureKind::Determinism, message));
                return End::Judged(first);
            }
        }
    }
    End::Judged(first)
}

/// What is different between two runs.
struct Found {
    what: String,
    /// The line of the transcript that shows it.
    near: Option<u64>,
    notes: Vec<String>,
}

fn difference(first: &Judged, again: &Judged) -> std::io::Result<Option<Found>> {
    if let Some(Difference { line, ours, theirs }) = first.transcript.first_difference(&again.transcript)? {
        let cause = ours.as_ref().zip(theirs.as_ref()).and_then(|(ours, theirs)| cause(ours, theirs));
        let shown = |when: &str, line: Option<String>| match line {
            Some(line) => format!("{when}: {line}"),
            None => format!("{when} it had ended"),
        };
        let notes = [shown("the first time", ours), shown("then", theirs)];
        let notes = notes.into_iter().chain(cause.map(|cause| format!("the cause is perhaps {cause}")));
        return Ok(Some(Found { what: format!("line {line}"), near: Some(line), notes: notes.collect() }));
    }
    let what = [
        (first.outcome.record.ending != again.outcome.record.ending, "how it ended"),
        (first.stdout != again.stdout, "its standard output"),
        (first.stderr != again.stderr, "its standard error"),
        (first.outcome.verdict != again.outcome.verdict, "the verdict"),
    ];
    let found = |what: &str| Found { what: what.to_owned(), near: None, notes: Vec::new() };
    Ok(what.into_iter().find(|(differs, _)| *differs).map(|(_, what)| found(what)))
}

/// Which source that nobody fixes a line may have been fed by.
fn cause(ours: &str, theirs: &str) -> Option<&'static str> {
    const CLOCK: [&str; 5] = ["clock_gettime(", "gettimeofday(", "time(", "times(", "adjtimex("];
    let calls = |names: &[&str]| names.iter().any(|name| ours.contains(&format!(" {name}")));
    if calls(&["getrandom("]) || ours.contains("/dev/urandom") || ours.contains("/dev/random") {
        return Some("random numbers of the kernel");
    }
    if calls(&CLOCK) {
        return Some("the clock");
    }
    // The digits around the first place that differs.
    let same = ours.bytes().zip(theirs.bytes()).take_while(|(our, their)| our == their).count();
    let number = |text: &str| -> Option<u64> {
        let bytes = text.as_bytes();
        let start = bytes[..same].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        text.get(start..start + digits)?.parse().ok()
    };
    match (number(ours)?, number(theirs)?) {
        (100..=0x40_0000, 100..=0x40_0000) => Some("the number of a process, which the kernel gives"),
        (1_000_000_000.., 1_000_000_000..) => Some("the clock"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::cause;

    #[test]
    fn a_source_is_known_by_what_it_looks_like() {
        let process = Some("the number of a process, which the kernel gives");
        assert_eq!(cause("P1 mkdir(\"x.3138\", 0777) = 0", "P1 mkdir(\"x.3141\", 0777) = 0"), process);
        assert_eq!(cause("P1 read(3, \"1763700001\")", "P1 read(3, \"1763700002\")"), Some("the clock"));
        assert_eq!(cause("P1 clock_gettime(0, 1)", "P1 clock_gettime(0, 2)"), Some("the clock"));
        let random = Some("random numbers of the kernel");
        assert_eq!(cause("P1 getrandom(\"a\", 1) = 1", "P1 getrandom(\"b\", 1) = 1"), random);
        assert_eq!(cause("P1 write(1, \"a\")", "P1 write(1, \"b\")"), None);
        assert_eq!(cause("", ""), None);
    }
}
