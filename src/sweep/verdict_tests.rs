//! Verdicts: what runs come to, case by case.

use super::*;
use crate::abi::{Errno, Sysno};
use crate::plan::{Compare, Mode};
use crate::sweep::facts::Checked;
use crate::sweep::left::tests::file;
use crate::sweep::point::Called;
use crate::sweep::point::tests::point;
use crate::sweep::steady::settle;

/// A run as it is without a fault.
fn good() -> Facts {
    let files = ["in", "out"].map(|name| (name.to_owned(), file("abc")));
    Facts {
        ended: Some(Ending::Exited(0)),
        stdout: b"one\ntwo\n".to_vec(),
        files: files.into(),
        before: ["in".to_owned(), "old".to_owned()].into(),
        ..Facts::default()
    }
}

fn errno(name: &str) -> Fault {
    Fault::Error(Errno::parse(name).unwrap())
}

fn judged(fault: Fault, stream: Option<Stream>, change: impl FnOnce(&mut Facts)) -> Outcome {
    let compare = Compare { exit: true, stdout: true, files: true };
    let golden = settle(&[good(), good()], compare).unwrap();
    let mut facts = Facts { fired: 1, ..good() };
    change(&mut facts);
    let mut point = point("write", 1, &[]);
    point.circumstances.stream = stream;
    let called = Called::Call(Sysno::parse("write").unwrap());
    let cell = Cell { point: 0, called, nth: 1, fault, mode: Mode::Once, after: None };
    judge(&golden, &facts, &cell, &point)
}

fn check(fault: Fault, change: impl FnOnce(&mut Facts), expected: Verdict) {
    assert_eq!(judged(fault, None, change).verdict, expected);
}

fn exits(facts: &mut Facts, code: i32, said: &str) {
    facts.ended = Some(Ending::Exited(code));
    facts.stderr = said.into();
}

fn dies(facts: &mut Facts, signal: &str) {
    facts.ended = Some(Ending::Killed(Signal::parse(signal).unwrap()));
}

#[test]
fn errors_that_change_nothing_are_masked() {
    check(errno("EIO"), |_| {}, Verdict::Masked);
    check(errno("EIO"), |facts| facts.stderr = b"warning: try again\n".to_vec(), Verdict::Masked);
    check(errno("EIO"), |facts| facts.fired = 9, Verdict::Masked);
}

#[test]
fn a_fault_that_did_not_fire_says_nothing_of_the_program() {
    let prevented = |facts: &mut Facts| {
        facts.fired = 0;
        facts.prevented = Some("`write` fails with EINTR only where a signal can come".to_owned());
        exits(facts, 1, "");
    };
    let outcome = judged(Fault::Interrupt, None, prevented);
    assert_eq!(outcome.verdict, Verdict::NotFired);
    assert_eq!(outcome.evidence.notes, ["`write` fails with EINTR only where a signal can come"]);
}

#[test]
fn errors_are_reported_by_a_status_and_a_message() {
    let partial = |facts: &mut Facts| {
        exits(facts, 1, "kv: out: no space left\n");
        facts.stdout = b"one\n".to_vec();
        facts.files.insert("out".to_owned(), file(""));
    };
    check(errno("ENOSPC"), partial, Verdict::Reported);
    check(errno("ENOSPC"), |facts| exits(facts, 1, ""), Verdict::NoMessage);
    // Some say it where their results go.
    let on_stdout = |facts: &mut Facts| {
        exits(facts, 1, "");
        facts.stdout = b"one\nerror: no space left\n".to_vec();
    };
    check(errno("ENOSPC"), on_stdout, Verdict::Reported);
    let as_make_does = |facts: &mut Facts| {
        exits(facts, 2, "");
        facts.stdout = b"one\nmake: *** virtual memory exhausted\n".to_vec();
    };
    check(errno("ENOMEM"), as_make_does, Verdict::Reported);
    // A result that is another is none.
    let other = |facts: &mut Facts| {
        exits(facts, 1, "");
        facts.stdout = b"one\nthree\n".to_vec();
    };
    check(errno("ENOSPC"), other, Verdict::NoMessage);
    assert_eq!(judged(errno("ENOSPC"), None, other).evidence.message, [""; 0]);
    // A line that was cut short is no message.
    let cut = |facts: &mut Facts| {
        exits(facts, 1, "");
        facts.stdout = b"one\ntw".to_vec();
    };
    check(errno("ENOSPC"), cut, Verdict::NoMessage);
}

