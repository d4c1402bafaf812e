//! Which calls are one line and which are two.

use super::*;
use crate::transcript::{Call, CallResult, Value};

fn task(number: u32) -> TaskName {
    TaskName { process: number, thread: 1 }
}

fn call(process: u32, written: bool) -> Box<Event> {
    let result = Some(CallResult::Value { raw: 0, value: Value::Int(0) });
    let kind = EventKind::Call(Call { sysno: None, number: 1, args: Vec::new(), result, part: Part::Whole });
    Box::new(Event { written, ..Event::new(task(process), "kv", kind) })
}

fn exit(process: u32) -> Box<Event> {
    Box::new(Event { kind: EventKind::Exit { code: 0 }, ..*call(process, true) })
}

fn line(event: &Event) -> String {
    let text = event.to_string().replace("syscall_0x1()", "call").replace("     ", " ");
    if event.written { text } else { format!("({text})") }
}

/// Steps: `+2` P2's call begins, `-2` it ends, `~2` it ends unwritten, `x2` P2 exits, `/2` another line of P2 comes,
/// `!2` its call is forgotten.
fn check(steps: &str, expected: &[&str]) {
    let (mut weave, mut events, mut begun) = (Weave::default(), Vec::new(), BTreeMap::new());
    for step in steps.split(' ') {
        let process = step[1..].parse().unwrap();
        match &step[..1] {
            "+" => drop(begun.insert(process, weave.start(call(process, true)))),
            kind @ ("-" | "~") => {
                let ended = begun.remove(&process).and_then(|begun| weave.end(task(process), begun));
                let ended = ended.unwrap_or_else(|| call(process, true));
                weave.push(Box::new(Event { written: kind == "-", ..*ended }), &mut events);
            }
            "x" => weave.push(exit(process), &mut events),
            "/" => weave.split(task(process), &mut events),
            _ => weave.forget(task(process)),
        }
    }
    let lines: Vec<String> = events.iter().map(line).collect();
    assert_eq!(lines, expected, "{steps}");
}

#[test]
fn a_call_is_one_line_unless_another_falls_into_it() {
    check("+1 -1 +2 -2", &["P1 call = 0", "P2 call = 0"]);
    check("+1 +2 -2 -1", &["P1 call ...", "P2 call = 0", "P1 call resumed = 0"]);
    check("+1 +2 -1 -2", &["P2 call ...", "P1 call = 0", "P2 call resumed = 0"]);
    check("+1 x2 x3 -1", &["P1 call ...", "P2 +++ exited 0", "P3 +++ exited 0", "P1 call resumed = 0"]);
}

#[test]
fn starts_are_shown_in_the_order_of_names() {
    check("+3 +2 x1", &["P2 call ...", "P3 call ...", "P1 +++ exited 0"]);
}

#[test]
fn what_is_not_written_splits_nothing() {
    check("+1 ~2 -1", &["(P2 call = 0)", "P1 call = 0"]);
    check("+1 x2 ~1", &["P1 call ...", "P2 +++ exited 0", "P1 call resumed = 0"]);
}

#[test]
fn lines_of_the_same_task_split_when_told() {
    check("+1 /1 /1 -1", &["P1 call ...", "P1 call resumed = 0"]);
    check("/1 -1", &["P1 call = 0"]);
}

#[test]
fn a_call_without_an_end_is_forgotten() {
    check("+1 !1 x2", &["P2 +++ exited 0"]);
    check("+1 x1 x2", &["P1 +++ exited 0", "P2 +++ exited 0"]);
}
