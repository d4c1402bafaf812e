//! What tests of sweeps share.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::rinject;

/// A spec that runs a script of a shell.
pub(crate) fn script(script: &str, more: &str) -> String {
    format!("spec = 1\n[target]\nprogram = \"/bin/sh\"\nargs = [\"-c\", '''{script}''']\n{more}\n")
}

/// The lines of a JSON report of one type.
pub(crate) fn lines(path: &Path, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == kind).collect()
}

/// What each run of a sweep came to.
pub(crate) fn verdicts(folder: &Path, words: &[&str]) -> BTreeMap<String, String> {
    let report = folder.join("report.json");
    let (status, out, err) = rinject(folder, &[&["sweep", "--report", "json=report.json"], words].concat());
    assert!(matches!(status, 0 | 1), "{status}\n{out}{err}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines(&report, "cell").iter().map(|line| (text(&line["cell"]), text(&line["verdict"]))).collect()
}
