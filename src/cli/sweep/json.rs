//! What a sweep came to, for machines: JSON lines, `sweep`, `cell` and `finding` lines of each spec, a `summary` at the end.
//! And the findings of an earlier one. It must not decide what is a finding.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::result::Results;
use crate::cli::exit_status::ExitStatus;
use crate::cli::terminal::complain;
use crate::sweep::{Evidence, Finding, Verdict};

/// The version of the lines; new keys do not change it.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct SweepLine<'a> {
    r#type: &'static str,
    version: u32,
    spec: &'a str,
    points: usize,
    runs: usize,
    of: usize,
    limit_ms: u128,
    duration_ms: u128,
    notes: &'a [String],
}

#[derive(Serialize)]
struct CellLine<'a> {
    r#type: &'static str,
    version: u32,
    spec: &'a str,
    cell: String,
    verdict: Verdict,
    call: String,
    nth: u64,
    times: u64,
    fault: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    stack: Vec<&'a str>,
    evidence: &'a Evidence,
    duration_ms: u128,
    again: String,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    r#type: &'static str,
    version: u32,
    spec: &'a str,
    key: &'a str,
    verdict: Verdict,
    cells: Vec<String>,
    is_new: bool,
}

#[derive(Serialize)]
struct SummaryLine {
    r#type: &'static str,
    version: u32,
    specs: usize,
    runs: usize,
    findings: usize,
    new: usize,
    duration_ms: u128,
}

/// Writes the report to a file.
pub(super) fn write(
    path: &Path,
    all: &[Results],
    took: Duration,
    known: Option<&BTreeSet<String>>,
) -> Result<(), ExitStatus> {
    let text = lines(all, took, known).map_err(std::io::Error::from).and_then(|text| fs::write(path, text));
    text.map_err(|error| {
        complain(format!("cannot write `{}`: {error}", path.display()), None);
        ExitStatus::NotSetUp
    })
}

fn lines(all: &[Results], took: Duration, known: Option<&BTreeSet<String>>) -> serde_json::Result<String> {
    let is_new = |finding: &Finding| known.is_none_or(|known| !known.contains(&finding.key));
    let mut lines = Vec::new();
    let (mut count, mut new) = (0, 0);
    for results in all {
        lines.push(serde_json::to_string(&SweepLine {
            r#type: "sweep",
            version: VERSION,
            spec: &results.id,
            points: results.course.fault_points(),
            runs: results.results.len(),
            of: results.of,
            limit_ms: results.course.limit.as_millis(),
            duration_ms: results.took.as_millis(),
            notes: &results.course.notes,
        })?);
        for result in &results.results {
            let point = results.point(result);
            lines.push(serde_json::to_string(&CellLine {
                r#type: "cell",
                version: VERSION,
                spec: &results.id,
                cell: result.cell.to_string(),
                verdict: result.verdict,
                call: point.called.to_string(),
                nth: point.nth,
                times: point.times,
                fault: result.cell.fault.to_string(),
                source: point.source.as_deref(),
                stack: point.frames.iter().map(|frame| &**frame).collect(),
                evidence: &result.evidence,
                duration_ms: result.took.as_millis(),
                again: results.again.command(&result.cell),
            })?);
        }
        for finding in results.findings() {
            count += 1;
            new += usize::from(is_new(&finding));
            lines.push(serde_json::to_string(&FindingLine {
                r#type: "finding",
                version: VERSION,
                spec: &results.id,
                key: &finding.key,
                verdict: finding.verdict,
                cells: finding.runs.iter().map(|at| results.results[*at].cell.to_string()).collect(),
                is_new: is_new(&finding),
            })?);
        }
    }
    lines.push(serde_json::to_string(&SummaryLine {
        r#type: "summary",
        version: VERSION,
        specs: all.len(),
        runs: all.iter().map(|results| results.results.len()).sum(),
        findings: count,
        new,
        duration_ms: took.as_millis(),
    })?);
    Ok(lines.join("\n") + "\n")
}

#[derive(Deserialize)]
struct Line {
    r#type: String,
    version: u32,
    #[serde(default)]
    key: String,
}

/// The keys of the findings in the report of an earlier sweep. `Err` after saying what is wrong with it.
pub(super) fn findings(path: &Path) -> Result<BTreeSet<String>, ExitStatus> {
    read(path).map_err(|why| {
        let help = "name a file that `rinject sweep --report json=FILE` has written";
        complain(format!("cannot read the findings of `{}`: {why}", path.display()), Some(help));
        ExitStatus::NotSetUp
    })
}

fn read(path: &Path) -> Result<BTreeSet<String>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut keys = BTreeSet::new();
    let mut is_whole = false;
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).map_err(|error| format!("no line of a report: {error}"))?;
        if line.version != VERSION {
            return Err(format!("version {} of the report is not known", line.version));
        }
        is_whole = line.r#type == "summary";
        if line.r#type == "finding" {
            keys.insert(line.key);
        }
    }
    if is_whole { Ok(keys) } else { Err("it has no summary at its end".to_owned()) }
}
