//! `rinject sweep`: planted mistakes are found, one of each kind; a sweep that is interrupted goes on; what it tells and writes
//! can be used.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::sweeps::{lines, script, verdicts};
use common::{can_trace, folder, rinject, told_nothing};
use serde_json::Value;

mod common;

#[test]
fn every_planted_mistake_is_found_on_this_machine() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[]);
    let (status, out, err) = rinject(folder.path(), &["selftest"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("found ")).count(), 13, "{out}");
}

#[test]
fn findings_can_be_told_in_a_line_each() {
    if !can_trace() {
        return;
    }
    let more = "[sweep]\non = 'write'\nerror = 'ENOSPC'\npoints = 'each'";
    let writes = "printf a > b 2> /dev/null; printf c > d 2> /dev/null; printf e; exit 0";
    let folder = folder(&[("x.toml", &script(writes, more))]);
    let (status, out, err) = rinject(folder.path(), &["sweep", "--list", "x.toml"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines[0].starts_with("SILENT write#1:ENOSPC ") && lines[0].ends_with(" exited 0: b"), "{out}");
    assert!(lines[2].ends_with(" exited 0: standard output"), "{out}");
}

#[test]
fn a_descriptor_has_its_path_in_what_a_finding_rests_on() {
    if !can_trace() {
        return;
    }
    let more = "[sweep]\non = 'write'\nerror = 'EIO'\npoints = 'each'";
    let writes = "exec 3> out; printf a >&3; printf b >&3 2> /dev/null; exit 0";
    let folder = folder(&[("x.toml", &script(writes, more))]);
    let (_, out, err) = rinject(folder.path(), &["sweep", "--cell", "write#2:EIO", "x.toml"]);
    assert!(out.contains("<${tmp}/out>, \"b\", 1) = -1 EIO"), "{out}{err}");
}

#[test]
fn a_run_that_does_not_come_to_its_call_is_no_verdict() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[]);
    // From its fifth run on the program writes once only.
    let count = folder.path().join("count");
    let script = script(
        &format!("echo run >> {0}; test $(wc -l < {0}) -gt 4 || printf text > /dev/null; exit 0", count.display()),
        "[sweep]\non = 'write'\nerror = 'ENOSPC'\npoints = 'each'",
    );
    fs::write(folder.path().join("x.toml"), script).unwrap();
    let (status, out, err) = rinject(folder.path(), &["sweep", "x.toml", "--state", "state", "--error", "EIO"]);
    assert_eq!(status, 6, "{out}{err}");
    let told = "x.toml: nothing can be said of run `write#3:EIO`: it did not make that call";
    assert!(err.contains(told), "{out}{err}");
    assert!(!out.contains("not-fired"), "{out}");
    // It is run again when the sweep goes on.
    assert!(!kept(&folder.path().join("state")).contains(&"write#3:EIO".to_owned()));
}

#[test]
fn closing_fails_where_something_was_written_and_who_is_killed_leaves_no_processes() {
    if !can_trace() {
        return;
    }
    // cat closes what it has written to, and what it has not; whoever reads waits for ever where the first process is killed.
    let reader = "read line < pipe & printf a > out; echo > pipe; wait";
    let pipe = "[[setup]]\nrun = ['mkfifo', 'pipe']\n[[check]]\nrun = ['true']";
    let folder = folder(&[
        ("close.toml", &script("cat in > out", "[target.files]\nin = 'a'")),
        ("kill.toml", &script(reader, pipe)),
    ]);
    let closed = verdicts(folder.path(), &["close.toml", "--on", "file.write, file.open, close", "--error", "EIO"]);
    let closes = closed.keys().filter(|cell| cell.starts_with("close#")).count();
    assert_eq!(closes, 1, "{closed:?}");
    let killed = verdicts(folder.path(), &["kill.toml", "--on", "write", "--faults", "kill"]);
    assert!(!killed.is_empty() && killed.values().all(|verdict| verdict == "masked"), "{killed:?}");
}

#[test]
fn what_starts_the_program_meets_no_fault() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &script("echo a; exec /bin/true", "[trace]\nstart = 'exec'"))]);
    let cells = verdicts(folder.path(), &["x.toml", "--on", "execve", "--error", "EACCES"]);
    assert_eq!(cells.keys().map(String::as_str).collect::<Vec<_>>(), ["execve#2:EACCES"], "{cells:?}");
    assert_ne!(cells["execve#2:EACCES"], "not-fired");
}

