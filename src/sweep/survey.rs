//! Whoever looks on at a run without a fault: the points there are, and in which order they come.
//! It must not know what faults are made at them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::needs::Needs;
use super::point::{Called, Circumstances, Makes, Point, Stream};
use super::there::There;
use super::watch::crash;
use super::written::Written;
use crate::abi::{CallSet, Errno, Sysno};
use crate::faults::{self, Descriptor, Kind};
use crate::plan::{Resource, Spared, Sweep};
use crate::transcript::{Call, CallResult, Event, EventKind, Part, Sink, TaskName, Value};

/// Functions that allocate memory: each has a ready rule that makes it fail.
pub const ALLOCATORS: [&str; 3] = ["malloc", "calloc", "realloc"];

/// O_ACCMODE and O_RDONLY (asm-generic/fcntl.h).
const ACCESS: u64 = 3;
const READS: u64 = 0;

/// The calls at which a sweep can make faults: all that can fail, or those of `on`.
pub fn fallible(sweep: &Sweep) -> CallSet {
    let can_fail = |call: &Sysno| !faults::model(*call).cannot_fail();
    match &sweep.on {
        Some(on) => on.iter().filter(can_fail).collect(),
        // The C library ends the program where futex(2) fails as it never should.
        None => Sysno::all().filter(can_fail).filter(|call| call.name() != "futex").collect(),
    }
}

/// The process that a run is about.
const FIRST: TaskName = TaskName { process: 1, thread: 1 };

/// One call of a run, as far as runs must agree in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    task: TaskName,
    called: Called,
    failed: Option<Errno>,
}

/// What calls have in common that are one point: what is done to one of them could be done to all.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Place {
    called: Called,
    image: Arc<str>,
    frames: Vec<Arc<str>>,
    /// What the call is about: one function writes to files and to standard output.
    stream: Option<Stream>,
    kinds: Vec<Option<Kind>>,
    lock: Option<u16>,
    writes: Option<bool>,
    makes: bool,
    /// Of what is closed, whether something was written to it.
    written: Option<bool>,
    has_failed: bool,
}

/// What was seen of a run.
#[derive(Debug, Default)]
pub struct Survey {
    steps: Vec<Step>,
    points: Vec<Point>,
    known: HashMap<Place, usize>,
    counts: BTreeMap<Called, u64>,
    /// Calls whose start was shown, with their numbers.
    begun: BTreeMap<TaskName, Vec<(Called, u64)>>,
    /// Descriptors, and whether they can be written to.
    access: HashMap<u64, bool>,
    written: Written,
    there: There,
    needs: Needs,
    /// How many images the first process has had.
    images: u64,
    tasks: BTreeSet<TaskName>,
    crashed: Vec<String>,
    /// Whether stacks tell nothing: each call is a point.
    each: bool,
}

impl Survey {
    /// Whoever looks on at a run; with `each` every call is a point of its own.
    pub fn new(each: bool) -> Survey {
        Survey { each, ..Survey::default() }
    }

    /// Whoever looks on at a run of which only these calls are events.
    pub fn of(self, calls: &CallSet) -> Survey {
        Survey { written: Written::of(calls), ..self }
    }

    /// Whether the run had several tasks.
    pub fn has_company(&self) -> bool {
        self.tasks.len() > 1
    }

    /// How many calls there were that can fail.
    pub fn calls(&self) -> usize {
        self.steps.len()
    }

    /// Processes that crashed, as [`super::Watch`] has them.
    pub fn crashed(&self) -> Vec<String> {
        self.crashed.clone()
    }

    /// How often `called` was called.
    pub fn count(&self, called: Called) -> u64 {
        self.counts.get(&called).copied().unwrap_or_default()
    }

    /// The points, in the order in which the run came to them.
    pub fn into_points(self) -> Vec<Point> {
        let mut points = self.points;
        self.needs.tell(&mut points);
        points
    }

    /// Forgets what its calls need of resources where another run is not the same in that; of which resources.
    pub fn agree_in_needs(&mut self, other: &Survey) -> BTreeSet<Resource> {
        self.needs.agree(&other.needs)
    }

