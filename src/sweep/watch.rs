//! Whoever looks on at a run with a fault: where it fired, which processes crashed, and whether it goes round and round.
//! It must not know what that is worth.

use std::collections::{HashMap, VecDeque};

use super::facts::Stuck;
use crate::abi::{Errno, Operation, Signal, Sysno};
use crate::transcript::{CallResult, Event, EventKind, Part, Sink, TaskName, Value};

/// Signals by which a program dies of its own mistakes.
const CRASHES: [&str; 8] = ["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS", "SIGSTKFLT"];

/// How often the call of the fault may fail in the same way, one time after the other: who has not given up by then never
/// will. A program may call as often for reasons of its own: its calls without a fault are added ten times.
const PATIENCE: u64 = 1_000;

/// Lines of the end of a run that show where it hangs.
const TAIL: usize = 6;

/// What was seen of a run with a fault.
#[derive(Debug, Default)]
pub struct Watch {
    /// The first line on which the fault fired, as a transcript has it, without its task, and with the path on the host behind
    /// each descriptor.
    pub at: Option<String>,
    /// How often it fired.
    pub fired: u64,
    /// Whether it fired on a call about standard error, where messages go.
    pub is_mute: bool,
    /// Paths on the host of what could not be removed, since the fault was at the call that does it.
    pub kept: Vec<String>,
    /// Processes that crashed, by the base names of their images, and how.
    pub crashed: Vec<String>,
    /// The last lines, where they are asked for.
    tail: VecDeque<String>,
    keeps_tail: bool,
    calls: Vec<Sysno>,
    /// Task by task how each of the calls has failed, and how often since it last did not.
    same: HashMap<(TaskName, Sysno), (Errno, u64)>,
    most: u64,
    busy: Option<Stuck>,
}

impl Watch {
    /// Whoever looks on at a run whose fault makes these calls fail, which are made `count` times without it.
    pub fn new(calls: Vec<Sysno>, count: u64) -> Watch {
        Watch { calls, most: PATIENCE + count.saturating_mul(10), ..Watch::default() }
    }

    /// The same, keeping the last lines.
    #[must_use]
    pub fn with_tail(self) -> Watch {
        Watch { keeps_tail: true, ..self }
    }

    /// The last lines of the run.
    pub fn tail(&self) -> Vec<String> {
        self.tail.iter().cloned().collect()
    }

    /// The call that goes on failing in the same way, if it does.
    pub fn busy(&self) -> Option<Stuck> {
        self.busy.clone()
    }

    /// The call of the fault has been made.
    fn made(&mut self, task: TaskName, call: Sysno, result: Option<&CallResult>) {
        let Some(CallResult::Error(errno)) = result else {
            self.same.remove(&(task, call));
            return;
        };
        let (known, times) = self.same.entry((task, call)).or_insert((*errno, 0));
        *times = if known == errno { *times + 1 } else { 1 };
        *known = *errno;
        if *times > self.most {
            self.busy = Some(Stuck::Busy { call: call.name().to_owned(), errno: errno.to_string(), times: *times });
        }
    }
}

