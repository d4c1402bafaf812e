//! Which events meet an expectation, break it, or nearly meet it.

use std::sync::Arc;

use super::*;
use crate::abi::{Arch, Errno, Sysno};
use crate::diagnostic::Source;
use crate::plan::{Context, Plan, lower};
use crate::transcript::{Call, CallResult, Event, EventKind, Part, Record, Sink, TaskName, Value};

fn plan(expect: &str) -> Plan {
    let text = format!(
        "spec = 1\n[target]\nprogram = \"kv\"\n[trace]\nsyscalls = [\"write\", \"fsync\", \"close\"]\n[expect]\n{expect}"
    );
    let spec = crate::spec::parse(&Arc::new(Source::new("kv.toml", text))).unwrap();
    lower(&spec, &Context::new(Arch::X86_64, "/case", "/specs")).unwrap()
}

/// A word of a run: a call, `fsync!` one that failed, `(fsync)` one that is not written, `fsync:2` one with two frames,
/// `exit3` the end.
fn event(word: &str) -> Event {
    let name = word.trim_matches(['(', ')']);
    let (name, frames) = name.split_once(':').unwrap_or((name, "0"));
    let kind = match name.strip_prefix("exit") {
        Some(code) => EventKind::Exit { code: code.parse().unwrap() },
        None => EventKind::Call(Call {
            sysno: Some(Sysno::parse(name.trim_end_matches('!')).unwrap()),
            number: 0,
            args: Vec::new(),
            result: Some(match name.ends_with('!') {
                true => CallResult::Error(Errno::new(5).unwrap()),
                false => CallResult::Value { raw: 0, value: Value::Int(0) },
            }),
            part: Part::Whole,
        }),
    };
    Event {
        frames: vec!["kv!main".into(); frames.parse().unwrap()],
        written: !word.starts_with('('),
        ..Event::new(TaskName { process: 1, thread: 1 }, "kv", kind)
    }
}

/// Judges a run; the expectations about events come back, those about the end with them.
fn judged(plan: &Plan, run: &str) -> Outcome {
    let mut judge = Judge::new(plan);
    run.split_whitespace().for_each(|word| judge.event(&event(word)));
    let code = run.rsplit_once("exit").map(|(_, code)| crate::abi::Ending::Exited(code.parse().unwrap()));
    let record = Record { ending: code, started: true, events: 1, ..Record::default() };
    Evidence { record, ..Evidence::default() }.judge(plan, judge.finish())
}

fn told(plan: &Plan, found: &Match) -> String {
    let written = if found.is_written { "" } else { "after " };
    let mut text = format!("{written}{} {}", found.line, found.role.name());
    found.step.iter().for_each(|step| text += &format!(" step {step}"));
    found.nth.iter().for_each(|nth| text += &format!(" no. {nth}"));
    let words = plan.source.slice(found.span.unwrap_or_default()).trim_matches(['"', '\'']);
    if words.is_empty() { text } else { format!("{text}: {words}") }
}

/// Checks the matches of the last expectation; a run without an end is judged by its events alone.
fn check(expect: &str, run: &str, holds: bool, expected: &[&str]) {
    let plan = plan(expect);
    let outcome = judged(&plan, run);
    let met = outcome.met.last().unwrap();
    let matches: Vec<String> = met.matches.iter().map(|found| told(&plan, found)).collect();
    assert_eq!((met.holds, matches), (holds, expected.iter().map(|&text| text.to_owned()).collect()), "{met:?}");
    let failed = outcome.failures.iter().any(|failure| failure.kind == met.expectation.kind());
    assert_eq!(failed, !holds, "{:?}", outcome.failures);
}

fn sequence(items: &str, run: &str, holds: bool, expected: &[&str]) {
    check(
        &format!("exit = \"any\"\n[[expect.sequence]]\nname = \"order\"\nevents = [{items}]\n"),
        run,
        holds,
        expected,
    );
}

#[test]
fn what_is_counted_has_a_number_and_one_too_many_breaks_it() {
    let count = |is: &str| format!("exit = \"any\"\ncount = [{{ event = \"fsync()\", is = \"{is}\" }}]\n");
    check(&count("2"), "write fsync fsync exit0", true, &["2 meets no. 1: fsync()", "3 meets no. 2: fsync()"]);
    check(&count("1"), "fsync fsync exit0", false, &["1 meets no. 1: fsync()", "2 breaks no. 2: fsync()"]);
    check(&count("0"), "write exit0", true, &[]);
    check(&count("0"), "fsync exit0", false, &["1 breaks no. 1: fsync()"]);
    check(&count("1..3"), "write fsync:2 fsync exit0", true, &["2 meets no. 1: fsync()", "5 meets no. 2: fsync()"]);
}

