//! Orders of tasks: races that stand in fixtures are found, the switches that are told bring them back, and runs that are
//! not the same are told apart.

mod common;

use std::fs;
use std::path::Path;

/// How often an order is brought back; `RINJECT_REPLAYS` says otherwise.
fn replays() -> u32 {
    std::env::var("RINJECT_REPLAYS").ok().and_then(|number| number.parse().ok()).unwrap_or(5)
}

fn spec(folder: &Path, race: &str, determinism: &str) {
    let program = common::fixtures_bin().join("races");
    let text = format!(
        "spec = 1\n[target]\nprogram = {program:?}\nargs = [{race:?}]\ntimeout = \"30s\"\n{determinism}\n\
         [trace]\nsyscalls = [\"pread64\", \"pwrite64\", \"write\", \"futex\", \"wait4\"]\n[snapshot]\ntranscript = false\n"
    );
    fs::write(folder.join("race.toml"), text).unwrap();
}

/// A race is in no serial run, is found by one of a thousand seeds as this error, and comes back by the switches that are
/// told.
fn finds(race: &str, code: &str) {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    spec(here, race, "");
    let (status, out, err) = common::rinject(here, &["run", "race.toml"]);
    assert_eq!(status, 0, "{out}{err}");
    let (status, out, err) = common::rinject(here, &["run", "--seeds", "1..1000", "race.toml"]);
    assert!(status == 1 && out.contains(code), "no seed fails it so: {out}{err}");
    let note = out.lines().find_map(|line| line.split_once("`[determinism] ")?.1.strip_suffix("` brings it back"));
    let determinism = format!("[determinism]\n{}", note.unwrap_or_else(|| panic!("no switches are told: {out}")));
    spec(here, race, &determinism);
    let many = replays().to_string();
    let (status, out, err) = common::rinject(here, &["run", "--repeat", &many, "race.toml"]);
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.ends_with(&format!("0 passed, {many} failed\n")), "{out}");
}

#[test]
fn a_lost_update_is_found() {
    finds("lost-update", "RJ0702");
}

#[test]
fn locks_in_the_wrong_order_are_found() {
    finds("lock-order", "RJ0714");
}

#[test]
fn a_missed_wake_up_is_found() {
    finds("missed-wake-up", "RJ0714");
}

#[test]
fn an_order_of_ends_that_is_relied_on_is_found() {
    finds("exit-order", "RJ0702");
}

#[test]
fn seeds_that_fail_nothing_and_seeds_that_change_nothing_are_told() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (target, told) in [
        (
            "target = { program = \"sh\", args = [\"-c\", \"sleep 0.01 & true & wait\"] }",
            "none of the seeds 1..20 fails it",
        ),
        ("target = { program = \"true\" }", "its tasks never had to be chosen from"),
        ("target = { program = \"true\" }\ndeterminism = { schedule = \"free\" }", "a seed fixes no order"),
    ] {
        fs::write(here.join("x.toml"), format!("spec = 1\n{target}\nsnapshot = {{ transcript = false }}\n")).unwrap();
        let (status, out, err) = common::rinject(here, &["run", "--seeds", "1..20", "x.toml"]);
        assert!(status == 0 && out.contains(told), "{out}{err}");
    }
}

#[test]
fn what_is_drawn_is_compared_with_no_snapshot() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let spec = "spec = 1\ntarget = { program = \"sh\", args = [\"-c\", \"(echo a) & (echo b) & wait\"] }\n\
                trace = { syscalls = [\"write\"] }\n";
    fs::write(here.join("x.toml"), spec).unwrap();
    assert_eq!(common::rinject(here, &["run", "-u", "x.toml"]).0, 0);
    let golden = fs::read_to_string(here.join("x.snap")).unwrap();
    let (status, out, err) = common::rinject(here, &["run", "-u", "--seeds", "1..50", "x.toml"]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(fs::read_to_string(here.join("x.snap")).unwrap(), golden);
}

#[test]
fn runs_that_are_not_the_same_are_told_apart() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let write = |script: &str| {
        let spec = format!(
            "spec = 1\ntarget = {{ program = \"sh\", args = [\"-c\", {script:?}] }}\ntrace = {{ syscalls = [\"write\"] }}\n\
             snapshot = {{ transcript = false }}\n"
        );
        fs::write(here.join("x.toml"), spec).unwrap();
    };
    write("(echo a) & (echo b) & wait");
    let (status, out, err) = common::rinject(here, &["run", "--verify-determinism=10", "x.toml"]);
    assert_eq!(status, 0, "{out}{err}");
    write("echo $$");
    let (status, out, err) = common::rinject(here, &["run", "--verify-determinism", "x.toml"]);
    assert!(status == 1 && out.contains("RJ0713") && out.contains("the number of a process"), "{out}{err}");
    write("exec >/dev/null; echo $$ | wc -c; echo 1 >&2; echo $$ >&2");
    let (status, out, err) = common::rinject(here, &["run", "--verify-determinism", "x.toml"]);
    assert!(status == 1 && out.contains("RJ0713"), "{out}{err}");
}

