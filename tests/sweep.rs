//! `rinject sweep`: planted mistakes are found, one of each kind; programs without them are not accused; a sweep that is
//! interrupted goes on; what it writes can be used.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use common::{can_trace, folder, has_program, rinject, told_nothing};
use serde_json::Value;

mod common;

/// A spec that runs a script of a shell.
fn script(script: &str, more: &str) -> String {
    format!("spec = 1\n[target]\nprogram = \"/bin/sh\"\nargs = [\"-c\", '''{script}''']\n{more}\n")
}

/// The lines of a JSON report of one type.
fn lines(path: &Path, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == kind).collect()
}

/// What each run of a sweep came to.
fn verdicts(folder: &Path, words: &[&str]) -> BTreeMap<String, String> {
    let report = folder.join("report.json");
    let (status, out, err) = rinject(folder, &[&["sweep", "--report", "json=report.json"], words].concat());
    assert!(matches!(status, 0 | 1), "{status}\n{out}{err}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines(&report, "cell").iter().map(|line| (text(&line["cell"]), text(&line["verdict"]))).collect()
}

#[track_caller]
fn check(spec: &str, cell: &str, expected: &str) {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", spec)]);
    let verdicts = verdicts(folder.path(), &["x.toml"]);
    assert_eq!(verdicts.get(cell).map(String::as_str), Some(expected), "{verdicts:?}");
}

#[test]
fn every_planted_mistake_is_found_on_this_machine() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[]);
    let (status, out, err) = rinject(folder.path(), &["selftest"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("found ")).count(), 11, "{out}");
}

#[test]
fn a_result_that_is_lost_is_told_from_one_that_is_reported() {
    let enospc = "[sweep]\non = 'write'\nerror = 'ENOSPC'";
    check(&script("printf text > out", enospc), "write#1:ENOSPC", "reported");
    check(&script("printf text > out 2> /dev/null; exit 0", enospc), "write#1:ENOSPC", "silent");
    check(&script("exec 2> /dev/null; printf text > out", enospc), "write#1:ENOSPC", "no-message");
}

#[test]
fn standard_output_may_be_on_a_full_disk() {
    if !can_trace() {
        return;
    }
    let (cat, tee) = (folder(&[("in", "text\n")]), folder(&[("x.toml", TEE)]));
    let found = verdicts(cat.path(), &["--on", "write", "--", "cat", "in"]);
    assert_eq!(found.get("write#1:ENOSPC").map(String::as_str), Some("reported"), "{found:?}");
    // One place in the program writes to standard output and to a file.
    let found = verdicts(tee.path(), &["x.toml"]);
    let runs: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(runs, ["write#1:EIO", "write#1:ENOSPC", "write#2:EIO", "write#2:ENOSPC"]);
    assert!(found.values().all(|verdict| verdict == "reported"), "{found:?}");
}

const TEE: &str = "spec = 1\ntarget = { program = \"tee\", args = [\"copy\"], stdin = { text = \"text\\n\" } }\n\
                   sweep.on = \"write\"\n";

#[test]
fn a_signal_that_ends_a_program_may_leave_its_lock() {
    let term = "[sweep]\non = 'write'\nfaults = ['signals']";
    check(&script(": > lock; printf text > out; rm lock", term), "write#1:SIGTERM", "leftover");
    check(&script("printf text > out", term), "write#1:SIGTERM", "reported");
    check(
        &script("trap 'rm lock; exit 1' TERM; : > lock; printf text > out; rm lock", term),
        "write#1:SIGTERM",
        "reported",
    );
}

/// What the next use takes up or removes is no loss, and what a check finds lost is one.
#[test]
fn checks_say_what_a_file_is_worth() {
    let kept = "cp new log || exit 1; mv log store 2> /dev/null; exit 0";
    // Opening it takes the log up.
    let check_whole = "[[check]]\nrun = ['sh', '-c', 'test ! -e log || mv -f log store; cat store']\n";
    let more = "[target.files]\nnew = 'two'\nstore = 'one'\n[sweep]\non = 'meta.rename'\nerror = 'EACCES'\n";
    let cell = "renameat#1:EACCES";
    check(&script(kept, more), cell, "silent");
    check(&script(kept, &format!("{check_whole}{more}")), cell, "masked");
    let look_on = "[[check]]\nrun = ['sh', '-c', 'cat store']\n";
    check(&script(kept, &format!("{look_on}{more}")), cell, "silent");
    // Who says that it failed has to keep only what always holds.
    let fails = "cp new log; mv log store || { rm log; : > store; exit 1; }";
    let two = "[[check]]\nrun = ['grep', 'two', 'store']\n";
    let some = "[[check]]\nrun = ['grep', '.', 'store']\n";
    check(&script(fails, &format!("{two}{more}")), cell, "reported");
    check(&script(fails, &format!("{some}{more}")), cell, "reported");
    check(&script(fails, &format!("{two}{some}always = true\n{more}")), cell, "broken");
}

#[test]
fn what_the_next_run_takes_away_is_not_left_by_a_kill() {
    let kill = "[[check]]\nrun = ['true']\n[sweep]\non = 'write'\nfaults = ['kill']";
    check(&script(": > lock; printf text > out; rm lock", kill), "write#1:kill-before", "masked");
    check(
        &script("test ! -e lock || exit 1; : > lock; printf text > out; rm lock", kill),
        "write#1:torn",
        "leftover",
    );
    let random = "f=$(mktemp XXXXXXXX); printf text > $f; mv $f out";
    check(&script(random, kill), "write#2:torn", "leftover");
}

