//! What patterns find in events.

use super::*;
use crate::abi::flags::flag_sets;
use crate::abi::{Errno, Sysno};
use crate::transcript::{PathValue, TaskName};

const P1: TaskName = TaskName { process: 1, thread: 1 };
const P2: TaskName = TaskName { process: 2, thread: 1 };

fn event(kind: EventKind) -> Event {
    Event::new(P1, "kv", kind)
}

fn openat(part: Part) -> Event {
    let path = PathValue { shown: "x".into(), host: "/d/x".into() };
    let arg = |name, raw, value| Arg { name, raw, value };
    let made = Value::Descriptor { name: "fd#1".into(), introduced: None, host: "/d/x".into(), object: 1 };
    event(EventKind::Call(Call {
        sysno: Sysno::parse("openat"),
        number: 257,
        args: vec![
            arg("dirfd", u64::from(-100_i32 as u32), Value::AtFdcwd),
            arg("path", 0x7fff_0000, Value::Path(path)),
            arg("flags", 0o101, Value::Flags { set: &flag_sets::OPEN, bits: 0o101 }),
            arg("mode", 0o644, Value::Octal(0o644)),
        ],
        result: Some(CallResult::Value { raw: 3, value: made }),
        part,
    }))
}

#[test]
fn arguments_by_name_and_position() {
    let event = openat(Part::Whole);
    let number = |name: &str| event.arg(name).and_then(|operand| operand.number);
    assert_eq!(number("dirfd"), Some(-100));
    assert_eq!(number("arg0"), Some(-100));
    assert_eq!(number("mode"), Some(0o644));
    assert_eq!(number("arg4"), None);
    assert_eq!(number("nothing"), None);
    let path = event.arg("path").unwrap();
    assert_eq!((path.text.as_deref(), path.is_path, path.number), (Some("/d/x"), true, None));
    assert_eq!(event.arg("flags").unwrap().flags, Some(&flag_sets::OPEN));
}

#[test]
fn results() {
    let event = openat(Part::Whole);
    let Some(ResultView::Value(made)) = event.result() else { panic!("no value") };
    assert_eq!((made.number, made.identity.as_deref(), made.text.as_deref()), (Some(3), Some("fd#1"), Some("/d/x")));
    let mut failed = openat(Part::Whole);
    let EventKind::Call(call) = &mut failed.kind else { panic!("no call") };
    call.result = Errno::new(2).map(CallResult::Error);
    assert!(matches!(failed.result(), Some(ResultView::Error(errno)) if errno.number() == 2));
}

#[test]
fn the_start_of_a_call_is_no_event_of_its_own() {
    assert_eq!(openat(Part::Started).kind(), SubjectKind::Other);
    assert_eq!(openat(Part::Resumed).kind(), SubjectKind::Call(Sysno::parse("openat")));
}

#[test]
fn the_life_of_tasks() {
    let exec = event(EventKind::Exec { program: "${tmp}/kv".into(), argc: 2 });
    assert_eq!(exec.arg("argc").unwrap().number, Some(2));
    assert_eq!(exec.first().unwrap().text.as_deref(), Some("${tmp}/kv"));
    assert_eq!(event(EventKind::Exit { code: 7 }).arg("code").unwrap().number, Some(7));
    let clone = event(EventKind::Clone { child: P2, call: "vfork" });
    assert_eq!(clone.arg("child").unwrap().identity.as_deref(), Some("P2"));
    assert_eq!(clone.arg("call").unwrap().text.as_deref(), Some("vfork"));
    let killed =
        event(EventKind::Killed(Signal::KILL)).first().map(|first| (first.number, first.text.map(String::from)));
    assert_eq!(killed, Some((Some(9), Some("SIGKILL".to_owned()))));
}

#[test]
fn a_socket_address_has_the_text_of_its_path() {
    let path = PathValue { shown: "s".into(), host: "/d/s".into() };
    let address = Value::Struct(vec![("sa_family", Value::Word("AF_UNIX".into())), ("sun_path", Value::Path(path))]);
    assert_eq!(operand(&address, 0).text.as_deref(), Some("/d/s"));
}
