//! What a hostile target says and does reaches no terminal as it is, and takes no more than its limits.

use std::fs;

mod common;

/// What a terminal would act on.
#[track_caller]
fn check(what: &str, text: &str) {
    let acts = |c: &char| *c != '\n' && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'));
    if let Some(bad) = text.chars().find(acts) {
        let line = text.lines().find(|line| line.contains(bad)).unwrap_or_default();
        panic!("{what} has {bad:?} in it: {line:?}");
    }
}

#[test]
fn names_act_on_no_terminal_in_any_report() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = common::fixtures_bin().join("odd-names");
    // Everything fails, so that everything is told.
    let spec = format!(
        "spec = 1\ntarget = {{ program = {program:?}, cwd = \"${{tmp}}/in\" }}\n\
         trace = {{ syscalls = [\"%file\", \"%desc\", \"%process\", \"%network\", \"prctl\"], backtrace = 4 }}\n\
         [expect]\nexit = 9\nstdout = {{ equals = \"x\", matches = \"^x$\" }}\nstderr = {{ contains = [\"xyz\"], matches = \"^xyz$\" }}\n\
         never = [\"bind\"]\ninvariants = [\"no-fd-leak\", \"no-leftovers\"]\n\
         [[check]]\nrun = [\"sh\", \"-c\", \"for name in *; do echo $name; done; exit 3\"]\nexpect = {{ exit = 0 }}\n\
         [snapshot]\nstdout = true\nfiles = [\"**\"]\n"
    );
    fs::write(folder.path().join("x.toml"), spec).unwrap();
    let here = folder.path();
    let words = ["run", "x.toml", "--report", "junit=x.xml", "--report", "json=x.json"];
    let (status, out, err) = common::rinject(here, &words);
    assert_eq!(status, 1, "{out}{err}");
    check("the report for people", &out);
    check("the talk", &err);
    for told in ["RJ0702", "RJ0703", "RJ0707", "RJ0712", "\\u{1b}[31m", "\\xff"] {
        assert!(out.contains(told), "`{told}` is missing in:\n{out}");
    }
    let (_, json, _) = common::rinject(here, &["run", "x.toml", "--format", "json"]);
    check("the report for machines", &json);
    check("the file for machines", &fs::read_to_string(here.join("x.json")).unwrap());
    check("the file for CI systems", &fs::read_to_string(here.join("x.xml")).unwrap());

    let pending = fs::read_to_string(here.join("x.snap.new")).unwrap();
    check("the snapshot", &pending);
    common::rinject(here, &["accept", "x.snap"]);
    fs::write(here.join("x.snap"), pending.replace("mkdir", "\x1b[1mmkdir")).unwrap();
    let (_, out, _) = common::rinject(here, &["run", "x.toml"]);
    check("the difference from a snapshot", &out);
}

#[test]
fn a_setup_command_acts_on_no_terminal() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let spec = "spec = 1\ntarget = { program = \"true\" }\n\
        setup = [{ run = [\"printf\", '\\033[31m\\302\\233\\n\\033'] }, { run = [\"sh\", \"-c\", 'printf \"\\033[31m\\302\\233\\n\" >&2; exit 1'] }]\n";
    fs::write(folder.path().join("x.toml"), spec).unwrap();
    let (status, out, err) = common::rinject(folder.path(), &["run", "x.toml"]);
    assert_eq!(status, 6, "{out}{err}");
    check("what is told of the setup", &format!("{out}{err}"));
}

#[test]
fn output_without_an_end_ends_the_run() {
    if !common::can_trace() {
        return;
    }
    let targets = [
        "program = \"yes\"\nstdout = \"file\"",
        "program = \"yes\"\nstdout = \"pipe\"",
        "program = \"yes\"\ntty = true",
        "program = \"sh\"\nargs = [\"-c\", \"exec yes >&2\"]",
        "program = \"sh\"\nargs = [\"-c\", \"yes & yes >&2 & wait\"]\nstderr = \"pipe\"",
        "program = \"sh\"\nargs = [\"-c\", \"trap '' XFSZ PIPE TERM; while :; do echo; done\"]",
    ];
    for target in targets {
        let folder = tempfile::tempdir().unwrap();
        let spec = format!(
            "spec = 1\ntrace = {{ signals = [\"all\"] }}\nsnapshot = {{ transcript = false }}\n\
             [target]\n{target}\nlimits = {{ output = \"256KiB\" }}\n"
        );
        fs::write(folder.path().join("x.toml"), spec).unwrap();
        let (status, out, err) = common::rinject(folder.path(), &["run", "x.toml"]);
        assert_eq!(status, 1, "{target}:\n{out}{err}");
        assert!(out.contains("an output is longer than 262144 bytes"), "{target}:\n{out}{err}");
    }
}