#[test]
fn processes_that_go_on_are_left_behind_and_those_that_come_to_their_end_are_not() {
    if !can_trace() {
        return;
    }
    let more = "[sweep]\non = 'write'\nerror = 'ENOSPC'";
    let ends = "(i=0; while test $i -lt 300; do i=$((i + 1)); : < /dev/null; done) & exit 1";
    let folder = folder(&[
        ("on.toml", &script("printf a > out || { sleep 60 & exit 1; }", more)),
        ("ends.toml", &script(&format!("printf a > out || {{ {ends}; }}"), more)),
    ]);
    let path = folder.path();
    let (_, out, err) = rinject(path, &["sweep", "on.toml", "--save-findings", "found"]);
    assert!(out.contains("LEFTOVER write#1:ENOSPC") && out.contains("\n  left   1 more process\n"), "{out}{err}");
    let saved = fs::read_to_string(path.join("found/on-leftover-write-1-ENOSPC.toml")).unwrap();
    assert!(saved.contains("invariants = [\"no-orphans\"]") && !saved.contains("[[check]]"), "{saved}");
    assert_eq!(verdicts(path, &["ends.toml"])["write#1:ENOSPC"], "reported");
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_was() {
    if !can_trace() {
        return;
    }
    let spec =
        script("for i in 1 2 3 4 5 6; do printf $i > out$i; done", "[sweep]\non = 'write, openat'\npoints = 'each'");
    let folder = folder(&[("x.toml", &spec)]);
    let path = folder.path();
    let words = ["x.toml", "--state", "state"];
    let whole = verdicts(path, &words);
    let text = fs::read_to_string(path.join("state")).unwrap();
    assert_eq!(text.lines().count(), whole.len());
    // As if it had been killed in the middle of a line.
    let lines: Vec<&str> = text.lines().collect();
    let (known, torn) = (lines[..5].join("\n"), &lines[5][..lines[5].len() / 2]);
    fs::write(path.join("state"), format!("{known}\n{torn}")).unwrap();
    let (_, _, err) = rinject(path, &[&["sweep", "--resume"], &words[..]].concat());
    assert!(err.contains(&format!("5 of {} runs are known", whole.len())), "{err}");
    let after = fs::read_to_string(path.join("state")).unwrap();
    assert!(after.starts_with(&format!("{known}\n")));
    let cells = |text: &str| {
        let cell = |line: &str| serde_json::from_str::<Value>(line).unwrap()["cell"].as_str().unwrap().to_owned();
        let mut cells: Vec<String> = text.lines().map(cell).collect();
        cells.sort();
        cells
    };
    assert_eq!(cells(&after), cells(&text));
    // Another program has other results.
    fs::write(path.join("x.toml"), spec.replace("printf $i", "printf x$i")).unwrap();
    let (_, _, err) = rinject(path, &[&["sweep", "--resume"], &words[..]].concat());
    assert!(!err.contains("are known"), "{err}");
}

/// A cell for each line of the file where results are kept.
fn kept(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let cell = |line: &str| serde_json::from_str::<Value>(line).ok()?["cell"].as_str().map(str::to_owned);
    text.lines().filter_map(cell).collect()
}

#[test]
fn a_signal_ends_a_sweep_and_nothing_is_lost_or_run_twice() {
    if !can_trace() {
        return;
    }
    let spec = script(
        "i=0; while test $i -lt 24; do i=$((i + 1)); printf $i > out$i; done",
        "[sweep]\non = 'write'\npoints = 'each'",
    );
    let folder = folder(&[("x.toml", &spec)]);
    let state = folder.path().join("state");
    let mut command = told_nothing(folder.path(), env!("CARGO_BIN_EXE_rinject"));
    let mut child =
        command.args(["sweep", "x.toml", "--state", "state", "-j", "1"]).stdout(Stdio::null()).spawn().unwrap();
    while kept(&state).len() < 3 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(2));
    }
    // Meanwhile another one keeps its results elsewhere.
    let (status, _, err) = rinject(folder.path(), &["sweep", "x.toml", "--state", "state", "--resume"]);
    let taken = format!("another sweep (process {}) keeps its results there", child.id());
    assert!(status == 6 && err.contains(&taken) && err.contains("--state names another file"), "{status} {err}");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let before = kept(&state);
    let all = verdicts(folder.path(), &["x.toml", "--state", "state", "--resume"]);
    let mut after = kept(&state);
    assert_eq!(after[..before.len()], before);
    assert!(before.len() < all.len(), "it was not interrupted");
    after.sort();
    let mut named: Vec<String> = all.into_keys().collect();
    named.sort();
    assert_eq!(after, named);
}

#[test]
fn shares_are_all_of_the_runs_once() {
    if !can_trace() {
        return;
    }
    let spec = script("printf a > b; printf c > d", "[sweep]\non = 'write, openat'\npoints = 'each'");
    let folder = folder(&[("x.toml", &spec)]);
    let whole = verdicts(folder.path(), &["x.toml"]);
    let mut shares: Vec<String> = Vec::new();
    for share in ["1/3", "2/3", "3/3"] {
        shares.extend(verdicts(folder.path(), &["x.toml", "--shard", share]).into_keys());
    }
    shares.sort();
    assert_eq!(shares, whole.into_keys().collect::<Vec<_>>());
}

