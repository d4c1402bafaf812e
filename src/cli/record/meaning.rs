//! Events as the patterns of a sequence: what was done to which file, and what came of it.
//! It must not know a run; only its events.

use super::witness::below_folder;
use crate::cli::toml_text::{glob, literal};
use crate::transcript::{Call, CallResult, Event, EventKind, Part, Value};

/// A sequence that is longer is not read by anybody.
pub(super) const MOST: usize = 30;

/// The events of a sequence, in their order; whether some were left out because there are too many.
pub(super) fn sequence(events: &[Event]) -> (Vec<String>, bool) {
    let patterns: Vec<(String, bool)> = events.iter().skip(1).filter_map(pattern).collect();
    let all = without_repeats(patterns.iter().map(|(pattern, _)| pattern));
    if all.len() <= MOST {
        return (all, false);
    }
    // What looks only goes first.
    let mut changes = without_repeats(patterns.iter().filter(|(_, changes)| *changes).map(|(pattern, _)| pattern));
    changes.truncate(MOST);
    (changes, true)
}

fn without_repeats<'p>(patterns: impl Iterator<Item = &'p String>) -> Vec<String> {
    let mut all: Vec<String> = patterns.cloned().collect();
    all.dedup();
    all
}

/// An event as a pattern, and whether it changes anything.
fn pattern(event: &Event) -> Option<(String, bool)> {
    match &event.kind {
        EventKind::Call(call) => call_pattern(call),
        EventKind::Exec { program, .. } => {
            let name = program.rsplit('/').next().unwrap_or(program);
            quoted(&literal(&glob(name))).map(|name| (format!("exec(path ~ {name})"), true))
        }
        EventKind::Exit { code } => Some((format!("exit(code = {code})"), true)),
        EventKind::Killed(signal) => Some((format!("killed({signal})"), true)),
        EventKind::Clone { .. } => Some(("clone".to_owned(), true)),
        EventKind::Signal { .. }
        | EventKind::Stopped(_)
        | EventKind::Hit { .. }
        | EventKind::Watch { .. }
        | EventKind::Step { .. }
        | EventKind::Note(_) => None,
    }
}

fn call_pattern(call: &Call) -> Option<(String, bool)> {
    let name = call.sysno.filter(|_| call.part != Part::Started)?.name();
    let paths: Vec<String> = call
        .args
        .iter()
        .filter_map(|arg| match &arg.value {
            Value::Path(path) => Some(format!("{} ~ {}", arg.name, named(&path.host)?)),
            _ => None,
        })
        .collect();
    let descriptor = |value: &Value| match value {
        // What the program was given to print to has no name that lasts.
        Value::Descriptor { host, .. } if !host.ends_with(" (deleted)") && !host.starts_with("anon:") => named(host),
        _ => None,
    };
    let descriptors = call.args.iter().filter_map(|arg| Some(format!("{} ~ {}", arg.name, descriptor(&arg.value)?)));
    let tests = if paths.is_empty() { descriptors.collect() } else { paths };
    let (result, fails) = match &call.result {
        Some(CallResult::Value { .. }) => (" -> ok".to_owned(), false),
        Some(CallResult::Error(errno)) => (format!(" -> {errno}"), true),
        Some(CallResult::Unknown) | None => (String::new(), false),
    };
    let test = if tests.is_empty() { String::new() } else { format!("({})", tests.join(", ")) };
    let changes = !fails && !name.starts_with("open");
    Some((format!("{name}{test}{result}"), changes))
}

/// What is behind an argument as a quoted glob; in the case's folder by its name there.
fn named(host: &str) -> Option<String> {
    match below_folder(host) {
        Some("") => quoted("${tmp}"),
        Some(name) => quoted(&format!("${{tmp}}/{}", literal(&glob(name)))),
        // Not a path: `socket:`, `anon:[eventfd]`.
        None if !host.starts_with('/') => quoted(host),
        None => quoted(&literal(&glob(host))),
    }
}

/// In quotes that the text does not have.
fn quoted(text: &str) -> Option<String> {
    ['\'', '"'].into_iter().find(|quote| !text.contains(*quote)).map(|quote| format!("{quote}{text}{quote}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Errno, Sysno};
    use crate::transcript::{Arg, PathValue, TaskName};

    fn event(kind: EventKind) -> Event {
        Event::new(TaskName { process: 1, thread: 1 }, "x", kind)
    }

    fn call(name: &str, args: &[(&'static str, Value)], result: CallResult) -> Event {
        let args = args.iter().map(|(name, value)| Arg { name, raw: 0, value: value.clone() }).collect();
        let sysno = Sysno::parse(name);
        event(EventKind::Call(Call { sysno, number: 0, args, result: Some(result), part: Part::Whole }))
    }

    fn path(host: &str) -> Value {
        Value::Path(PathValue { shown: String::new(), host: host.to_owned() })
    }

    fn ok() -> CallResult {
        CallResult::Value { raw: 0, value: Value::Int(0) }
    }

    fn check(event: Event, expected: &str) {
        let (written, _) = pattern(&event).expect("an event of a sequence");
        assert_eq!(written, expected);
        let expanded = written.replace("${tmp}", "/tmp/rinject-00000000");
        assert!(crate::pattern::parse(&expanded, crate::abi::Arch::X86_64).is_ok(), "{written}");
    }

    #[test]
    fn events_become_patterns() {
        check(call("openat", &[("path", path("/tmp/rinject-0000abCD/a"))], ok()), "openat(path ~ '${tmp}/a') -> ok");
        let missing = CallResult::Error(Errno::parse("ENOENT").unwrap());
        check(call("openat", &[("path", path("/etc/x*"))], missing), "openat(path ~ '/etc/x\\*') -> ENOENT");
        check(
            call("rename", &[("oldpath", path("/tmp/rinject-00000000/it's")), ("newpath", path("/b"))], ok()),
            "rename(oldpath ~ \"${tmp}/it's\", newpath ~ '/b') -> ok",
        );
        let socket = Value::Descriptor { name: "fd#1".into(), introduced: None, host: "socket:".into(), object: 1 };
        check(call("connect", &[("sockfd", socket)], ok()), "connect(sockfd ~ 'socket:') -> ok");
        check(event(EventKind::Exit { code: 3 }), "exit(code = 3)");
        check(event(EventKind::Exec { program: "/usr/bin/cat".to_owned(), argc: 1 }), "exec(path ~ 'cat')");
    }

    #[test]
    fn long_sequences_keep_what_changes_something() {
        let open = |at: usize| call("openat", &[("path", path(&format!("/tmp/rinject-00000000/{at}")))], ok());
        let mut events: Vec<Event> = (0..2 * MOST).map(open).collect();
        events.push(call("unlink", &[("path", path("/tmp/rinject-00000000/a"))], ok()));
        assert_eq!(sequence(&events), (vec!["unlink(path ~ '${tmp}/a') -> ok".to_owned()], true));
        let twice: Vec<Event> = [0, 1, 1, 2].map(open).to_vec();
        assert_eq!(sequence(&twice).0.len(), 2);
    }
}
