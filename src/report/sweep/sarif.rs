//! The findings of sweeps as SARIF 2.1.0, for viewers of code: at the line of source that leads to the call.
//! It must not decide what is a finding.

use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::swept::{SweepReport, Swept};
use super::text::details;
use super::words::{meaning, remedy};
use crate::diagnostic::visible;
use crate::report::sarif::{Log, location};
use crate::sweep::{Finding, Verdict};

/// What the fingerprint is called: another number where it is made of something else.
const FINGERPRINT: &str = "rinjectFinding/v1";

/// Writes them to `out`.
///
/// # Errors
/// It cannot be written.
pub fn sarif(report: &SweepReport, out: impl Write) -> io::Result<()> {
    let mut log = Log::default();
    for swept in &report.sweeps {
        for finding in swept.findings() {
            let result = result(report, swept, finding, &mut log);
            log.results.push(result);
            log.rules.entry(finding.verdict.to_string()).or_insert_with(|| rule(finding.verdict));
        }
        log.interrupted |= !swept.head.lost.is_empty();
    }
    log.interrupted |= !report.refused.is_empty();
    log.write(out)
}

fn rule(verdict: Verdict) -> Value {
    let help = format!("{} {}", meaning(verdict), remedy(verdict));
    json!({
        "id": verdict.name(),
        "shortDescription": {"text": meaning(verdict)},
        "fullDescription": {"text": meaning(verdict)},
        "help": {"text": help, "markdown": help},
        "defaultConfiguration": {"level": "error"},
    })
}

fn result(report: &SweepReport, swept: &Swept, finding: &Finding, log: &mut Log) -> Value {
    let run = &swept.runs[finding.runs[0]];
    let point = swept.point(run);
    let spec = &swept.head.spec;
    let line = point.source.as_ref().and_then(|source| source.rsplit_once(':')?.1.parse::<u32>().ok());
    // Of code that comes from no line the compiler says 0.
    let line = line.filter(|line| *line > 0);
    let physical = match (&point.path, line) {
        (Some(path), Some(line)) => {
            log.files.insert(path.clone(), None);
            json!({"artifactLocation": location(path), "region": {"startLine": line}})
        }
        _ => json!({"artifactLocation": location(spec)}),
    };
    log.files.insert(spec.clone(), Some("toml").filter(|_| !spec.starts_with('<')));
    let function = point.own_function().unwrap_or(spec);
    let names: Vec<String> = finding.runs.iter().map(|at| swept.runs[*at].cell.to_string()).collect();
    let frame = |frame: &_| json!({"location": {"logicalLocations": [{"fullyQualifiedName": visible(frame)}]}});
    let frames: Vec<Value> = point.frames.iter().map(|it| frame(&**it)).collect();
    let mut result = json!({
        "ruleId": finding.verdict.name(),
        "level": "error",
        "message": {"text": details(report, swept, run, &finding.runs[1..])},
        "locations": [{
            "physicalLocation": physical,
            "logicalLocations": [{"fullyQualifiedName": visible(function), "kind": "function"}],
        }],
        "partialFingerprints": {FINGERPRINT: fingerprint(spec, &finding.key)},
        "properties": {"spec": spec, "runs": names, "again": run.again},
    });
    if !frames.is_empty() {
        result["stacks"] = json!([{"message": {"text": "where the call is made"}, "frames": frames}]);
    }
    if report.known.is_some() {
        result["baselineState"] = if report.is_new(finding) { "new" } else { "unchanged" }.into();
    }
    result
}

/// What stays as long as the finding does: the spec, and what tells it from others.
fn fingerprint(spec: &str, key: &str) -> String {
    let digest = Sha256::digest(format!("{}\n{key}", spec.trim_start_matches("./")));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