impl Sink for Watch {
    fn event(&mut self, event: &Event) {
        if event.fired.iter().any(|fired| &*fired.rule == "fault") {
            self.fired += 1;
            self.at.get_or_insert_with(|| told(&event.kind));
            self.is_mute |= is_about_messages(event);
            self.kept.extend(not_removed(event));
        }
        if self.keeps_tail && event.written {
            if self.tail.len() == TAIL {
                self.tail.pop_front();
            }
            self.tail.push_back(Event { kind: named(&event.kind), ..event.clone() }.to_string());
        }
        match &event.kind {
            EventKind::Call(call) if call.part != Part::Started => {
                if let Some(sysno) = call.sysno.filter(|sysno| self.calls.contains(sysno)) {
                    self.made(event.task, sysno, call.result.as_ref());
                }
            }
            EventKind::Killed(signal) => self.crashed.extend(crash(event, *signal)),
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.busy.is_some()
    }
}

/// An event as a transcript has it, with the path behind each descriptor: it is read without those before it.
fn told(kind: &EventKind) -> String {
    named(kind).to_string()
}

fn named(kind: &EventKind) -> EventKind {
    let mut kind = kind.clone();
    if let EventKind::Call(call) = &mut kind {
        for arg in &mut call.args {
            if let Value::Descriptor { name, introduced: introduced @ None, host, .. } = &mut arg.value
                && name.starts_with("fd#")
                && host.starts_with('/')
            {
                *introduced = Some(host.clone());
            }
        }
    }
    kind
}

/// Whether a call is about standard error.
fn is_about_messages(event: &Event) -> bool {
    let EventKind::Call(call) = &event.kind else { return false };
    call.args.iter().any(|arg| matches!(&arg.value, Value::Descriptor { name, .. } if **name == *"stderr"))
}

/// What a call was to remove.
fn not_removed(event: &Event) -> Vec<String> {
    let EventKind::Call(call) = &event.kind else { return Vec::new() };
    let unlink = Operation::parse("meta.unlink");
    let removes = |call: Sysno| call.name() == "rmdir" || unlink.is_some_and(|unlink| unlink.member(call).is_some());
    let paths = call.args.iter().filter_map(|arg| match &arg.value {
        Value::Path(path) => Some(path.host.clone()),
        _ => None,
    });
    if call.sysno.is_some_and(removes) { paths.collect() } else { Vec::new() }
}

/// Who has crashed, if a signal that ended a task says so: `kv by SIGSEGV`.
pub(super) fn crash(event: &Event, signal: Signal) -> Option<String> {
    let is_crash = CRASHES.iter().any(|name| Signal::parse(name) == Some(signal));
    is_crash.then(|| format!("{} by {signal}", event.image))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{Arg, Call, Fired};

    fn event(result: CallResult) -> Event {
        let sysno = Sysno::parse("write");
        Event {
            fired: vec![Fired { rule: "fault".into(), hit: 1 }],
            ..Event::new(
                TaskName { process: 1, thread: 1 },
                "kv",
                EventKind::Call(Call { sysno, number: 1, args: vec![], result: Some(result), part: Part::Whole }),
            )
        }
    }

    #[test]
    fn a_call_that_fails_in_the_same_way_for_ever_is_seen() {
        let error = || CallResult::Error(Errno::parse("ENOSPC").unwrap());
        let mut watch = Watch::new(vec![Sysno::parse("write").unwrap()], 2);
        (0..=PATIENCE).for_each(|_| watch.event(&event(error())));
        assert!(!watch.is_broken());
        watch.event(&event(CallResult::Value { raw: 1, value: Value::Int(1) }));
        (0..=PATIENCE + 20).for_each(|_| watch.event(&event(error())));
        assert!(watch.is_broken());
        assert_eq!(
            watch.busy(),
            Some(Stuck::Busy { call: "write".into(), errno: "ENOSPC".into(), times: PATIENCE + 21 })
        );
        assert_eq!(watch.at.as_deref(), Some("write() = -1 ENOSPC"));
    }

    #[test]
    fn a_descriptor_is_told_with_its_path() {
        let arg = |name: &str, host: &str, introduced: Option<&str>| Arg {
            name: "fd",
            raw: 3,
            value: Value::Descriptor {
                name: name.into(),
                introduced: introduced.map(Into::into),
                host: host.into(),
                object: 7,
            },
        };
        let check = |arg: Arg, expected: &str| {
            let mut watch = Watch::new(vec![Sysno::parse("write").unwrap()], 1);
            let mut event = event(CallResult::Error(Errno::parse("EIO").unwrap()));
            let EventKind::Call(call) = &mut event.kind else { panic!("it is a call") };
            call.args = vec![arg];
            watch.event(&event);
            assert_eq!(watch.at.as_deref(), Some(expected));
        };
        check(arg("fd#11", "/x/out", None), "write(fd#11</x/out>) = -1 EIO");
        check(arg("fd#11", "/x/out", Some("${tmp}/out")), "write(fd#11<${tmp}/out>) = -1 EIO");
        check(arg("fd#2", "pipe:", None), "write(fd#2) = -1 EIO");
        check(arg("stdout", "/tmp/#12 (deleted)", None), "write(stdout) = -1 EIO");
    }

    #[test]
    fn processes_that_crash_are_named() {
        let mut watch = Watch::new(Vec::new(), 0).with_tail();
        for signal in ["SIGSEGV", "SIGTERM"] {
            let kind = EventKind::Killed(Signal::parse(signal).unwrap());
            watch.event(&Event { kind, ..event(CallResult::Unknown) });
        }
        assert_eq!(watch.crashed, ["kv by SIGSEGV"]);
        assert_eq!(watch.tail().len(), 2);
    }
}
