//! The text that a case is compared by, and what comparing it came to.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::cause::unfixed;
use super::{Lines, Options, cause, reads_directory};
use crate::cases::{Case, SpecFile};
use crate::diagnostic::visible;
use crate::plan::Plan;
use crate::sandbox::Sandbox;
use crate::snapshot::{self, Compared, Golden, SnapshotError, Update, golden_path};
use crate::spec::Spec;
use crate::verdict::{Failure, FailureKind, Outcome, Verdict};

/// A longer transcript is no golden text: nobody reads it.
const LONGEST: u64 = 16 << 20;

/// What there is to tell of files after comparing.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) written: Option<PathBuf>,
    pub(super) pending: Option<PathBuf>,
}

/// The name of a case among those of its spec, where there are several.
fn cell(case: &Case) -> Option<String> {
    Some(case.cell.to_string()).filter(|cell| !cell.is_empty())
}

/// Notes that the golden file of a case belongs to it, however the case ends: what is skipped or invalid keeps its own.
pub(super) fn refer(case: &Case) -> Result<(), SnapshotError> {
    let SpecFile::Path(spec) = &case.file else { return Ok(()) };
    snapshot::refer(&golden_path(spec, cell(case).as_deref()))
}

/// Compares what the plan says with the golden file; a difference is a failure of `outcome`.
pub(super) fn compare(
    case: &Case,
    plan: &Plan,
    sandbox: &Sandbox,
    transcript: &Lines,
    stdout: &[u8],
    outcome: &mut Outcome,
    options: &Options,
) -> Result<Files, SnapshotError> {
    let SpecFile::Path(spec) = &case.file else { return Ok(Files::default()) };
    let cell = cell(case);
    let path = golden_path(spec, cell.as_deref());
    if outcome.record.abandoned.is_some() || options.policy.is_some() {
        // What came of a run that was killed, or of another order, is compared with nothing and never written.
        return Ok(Files::default());
    }
    say_strays(case, spec, outcome);
    let wanted = plan.snapshot.transcript || plan.snapshot.stdout || !plan.snapshot.files.is_empty();
    if !wanted {
        if path.exists() {
            let message = format!("no snapshot is wanted, but `{}` is there", path.display());
            outcome.fail(Failure::of(FailureKind::Snapshot, message).with_help("remove it"));
        }
        return Ok(Files::default());
    }
    let Some(body) = body(plan, sandbox, transcript, stdout) else {
        let message = format!("the transcript has {} lines, too many for a snapshot", transcript.count());
        let help = "leave events out with `[trace] drop`, or set `[snapshot] transcript = false`";
        outcome.fail(Failure::of(FailureKind::Snapshot, message).with_help(help));
        return Ok(Files::default());
    };
    let update = if outcome.verdict == Verdict::Pass { options.update } else { no_overwriting(options.update) };
    // Beside the golden file, however the user's words led to it.
    let file = spec.file_name().unwrap_or_default().to_string_lossy();
    let source = cell.map_or_else(|| file.to_string(), |cell| format!("{file}::{cell}"));
    let fresh = Golden { source, expression: plan.name.clone(), body };
    let compared = snapshot::compare(&path, &fresh, update, options.is_ci)?;
    let perhaps = |body: &str, outcome: &Outcome| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
        unfixed(body, &outcome.record.numbers, now)
    };
    let accept = |pending: &PathBuf| format!("rinject accept {}", pending.with_extension("").display());
    Ok(match compared {
        Compared::Same => Files::default(),
        Compared::Written(path) => {
            let notes = perhaps(&fresh.body, outcome);
            outcome.record.notes.extend(notes);
            Files { written: Some(path), pending: None }
        }
        Compared::New(pending) => {
            let message = "new snapshot: there is no golden file yet".to_owned();
            let help = pending.as_ref().map_or_else(|| "rinject run -u writes it".to_owned(), accept);
            let mut failure = Failure::of(FailureKind::Snapshot, message).with_help(help);
            failure.notes.extend(perhaps(&fresh.body, outcome));
            failure.diff = Some((String::new(), fresh.body));
            outcome.fail(failure);
            Files { written: None, pending }
        }
        Compared::Different { expected, pending } => {
            let message = format!("the snapshot differs from `{}`", path.display());
            let help = pending.as_ref().map_or_else(|| "rinject run -u writes it anew".to_owned(), accept);
            let mut failure = Failure::of(FailureKind::Snapshot, message).with_help(help);
            let mut lines = expected.lines().zip(fresh.body.lines()).enumerate();
            let differing = lines.find(|(_, (theirs, ours))| theirs != ours);
            let cause = differing.and_then(|(at, (theirs, ours))| {
                cause(ours, theirs, || expected.lines().take(at).any(reads_directory))
            });
            failure.notes.extend(cause.map(|cause| format!("the cause is perhaps {}", cause.words())));
            failure.diff = Some((expected, fresh.body));
            outcome.fail(failure);
            Files { written: None, pending }
        }
    })
}

/// Golden files of values that are in no list any more are a failure of the spec's first case.
fn say_strays(case: &Case, path: &Path, outcome: &mut Outcome) {
    let cells = case.spec.as_ref().map(Spec::cells).unwrap_or_default();
    if cells.first() != Some(&case.cell) {
        return;
    }
    let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
    for stray in snapshot::strays(path, &cells) {
        let message = format!("no case of the spec has the snapshot `{}`", stray.display());
        outcome.fail(Failure::of(FailureKind::Snapshot, message).with_help("remove it"));
    }
}

/// A failed run may leave a text to look at, but does not write over a golden one.
fn no_overwriting(update: Update) -> Update {
    match update {
        Update::Always | Update::New => Update::Auto,
        Update::Auto | Update::No => update,
    }
}

fn body(plan: &Plan, sandbox: &Sandbox, transcript: &Lines, stdout: &[u8]) -> Option<String> {
    let mut text = String::new();
    if plan.snapshot.transcript {
        text.push_str(&transcript.text(LONGEST).ok().flatten()?);
    }
    // Writing to a String cannot fail.
    if plan.snapshot.stdout {
        let _ = write!(text, "\nstdout:\n{}", visible(&plan.renamed(&String::from_utf8_lossy(stdout))));
    }
    if !plan.snapshot.files.is_empty() {
        text.push_str("\nfiles:\n");
        for file in sandbox.files(&plan.snapshot.files) {
            let _ = writeln!(text, "{} {}", plan.renamed(&file.path), plan.renamed(&file.what));
        }
    }
    for redaction in &plan.snapshot.redact {
        text = redaction.regex.replace_all(&text, redaction.with.as_str()).into_owned();
    }
    Some(text.trim_matches('\n').to_owned())
}