#[test]
fn findings_that_are_known_fail_nothing() {
    if !can_trace() {
        return;
    }
    let more = "[sweep]\non = 'write'\nerror = 'ENOSPC'";
    let twice = "printf a > b 2> /dev/null; printf c > d 2> /dev/null; exit 0";
    let folder = folder(&[("x.toml", &script(twice, more))]);
    let path = folder.path();
    let (status, _, _) = rinject(path, &["sweep", "x.toml", "--report", "json=all.json"]);
    assert_eq!(status, 1);
    let all = fs::read_to_string(path.join("all.json")).unwrap();
    let is_second = |line: &&str| line.contains("\"finding\"") && line.contains("write#2:ENOSPC");
    assert_eq!(all.lines().filter(is_second).count(), 1, "{all}");
    let before: Vec<&str> = all.lines().filter(|line| !is_second(line)).collect();
    fs::write(path.join("before.json"), before.join("\n")).unwrap();
    // Another error at the same place is the same weakness.
    let known = ["sweep", "x.toml", "--error", "ENOSPC,EIO", "--baseline-findings", "all.json"];
    let (status, out, _) = rinject(path, &known);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("known: SILENT write#1:ENOSPC"), "{out}");
    let (status, out, _) = rinject(path, &["sweep", "x.toml", "--baseline-findings", "before.json"]);
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("known: SILENT write#1:ENOSPC") && out.contains("2 findings, 1 of them new"), "{out}");
    fs::write(path.join("torn.json"), "{\"type\":\"finding\",\"version\":1,\"key\":\"x\"}\n").unwrap();
    let (status, _, err) = rinject(path, &["sweep", "x.toml", "--baseline-findings", "torn.json"]);
    assert_eq!(status, 6);
    assert!(err.contains("it has no summary at its end"), "{err}");
}

#[test]
fn reports_are_as_their_schema_has_them() {
    if !can_trace() {
        return;
    }
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sweep.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let spec = script(
        "cat in > b 2> /dev/null; exit 0",
        "[target.files]\nin = 'a'\n[sweep]\non = 'file.open, file.read, file.write'\nfaults = ['errors', 'eintr']",
    );
    let folder = folder(&[("x.toml", &spec)]);
    let (status, out, err) = rinject(folder.path(), &["sweep", "x.toml", "--report", "json=r.json"]);
    assert_eq!(status, 1, "{out}{err}");
    let text = fs::read_to_string(folder.path().join("r.json")).unwrap();
    let mut kinds: Vec<String> = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let problems: Vec<String> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{line}: {problems:?}");
        kinds.push(line["type"].as_str().unwrap().to_owned());
    }
    kinds.dedup();
    assert_eq!(kinds, ["sweep", "cell", "finding", "summary"]);
    let summary = &lines(&folder.path().join("r.json"), "summary")[0];
    assert_eq!(summary["runs"], lines(&folder.path().join("r.json"), "cell").len());
    assert_eq!(summary["findings"], summary["new"]);
}

