//! `rinject record` on programs that every machine has: what it writes passes at once, again and again.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;

mod common;

use common::folder;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Records `command` in `folder`; the spec passes, changes nothing but for itself, and has all of `parts`.
fn check(folder: &Path, words: &[&str], parts: &[&str]) -> String {
    let before = names(folder);
    let (status, out, err) = common::rinject(folder, &[&["record", "-o", "x.toml", "--force"], words].concat());
    assert_eq!(status, 0, "{words:?}\n{out}{err}");
    let spec = fs::read_to_string(folder.join("x.toml")).unwrap();
    assert!(parts.iter().all(|part| spec.contains(part)), "{words:?} without {parts:?}\n{spec}\n{err}");
    let mut after = names(folder);
    after.retain(|name| !["x.toml", "x.snap"].contains(&name.as_str()));
    assert_eq!(after, before.into_iter().filter(|name| !name.starts_with("x.")).collect::<Vec<String>>());
    for _ in 0..2 {
        let (status, out, err) = common::rinject(folder, &["run", "--check", "x.toml"]);
        assert_eq!(status, 0, "{words:?}\n{spec}\n{out}{err}");
    }
    err
}

#[test]
fn what_is_recorded_passes() {
    if !common::can_trace() {
        return;
    }
    let folder =
        folder(&[("in", "b\na\n"), ("sub/other", "c\n"), ("go.sh", "cat in sub/other > out\nmv out done\n")]);
    let here = folder.path();
    check(
        here,
        &["sort", "in"],
        &["[target.files]", "equals = \"\"\"\na\nb\n\"\"\"", "openat(path ~ '${tmp}/in') -> ok"],
    );
    let renamed = "newpath ~ '${tmp}/done') -> ok";
    check(here, &["sh", "go.sh"], &["is-empty = true", "sub/other", "exec(path ~ 'cat')", renamed]);
    check(here, &["sh", "-c", "cat in; exit 3"], &["exit = 3", "\"in\" ="]);
    check(here, &["sh", "-c", "cat sub/*"], &["sub/other", "equals = \"\"\"\nc\n\"\"\""]);
    check(here, &["cat", "sub/other", "nothing"], &["exit = 1", "openat(path ~ '${tmp}/nothing') -> ENOENT"]);
    check(here, &["sh", "-c", "echo ${HOME}; kill -TERM $$"], &["signal = \"SIGTERM\"", "$${HOME}", "${tmp}\n"]);
    check(here, &["true"], &["exit = 0"]);
    check(here, &["ls"], &["dir-order = \"sorted\"", "equals = \"\"\"\ngo.sh\nin\nsub\n\"\"\""]);
    check(here, &["--calls", "read", "cat", "in"], &["syscalls = [\"read\"]"]);
    check(here, &["--focus", "out", "sh", "go.sh"], &["paths = [\"${tmp}/out/**\", \"${tmp}/out\"]"]);
}

#[test]
fn what_changes_from_run_to_run_is_fixed_or_left_out() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[]);
    let here = folder.path();
    let told = check(here, &["date"], &["time = \"virtual\"", "2026"]);
    assert!(told.contains("runs were not the same"), "{told}");
    check(here, &["sh", "-c", "mktemp -p ."], &["random = \"seeded\""]);
    fs::write(here.join("in"), "text").unwrap();
    if common::has_program("tar") {
        check(here, &["tar", "cf", "out.tar", "in"], &["file-times = \"virtual\""]);
    }
    let told = check(here, &["sh", "-c", "echo $$"], &["exit = 0"]);
    assert!(told.contains("left out: standard output"), "{told}");
}

#[test]
fn programs_of_several_processes_are_recorded() {
    if !common::can_trace() {
        return;
    }
    let makefile = "all: out\nout: in\n\tcp in out\n";
    let folder = folder(&[("in", "b\na\n"), ("Makefile", makefile)]);
    if common::has_program("make") {
        check(folder.path(), &["make"], &["\"Makefile\" = ", "exec(path ~ 'cp')"]);
    }
    if common::has_program("git") {
        check(folder.path(), &["git", "init", "-q", "r"], &["mkdir(path ~ '${tmp}/r/.git') -> ok"]);
    }
    if common::has_program("python3") {
        check(folder.path(), &["python3", "-c", "print(open('in').read())"], &["openat(path ~ '${tmp}/in') -> ok"]);
    }
    check(folder.path(), &["sh", "-c", "sort in | uniq > out"], &["clone", "exec(path ~ 'uniq')"]);
}

#[test]
fn what_is_changed_elsewhere_is_told() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[("in", "text")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().join("out").display().to_string();
    let (status, _, err) = common::rinject(folder.path(), &["record", "cp", "in", &out]);
    assert_eq!(status, 0, "{err}");
    let told = format!("it changes files outside of its folder, which stay as they are after each run: {out}\n");
    assert!(err.contains(&told), "{err}");
    let (_, _, err) = common::rinject(folder.path(), &["record", "-o", "b.toml", "cp", "in", "out"]);
    assert!(!err.contains("outside"), "{err}");
}

#[test]
fn a_program_that_does_not_end_is_not_recorded() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[]);
    let (status, _, err) =
        common::rinject(folder.path(), &["record", "--timeout", "1s", "sh", "-c", "while :; do :; done"]);
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("--timeout gives it more time") && names(folder.path()).is_empty(), "{err}");
}

#[test]
fn a_script_is_named_beside_its_spec() {
    use std::os::unix::fs::PermissionsExt;
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[("go", "#!/bin/sh\ncat in\n"), ("in", "here\n")]);
    fs::set_permissions(folder.path().join("go"), fs::Permissions::from_mode(0o755)).unwrap();
    check(folder.path(), &["./go"], &["program = \"./go\"", "here"]);
}

#[test]
fn nothing_is_written_over_unasked() {
    let folder = folder(&[("cat.toml", "mine"), ("b.snap", "mine, too")]);
    for words in [&["record", "cat", "x"][..], &["record", "-o", "b.toml", "cat", "x"]] {
        let (status, _, err) = common::rinject(folder.path(), words);
        assert_eq!(status, 6, "{err}");
        assert!(err.contains("is there already") && err.contains("--force"), "{err}");
    }
    assert_eq!(names(folder.path()), ["b.snap", "cat.toml"]);
    let (status, _, err) = common::rinject(folder.path(), &["record", "--timeout", "5", "true"]);
    assert_eq!(status, 2, "{err}");
    assert!(err.contains("write a unit with it: 5s, 5m"), "{err}");
    let (status, _, err) = common::rinject(folder.path(), &["record", "--calls", "raed", "true"]);
    assert_eq!(status, 2, "{err}");
    assert!(err.contains("cannot read `--calls raed`: there is no call `raed`"), "{err}");
}
