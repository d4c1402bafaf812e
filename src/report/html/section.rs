//! All that the page shows of one case.

use std::io;

use serde::Serialize;

use super::super::result::CaseResult;
use super::marks::{self, Expected};
use super::problem::Problem;
use super::spec::SpecFile;
use super::timeline::Timeline;
use super::transcript::Transcript;
use super::{group, seconds};
use crate::diagnostic::visible;
use crate::transcript::RuleRecord;

/// What a program printed is cut after so many bytes.
const MOST_OUTPUT: usize = 16 << 10;

/// A case as the template sees it.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    number: usize,
    id: String,
    status: &'static str,
    group: &'static str,
    took: String,
    reason: String,
    again: String,
    problems: Vec<Problem>,
    notes: Vec<String>,
    rules: Vec<RuleRow>,
    expectations: Vec<Expected>,
    timeline: Option<Timeline>,
    transcript: Transcript,
    outputs: Vec<Output>,
    specs: Vec<SpecFile>,
    files: Vec<(&'static str, String)>,
}

/// A rule and how it fared.
#[derive(Debug, Serialize)]
struct RuleRow {
    name: String,
    fired: u64,
    matched: u64,
    is_uncounted: bool,
    why: String,
}

/// What a program printed.
#[derive(Debug, Serialize)]
struct Output {
    name: &'static str,
    text: String,
    more: usize,
}

impl Section {
    /// All of `result`; the transcript is read from disk.
    pub(super) fn of(number: usize, result: &CaseResult) -> io::Result<Section> {
        let timeline = Timeline::of(result)?;
        let files = [
            ("snapshot written", &result.written),
            ("text that waits", &result.pending),
            ("folder kept", &result.kept),
        ];
        let files = files.into_iter().filter_map(|(what, path)| Some((what, path.as_ref()?)));
        let outputs = [("standard output", &result.stdout), ("standard error", &result.stderr)];
        Ok(Section {
            number,
            id: visible(&result.id).into_owned(),
            status: result.status.name(),
            group: group(result.status),
            took: seconds(result.took),
            reason: visible(&result.reason).into_owned(),
            again: result.again.clone(),
            problems: Problem::all(result),
            notes: result.notes().iter().map(|note| visible(note).into_owned()).collect(),
            rules: result.rules().map(|(name, rule)| rule_row(name, rule)).collect(),
            expectations: marks::expected(result),
            // One event is no line of time.
            timeline: timeline.filter(|_| result.transcript.count() > 1),
            transcript: Transcript::of(result)?,
            outputs: outputs.into_iter().filter(|(_, bytes)| !bytes.is_empty()).map(output).collect(),
            specs: SpecFile::all(&result.source),
            files: files.map(|(what, path)| (what, visible(&path.to_string_lossy()).into_owned())).collect(),
        })
    }
}

fn rule_row(name: &str, rule: &RuleRecord) -> RuleRow {
    let prevented = rule.prevented.iter().map(|(why, times)| format!("{why} ({times} times)"));
    let why = prevented.chain(rule.missing.clone()).chain(rule.used.clone().map(|used| format!("used: {used}")));
    RuleRow {
        name: visible(name).into_owned(),
        fired: rule.fired,
        matched: rule.matched,
        is_uncounted: rule.is_uncounted,
        why: visible(&why.collect::<Vec<_>>().join("; ")).into_owned(),
    }
}

fn output((name, bytes): (&'static str, &Vec<u8>)) -> Output {
    let shown = &bytes[..bytes.len().min(MOST_OUTPUT)];
    let text = visible(&String::from_utf8_lossy(shown)).into_owned();
    Output { name, text, more: bytes.len() - shown.len() }
}
