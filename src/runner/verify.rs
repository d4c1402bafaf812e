//! One case several times: every run has to come to the same.
//! It must not know what makes runs differ.

use crate::cases::Case;
use crate::run::{self, Difference, End, Judged, Options, cause, reads_directory};
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
        let has_listed = || first.transcript.has_before(line, reads_directory).unwrap_or(false);
        let cause = ours.as_ref().zip(theirs.as_ref()).and_then(|(ours, theirs)| cause(ours, theirs, has_listed));
        let shown = |when: &str, line: Option<String>| match line {
            Some(line) => format!("{when}: {line}"),
            None => format!("{when} it had ended"),
        };
        let notes = [shown("the first time", ours), shown("then", theirs)];
        let notes = notes.into_iter().chain(cause.map(|cause| format!("the cause is perhaps {}", cause.words())));
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
