//! One line of text for each kind of event and value.

use super::*;
use crate::abi::flags::flag_sets;
use crate::abi::{Errno, Sysno, TaskId};
use crate::transcript::{Arg, Fired, PathValue};

const P1: TaskName = TaskName { process: 1, thread: 1 };
const P2: TaskName = TaskName { process: 2, thread: 1 };

fn event(task: TaskName, kind: EventKind) -> Event {
    Event::new(task, "kv", kind)
}

fn check(kind: EventKind, expected: &str) {
    assert_eq!(event(P1, kind).to_string(), format!("P1     {expected}"));
}

fn value(value: Value, expected: &str) {
    assert_eq!(value.to_string(), expected);
}

fn fsync(part: Part, result: Option<CallResult>) -> EventKind {
    let fd = Value::Descriptor { name: "fd#1".into(), introduced: None, host: "/x".into(), object: 1 };
    let args = vec![Arg { name: "fd", raw: 3, value: fd }];
    EventKind::Call(Call { sysno: Sysno::parse("fsync"), number: 74, args, result, part })
}

fn zero() -> Option<CallResult> {
    Some(CallResult::Value { raw: 0, value: Value::Int(0) })
}

fn sent(signal: &str, code: i32) -> SignalInfo {
    let signal = Signal::parse(signal).unwrap();
    SignalInfo { signal, code, sender: Some(TaskId(4711)), value: None, addr: None, status: None }
}

#[test]
fn calls() {
    check(fsync(Part::Whole, zero()), "fsync(fd#1) = 0");
    check(fsync(Part::Whole, Errno::new(5).map(CallResult::Error)), "fsync(fd#1) = -1 EIO");
    check(fsync(Part::Whole, Some(CallResult::Unknown)), "fsync(fd#1) = ?");
    check(fsync(Part::Whole, None), "fsync(fd#1) = ?");
    check(fsync(Part::Started, None), "fsync(fd#1) ...");
    check(fsync(Part::Resumed, zero()), "fsync(fd#1) resumed = 0");
    let args =
        vec![Arg { name: "arg0", raw: 1, value: Value::Int(1) }, Arg { name: "arg1", raw: 9, value: Value::Opaque }];
    let unknown = Call { sysno: None, number: 999, args, result: zero(), part: Part::Whole };
    check(EventKind::Call(unknown), "syscall_0x3e7(1, _) = 0");
}

#[test]
fn the_life_of_tasks() {
    check(EventKind::Exec { program: "kv".into(), argc: 8 }, "exec(\"kv\", argc=8)");
    check(EventKind::Clone { child: P2, call: "vfork" }, "clone P2 (vfork)");
    check(EventKind::Exit { code: 1 }, "+++ exited 1");
    check(EventKind::Killed(Signal::KILL), "+++ killed by SIGKILL");
    check(EventKind::Stopped(Signal::STOP), "stopped by SIGSTOP");
    check(EventKind::Note("one\nline".into()), "note: one\\nline");
    let thread = TaskName { process: 12, thread: 34 };
    assert_eq!(event(thread, EventKind::Exit { code: 0 }).to_string(), "P12.T34 +++ exited 0");
}

#[test]
fn signals() {
    let signal = |info: SignalInfo, sender, suppressed: bool| {
        let delivered = (!suppressed).then_some(info.signal);
        EventKind::Signal { info, sender, delivered }
    };
    check(signal(sent("TERM", 0), None, false), "--- SIGTERM {si_code=SI_USER}");
    check(signal(sent("TERM", 0), Some(P2), false), "--- SIGTERM {si_code=SI_USER, si_pid=P2}");
    check(signal(sent("TERM", 0), None, true), "--- SIGTERM {si_code=SI_USER} (suppressed)");
    let queued = SignalInfo { value: Some(7), ..sent("USR1", -1) };
    check(signal(queued, Some(P1), false), "--- SIGUSR1 {si_code=SI_QUEUE, si_pid=P1, si_int=7}");
    let exited = SignalInfo { status: Some(9), ..sent("CHLD", 1) };
    check(signal(exited, Some(P2), false), "--- SIGCHLD {si_code=CLD_EXITED, si_pid=P2, si_status=9}");
    let killed = SignalInfo { status: Some(9), ..sent("CHLD", 2) };
    check(signal(killed, Some(P2), false), "--- SIGCHLD {si_code=CLD_KILLED, si_pid=P2, si_status=SIGKILL}");
    check(signal(sent("SEGV", 77), None, false), "--- SIGSEGV {si_code=77}");
}

