//! Results for machines: one JSON object a line, `case` lines and a `summary` at the end.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::Report;
use super::read_back::Share;
use super::result::{CaseResult, Totals, failure_code};
use crate::diagnostic::{Diagnostic, Diagnostics, Level, Source, Span, is_hidden};
use crate::snapshot::{DiffStyle, render_diff};
use crate::verdict::{Expectation, Failure, Match, Met};

/// The version of the lines; new fields do not change it.
pub(super) const VERSION: u32 = 1;

/// Writes results for machines.
#[derive(Debug)]
pub struct Json<W: Write> {
    out: W,
    totals: Totals,
    share: Option<Share>,
}

#[derive(Serialize)]
struct CaseLine<'a> {
    r#type: &'static str,
    version: u32,
    id: &'a str,
    file: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    duration_ms: u128,
    #[serde(skip_serializing_if = "is_zero")]
    failed_before: u64,
    again: &'a str,
    transcript_lines: u64,
    rules: Vec<RuleLine<'a>>,
    failures: Vec<FailureLine<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    met: Vec<MetLine<'a>>,
    diagnostics: Vec<DiagnosticLine<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<&'a Path>,
}

/// A spec that was looked at and not run.
#[derive(Serialize)]
struct CheckLine<'a> {
    r#type: &'static str,
    version: u32,
    id: &'a str,
    file: &'a str,
    status: &'static str,
    diagnostics: Vec<DiagnosticLine<'a>>,
}

#[derive(Serialize)]
struct RuleLine<'a> {
    name: &'a str,
    fired: u64,
    matched: u64,
    /// Whether these are counts: false where the filter has carried the rule out.
    #[serde(skip_serializing_if = "is_true")]
    counted: bool,
}

fn is_true(it: &bool) -> bool {
    *it
}

#[derive(Serialize)]
struct FailureLine<'a> {
    kind: &'static str,
    code: String,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript_line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// An expectation about events or about the end, and where it was met or broken.
#[derive(Serialize)]
struct MetLine<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is: Option<&'a str>,
    holds: bool,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    matches: Vec<MatchLine<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    more: u64,
}

#[derive(Serialize)]
struct MatchLine<'a> {
    transcript_line: u64,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
    /// Said only of events that no line shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<bool>,
    /// Where that step stands; other expectations have one place.
    #[serde(flatten)]
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct DiagnosticLine<'a> {
    level: &'static str,
    code: String,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

/// Line and column in the spec, both from 1.
#[derive(Serialize)]
struct Place<'r> {
    file: &'r str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    r#type: &'static str,
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<usize>,
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
    xfailed: usize,
    flaky: usize,
    interrupted: usize,
    duration_ms: u128,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Json<W> {
        Json { out, totals: Totals::default(), share: None }
    }

    /// Of one share of the cases, which the last line names.
    #[must_use]
    pub fn of(self, share: Option<Share>) -> Json<W> {
        Json { share, ..self }
    }

    /// Tells what is to be said of a spec that is not run.
    pub fn checked(&mut self, id: &str, source: &Source, diagnostics: &Diagnostics) -> io::Result<()> {
        self.line(&CheckLine {
            r#type: "check",
            version: VERSION,
            id,
            file: &source.name,
            status: if diagnostics.has_errors() { "invalid" } else { "ok" },
            diagnostics: diagnostics.iter().map(diagnostic).collect(),
        })
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(line)?;
        // Such characters stand in strings only, and all of them are in the first plane.
        let escaped = line.chars().map(|c| if is_hidden(c) { format!("\\u{:04x}", u32::from(c)) } else { c.into() });
        writeln!(self.out, "{}", escaped.collect::<String>())
    }
}

impl<W: Write> Report for Json<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.totals.add(result.status);
        self.line(&CaseLine {
            r#type: "case",
            version: VERSION,
            id: &result.id,
            file: &result.source.name,
            status: result.status.name(),
            reason: &result.reason,
            duration_ms: result.took.as_millis(),
            failed_before: result.failed_before.into(),
            again: &result.again,
            transcript_lines: result.transcript.count(),
            rules: result
                .rules()
                .map(|(name, record)| RuleLine {
                    name,
                    fired: record.fired,
                    matched: record.matched,
                    counted: !record.is_uncounted,
                })
                .collect(),
            failures: result
                .outcome
                .iter()
                .flat_map(|outcome| &outcome.failures)
                .map(|it| failure(it, result))
                .collect(),
            met: result.outcome.iter().flat_map(|outcome| &outcome.met).map(|it| met(it, result)).collect(),
            diagnostics: result.diagnostics.iter().map(diagnostic).collect(),
            notes: result.notes(),
            written: result.written.as_deref(),
            pending: result.pending.as_deref(),
            kept: result.kept.as_deref(),
        })
    }

    fn finish(&mut self, took: Duration) -> io::Result<()> {
        let totals = self.totals;
        let shard = self.share.map(|share| share.shard.to_string());
        self.line(&SummaryLine {
            r#type: "summary",
            version: VERSION,
            shard: shard.as_deref(),
            of: self.share.map(|share| share.of),
            passed: totals.passed,
            failed: totals.failed,
            errors: totals.errors,
            skipped: totals.skipped,
            xfailed: totals.xfailed,
            flaky: totals.flaky,
            interrupted: totals.interrupted,
            duration_ms: took.as_millis(),
        })?;
        self.out.flush()
    }
}

fn failure<'a>(failure: &'a Failure, result: &'a CaseResult) -> FailureLine<'a> {
    FailureLine {
        kind: failure.kind.name(),
        code: failure_code(failure.kind).to_string(),
        message: &failure.message,
        place: failure.span.map(|span| place(&result.source, span)),
        transcript_line: failure.near,
        help: failure.help.as_deref(),
        notes: &failure.notes,
        diff: failure.diff.as_ref().map(|(expected, actual)| render_diff(expected, actual, DiffStyle::Plain)),
    }
}

fn met<'a>(met: &'a Met, result: &'a CaseResult) -> MetLine<'a> {
    let (name, event, is) = match &met.expectation {
        Expectation::Exit { is } => (None, None, Some(is)),
        Expectation::Never { event } => (None, Some(event), None),
        Expectation::Count { event, is } => (None, Some(event), Some(is)),
        Expectation::Sequence { name, .. } => (name.as_ref(), None, None),
    };
    MetLine {
        kind: met.expectation.kind().name(),
        name: name.map(String::as_str),
        event: event.map(String::as_str),
        is: is.map(String::as_str),
        holds: met.holds,
        place: met.span.map(|span| place(&result.source, span)),
        matches: met.matches.iter().map(|found| matched(found, result)).collect(),
        more: met.more,
    }
}

fn matched<'a>(found: &Match, result: &'a CaseResult) -> MatchLine<'a> {
    MatchLine {
        transcript_line: found.line,
        role: found.role.name(),
        step: found.step,
        nth: found.nth,
        written: (!found.is_written).then_some(false),
        place: found.step.and(found.span).map(|span| place(&result.source, span)),
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn diagnostic(diagnostic: &Diagnostic) -> DiagnosticLine<'_> {
    DiagnosticLine {
        level: match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
        },
        code: diagnostic.code.to_string(),
        message: &diagnostic.message,
        place: diagnostic.labels.first().map(|label| place(&diagnostic.source, label.span)),
        help: diagnostic.help.as_deref(),
        notes: &diagnostic.notes,
    }
}

fn place(source: &Source, span: Span) -> Place<'_> {
    let (line, column) = source.position(span.start);
    Place { file: source.piece_at(span.start).name, line, column }
}
