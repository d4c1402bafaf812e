//! What is told while runs go on, on terminals and off them, and what is asked there.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

mod common;

use common::{folder, rinject, rinject_with};

const SPEC: &str = "spec = 1\ntarget = { program = \"cat\", args = [\"x\"], files = { x = \"text\" } }\n\
                    trace = { syscalls = [\"close\"] }\n[[inject]]\non = \"read(fd ~ 'x')\"\nerror = \"EIO\"\n\
                    [expect]\nexit = 1\n[snapshot]\ntranscript = false\n";

/// What a terminal shows on which `rinject` runs while these keys are hit.
fn on_a_terminal(folder: &Path, words: &str, keys: &str) -> String {
    let line = format!("{} {words}", env!("CARGO_BIN_EXE_rinject"));
    let mut script = common::limited(folder, "script");
    script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").env("RINJECT_COLOR", "never");
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = script.stdin.take().unwrap();
    input.write_all(keys.as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    drop(input);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn events_are_shown_as_they_happen_where_that_is_asked_for() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[("a.toml", SPEC), ("b.toml", SPEC)]);
    let (status, out, err) = rinject(folder.path(), &["run", "-v", "-j1", "a.toml", "b.toml"]);
    assert_eq!((status, out.as_str()), (0, "PASS    a.toml\nPASS    b.toml\n2 passed, 0 failed\n"), "{err}");
    let (first, second) = err.split_once("==> b.toml <==\n").expect(&err);
    assert!(first.starts_with("==> a.toml <==\nP1     exec(\"cat\", argc=2)\n"), "{err}");
    assert!(first.contains("= -1 EIO") && second.contains("(INJECTED r1 #1)"), "{err}");
    assert!(!err.contains("PTRACE_"), "{err}");

    let (_, _, err) = rinject(folder.path(), &["run", "-vv", "a.toml"]);
    for word in
        ["PTRACE_EVENT_EXEC", "syscall-entry-stop read(0x3, ", "syscall-exit-stop", "exited 1\n", "PTRACE_SYSCALL"]
    {
        assert!(err.contains(word), "{word}: {err}");
    }
}

#[test]
fn nothing_is_told_that_nobody_asks_for() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[("a.toml", SPEC)]);
    assert_eq!(rinject(folder.path(), &["run", "a.toml"]).2, "");
    let (status, _, err) = rinject(folder.path(), &["run", "-q", "-v", "a.toml"]);
    assert!(status == 2 && err.contains("cannot be used with"), "{err}");
}

#[test]
fn the_environment_chooses_what_is_told() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[("a.toml", SPEC)]);
    let (_, _, err) = rinject_with(folder.path(), &["run", "a.toml"], &[("RINJECT_LOG", "rinject=info")]);
    assert_eq!(err, "==> a.toml <==\npass\n");
    let (status, _, err) = rinject_with(folder.path(), &["run", "a.toml"], &[("RINJECT_LOG", "rinject=loud")]);
    assert!(status == 2 && err.contains("RINJECT_LOG is `rinject=loud`: ") && err.contains("help: write"), "{err}");
}

#[test]
fn a_terminal_shows_which_cases_run() {
    if !common::can_trace() || !common::has_program("script") {
        return;
    }
    let slow = "spec = 1\ntarget = { program = \"sleep\", args = [\"1.5\"] }\ntrace = { syscalls = [\"close\"] }\n\
                snapshot = { transcript = false }\n";
    let folder = folder(&[("a.toml", slow), ("b.toml", slow)]);
    let shown = on_a_terminal(folder.path(), "run -j2 a.toml b.toml", "");
    let both = regex::Regex::new(r"0/2 \d+s a\.toml  b\.toml").unwrap();
    assert!(both.is_match(&shown), "{shown:?}");
    assert!(shown.contains("PASS    a.toml") && shown.contains("2 passed, 0 failed"), "{shown:?}");
    let quiet = on_a_terminal(folder.path(), "run -q -j2 a.toml b.toml", "");
    assert!(!quiet.contains("0/2"), "{quiet:?}");
}

#[test]
fn one_key_answers_for_each_snapshot() {
    if !common::can_trace() || !common::has_program("script") {
        return;
    }
    let spec = SPEC.replace("[snapshot]\ntranscript = false\n", "");
    let folder = folder(&[("a.toml", &spec), ("b.toml", &spec), ("c.toml", &spec), ("d.toml", &spec)]);
    let here = folder.path();
    assert_eq!(rinject(here, &["run", "."]).0, 1);
    let waits = |name: &str| here.join(format!("{name}.snap.new")).exists();
    assert!(["a", "b", "c", "d"].into_iter().all(waits));
    // `x` means nothing; nobody is asked for the last.
    let shown = on_a_terminal(here, "review", "xArsq");
    assert!(shown.contains("1 of 4: ./a.snap") && shown.contains("P1     exec(\"cat\", argc=2)"), "{shown:?}");
    for word in ["(q)uit? accepted", "(q)uit? rejected", "(q)uit? skipped", "(q)uit? quit"] {
        assert!(shown.contains(word), "{word}: {shown:?}");
    }
    assert!(here.join("a.snap").exists() && !here.join("b.snap").exists());
    assert_eq!(["a", "b", "c", "d"].map(waits), [false, false, true, true]);
}

#[test]
fn insta_is_told_which_snapshots_belong_to_cases() {
    if !common::can_trace() {
        return;
    }
    let skipped = "spec = 1\nrequires = [\"program:no-such-program\"]\ntarget = { program = \"true\" }\n";
    let listed = "spec = 1\ntarget = { program = \"true\" }\n[matrix]\nx = [1, 2]\n";
    let folder = folder(&[("a.toml", SPEC), ("b.toml", skipped), ("c.toml", listed)]);
    let here = folder.path().canonicalize().unwrap();
    let file = here.join("references");
    let variables = [("INSTA_SNAPSHOT_REFERENCES_FILE", file.to_str().unwrap())];
    rinject_with(&here, &["run", "-j1", "a.toml", "./b.toml", "c.toml"], &variables);
    let named = fs::read_to_string(&file).unwrap();
    let named: BTreeSet<&str> = named.lines().collect();
    let path = |name: &str| here.join(name).display().to_string();
    let expected = ["a.snap", "b.snap", "c@x=1.snap", "c@x=2.snap"].map(path);
    assert_eq!(named, expected.iter().map(String::as_str).collect());
    let (status, out, _) =
        rinject_with(&here, &["run", "a.toml"], &[("INSTA_SNAPSHOT_REFERENCES_FILE", "/nowhere/x")]);
    assert!(status == 6 && out.contains("INSTA_SNAPSHOT_REFERENCES_FILE is `/nowhere/x`"), "{status} {out}");
}
