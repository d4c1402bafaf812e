//! `rinject sweep`: what runs with a fault show of a program, and that those without mistakes are not accused.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use common::sweeps::{script, verdicts};
use common::{can_trace, folder, has_program, rinject};

mod common;

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
    let stale = "test ! -e lock || exit 1; : > lock; printf text > out; rm lock";
    check(&script(stale, term), "write#1:SIGTERM", "leftover");
    check(&script(": > lock; printf text > out; rm lock", term), "write#1:SIGTERM", "reported");
    let caught = "trap 'exit 1' TERM; : > lock; printf text > out; rm lock";
    check(&script(caught, term), "write#1:SIGTERM", "leftover");
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
    let mute = "[[check]]\nrun = ['sh', '-c', 'test ! -e log || mv -f log gone; test -e store; rm -f gone']\n";
    check(&script(kept, &format!("{mute}{more}")), cell, "silent");
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
fn a_result_that_hangs_on_the_time_is_compared_all_the_same() {
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
    assert!(!err.contains("not compared"), "{err}");
    // What shows parts of a second is compared by what does not.
    let dated = "(date +%N; printf text) > out 2> /dev/null; exit 0";
    check(&script(dated, "[sweep]\non = 'write'\nerror = 'ENOSPC'"), "write#2:ENOSPC", "silent");
}

#[test]
fn what_a_setup_puts_in_by_the_clock_of_the_machine_is_left_out() {
    if !can_trace() {
        return;
    }
    let setup = "[[setup]]\nrun = ['sh', '-c', 'date +%s > made']\n[determinism]\ntime = 'virtual'\n";
    let spec = script("cat made > out", &format!("{setup}[sweep]\non = 'file.open'"));
    let folder = folder(&[("x.toml", &spec)]);
    let (_, out, err) = rinject(folder.path(), &["sweep", "x.toml"]);
    assert!(err.contains("what is in `made`, what is in `out`"), "{out}{err}");
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