#[test]
fn who_cannot_print_or_was_asked_to_end_need_not_say_so() {
    check(Fault::Signal(Signal::parse("SIGTERM").unwrap()), |facts| exits(facts, 1, ""), Verdict::Reported);
    for stream in [Stream::Out, Stream::Err] {
        assert_eq!(judged(errno("EIO"), Some(stream), |facts| exits(facts, 1, "")).verdict, Verdict::Reported);
    }
    check(errno("EPIPE"), |facts| exits(facts, 141, ""), Verdict::Reported);
    check(errno("EPIPE"), |facts| exits(facts, 1, ""), Verdict::NoMessage);
    check(errno("EIO"), |facts| exits(facts, 141, ""), Verdict::NoMessage);
    let mute = |facts: &mut Facts| {
        exits(facts, 1, "");
        facts.is_mute = true;
    };
    check(errno("ENOSPC"), mute, Verdict::Reported);
    let lost = |facts: &mut Facts| facts.stdout.clear();
    assert_eq!(judged(errno("ENOSPC"), Some(Stream::Out), lost).verdict, Verdict::Silent);
}

#[test]
fn a_status_that_says_all_is_well_over_another_result_is_silent() {
    check(errno("EIO"), |facts| facts.stdout = b"one\n".to_vec(), Verdict::Silent);
    check(errno("EIO"), |facts| drop(facts.files.remove("out")), Verdict::Silent);
    check(errno("EIO"), |facts| drop(facts.files.insert("out".to_owned(), file("ab"))), Verdict::Silent);
    check(errno("EIO"), |facts| drop(facts.files.insert("old".to_owned(), file("ab"))), Verdict::Silent);
    let outcome = judged(Fault::Short, None, |facts| facts.stdout = b"one\n".to_vec());
    assert_eq!(outcome.evidence.stdout, Some(("one\ntwo\n".to_owned(), "one\n".to_owned())));
    assert_eq!(outcome.evidence.notes, ["standard output differs"]);
}

#[test]
fn signals_that_nobody_sent_are_crashes() {
    check(errno("ENOMEM"), |facts| dies(facts, "SIGSEGV"), Verdict::Crash);
    check(errno("EIO"), |facts| dies(facts, "SIGPIPE"), Verdict::Crash);
    check(errno("EPIPE"), |facts| dies(facts, "SIGPIPE"), Verdict::Reported);
    check(Fault::Signal(Signal::parse("SIGTERM").unwrap()), |facts| dies(facts, "SIGTERM"), Verdict::Reported);
    check(Fault::Signal(Signal::parse("SIGTERM").unwrap()), |facts| dies(facts, "SIGSEGV"), Verdict::Crash);
    check(Fault::Interrupt, |facts| dies(facts, "SIGHUP"), Verdict::Reported);
    let child = |facts: &mut Facts| {
        exits(facts, 1, "the helper died\n");
        facts.crashed = vec!["helper by SIGSEGV".to_owned()];
    };
    check(errno("EIO"), child, Verdict::Crash);
}

#[test]
fn what_is_left_behind_is_told() {
    let leaves = |facts: &mut Facts| {
        exits(facts, 1, "kv: no space left\n");
        facts.files.insert("out.tmp".to_owned(), file(""));
    };
    let outcome = judged(errno("ENOSPC"), None, leaves);
    assert_eq!((outcome.verdict, outcome.evidence.leftovers), (Verdict::Leftover, vec!["out.tmp".to_owned()]));
    check(errno("EIO"), |facts| drop(facts.files.insert("lock".to_owned(), file(""))), Verdict::Leftover);
    check(errno("EIO"), |facts| facts.orphans = 1, Verdict::Leftover);
    let cannot = |facts: &mut Facts| {
        facts.files.insert("out.tmp".to_owned(), file(""));
        facts.kept.insert("out.tmp".to_owned());
    };
    check(errno("EBUSY"), cannot, Verdict::Masked);
    let told = |said: &'static str| {
        move |facts: &mut Facts| {
            exits(facts, 1, said);
            facts.files.insert("out.tmp".to_owned(), file(""));
        }
    };
    check(errno("ENOSPC"), told("kv: cannot write out.tmp: no space left\n"), Verdict::Leftover);
    check(errno("ENOSPC"), told("kv: no space; what there is was left as out.tmp\n"), Verdict::Reported);
    let stopped = |facts: &mut Facts| {
        dies(facts, "SIGTERM");
        facts.files.insert("lock".to_owned(), file(""));
    };
    check(Fault::Signal(Signal::parse("SIGTERM").unwrap()), stopped, Verdict::Leftover);
}

#[test]
fn findings_are_told_apart_by_where_the_result_is_another() {
    let shows = |fault: Fault, change: &dyn Fn(&mut Facts)| judged(fault, None, |facts| change(facts)).evidence.shows;
    let leaves = |name: &'static str| move |facts: &mut Facts| drop(facts.files.insert(name.to_owned(), file("")));
    assert_eq!(shows(errno("EIO"), &leaves("dir/sedA1b2C3")), ["dir/sedXXXXXX"]);
    assert_eq!(shows(errno("EIO"), &leaves("a.db-journal")), ["a.db-journal"]);
    assert_eq!(shows(errno("EIO"), &leaves("a.go.1302531484")), ["a.go.N"]);
    assert_eq!(shows(errno("EIO"), &leaves("temp-24081.aof.302")), ["temp-N.aof.302"]);
    assert_eq!(shows(errno("EIO"), &leaves("log-123456")), ["log-N"]);
    let lost = |facts: &mut Facts| {
        facts.stdout.clear();
        facts.files.remove("out");
    };
    assert_eq!(shows(errno("EIO"), &lost), ["out", "standard output"]);
    assert_eq!(shows(Fault::Torn, &|facts| facts.checks.push(failed(false))), ["check \"fsck\""]);
    assert_eq!(shows(errno("EIO"), &|_| {}), [""; 0]);
}

