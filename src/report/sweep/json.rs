//! What sweeps came to, for machines: JSON lines, `sweep`, `cell`, `coverage` and `finding` lines of each spec, a `summary` at the end.
//! It must not decide what is a finding.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::swept::{Head, Run, StateOf, SweepReport, Swept};
use crate::sweep::coverage::{Coverage, SourceFile};
use crate::sweep::{Evidence, Verdict};

/// The version of the lines; new keys do not change it.
pub const VERSION: u32 = 1;

/// A line: what it is, and what it says.
#[derive(Serialize)]
struct Line<'a, T> {
    r#type: &'static str,
    version: u32,
    #[serde(flatten)]
    said: &'a T,
}

/// A run.
#[derive(Serialize, Deserialize)]
pub(super) struct CellLine<'a> {
    pub(super) spec: Cow<'a, str>,
    pub(super) number: usize,
    pub(super) cell: Cow<'a, str>,
    pub(super) verdict: Verdict,
    pub(super) call: Cow<'a, str>,
    pub(super) nth: u64,
    pub(super) times: u64,
    pub(super) fault: Cow<'a, str>,
    pub(super) shown: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<Cow<'a, str>>,
    pub(super) stack: Vec<Cow<'a, str>>,
    pub(super) evidence: Cow<'a, Evidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<Cow<'a, StateOf>>,
    pub(super) duration_ms: u64,
    pub(super) again: Cow<'a, str>,
}

/// The lines of a source file.
#[derive(Serialize, Deserialize)]
pub(super) struct CoverageLine<'a> {
    pub(super) spec: Cow<'a, str>,
    pub(super) file: Cow<'a, str>,
    pub(super) lines: Cow<'a, SourceFile>,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    spec: &'a str,
    key: &'a str,
    verdict: Verdict,
    cells: Vec<String>,
    is_new: bool,
}

/// The last line.
#[derive(Serialize, Deserialize)]
pub(super) struct SummaryLine {
    pub(super) specs: usize,
    pub(super) runs: usize,
    pub(super) findings: usize,
    pub(super) new: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) refused: Vec<String>,
    pub(super) status: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shard: Option<String>,
    pub(super) duration_ms: u64,
}

/// All of it, each line with its end.
///
/// # Errors
/// Something is no JSON, which is a mistake of rinject.
pub fn json(report: &SweepReport) -> serde_json::Result<String> {
    let mut text = String::new();
    for swept in &report.sweeps {
        put::<Head>(&mut text, "sweep", &swept.head)?;
        for run in &swept.runs {
            put(&mut text, "cell", &cell(swept, run))?;
        }
        for (file, lines) in swept.coverage.iter().flat_map(Coverage::files) {
            let line = CoverageLine {
                spec: Cow::from(&swept.head.spec),
                file: Cow::from(file),
                lines: Cow::Borrowed(lines),
            };
            put(&mut text, "coverage", &line)?;
        }
        for finding in swept.findings() {
            let cells = finding.runs.iter().map(|at| swept.runs[*at].cell.to_string()).collect();
            let (spec, key, verdict) = (&swept.head.spec, &finding.key, finding.verdict);
            put(&mut text, "finding", &FindingLine { spec, key, verdict, cells, is_new: report.is_new(finding) })?;
        }
    }
    let summary = SummaryLine {
        specs: report.sweeps.len(),
        runs: report.sweeps.iter().map(|swept| swept.runs.len()).sum(),
        findings: report.count(|_| true),
        new: report.count(|finding| report.is_new(finding)),
        refused: report.refused.clone(),
        status: report.status,
        shard: report.shard.map(|shard| shard.to_string()),
        duration_ms: milliseconds(report.took),
    };
    put(&mut text, "summary", &summary)?;
    Ok(text)
}

fn put<T: Serialize>(text: &mut String, r#type: &'static str, said: &T) -> serde_json::Result<()> {
    *text += &serde_json::to_string(&Line { r#type, version: VERSION, said })?;
    text.push('\n');
    Ok(())
}

fn cell<'a>(swept: &'a Swept, run: &'a Run) -> CellLine<'a> {
    let point = swept.point(run);
    CellLine {
        spec: Cow::from(&swept.head.spec),
        number: run.number,
        cell: run.cell.to_string().into(),
        verdict: run.verdict,
        call: point.called.to_string().into(),
        nth: point.nth,
        times: point.times,
        fault: run.cell.fault.to_string().into(),
        shown: Cow::from(&point.shown),
        source: point.source.as_deref().map(Cow::from),
        path: point.path.as_deref().map(Cow::from),
        stack: point.frames.iter().map(|frame| Cow::from(&**frame)).collect(),
        evidence: Cow::Borrowed(&run.evidence),
        state: run.state.as_ref().map(Cow::Borrowed),
        duration_ms: milliseconds(run.took),
        again: Cow::from(&run.again),
    }
}

/// Milliseconds as reports have them.
pub(super) fn milliseconds(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