    /// The first call in which another run is not the same, in words.
    pub fn difference(&self, other: &Survey) -> Option<String> {
        let told = |step: Option<&Step>| match step {
            Some(Step { task, called, failed: Some(errno) }) => {
                format!("`{called}` of {task}, which fails with {errno}")
            }
            Some(Step { task, called, failed: None }) => format!("`{called}` of {task}"),
            None => "nothing more".to_owned(),
        };
        let most = self.steps.len().max(other.steps.len());
        let at = (0..most).find(|at| self.steps.get(*at) != other.steps.get(*at))?;
        let (ours, theirs) = (told(self.steps.get(at)), told(other.steps.get(at)));
        Some(format!("call {} is {ours} in one run, and {theirs} in another", at + 1))
    }

    fn number(&mut self, called: Called) -> u64 {
        let count = self.counts.entry(called).or_default();
        *count += 1;
        *count
    }

    fn step(&mut self, event: &Event, called: Called, nth: u64, circumstances: Circumstances) {
        let failed = circumstances.failed;
        self.steps.push(Step { task: event.task, called, failed });
        let kinds = circumstances.facts.descriptors.iter().map(|known| known.and_then(|known| known.kind));
        let place = Place {
            called,
            image: event.image.clone(),
            frames: event.frames.clone(),
            stream: circumstances.stream,
            kinds: kinds.collect(),
            lock: circumstances.facts.lock,
            writes: circumstances.writes,
            makes: circumstances.makes != Makes::No,
            written: circumstances.written.filter(|_| called.is("close")),
            has_failed: circumstances.failed.is_some(),
        };
        if is_of_counters(&event.frames) || self.is_start(event.task, called, failed) {
            return;
        }
        // Without a caller nothing tells two places apart.
        let is_merged = !self.each && event.frames.len() > 1;
        if let Some(at) = self.known.get(&place).filter(|_| is_merged) {
            self.points[*at].times += 1;
            return self.needs.note(*at, (called, nth), &event.needs);
        }
        self.needs.note(self.points.len(), (called, nth), &event.needs);
        self.known.insert(place, self.points.len());
        let (shown, frames) = (event.kind.to_string(), event.frames.clone());
        self.points.push(Point {
            called,
            nth,
            times: 1,
            shown,
            frames,
            source: None,
            path: None,
            circumstances,
            amounts: Vec::new(),
        });
    }

    /// Whether a call is what starts the program, which is none of its own: where tracing begins with that.
    fn is_start(&self, task: TaskName, called: Called, failed: Option<Errno>) -> bool {
        let is_exec = called.is("execve") || called.is("execveat");
        // The image is there before its call is over.
        let is_first = self.images == 0 || self.images == 1 && failed.is_none();
        is_exec && is_first && task == FIRST
    }

    fn call(&mut self, event: &Event, call: &Call) {
        let Some(sysno) = call.sysno else { return };
        let called = Called::Call(sysno);
        if call.part == Part::Started {
            let nth = self.number(called);
            return self.begun.entry(event.task).or_default().push((called, nth));
        }
        let begun = self.begun.entry(event.task).or_default();
        let at = begun.iter().rposition(|(known, _)| *known == called).filter(|_| call.part == Part::Resumed);
        let nth = match at {
            Some(at) => begun.remove(at).1,
            None => self.number(called),
        };
        let circumstances = self.circumstances(sysno, call);
        self.step(event, called, nth, circumstances);
    }

    fn circumstances(&mut self, sysno: Sysno, call: &Call) -> Circumstances {
        let mut known = Circumstances::default();
        let mut object = None;
        for arg in &call.args {
            let Some(at) = sysno.arg(arg.name).filter(|at| *at < known.facts.args.len()) else { continue };
            known.facts.args[at] = arg.raw;
            if let Value::Descriptor { name, host, object: number, .. } = &arg.value {
                known.facts.descriptors[at] = Some(descriptor(sysno, host));
                object = object.or(Some(*number));
                known.stream = known.stream.or(stream(name));
            }
            known.facts.lock = known.facts.lock.or(lock(&arg.value));
        }
        known.writes = match known.stream {
            Some(stream) => Some(stream != Stream::In),
            None => object.and_then(|object| self.access.get(&object).copied()),
        };
        if let Some(at) = sysno.arg("flags").filter(|_| sysno.name().starts_with("open")) {
            known.writes = Some(known.facts.args[at] & ACCESS != READS);
        }
        if sysno.name() == "creat" {
            known.writes = Some(true);
        }
        known.is_plain = !call.args.iter().any(|arg| arg.value.to_string().contains('#'));
        known.makes = self.there.called(sysno, call);
        known.written = self.written.called(sysno, call);
        match &call.result {
            Some(CallResult::Value { raw, value }) => {
                known.value = Some(*raw);
                if let Value::Descriptor { host, .. } = value {
                    known.opened = descriptor(sysno, host).kind;
                }
                if let (Value::Descriptor { object, .. }, Some(writes)) = (value, known.writes) {
                    self.access.insert(*object, writes);
                }
            }
            Some(CallResult::Error(errno)) => known.failed = Some(*errno),
            Some(CallResult::Unknown) | None => {}
        }
        known
    }
}