#[test]
fn rules_that_fired_stand_in_a_column() {
    let fired = |rule: &str, hit| Fired { rule: rule.into(), hit };
    let mut event = event(P1, fsync(Part::Whole, zero()));
    event.fired = vec![fired("a", 1), fired("b", 2)];
    let text = event.to_string();
    assert_eq!(text.find("(INJECTED a #1, b #2)"), Some(74));
    event.kind = EventKind::Note("x".repeat(80));
    assert!(event.to_string().ends_with("xx  (INJECTED a #1, b #2)"));
}

#[test]
fn numbers_and_names() {
    value(Value::Int(-1), "-1");
    value(Value::Uint(u64::MAX), "18446744073709551615");
    value(Value::Hex(255), "0xff");
    value(Value::Octal(0o644), "0644");
    value(Value::Octal(0), "0");
    value(Value::Flags { set: &flag_sets::OPEN, bits: 0o101 }, "O_WRONLY|O_CREAT");
    value(Value::AtFdcwd, "AT_FDCWD");
    value(Value::BadDescriptor(-1), "-1");
    value(Value::Null, "NULL");
    value(Value::Address("[heap]".into()), "[heap]");
    value(Value::Signal(Signal::CHLD), "SIGCHLD");
    value(Value::Task(P2), "P2");
    value(Value::Word("SIG_DFL".into()), "SIG_DFL");
    value(Value::Opaque, "_");
}

#[test]
fn descriptors_and_paths() {
    let fd = |introduced: Option<&str>| Value::Descriptor {
        name: "fd#2".into(),
        introduced: introduced.map(Into::into),
        host: "/host".into(),
        object: 1,
    };
    value(fd(None), "fd#2");
    value(fd(Some("pipe#1:r")), "fd#2<pipe#1:r>");
    value(fd(Some("${tmp}/a\nb")), "fd#2<${tmp}/a\\nb>");
    value(Value::Path(PathValue { shown: "${tmp}/x".into(), host: "/tmp/r/x".into() }), "\"${tmp}/x\"");
}

#[test]
fn strings_are_one_line_of_text() {
    let bytes = |shown: &[u8], expected: &str| {
        let len = shown.len() as u64;
        value(Value::Bytes { shown: shown.to_vec(), len, digest: None }, expected);
    };
    bytes(b"", "\"\"");
    bytes(b"a\n\t\r\"\\", r#""a\n\t\r\"\\""#);
    bytes(b"\x00\x1b\xff\xc3(", r#""\x00\x1b\xff\xc3(""#);
    bytes("é€\u{85}\u{2028}".as_bytes(), r#""é€\xc2\x85\xe2\x80\xa8""#);
    let cut = |digest: &str| Value::Bytes { shown: b"abc".to_vec(), len: 512, digest: Some(digest.into()) };
    value(cut("9f86d081"), r#""abc..." <512 B sha256:9f86d081>"#);
    value(cut(""), r#""abc..." <512 B>"#);
}

#[test]
fn structures_and_lists() {
    let list = |entries, more| Value::List { entries, more };
    value(Value::Struct(vec![("tv_sec", Value::Int(1)), ("tv_nsec", Value::Int(0))]), "{tv_sec=1, tv_nsec=0}");
    value(Value::Struct(Vec::new()), "{}");
    value(list(vec![Value::Int(1), Value::Int(2)], false), "[1, 2]");
    value(list(vec![Value::Int(1)], true), "[1, ...]");
    value(list(Vec::new(), true), "[...]");
    value(list(Vec::new(), false), "[]");
}