#[test]
fn after_a_kill_the_checks_decide() {
    let killed = |facts: &mut Facts| {
        dies(facts, "SIGKILL");
        facts.stdout.clear();
        facts.files.remove("out");
    };
    check(Fault::KillBefore, killed, Verdict::Masked);
    let broken = |facts: &mut Facts| {
        killed(facts);
        facts.checks.push(failed(false));
    };
    check(Fault::Torn, broken, Verdict::Broken);
    let locked = |facts: &mut Facts| {
        killed(facts);
        facts.files.insert("lock".to_owned(), file(""));
    };
    check(Fault::KillAfter, locked, Verdict::Leftover);
    check(errno("EIO"), |facts| facts.checks.push(failed(false)), Verdict::Broken);
}

fn failed(is_always: bool) -> Checked {
    let failed = vec!["check \"fsck\" exited 1, expected 0".to_owned()];
    Checked { name: "fsck".to_owned(), is_always, failed, printed: Vec::new() }
}

#[test]
fn who_says_that_it_failed_is_held_to_what_always_holds() {
    let reported = |is_always: bool| {
        move |facts: &mut Facts| {
            exits(facts, 1, "kv: no space left\n");
            facts.checks.push(failed(is_always));
        }
    };
    check(errno("ENOSPC"), reported(false), Verdict::Reported);
    check(errno("ENOSPC"), reported(true), Verdict::Broken);
    let stopped = |is_always: bool| {
        move |facts: &mut Facts| {
            dies(facts, "SIGTERM");
            facts.checks.push(failed(is_always));
        }
    };
    let term = Fault::Signal(Signal::parse("SIGTERM").unwrap());
    check(term, stopped(false), Verdict::Reported);
    check(term, stopped(true), Verdict::Broken);
    let outcome = judged(errno("ENOSPC"), None, reported(true));
    assert_eq!(outcome.evidence.notes, ["check \"fsck\" exited 1, expected 0"]);
}

#[test]
fn runs_without_an_end_hang_or_are_busy() {
    let busy = Stuck::Busy { call: "write".to_owned(), errno: "ENOSPC".to_owned(), times: 5001 };
    let stuck = |stuck: Stuck| {
        judged(errno("ENOSPC"), None, |facts| {
            facts.ended = None;
            facts.stuck = Some(stuck);
        })
    };
    let outcome = stuck(busy);
    assert_eq!(outcome.verdict, Verdict::BusyRetry);
    assert_eq!(outcome.evidence.how, "makes `write` again and again, which fails with ENOSPC: 5001 times in a row");
    let outcome = stuck(Stuck::Hang(vec!["P1 waits in read".to_owned()]));
    assert_eq!((outcome.verdict, outcome.evidence.notes), (Verdict::Hang, vec!["P1 waits in read".to_owned()]));
}

#[test]
fn a_run_that_was_given_up_before_its_fault_proves_nothing() {
    let run = |fired: u64, stuck: Option<Stuck>, prevented: Option<&str>| Facts {
        fired,
        stuck,
        prevented: prevented.map(str::to_owned),
        ..good()
    };
    let slow = || Some(Stuck::Slow(vec!["P1 computes".to_owned()]));
    assert_eq!(run(0, slow(), None).lost().as_deref(), Some("it had no time to come to that call"));
    assert_eq!(run(0, None, None).lost().as_deref(), Some("it did not make that call"));
    assert_eq!(run(0, None, Some("it cannot fail so")).lost(), None);
    assert_eq!(run(1, slow(), None).lost(), None);
    assert!(run(1, slow(), None).is_open() && run(0, None, None).is_open());
    assert!(!run(1, None, None).is_open() && !run(1, Some(Stuck::Hang(Vec::new())), None).is_open());
    let given_up = |facts: &mut Facts| {
        (facts.fired, facts.stuck) = (0, slow());
        facts.prevented = Some("it cannot fail so".to_owned());
    };
    check(errno("EIO"), given_up, Verdict::Hang);
}

#[test]
fn where_the_status_is_not_compared_the_result_is() {
    let compare = Compare { exit: false, stdout: true, files: true };
    let golden = settle(&[good(), good()], compare).unwrap();
    let called = Called::Call(Sysno::parse("write").unwrap());
    let cell = Cell { point: 0, called, nth: 1, fault: errno("EIO"), mode: Mode::Once, after: None };
    let mut facts = Facts { fired: 1, ..good() };
    exits(&mut facts, 1, "");
    assert_eq!(judge(&golden, &facts, &cell, &point("write", 1, &[])).verdict, Verdict::Masked);
}
