//! `rinject sweep` with `faults = ["budgets"]`: resources that are used up where a program needs more of them.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;

use common::sweeps::{lines, script, verdicts};
use common::{can_trace, folder, rinject};
use serde_json::Value;

mod common;

/// Notes in a file that its copy failed; where the disk is full the note does not fit, either.
const NOTES: &str =
    "cp in out 2> /dev/null || printf failed > log; test ! -s log || { cat log >&2; rm -f log out; exit 1; }";
/// Says so where it does not fit.
const MENDED: &str = "cp in out 2> /dev/null || printf failed > log || { rm -f out log; exit 1; }; test ! -s log || { cat log >&2; rm -f log out; exit 1; }";

const FILES: &str = "[target.files]\nin = 'text'\n";

#[test]
fn a_disk_that_is_full_for_all_shows_what_single_errors_do_not() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &script(NOTES, FILES))]);
    let path = folder.path();
    let words = ["x.toml", "--on", "file.write"];
    let single = [&words[..], &["--faults", "errors,short", "--mode", "once,from"]].concat();
    let (status, out, err) = rinject(path, &[&["sweep"], &single[..]].concat());
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let full = verdicts(path, &[&words[..], &["--faults", "budgets", "--save-findings", "found"]].concat());
    assert!(full.len() == 2 && full.values().all(|verdict| verdict == "silent"), "{full:?}");
    // No more than the finding needs: the amount.
    let saved: Vec<_> = fs::read_dir(path.join("found")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [saved] = &saved[..] else { panic!("{saved:?}") };
    let spec = fs::read_to_string(saved).unwrap();
    assert!(spec.contains("[[inject]]\nname = \"fault\"\nbudget = { disk = 0 }\n"), "{spec}");
    let saved = saved.to_str().unwrap();
    let (status, out, _) = rinject(path, &["run", saved]);
    assert_eq!(status, 1, "{out}");
    fs::write(saved, spec.replace(NOTES, MENDED)).unwrap();
    assert_ne!(fs::read_to_string(saved).unwrap(), spec, "{spec}");
    let (status, out, err) = rinject(path, &["run", saved]);
    assert_eq!(status, 0, "{out}{err}");
}

#[test]
fn there_is_an_amount_just_before_each_call_that_needs_more_and_in_its_middle() {
    if !can_trace() {
        return;
    }
    // What is printed is on no disk, and what is written again counts again.
    let writes =
        "printf 12345 > a; printf no; exec 3< a; printf 1 > b; exec 3<&-; printf 123 > a; cat < b > /dev/null";
    let folder =
        folder(&[("x.toml", &script(writes, "[sweep]\non = 'file.write, file.open, fcntl'\npoints = 'each'"))]);
    let path = folder.path();
    let words = ["x.toml", "--faults", "budgets"];
    let whole = verdicts(path, &words);
    let disk: Vec<&str> = whole.keys().filter_map(|cell| cell.split_once(':')?.1.strip_prefix("disk")).collect();
    assert_eq!(disk, ["-short=2", "=0", "=5", "-short=7", "=6"], "{whole:?}");
    // The shell keeps its own output while it opens a file, and the second file is opened beside the first.
    let fds: Vec<&str> = whole.keys().filter_map(|cell| cell.split_once(':')?.1.strip_prefix("fds=")).collect();
    assert_eq!(fds, ["4", "5", "3"], "{whole:?}");
    let (_, out, err) = rinject(path, &[&["sweep", "--cell", "write#4:disk-short=7"], &words[..]].concat());
    assert!(out.contains("<${tmp}/a>, \"123\", 3) = 1\n"), "{out}{err}");
    assert!(out.contains("\n  used   7 of 7 (disk)\n"), "{out}");
    assert!(out.contains("`a` is 0644 1 B"), "{out}");
    let missing = rinject(path, &[&["sweep", "--cell", "write#4:disk=8"], &words[..]].concat());
    assert_eq!(missing.0, 4, "{missing:?}");
    // Calls from one stack are one point, with the first of its amounts.
    fs::write(path.join("loop.toml"), script("for i in 1 22; do printf $i > $i; done", "[sweep]\non = 'write'"))
        .unwrap();
    let loops = |points: &str| -> Vec<String> {
        verdicts(path, &["loop.toml", "--faults", "budgets", "--points", points]).into_keys().collect()
    };
    assert_eq!(loops("each"), ["write#1:disk=0", "write#2:disk-short=2", "write#2:disk=1"]);
    assert_eq!(loops("callsite"), ["write#1:disk=0"]);
}