#[test]
fn a_snapshot_that_will_not_be_the_same_is_told_when_it_is_made() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let spec = |determinism: &str| {
        let script = "echo $$; date +%s";
        format!(
            "spec = 1\ntarget = {{ program = \"sh\", args = [\"-c\", {script:?}] }}\n{determinism}\n\
             snapshot = {{ transcript = false, stdout = true }}\n"
        )
    };
    let warned = |out: &str| ["line 2 of the snapshot", "line 3 of the snapshot"].map(|line| out.contains(line));
    fs::write(here.join("x.toml"), spec("")).unwrap();
    let (status, out, err) = common::rinject(here, &["run", "x.toml"]);
    assert!(status == 1 && warned(&out) == [true, true], "{out}{err}");
    let (status, out, err) = common::rinject(here, &["run", "-u", "x.toml"]);
    assert!(status == 0 && warned(&out) == [true, true], "{out}{err}");
    fs::write(here.join("y.toml"), spec("determinism = { time = \"virtual\" }")).unwrap();
    let (status, out, err) = common::rinject(here, &["run", "-u", "y.toml"]);
    assert!(status == 0 && warned(&out) == [true, false], "{out}{err}");
}

#[test]
fn cases_are_run_until_one_fails() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let count = here.join("count");
    let script = format!("echo >> {0}; test $(wc -l < {0}) -lt 4", count.display());
    let spec = format!(
        "spec = 1\ntarget = {{ program = \"sh\", args = [\"-c\", {script:?}] }}\nsnapshot = {{ transcript = false }}\n"
    );
    fs::write(here.join("x.toml"), spec).unwrap();
    let (status, out, err) = common::rinject(here, &["run", "--until-fail", "x.toml"]);
    assert!(status == 1 && out.starts_with("FAIL") && out.ends_with("0 passed, 1 failed\n"), "{out}{err}");
    assert!(err.contains("3 of 4 rounds passed"), "{err}");
    assert_eq!(fs::read_to_string(count).unwrap().lines().count(), 4);
}

#[test]
fn who_waits_for_a_timer_is_not_deadlocked() {
    if !common::can_trace() || !common::has_program("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // Each ends after more time than a deadlock needs to be told.
    for script in [
        "import signal, threading; signal.alarm(2); l = threading.Lock(); l.acquire(); threading.Thread(target=l.acquire).start(); l.acquire()",
        "import os, time, threading; p = os.getpid()\nif os.fork() == 0:\n  time.sleep(2); os._exit(0)\nos.wait()",
        "import threading; e = threading.Event(); threading.Timer(2, e.set).start(); e.wait()",
    ] {
        let exit = if script.contains("alarm") { "{ signal = \"SIGALRM\" }" } else { "0" };
        let spec = format!(
            "spec = 1\ntarget = {{ program = \"python3\", args = [\"-S\", \"-c\", {script:?}] }}\nexpect = {{ exit = {exit} }}\n\
             snapshot = {{ transcript = false }}\n"
        );
        fs::write(here.join("x.toml"), spec).unwrap();
        let (status, out, err) = common::rinject(here, &["run", "x.toml"]);
        assert_eq!(status, 0, "{script}: {out}{err}");
    }
}

#[test]
fn where_nobody_gives_a_turn_away_is_told() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = common::fixtures_bin().join("spin-on-a-flag");
    let spec = format!(
        "spec = 1\ntarget = {{ program = {program:?}, args = [\"0\"] }}\nsnapshot = {{ transcript = false }}\n\
         determinism = {{ yield-at = [\"answered\", \"spin-on-a-flag.c:14\", \"answer\"] }}\n"
    );
    fs::write(folder.path().join("spin.toml"), spec).unwrap();
    let (status, out, err) = common::rinject(folder.path(), &["run", "spin.toml"]);
    assert_eq!(status, 0, "{out}{err}");
    let missing = "no task could give its turn away: no mapped file has the symbol `answered`; near is `answer`\n";
    let unreached = "no task has come to `spin-on-a-flag.c:14`, where it would give its turn away\n";
    assert!(out.contains(missing) && out.contains(unreached), "{out}");
    assert!(!out.contains("`answer`,"), "a task has come there: {out}");
}