#[test]
fn what_was_to_happen_has_a_nearest_miss() {
    let expect = "exit = \"any\"\ncount = [{ event = \"fsync() -> EIO\", is = \"2\" }]\n";
    check(expect, "fsync write exit0", false, &["1 misses: fsync() -> EIO"]);
    check(expect, "fsync! fsync exit0", false, &["1 meets no. 1: fsync() -> EIO", "2 misses: fsync() -> EIO"]);
    check(
        expect,
        "fsync fsync! fsync! fsync exit0",
        true,
        &["2 meets no. 1: fsync() -> EIO", "3 meets no. 2: fsync() -> EIO"],
    );
    let either = "exit = \"any\"\ncount = [{ event = \"write() -> EIO, close(fd = 7)\", is = \"1\" }]\n";
    check(either, "close write close exit0", false, &["2 misses: write() -> EIO, close(fd = 7)"]);
    let plan = plan(expect);
    assert_eq!(judged(&plan, "write fsync exit0").failures[0].near, Some(2), "the failure shows it");
    assert_eq!(judged(&plan, "fsync! fsync exit0").failures[0].near, Some(1), "rather one that counts");
}

#[test]
fn what_must_never_happen_is_broken_each_time() {
    let expect = "exit = \"any\"\nnever = [\"fsync()\"]\n";
    check(expect, "write exit0", true, &[]);
    check(expect, "fsync write fsync exit0", false, &["1 breaks: fsync()", "3 breaks: fsync()"]);
}

#[test]
fn events_that_are_not_written_stand_after_a_line() {
    let expect = "exit = \"any\"\nnever = [\"fsync()\"]\n";
    check(expect, "(fsync) write (fsync) exit0", false, &["after 0 breaks: fsync()", "after 1 breaks: fsync()"]);
}

#[test]
fn each_step_of_a_sequence_is_met_on_its_line() {
    let items = r#""write()", { not = "close()" }, { next = "fsync()" }, { last = "exit()" }"#;
    sequence(
        items,
        "close write fsync exit0",
        true,
        &["2 meets step 1: write()", "3 meets step 3: fsync()", "4 meets step 4: exit()"],
    );
    sequence(items, "write write fsync exit0", false, &["1 meets step 1: write()", "2 breaks step 3: fsync()"]);
    let items =
        r#"{ any-order = ["close()", "write()"] }, { count = "2..", event = "fsync()" }, { optional = "close()" }"#;
    sequence(
        items,
        "write close fsync fsync close exit0",
        true,
        &[
            "1 meets step 1: write()",
            "2 meets step 1: close()",
            "3 meets step 2 no. 1: fsync()",
            "4 meets step 2 no. 2: fsync()",
            "5 meets step 3: close()",
        ],
    );
}

#[test]
fn a_sequence_that_ends_early_shows_the_step_that_is_missing() {
    let items = r#""write()", { not = "close()" }, "fsync() -> EIO""#;
    sequence(
        items,
        "write fsync fsync exit0",
        false,
        &["1 meets step 1: write()", "3 misses step 3: fsync() -> EIO"],
    );
    sequence(items, "write close exit0", false, &["1 meets step 1: write()", "2 breaks step 2: close()"]);
    sequence(items, "write exit0", false, &["1 meets step 1: write()"]);
    // What is last is known at the end only.
    sequence(
        r#""write()", { last = "fsync()" }"#,
        "write fsync write exit0",
        false,
        &["1 meets step 1: write()", "2 misses step 2: fsync()"],
    );
}

#[test]
fn the_end_of_the_first_process_meets_or_breaks_its_exit() {
    check("exit = 3\n", "write exit3", true, &["2 meets: 3"]);
    check("exit = { any-of = [0, 3] }\n", "exit4", false, &["1 breaks: [0, 3]"]);
    check("", "exit0", true, &["1 meets"]);
    let plan = plan("exit = 3\n");
    assert_eq!(judged(&plan, "exit3").met[0].expectation, Expectation::Exit { is: "exit 3".into() });
    assert_eq!(judged(&plan, "write").met[0].matches, [], "it came to no end");
}

#[test]
fn of_many_matches_the_first_thousand_are_kept_and_the_others_counted() {
    let plan = plan("exit = \"any\"\ncount = [{ event = \"fsync()\", is = \"2000\" }]\n");
    let outcome = judged(&plan, &"fsync ".repeat(1500));
    let met = outcome.met.last().unwrap();
    assert_eq!((met.matches.len(), met.more, met.matches[999].line), (1000, 500, 1000));
    let outcome = judged(&plan, &format!("{}exit0", "write ".repeat(1500)));
    assert_eq!((outcome.met[1].matches.len(), outcome.met[1].more), (0, 0));
}

#[test]
fn of_many_expectations_each_keeps_a_few_places() {
    let counts = "{ event = 'fsync', is = '0..' }, ".repeat(3000);
    let plan = plan(&format!("count = [{counts}]"));
    let outcome = judged(&plan, &format!("{}exit0", "fsync ".repeat(100)));
    let counts: Vec<&Met> =
        outcome.met.iter().filter(|met| matches!(met.expectation, Expectation::Count { .. })).collect();
    assert_eq!(counts.len(), 3000);
    assert!(counts.iter().all(|met| (met.matches.len(), met.more) == (10, 90)));
}
