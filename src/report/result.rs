//! A case's result as every report sees it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cases::Case;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label, Level, Source, visible};
use crate::run::{End, Judged, Lines};
use crate::transcript::RuleRecord;
use crate::verdict::{Failure, FailureKind, Outcome, Verdict};

/// Transcript lines shown before and after the one a failure is about.
const AROUND: u64 = 4;

/// How a case ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As expected.
    Pass,
    /// As expected, but not at the first try.
    Flaky,
    /// Not as expected.
    Fail,
    /// Its time was up.
    Timeout,
    /// It did not run: a requirement is not met.
    Skip,
    /// It failed, as it is known to.
    Xfail,
    /// It passed although it is known to fail.
    Xpass,
    /// It came to no verdict.
    Error,
    /// The session was interrupted before it ended.
    Interrupted,
}

impl Status {
    /// Every status.
    pub(super) const ALL: [Status; 9] = [
        Status::Pass,
        Status::Flaky,
        Status::Fail,
        Status::Timeout,
        Status::Skip,
        Status::Xfail,
        Status::Xpass,
        Status::Error,
        Status::Interrupted,
    ];

    /// Its name in every report.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Flaky => "flaky",
            Status::Fail => "fail",
            Status::Timeout => "timeout",
            Status::Skip => "skip",
            Status::Xfail => "xfail",
            Status::Xpass => "xpass",
            Status::Error => "error",
            Status::Interrupted => "interrupted",
        }
    }

    /// Whether something has to be done about it.
    pub fn is_bad(self) -> bool {
        match self {
            Status::Fail | Status::Timeout | Status::Xpass | Status::Error | Status::Interrupted => true,
            Status::Pass | Status::Flaky | Status::Skip | Status::Xfail => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A case's result.
#[derive(Debug)]
pub struct CaseResult {
    /// The case's id.
    pub id: String,
    /// The command that runs it again.
    pub again: String,
    /// How it ended.
    pub status: Status,
    /// Why it was skipped or is known to fail; empty otherwise.
    pub reason: String,
    /// How long it took.
    pub took: Duration,
    /// How often it had failed before it ended so.
    pub failed_before: u32,
    /// What the run came to, where it came to a verdict.
    pub outcome: Option<Outcome>,
    /// The spec's text.
    pub source: Arc<Source>,
    /// Errors of the spec or of setting it up, and warnings.
    pub diagnostics: Diagnostics,
    /// Transcript lines around each failure, in the order of the failures.
    pub excerpts: Vec<Excerpt>,
    /// The transcript, line by line: it stays on disk.
    pub transcript: Lines,
    /// What the target printed on standard output.
    pub stdout: Vec<u8>,
    /// What the target printed on standard error.
    pub stderr: Vec<u8>,
    /// The case's folder, where it was kept.
    pub kept: Option<PathBuf>,
    /// The golden file that was written.
    pub written: Option<PathBuf>,
    /// A text that waits to be accepted.
    pub pending: Option<PathBuf>,
}

/// The id of a case as a shell takes it.
fn word(id: &str) -> String {
    if id == "<stdin>" { "-".to_owned() } else { shell_word(id) }
}

/// A word as a shell takes it: in quotes where it has to be.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c) || !c.is_ascii();
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Lines of the transcript, one of which is what it is about.
#[derive(Clone, Debug, Default)]
pub struct Excerpt {
    /// The lines with their numbers.
    pub lines: Vec<(u64, String)>,
    /// The number of the line it is about.
    pub about: u64,
}

impl CaseResult {
    /// A case of which no more is known than how it ended.
    pub(super) fn new(id: String, source: Arc<Source>, status: Status) -> CaseResult {
        CaseResult {
            again: format!("rinject run {}", word(&id)),
            id,
            status,
            reason: String::new(),
            took: Duration::ZERO,
            failed_before: 0,
            outcome: None,
            source,
            diagnostics: Diagnostics::new(),
            excerpts: Vec::new(),
            transcript: Lines::empty(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            kept: None,
            written: None,
            pending: None,
        }
    }

    /// What became of `case`.
    pub fn of(case: &Case, end: End) -> CaseResult {
        let mut result = CaseResult::new(case.id.clone(), case.source.clone(), Status::Error);
        match end {
            End::Judged(judged) => result.judged(*judged),
            End::Invalid(problems) => result.diagnostics = problems,
            End::NotSetUp(diagnostic) => result.diagnostics = Diagnostics::from(*diagnostic),
            End::Unable(refusal) => {
                let said = Diagnostic::error(&case.source, Code::UNABLE, refusal.to_string()).help(refusal.help());
                result.diagnostics = Diagnostics::from(said);
            }
            End::Interrupted => result.status = Status::Interrupted,
        }
        result
    }

    /// Says how often it has failed before it ended as it did.
    pub fn tried_before(&mut self, failed: u32) {
        self.failed_before = failed;
        if failed > 0 && self.status == Status::Pass {
            self.status = Status::Flaky;
            self.reason = format!("passed at try {}", failed + 1);
        }
    }

    fn judged(&mut self, judged: Judged) {
        let (status, reason) = status(&judged.outcome.verdict);
        self.status = status;
        self.reason = reason.to_owned();
        if let Some(seed) = judged.seed {
            self.again = format!("rinject run --seeds {seed} {}", word(&self.id));
        }
        self.excerpts = judged.outcome.failures.iter().map(|failure| excerpt(&judged, failure.near)).collect();
        self.diagnostics = judged.warnings;
        self.kept = judged.kept;
        self.written = judged.written;
        self.pending = judged.pending;
        (self.transcript, self.stdout, self.stderr) = (judged.transcript, judged.stdout, judged.stderr);
        self.outcome = Some(judged.outcome);
    }

    /// What the author should know of the run although nothing failed for it.
    pub fn notes(&self) -> &[String] {
        self.outcome.as_ref().map_or(&[], |outcome| &outcome.record.notes)
    }

    /// The rules of the spec, each with its name and how it fared, in file order.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &RuleRecord)> {
        let outcomes = self.outcome.iter();
        outcomes.flat_map(|outcome| outcome.rules.iter().map(String::as_str).zip(&outcome.record.rules))
    }

    /// Why it ended so, in one line: the reason it has, or the first thing that was wrong.
    pub fn why(&self) -> Option<String> {
        let said = match self.status {
            Status::Xpass => format!("it passed although it is known to fail: {}", self.reason),
            _ if !self.reason.is_empty() => self.reason.clone(),
            Status::Interrupted => "it was interrupted".to_owned(),
            _ => self.problems().map(|problem| problem.message).next()?,
        };
        Some(visible(&said).into_owned())
    }

    /// All that was wrong: failures in the order found, then errors of the spec or of setting it up.
    pub fn problems(&self) -> impl Iterator<Item = Diagnostic> {
        let failures = self.failures().map(|(_, diagnostic)| diagnostic);
        failures.chain(self.diagnostics.errors().cloned())
    }

    /// The failures, each as a message that points into the spec, in the order found.
    pub fn failures(&self) -> impl Iterator<Item = (&Failure, Diagnostic)> {
        let failures = self.outcome.iter().flat_map(|outcome| &outcome.failures);
        failures.map(|failure| (failure, diagnostic(failure, &self.source)))
    }
}

fn excerpt(judged: &Judged, near: Option<u64>) -> Excerpt {
    let Some(about) = near else { return Excerpt::default() };
    // A transcript that cannot be read back is shown as none: the failure itself does not depend on it.
    let lines = judged.transcript.range(about.saturating_sub(AROUND), about + AROUND).unwrap_or_default();
    Excerpt { lines, about }
}

/// The status of a judged case, and the reason that comes with it.
fn status(verdict: &Verdict) -> (Status, &str) {
    match verdict {
        Verdict::Pass => (Status::Pass, ""),
        Verdict::Fail => (Status::Fail, ""),
        Verdict::Timeout => (Status::Timeout, ""),
        Verdict::Skip(reason) => (Status::Skip, reason),
        Verdict::Xfail(reason) => (Status::Xfail, reason),
        Verdict::Xpass(reason) => (Status::Xpass, reason),
    }
}

/// The stable code of a kind of failure.
pub fn failure_code(kind: FailureKind) -> Code {
    match kind {
        FailureKind::Fires => Code::RUN_FIRES,
        FailureKind::Exit => Code::RUN_EXIT,
        FailureKind::Stdout | FailureKind::Stderr => Code::RUN_OUTPUT,
        FailureKind::Never => Code::RUN_NEVER,
        FailureKind::Count => Code::RUN_COUNT,
        FailureKind::Sequence => Code::RUN_SEQUENCE,
        FailureKind::Invariant => Code::RUN_INVARIANT,
        FailureKind::Check => Code::RUN_CHECK,
        FailureKind::Start => Code::RUN_START,
        FailureKind::Empty => Code::RUN_EMPTY,
        FailureKind::Limit => Code::RUN_LIMIT,
        FailureKind::Snapshot => Code::RUN_SNAPSHOT,
        FailureKind::Determinism => Code::RUN_DETERMINISM,
        FailureKind::Deadlock => Code::RUN_DEADLOCK,
    }
}

fn diagnostic(failure: &Failure, source: &Arc<Source>) -> Diagnostic {
    Diagnostic {
        code: failure_code(failure.kind),
        level: Level::Error,
        message: failure.message.clone(),
        labels: failure.span.into_iter().map(|span| Label { span, text: failure.label.clone() }).collect(),
        // The command that accepts a snapshot is the last line of the report instead.
        help: failure.help.clone().filter(|_| failure.kind != FailureKind::Snapshot),
        notes: failure.notes.clone(),
        source: source.clone(),
    }
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// As expected, flaky ones left out.
    pub passed: usize,
    /// As expected, but not at the first try.
    pub flaky: usize,
    /// Failures, time-outs and unexpected passes.
    pub failed: usize,
    /// Without a verdict.
    pub errors: usize,
    /// Skipped.
    pub skipped: usize,
    /// Known failures.
    pub xfailed: usize,
    /// Not run, or not to the end.
    pub interrupted: usize,
}

impl Totals {
    /// Counts one more result.
    pub fn add(&mut self, status: Status) {
        *match status {
            Status::Pass => &mut self.passed,
            Status::Flaky => &mut self.flaky,
            Status::Fail | Status::Timeout | Status::Xpass => &mut self.failed,
            Status::Error => &mut self.errors,
            Status::Skip => &mut self.skipped,
            Status::Xfail => &mut self.xfailed,
            Status::Interrupted => &mut self.interrupted,
        } += 1;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        let rest = [
            (self.flaky, "flaky"),
            (self.errors, if self.errors == 1 { "error" } else { "errors" }),
            (self.skipped, "skipped"),
            (self.xfailed, "known to fail"),
            (self.interrupted, "interrupted"),
        ];
        rest.iter().filter(|(count, _)| *count > 0).try_for_each(|(count, word)| write!(f, ", {count} {word}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_has_one_name() {
        let reason = String::new;
        for verdict in [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::Timeout,
            Verdict::Skip(reason()),
            Verdict::Xfail(reason()),
            Verdict::Xpass(reason()),
        ] {
            assert_eq!(status(&verdict).0.name(), verdict.word());
        }
    }

    #[test]
    fn a_shell_reads_each_word_as_it_is() {
        for word in ["", "a b", "it's", "$(x)", "a\nb", "x.toml::error=EIO", "*"] {
            let line = format!("printf %s {}", shell_word(word));
            let output = std::process::Command::new("sh").args(["-c", &line]).output().expect("sh runs");
            assert_eq!(String::from_utf8_lossy(&output.stdout), word, "{line}");
        }
    }
}