/// Each spec that is written fails, and passes once the program is mended.
#[test]
fn a_spec_of_a_finding_passes_when_the_program_is_mended() {
    if !can_trace() {
        return;
    }
    let enospc = "[sweep]\non = 'write'\nerror = 'ENOSPC'";
    let (from, kill) = (format!("{enospc}\nmode = 'from'"), "[sweep]\non = 'write'\nfaults = ['kill']");
    let checked =
        format!("[[check]]\nname = 'whole'\nrun = ['sh', '-c', 'test ! -e out || test $(cat out) = ab']\n{kill}");
    let child = format!(
        "[target.files]\nin = 'ab'\nout = 'cd'\n[[check]]\nrun = ['sh', '-c', 'case $(cat out) in ab|cd) ;; *) exit 1; esac']\n{}",
        kill.replace("write", "file.write")
    );
    // The program, what it is to be, and more of the spec.
    let bugs = [
        ("printf a > out 2> /dev/null; exit 0", "printf a > out", enospc),
        ("exec 2> /dev/null; printf a > out", "printf a > out", enospc),
        ("printf a > out || kill -SEGV $$", "printf a > out", enospc),
        (
            ": > lock; printf a > out || exit 1; rm lock",
            ": > lock; printf a > out || { rm lock; exit 1; }; rm lock",
            enospc,
        ),
        ("until printf a > out; do :; done", "printf a > out", &from),
        (
            "test ! -e lock || exit 1; : > lock; printf a > out; rm lock",
            "test ! -e lock || rm lock; : > lock; printf a > out; rm lock",
            &format!("[[check]]\nrun = ['true']\n{kill}"),
        ),
        (
            ": > lock; : > old; printf a > out || exit 1; rm lock old",
            ": > lock; : > old; printf a > out || { rm lock; exit 1; }; rm lock old",
            &format!("[[check]]\nrun = ['sh', '-c', 'rm -f old; test -s out']\n{enospc}"),
        ),
        (
            "printf a > out || { : > kept; exit 1; }",
            "printf a > out",
            &format!("[[check]]\nrun = ['test', '-s', 'kept']\nalways = true\n[target.files]\nkept = 'a'\n{enospc}"),
        ),
        ("printf a > out; printf b >> out", "printf ab > .new; mv .new out", &checked),
        // It is cat that is killed, and the shell goes on.
        ("cat in > out; exit 0", "cat in > .new && mv .new out; exit 0", &child),
    ];
    for (bad, good, more) in bugs {
        let folder = folder(&[("x.toml", &script(bad, more))]);
        let path = folder.path();
        let (status, out, err) = rinject(path, &["sweep", "x.toml", "--save-findings", "found"]);
        assert_eq!(status, 1, "{bad}\n{out}{err}");
        let (status, out, _) = rinject(path, &["run", "--check", "found"]);
        assert_eq!(status, 1, "{bad}\n{out}");
        assert!(out.contains("0 passed"), "{bad}\n{out}");
        for entry in fs::read_dir(path.join("found")).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap();
            let written = toml::Value::from(bad).to_string();
            assert!(text.contains(&written), "{text}");
            fs::write(entry.path(), text.replace(&written, &toml::Value::from(good).to_string())).unwrap();
        }
        let (status, out, _) = rinject(path, &["run", "--check", "found"]);
        assert_eq!(status, 0, "{good}\n{out}");
    }
}

#[test]
fn programs_that_are_never_the_same_are_refused_with_a_reason() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &script("printf x > out.$$", ""))]);
    let (status, out, err) = rinject(folder.path(), &["sweep", "x.toml"]);
    assert_eq!((status, out.as_str()), (6, ""), "{err}");
    assert!(err.contains("runs without a fault do not agree") && err.contains("is left behind in one run"), "{err}");
}

#[test]
fn a_program_that_fails_without_a_fault_is_noted() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[]);
    let (status, _, err) = rinject(folder.path(), &["sweep", "--on", "openat", "--", "cat", "nowhere"]);
    let note = "without a fault the program exits 1: cat: nowhere: No such file or directory";
    assert!(status == 0 && err.contains(note), "{status} {err}");
    let (_, _, err) = rinject(folder.path(), &["sweep", "--on", "openat", "--", "cat", "/dev/null"]);
    assert!(!err.contains("without a fault"), "{err}");
}

#[test]
fn what_cannot_be_swept_is_said() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &script("printf x > out", "[sweep]\non = 'mkdir'"))]);
    let said = |words: &[&str], status: i32, why: &str| {
        let (actual, out, err) = rinject(folder.path(), &[&["sweep"], words].concat());
        assert_eq!((actual, out.as_str()), (status, ""), "{words:?}: {err}");
        assert!(err.contains(why), "{words:?}: {err}");
    };
    said(&["x.toml"], 4, "there is no point at which such a fault can be made");
    said(&["x.toml", "--on", "opnat"], 3, "unknown event `opnat`");
    said(&["x.toml", "--faults", "kill"], 3, "the spec has no `[[check]]`");
    said(&["x.toml", "--faults", "states"], 3, "`faults` has `states`, and the spec has no `[[check]]`");
    said(&["x.toml", "--file-system", "fat"], 3, "`fat`");
    said(&["x.toml", "--on", "write", "--cell", "write#9:EIO"], 4, "there is no run `write#9:EIO`");
    said(&["x.toml", "--", "cat"], 2, "cannot be used with");
    said(&["--", "no-such-program"], 6, "no-such-program");
}

/// `ls -la` shows how many folders are in the one above.
#[test]
fn what_others_make_meanwhile_is_not_seen_above_a_run_s_folder() {
    if !can_trace() {
        return;
    }
    let is_over = AtomicBool::new(false);
    let busy = || {
        let mut made = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            // The more there are, the more a run would see.
            made.push(tempfile::tempdir_in("/tmp").unwrap());
            std::thread::yield_now();
            made.drain(..made.len().saturating_sub(500));
        }
    };
    let folder = folder(&[("x.toml", &script("stat -c '%h %s' ..", "[sweep]\non = 'write'\nerror = 'EIO'"))]);
    let (status, out, err) = std::thread::scope(|scope| {
        scope.spawn(busy);
        let swept = rinject(folder.path(), &["sweep", "x.toml"]);
        is_over.store(true, Ordering::Relaxed);
        swept
    });
    // The write that fails is told, and no line of the output differs without it.
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
}