#[test]
fn shares_know_together_what_the_whole_does_and_a_sweep_goes_on() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &script(NOTES, FILES))]);
    let path = folder.path();
    let words = ["x.toml", "--faults", "budgets", "--on", "file.write, file.open, fcntl", "--state", "state"];
    let whole = verdicts(path, &words);
    for share in ["1/2", "2/2"] {
        let report = format!("json=shares/{}.json", &share[..1]);
        rinject(path, &[&["sweep", "--shard", share, "--report", &report], &words[..]].concat());
    }
    let (_, direct, _) = rinject(path, &[&["sweep"], &words[..]].concat());
    let (status, merged, err) = rinject(path, &["merge", "shares", "--report", "json=all.json,html=all.html"]);
    assert_eq!(status, 1, "{merged}{err}");
    let body = |text: &str| text.lines().filter(|line| !line.contains("again")).collect::<Vec<_>>().join("\n");
    assert_eq!(body(&merged), body(&direct));
    let cells = lines(&path.join("all.json"), "cell");
    assert_eq!(cells.len(), whole.len());
    assert!(cells.iter().all(|cell| cell["evidence"]["used"].is_string()), "{cells:?}");
    let page = fs::read_to_string(path.join("all.html")).unwrap();
    for words in
        ["\"disk-short\"", "disk=0", "<dt>used</dt><dd>0 of 0 (disk)</dd>", "of a resource there is just too little"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(page.matches("\"used\":").count(), whole.len(), "each run has what it used");
    // All but one run are known when it goes on.
    let text = fs::read_to_string(path.join("state")).unwrap();
    let kept: Vec<&str> = text.lines().skip(1).collect();
    fs::write(path.join("state"), kept.join("\n") + "\n").unwrap();
    let (_, _, err) = rinject(path, &[&["sweep", "--resume"], &words[..]].concat());
    assert!(err.contains(&format!("{} of {} runs are known", whole.len() - 1, whole.len())), "{err}");
}

#[test]
fn what_no_call_needs_any_more_is_not_fired_and_what_each_run_needs_otherwise_is_not_tried() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[]);
    let count = folder.path().join("count").display().to_string();
    // From its fifth run on the program writes nothing; and one that writes more each time, elsewhere.
    let less = format!("n=$(wc -l < {count}); echo run >> {count}; test $n -gt 3 || printf text > out; exit 0");
    let more = format!("echo run >> {count}; cat {count} > {count}.copy; printf text > out");
    let sweep =
        "[sweep]\non = 'write, copy_file_range'\nfaults = ['budgets']\npoints = 'each'\ncompare = ['exit', 'stdout']";
    fs::write(folder.path().join("less.toml"), script(&less, sweep)).unwrap();
    fs::write(folder.path().join("more.toml"), script(&more, sweep)).unwrap();
    fs::write(&count, "").unwrap();
    let found = verdicts(folder.path(), &["less.toml"]);
    let not_fired: Vec<&String> =
        found.iter().filter(|(_, verdict)| *verdict == "not-fired").map(|(cell, _)| cell).collect();
    assert!(!not_fired.is_empty(), "{found:?}");
    let cells = lines(&folder.path().join("report.json"), "cell");
    let told = |cell: &&Value| cell["verdict"] == "not-fired";
    let first = cells.iter().find(told).unwrap();
    assert_eq!(first["evidence"]["notes"][0], "no call needed more", "{first}");
    // Which of the runs it is hangs on which were made first.
    assert!(first["evidence"]["used"].as_str().unwrap().starts_with("4 of "), "{first}");
    let (_, out, err) = rinject(folder.path(), &["sweep", "more.toml"]);
    assert!(err.contains("not every budget is tried, since each run needs another amount: disk"), "{out}{err}");
    assert!(out.contains("write#1"), "{out}");
}

#[test]
fn a_recovery_can_have_too_little_as_well() {
    if !can_trace() {
        return;
    }
    let check = "[[check]]\nname = 'recovery'\nrun = ['sh', '-c', 'printf recovered > log']\n\
        [sweep]\non = 'write'\nfaults = ['kill', 'budgets']\nrecovery = true\n";
    let folder = folder(&[("x.toml", &script("printf text > out", check))]);
    let found = verdicts(folder.path(), &["x.toml"]);
    let hurt = |cell: &&str| found.get(*cell).is_some_and(|verdict| verdict != "not-fired");
    let cells =
        ["write#1:disk=0", "write#1:kill-before/1.write#1:disk=0", "write#1:kill-before/1.write#1:disk-short=4"];
    assert!(cells.iter().all(hurt), "{found:?}");
}

#[test]
fn what_a_budget_has_not_is_refused() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &script("printf text > out", ""))]);
    let said = |words: &[&str], expected: &str| {
        let (status, out, err) = rinject(folder.path(), &[&["sweep", "x.toml", "--faults"], words].concat());
        assert!(status == 3 && err.contains(expected), "{status} {out}{err}");
    };
    said(&["budgets", "--mode", "from"], "`mode` is set, and `faults` has nothing but `budgets`");
    said(&["budgets", "--error", "ENOSPC"], "`error` is set, and `faults` has nothing but `budgets`");
    said(&["budgets", "--on", "unlink"], "`on` names no call that needs a resource");
    let both = verdicts(folder.path(), &["x.toml", "--faults", "budgets,errors", "--mode", "from", "--on", "write"]);
    assert!(both.contains_key("write#1:disk=0") && both.contains_key("write#1..:ENOSPC"), "{both:?}");
}
