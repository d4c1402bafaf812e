//! What a case came to.

use super::met::Met;
use crate::diagnostic::Span;
use crate::transcript::Record;

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that was expected happened.
    Pass,
    /// Something did not.
    Fail,
    /// The wall-clock limit was reached: a failure.
    Timeout,
    /// A requirement is not met here; the reason.
    Skip(String),
    /// It failed, as `xfail` says it does; the reason.
    Xfail(String),
    /// It passed although `xfail` says that it fails: a failure; the reason.
    Xpass(String),
}

impl Verdict {
    /// Its name, as cli and reports have it.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Timeout => "timeout",
            Verdict::Skip(_) => "skip",
            Verdict::Xfail(_) => "xfail",
            Verdict::Xpass(_) => "xpass",
        }
    }

    /// Whether CI has to stop.
    pub fn is_failure(&self) -> bool {
        match self {
            Verdict::Fail | Verdict::Timeout | Verdict::Xpass(_) => true,
            Verdict::Pass | Verdict::Skip(_) | Verdict::Xfail(_) => false,
        }
    }
}

/// One thing that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of thing.
    pub kind: FailureKind,
    /// What was expected and what was seen, in one line, lower case.
    pub message: String,
    /// Where the expectation stands in the spec.
    pub span: Option<Span>,
    /// What is said at that place.
    pub label: String,
    /// The transcript line (from 1) that shows it best.
    pub near: Option<u64>,
    /// More to know, one line each.
    pub notes: Vec<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// Two texts that differ: what was expected, and what is there.
    pub diff: Option<(String, String)>,
}

/// What kind of thing failed; its name is part of the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A rule fired less or more often than `fires` says.
    Fires,
    /// `expect.exit`.
    Exit,
    /// `expect.stdout`.
    Stdout,
    /// `expect.stderr`.
    Stderr,
    /// `expect.never`.
    Never,
    /// `expect.count`.
    Count,
    /// `expect.sequence`.
    Sequence,
    /// `expect.invariants`.
    Invariant,
    /// `[[check]]`.
    Check,
    /// `trace.start` was never reached.
    Start,
    /// Nothing was seen although something was traced.
    Empty,
    /// A limit of `limits` or the wall-clock limit was reached.
    Limit,
    /// The snapshot differs, is new, or should not be there.
    Snapshot,
    /// Another run of the same came to something else.
    Determinism,
    /// Every task waited for another one.
    Deadlock,
}

impl FailureKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Fires => "fires",
            FailureKind::Exit => "exit",
            FailureKind::Stdout => "stdout",
            FailureKind::Stderr => "stderr",
            FailureKind::Never => "never",
            FailureKind::Count => "count",
            FailureKind::Sequence => "sequence",
            FailureKind::Invariant => "invariant",
            FailureKind::Check => "check",
            FailureKind::Start => "start",
            FailureKind::Empty => "empty",
            FailureKind::Limit => "limit",
            FailureKind::Snapshot => "snapshot",
            FailureKind::Determinism => "determinism",
            FailureKind::Deadlock => "deadlock",
        }
    }
}

impl Failure {
    pub(super) fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure {
            kind,
            message: message.into(),
            span: None,
            label: String::new(),
            near: None,
            notes: Vec::new(),
            help: None,
            diff: None,
        }
    }

    /// A failure with nothing but its message.
    pub fn of(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure::new(kind, message)
    }

    /// The same with a remedy.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Failure {
        self.help(help)
    }

    pub(super) fn at(mut self, span: Span, label: impl Into<String>) -> Failure {
        self.span = Some(span);
        self.label = label.into();
        self
    }

    pub(super) fn near(mut self, line: Option<u64>) -> Failure {
        self.near = line;
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Failure {
        self.notes.push(note.into());
        self
    }
}

/// What a run came to, judged.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the case ended.
    pub verdict: Verdict,
    /// What was not as expected, in the order of the spec's sections.
    pub failures: Vec<Failure>,
    /// Each expectation about events and about the end, and where in the transcript it was met or broken.
    pub met: Vec<Met>,
    /// What the run came to.
    pub record: Record,
    /// The names of the rules, in the order of `record.rules`.
    pub rules: Vec<String>,
}

impl Outcome {
    /// How often the rule of this name fired; 0 for one that does not exist.
    pub fn fired(&self, rule: &str) -> u64 {
        let at = self.rules.iter().position(|name| name == rule);
        at.and_then(|at| self.record.rules.get(at)).map_or(0, |record| record.fired)
    }

    /// A run that reached a limit is best seen by the last of its `lines`.
    pub fn show_end(&mut self, lines: u64) {
        for failure in self.failures.iter_mut().filter(|failure| failure.kind == FailureKind::Limit) {
            failure.near = (lines > 0).then_some(lines);
        }
    }

    /// Adds a failure; a case that passed has failed now.
    pub fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
        if self.verdict == Verdict::Pass {
            self.verdict = Verdict::Fail;
        }
    }

    /// Turns the verdict round for a case that is known to fail, for `reason`.
    pub fn expect_failure(&mut self, reason: &str) {
        self.verdict = match &self.verdict {
            Verdict::Pass => Verdict::Xpass(reason.to_owned()),
            Verdict::Fail | Verdict::Timeout => Verdict::Xfail(reason.to_owned()),
            other => other.clone(),
        };
    }
}
