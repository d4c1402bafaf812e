//! The clock of a run is not the clock of the machine.

mod common;

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime};

use common::{can_trace, has_vsyscalls, is_root};

/// 15 January 2027.
const THEN: u64 = 1_800_000_000;

/// Runs a spec of this text, which has to pass, with the transcript in its snapshot; that.
fn passes(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("x.toml");
    fs::write(&spec, format!("spec = 1\n{text}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rinject"));
    let output = command.args(["run", "--update", "always"]).arg(&spec).output().unwrap();
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{told}");
    fs::read_to_string(spec.with_extension("snap")).unwrap_or_default()
}

#[test]
fn the_page_of_vsyscalls_tells_the_runs_time() {
    if !can_trace() || !has_vsyscalls() {
        return;
    }
    let program = common::fixtures_bin().join("ask-the-page");
    let transcript = passes(&format!(
        "target = {{ program = '{}' }}\ndeterminism = {{ time = \"virtual\" }}\n\
         trace = {{ syscalls = [\"gettimeofday\", \"time\"] }}\n\
         inject = [{{ name = \"set-forward\", clock = {{ skew = \"+7s\" }} }}]\n\
         expect = {{ stdout = {{ equals = \"0 later agreed\\n7\\n\" }} }}\n",
        program.display()
    ));
    assert!(transcript.contains("gettimeofday([stack], NULL) = 0"), "{transcript}");
    assert!(transcript.contains("(INJECTED set-forward #1)"), "{transcript}");
}

#[test]
fn calls_through_the_page_of_vsyscalls_are_seen_without_their_results() {
    if !can_trace() || !has_vsyscalls() {
        return;
    }
    let program = common::fixtures_bin().join("ask-the-page");
    let transcript = passes(&format!(
        "target = {{ program = '{}' }}\ntrace = {{ syscalls = [\"gettimeofday\"] }}\n\
         inject = [{{ on = \"time\", retval = 1767225605 }}]\n\
         expect = {{ stdout = {{ contains = [\"0 later\"] }} }}\n",
        program.display()
    ));
    assert!(transcript.contains("gettimeofday([stack], NULL) = ?"), "{transcript}");
    assert!(transcript.contains("time(NULL) = 1767225605"), "{transcript}");
}

#[test]
fn a_program_that_sets_the_clock_sets_that_of_the_run() {
    if !can_trace() || !is_root() {
        return;
    }
    let script = format!("date -u -s @{THEN} +set; sleep 3600; date -u +%s");
    let before = SystemTime::now();
    passes(&format!(
        "target = {{ program = \"sh\", args = [\"-c\", \"{script}\"] }}\n\
         determinism = {{ time = \"virtual\" }}\nsnapshot = {{ transcript = false }}\n\
         expect = {{ stdout = {{ matches = '^set\\n{}\\n$' }} }}\n",
        THEN + 3600
    ));
    let passed = SystemTime::now().duration_since(before).unwrap();
    assert!(passed < Duration::from_secs(600), "the clock of the machine was set by {passed:?}");
}

#[test]
fn who_may_not_set_the_clock_does_not_set_that_of_the_run() {
    if !can_trace() || !is_root() || !common::has_program("setpriv") {
        return;
    }
    let script = format!("setpriv --reuid=65534 --clear-groups date -u -s @{THEN} +set || date -u +%Y-%m-%d");
    passes(&format!(
        "target = {{ program = \"sh\", args = [\"-c\", \"{script}\"] }}\n\
         determinism = {{ time = \"virtual\" }}\nsnapshot = {{ transcript = false }}\n\
         expect = {{ stdout = {{ matches = '2026-01-01\\n$' }}, stderr = {{ contains = [\"Operation not permitted\"] }} }}\n"
    ));
}
