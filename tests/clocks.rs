//! The clock of a run is not the clock of the machine.

mod common;

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime};

use common::is_root;

/// 15 January 2027.
const THEN: u64 = 1_800_000_000;

#[test]
fn a_program_that_sets_the_clock_sets_that_of_the_run() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("x.toml");
    let script = format!("date -u -s @{THEN} +set; sleep 3600; date -u +%s");
    let text = format!(
        "spec = 1\ntarget = {{ program = \"sh\", args = [\"-c\", \"{script}\"] }}\n\
         determinism = {{ time = \"virtual\" }}\nsnapshot = {{ transcript = false }}\n\
         expect = {{ stdout = {{ matches = '^set\\n{}\\n$' }} }}\n",
        THEN + 3600
    );
    fs::write(&spec, text).unwrap();
    let before = SystemTime::now();
    let output = Command::new(env!("CARGO_BIN_EXE_rinject")).arg("run").arg(&spec).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let passed = SystemTime::now().duration_since(before).unwrap();
    assert!(passed < Duration::from_secs(600), "the clock of the machine was set by {passed:?}");
}