#[test]
fn a_result_that_hangs_on_the_time_is_compared_by_what_does_not() {
    if !can_trace() || !has_program("gzip") {
        return;
    }
    // Its header has the time of the file.
    let spec = "spec = 1\n[target]\nprogram = 'gzip'\nargs = ['-k', 'in']\nfiles = { in = 'text' }\n\
        [sweep]\non = 'write'\nfaults = ['errors', 'short']\n";
    let folder = folder(&[("x.toml", spec)]);
    let (status, out, err) = rinject(folder.path(), &["sweep", "x.toml"]);
    assert_eq!(status, 0, "{out}{err}");
    assert!(err.contains("a time and random bytes of the run's own"), "{err}");
    assert!(err.ends_with("not compared, since it is not the same in each run: what is in `in.gz`\n"), "{err}");
    let dated = "(date; printf text) > out 2> /dev/null; exit 0";
    check(&script(dated, "[sweep]\non = 'write'\nerror = 'ENOSPC'"), "write#2:ENOSPC", "silent");
}

/// With a stream of random bytes whoever draws fewer of them gets others afterwards.
#[test]
fn other_random_bytes_are_no_finding() {
    let draws = "head -c 4 < /dev/urandom > /dev/null; head -c 4 < /dev/urandom > salt; exit 0";
    let more = "[determinism]\nrandom = 'seeded'\n[sweep]\non = 'file.read'\nerror = 'EIO'\npoints = 'each'";
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &script(draws, more))]);
    let found = verdicts(folder.path(), &["x.toml"]);
    let silent: Vec<&String> =
        found.iter().filter(|(_, verdict)| *verdict == "silent").map(|(cell, _)| cell).collect();
    // The read of the salt itself.
    assert_eq!(silent.len(), 1, "{found:?}");
}

#[test]
fn a_process_that_only_has_to_end_is_not_left_behind() {
    let more = "[sweep]\non = 'write'\nerror = 'ENOSPC'";
    let spec = |after: &str| script(&format!("sleep {after} & printf text > out || exit 1; kill $!"), more);
    check(&spec("0.01"), "write#1:ENOSPC", "reported");
    check(&spec("20"), "write#1:ENOSPC", "leftover");
}

#[test]
fn a_program_that_is_only_slow_does_not_hang() {
    let more = "[sweep]\non = 'write'\nerror = 'ENOSPC'";
    let slow = "printf text > out || { sleep 2.5; exit 1; }";
    check(&script(slow, more), "write#1:ENOSPC", "reported");
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
fn nobody_is_told_of_a_broken_pipe_where_it_can_be_none() {
    let more = "[sweep]\non = 'write'\nerror = 'EPIPE'\npoints = 'each'";
    // A text for a command, which the shell writes into a pipe while it has the other end, or its child does.
    check(&script("cat << x\ntext\nx\n", more), "write#1:EPIPE", "not-fired");
    // A shell says by its status that its command died of SIGPIPE.
    let passed_on = "{ /bin/echo text; echo $? > status; } | cat; exit $(cat status)";
    check(&script(passed_on, more), "write#1:EPIPE", "reported");
}

#[test]
fn a_child_that_crashes_is_a_crash() {
    let more = "[sweep]\non = 'write'\nerror = 'ENOSPC'";
    let spec =
        script("(printf text > out || kill -SEGV $(exec sh -c 'echo $PPID')) || { echo failed >&2; exit 1; }", more);
    check(&spec, "write#1:ENOSPC", "crash");
}

#[test]
fn memory_that_is_not_there_is_told_by_a_program_that_looks() {
    if !can_trace() || !has_program("sort") {
        return;
    }
    let spec = "spec = 1\n[target]\nprogram = 'sort'\nargs = ['in']\nfiles = { in = \"b\\na\\n\" }\n\
        [sweep]\nfaults = ['alloc']\n";
    let folder = folder(&[("x.toml", spec)]);
    let verdicts = verdicts(folder.path(), &["x.toml"]);
    assert!(verdicts.keys().any(|cell| cell.starts_with("malloc#")), "{verdicts:?}");
    assert!(verdicts.values().any(|verdict| verdict == "reported"), "{verdicts:?}");
    assert!(!verdicts.values().any(|verdict| verdict == "silent"), "{verdicts:?}");
}

/// Programs that have been looked at for decades: what a sweep has to say of them had better be true.
#[test]
fn programs_that_are_right_are_not_accused() {
    if !can_trace() {
        return;
    }
    for command in [&["cat", "a"][..], &["cp", "a", "b"], &["sort", "a"]] {
        if !has_program(command[0]) {
            continue;
        }
        let folder = folder(&[("a", "two\none\n")]);
        let words =
            [&["--faults", "errors,short,eintr,signals", "--mode", "once,from", "--limit", "60", "--"], command]
                .concat();
        let verdicts = verdicts(folder.path(), &words);
        assert!(verdicts.len() > 20, "{command:?}: {verdicts:?}");
        assert!(verdicts.values().any(|verdict| verdict == "reported"), "{command:?}: {verdicts:?}");
        let odd: Vec<_> = verdicts
            .iter()
            .filter(|(_, verdict)| !["masked", "reported", "not-fired"].contains(&verdict.as_str()))
            .collect();
        assert!(odd.is_empty(), "{command:?}: {odd:?}");
    }
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
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do printf $i > out$i; done",
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