impl Sink for Survey {
    fn event(&mut self, event: &Event) {
        self.tasks.insert(event.task);
        match &event.kind {
            EventKind::Call(call) if event.written => self.call(event, call),
            EventKind::Exec { .. } if event.task == FIRST => self.images += 1,
            EventKind::Killed(signal) => self.crashed.extend(crash(event, *signal)),
            EventKind::Hit { .. } => {
                let is_fired = |name: &&&str| event.fired.iter().any(|fired| *fired.rule == ***name);
                if let Some(name) = ALLOCATORS.iter().find(is_fired) {
                    let called = Called::Function(name);
                    let nth = self.number(called);
                    self.step(event, called, nth, Circumstances::default());
                }
            }
            _ => {}
        }
    }
}

/// Whether a call is made as a program writes the counters of its lines: what fails there is nothing of the program's.
fn is_of_counters(frames: &[Arc<str>]) -> bool {
    frames.iter().filter_map(|frame| frame.split_once('!')).any(|(_, function)| Spared::writes_counters(function))
}

/// What a descriptor refers to, by its name on the host. Whether calls on it wait is not known there: what only happens
/// where they do not is tried, and does not fire where they do.
fn descriptor(sysno: Sysno, host: &str) -> Descriptor {
    let kind = match host {
        _ if sysno.name().starts_with("getdents") => Kind::Dir,
        _ if host.starts_with("/dev/pts/") || ["/dev/tty", "/dev/console"].contains(&host) => Kind::Terminal,
        _ if host.starts_with("/dev/") => Kind::Device,
        _ if host.starts_with('/') => Kind::File,
        // Files that never had a name, as that of standard output.
        _ if host == "anon:[tmpfile]" || host.starts_with("anon:[memfd:") => Kind::File,
        "socket:" => Kind::Socket,
        "pipe:" => Kind::Pipe,
        _ => Kind::Event,
    };
    Descriptor { kind: Some(kind), non_blocking: matches!(kind, Kind::Socket) }
}

/// The type of a lock that an argument points to, as fcntl(2) has it.
fn lock(value: &Value) -> Option<u16> {
    let Value::Struct(fields) = value else { return None };
    fields.iter().find_map(|(name, value)| match value {
        Value::Flags { bits, .. } if *name == "l_type" => u16::try_from(*bits).ok(),
        _ => None,
    })
}

