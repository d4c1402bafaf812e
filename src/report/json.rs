//! Results for machines: one JSON object a line, `case` lines and a `summary` at the end.

use std::io::{self, Write};

use serde::Serialize;

use super::result::{CaseResult, Totals, failure_code};
use crate::diagnostic::{Diagnostic, Level, Source, Span, is_hidden};

/// The version of the lines; new fields do not change it.
const VERSION: u32 = 1;

/// Writes results for machines.
#[derive(Debug)]
pub struct Json<W: Write> {
    out: W,
    totals: Totals,
}

#[derive(Serialize)]
struct CaseLine<'a> {
    r#type: &'static str,
    version: u32,
    id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    duration_ms: u128,
    rules: Vec<RuleLine<'a>>,
    failures: Vec<FailureLine<'a>>,
    diagnostics: Vec<DiagnosticLine<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

#[derive(Serialize)]
struct RuleLine<'a> {
    name: &'a str,
    fired: u64,
    matched: u64,
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
}

/// Line and column in the spec, both from 1.
#[derive(Serialize)]
struct Place<'r> {
    file: &'r str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct SummaryLine {
    r#type: &'static str,
    version: u32,
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
    xfailed: usize,
    flaky: usize,
    interrupted: usize,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Json<W> {
        Json { out, totals: Totals::default() }
    }

    /// Tells one result.
    pub fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.totals.add(result.status);
        let rules = result.outcome.iter().flat_map(|outcome| outcome.rules.iter().zip(&outcome.record.rules));
        let line = CaseLine {
            r#type: "case",
            version: VERSION,
            id: &result.id,
            status: result.status.name(),
            reason: &result.reason,
            duration_ms: result.took.as_millis(),
            rules: rules
                .map(|(name, record)| RuleLine { name, fired: record.fired, matched: record.matched })
                .collect(),
            failures: result
                .outcome
                .iter()
                .flat_map(|outcome| &outcome.failures)
                .map(|failure| FailureLine {
                    kind: failure.kind.name(),
                    code: failure_code(failure.kind).to_string(),
                    message: &failure.message,
                    place: failure.span.map(|span| place(&result.source, span)),
                    transcript_line: failure.near,
                    help: failure.help.as_deref(),
                })
                .collect(),
            diagnostics: result.diagnostics.iter().map(diagnostic).collect(),
            notes: result.notes(),
        };
        self.line(&line)
    }

    /// Tells the totals.
    pub fn finish(mut self) -> io::Result<()> {
        let totals = self.totals;
        self.line(&SummaryLine {
            r#type: "summary",
            version: VERSION,
            passed: totals.passed,
            failed: totals.failed,
            errors: totals.errors,
            skipped: totals.skipped,
            xfailed: totals.xfailed,
            flaky: totals.flaky,
            interrupted: totals.interrupted,
        })?;
        self.out.flush()
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(line)?;
        // Such characters stand in strings only, and all of them are in the first plane.
        let escaped = line.chars().map(|c| if is_hidden(c) { format!("\\u{:04x}", u32::from(c)) } else { c.into() });
        writeln!(self.out, "{}", escaped.collect::<String>())
    }
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
    }
}

fn place(source: &Source, span: Span) -> Place<'_> {
    let (line, column) = source.position(span.start);
    Place { file: source.piece_at(span.start).name, line, column }
}