fn stream(name: &str) -> Option<Stream> {
    match name {
        "stdin" => Some(Stream::In),
        "stdout" => Some(Stream::Out),
        "stderr" => Some(Stream::Err),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::flags::flag_sets::LOCK_TYPE;
    use crate::transcript::Arg;

    fn event(name: &str, args: Vec<Arg>, result: CallResult, frames: &[&str]) -> Event {
        let sysno = Sysno::parse(name);
        Event {
            frames: frames.iter().map(|frame| Arc::from(*frame)).collect(),
            ..Event::new(
                TaskName { process: 1, thread: 1 },
                "kv",
                EventKind::Call(Call { sysno, number: 0, args, result: Some(result), part: Part::Whole }),
            )
        }
    }

    fn fd(object: u64) -> Value {
        Value::Descriptor { name: "fd#1".into(), introduced: None, host: "/tmp/x".into(), object }
    }

    fn write(frames: &[&str]) -> Event {
        let args = vec![Arg { name: "fd", raw: 3, value: fd(7) }];
        event("write", args, CallResult::Value { raw: 5, value: Value::Int(5) }, frames)
    }

    #[test]
    fn calls_from_one_stack_are_one_point() {
        let (one, other) = (["libc!write", "kv!put"], ["libc!write", "kv!log"]);
        let survey = |each| {
            let mut survey = Survey::new(each);
            [one, other, one].iter().for_each(|frames| survey.event(&write(frames)));
            let all = survey.into_points();
            all.iter().map(|point| (point.nth, point.times)).collect::<Vec<_>>()
        };
        assert_eq!(survey(false), [(1, 2), (2, 1)]);
        assert_eq!(survey(true), [(1, 1), (2, 1), (3, 1)]);
    }

    #[test]
    fn what_starts_the_program_is_no_call_of_its_own() {
        let image = |program: &str| Event {
            kind: EventKind::Exec { program: program.to_owned(), argc: 1 },
            ..write(&["libc!write"])
        };
        let exec = |failed: Option<&str>| {
            let error = failed.and_then(Errno::parse).map(CallResult::Error);
            event("execve", Vec::new(), error.unwrap_or(CallResult::Value { raw: 0, value: Value::Int(0) }), &[])
        };
        let survey = |events: &[Event]| {
            let mut survey = Survey::new(true);
            events.iter().for_each(|event| survey.event(event));
            survey.into_points().iter().map(|point| format!("{}#{}", point.called, point.nth)).collect::<Vec<_>>()
        };
        // As it is counted, so are those behind it.
        let started = [image("sh"), exec(None), exec(Some("ENOENT")), image("cat"), exec(None)];
        assert_eq!(survey(&started), ["execve#2", "execve#3"]);
        assert_eq!(survey(&[image("sh"), exec(Some("ENOENT")), image("cat"), exec(None)]), ["execve#1", "execve#2"]);
    }

    #[test]
    fn calls_on_different_things_are_different_points() {
        let host = "anon:[tmpfile]".into();
        let stdout = Value::Descriptor { name: "stdout".into(), introduced: None, host, object: 1 };
        let on = |value: &Value| {
            let args = vec![Arg { name: "fd", raw: 3, value: value.clone() }];
            let result = CallResult::Value { raw: 5, value: Value::Int(5) };
            event("write", args, result, &["libc!write", "kv!put"])
        };
        let mut survey = Survey::new(false);
        [&stdout, &fd(7), &fd(8), &stdout].into_iter().for_each(|value| survey.event(&on(value)));
        let points = survey.into_points();
        assert_eq!(points.iter().map(|point| (point.nth, point.times)).collect::<Vec<_>>(), [(1, 2), (2, 2)]);
        let kind = |point: &Point| point.circumstances.facts.descriptors[0].and_then(|known| known.kind);
        assert_eq!(points.iter().map(kind).collect::<Vec<_>>(), [Some(Kind::File); 2]);
    }

    #[test]
    fn what_is_opened_to_be_written_is_known_by_its_descriptor() {
        let mut survey = Survey::new(false);
        let args = vec![Arg { name: "flags", raw: 1, value: Value::Int(1) }];
        survey.event(&event("openat", args, CallResult::Value { raw: 3, value: fd(7) }, &[]));
        survey.event(&write(&[]));
        let points = survey.into_points();
        assert_eq!(points[1].circumstances.writes, Some(true));
        assert_eq!(points[1].circumstances.value, Some(5));
        assert_eq!(points[1].circumstances.facts.descriptors[0].and_then(|known| known.kind), Some(Kind::File));
    }

    #[test]
    fn what_is_locked_and_unlocked_in_one_place_is_told_apart() {
        let mut survey = Survey::new(false);
        for l_type in [1, 1, 2] {
            let lock = vec![("l_type", Value::Flags { set: &LOCK_TYPE, bits: l_type })];
            let args = vec![
                Arg { name: "cmd", raw: 6, value: Value::Int(6) },
                Arg { name: "arg", raw: 0x1000, value: Value::Struct(lock) },
            ];
            let result = CallResult::Value { raw: 0, value: Value::Int(0) };
            survey.event(&event("fcntl", args, result, &["libc!fcntl", "kv!lock"]));
        }
        let points = survey.into_points();
        let cells = crate::sweep::cells(&points, &Sweep::default());
        let cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
        assert_eq!(points.len(), 2);
        assert_eq!(cells, ["fcntl#1:EAGAIN", "fcntl#1:ENOLCK"]);
    }

    #[test]
    fn runs_differ_at_the_first_call_that_does() {
        let survey = |names: &[&str]| {
            let mut survey = Survey::new(true);
            for name in names {
                survey.event(&event(name, Vec::new(), CallResult::Value { raw: 0, value: Value::Int(0) }, &[]));
            }
            survey
        };
        let one = survey(&["read", "write"]);
        assert_eq!(one.difference(&survey(&["read", "write"])), None);
        assert_eq!(
            one.difference(&survey(&["read"])).as_deref(),
            Some("call 2 is `write` of P1 in one run, and nothing more in another")
        );
    }
}
