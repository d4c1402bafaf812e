//! What the pure layers cost, without a kernel: resolving a spec, compiling a filter, decoding a call, naming what it is about,
//! matching it, writing its line, holding it against expectations.
//! What a stop costs is measured by `cargo xtask bench`.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use rinject::abi::{Addr, Arch, Sysno, TaskId};
use rinject::diagnostic::Source;
use rinject::engine::{Descriptor, Engine, Image, Inspect, Next, Observation, RawCall, Stop};
use rinject::pattern::{self, Bindings, Matcher};
use rinject::plan::{self, Context, Plan};
use rinject::spec;
use rinject::transcript::{Arg, Call, CallResult, Event, EventKind, Fired, Part, PathValue, Sink, TaskName, Value};
use rinject::verdict::Judge;

const SPEC: &str = r#"spec = 1
target = { program = "kv", args = ["put"] }
inject = [{ on = "openat(path ~ '*.wal', flags has O_APPEND)", when = "2..9+3", error = "EIO" }]
expect = { exit = 1, never = ["write(fd ~ '*.db') after inject(r1)"] }
"#;

const TASK: TaskId = TaskId(100);
/// Where the path and the buffer stand that calls are made with.
const PATH: Addr = Addr(0x1000);
const BUFFER: Addr = Addr(0x2000);

fn event() -> Event {
    let path = PathValue { shown: "${tmp}/0.wal".to_owned(), host: "/tmp/x/0.wal".to_owned() };
    let args = vec![
        Arg { name: "dirfd", raw: -100_i64 as u64, value: Value::AtFdcwd },
        Arg { name: "path", raw: 0x1000, value: Value::Path(path) },
        Arg { name: "flags", raw: 0o2001, value: Value::Int(0o2001) },
    ];
    let sysno = Sysno::parse("openat");
    let result = Some(CallResult::Value { raw: 3, value: Value::Int(3) });
    let call = Call { sysno, number: 257, args, result, part: Part::Whole };
    Event {
        fired: vec![Fired { rule: Arc::from("r1"), hit: 1 }],
        ..Event::new(TaskName { process: 1, thread: 1 }, "kv", EventKind::Call(call))
    }
}

/// A task whose memory holds a path and a buffer, and whose descriptors are files.
#[derive(Default)]
struct Scripted {
    /// What number the path has in it.
    file: Cell<u32>,
}

impl Inspect for Scripted {
    fn read(&self, addr: Addr, buffer: &mut [u8]) -> usize {
        let path = format!("/tmp/x/{}.wal\0", self.file.get());
        let bytes: &[u8] = match addr {
            PATH => path.as_bytes(),
            BUFFER => b"a line of text\n",
            _ => return 0,
        };
        let got = bytes.len().min(buffer.len());
        buffer[..got].copy_from_slice(&bytes[..got]);
        got
    }

    fn descriptor(&self, fd: i32) -> Option<Descriptor> {
        Some(Descriptor::Path(format!("/tmp/x/{fd}.db").into()))
    }

    fn working_directory(&self) -> Option<Arc<str>> {
        Some("/tmp/x".into())
    }

    fn image(&self) -> Option<Image> {
        Some(Image { path: "/usr/bin/kv".to_owned(), argv: vec![b"kv".to_vec()] })
    }
}

/// An engine of which one task makes calls that are all recorded.
struct Stops {
    engine: Engine,
    task: Scripted,
}

impl Stops {
    fn new() -> Stops {
        let text = "spec = 1\ntarget = { program = \"kv\" }\n[trace]\nsyscalls = [\"all\"]\nstart = \"exec\"\n";
        let mut stops = Stops { engine: Engine::new(Arc::new(plan_of(text)), TASK), task: Scripted::default() };
        stops.see(Stop::Exec { former: TASK });
        stops
    }

    fn see(&mut self, stop: Stop) {
        assert!(matches!(self.engine.next(), Next::Resume { task: TASK, .. }));
        let decision = self.engine.observe(Observation::Stop { task: TASK, stop }, &self.task);
        self.engine.recycle(decision);
    }

    /// A call from its entry to its result.
    fn call(&mut self, name: &str, args: [u64; 6], result: i64) {
        let number = Sysno::parse(name).and_then(|call| call.number(Arch::X86_64)).expect("it has a number");
        self.see(Stop::Entry(RawCall { arch: Arch::X86_64, number: number.into(), args, ip: 0x40_2000 }));
        self.see(Stop::Exit(result));
    }
}

fn plan_of(text: &str) -> Plan {
    let spec = spec::parse(&Arc::new(Source::new("x.toml", text))).expect("it is TOML");
    plan::lower(&spec, &Context::new(Arch::X86_64, "/tmp/x", "/specs")).expect("it is a good spec")
}

fn specs(criterion: &mut Criterion) {
    let source = Arc::new(Source::new("x.toml", SPEC));
    let context = Context::new(Arch::X86_64, "/tmp/x", "/specs");
    criterion.bench_function("resolve a spec", |bencher| {
        bencher.iter(|| {
            let spec = spec::parse(black_box(&source)).expect("it is TOML");
            plan::lower(&spec, &context).expect("it is a good spec")
        });
    });
    for (name, calls) in [("of one call", "[\"openat\"]"), ("of half the calls", "[\"all\", \"!%desc\"]")] {
        let trace =
            plan_of(&format!("spec = 1\ntarget = {{ program = \"kv\" }}\ntrace = {{ syscalls = {calls} }}")).trace;
        criterion.bench_function(&format!("compile a filter {name}"), |bencher| {
            bencher.iter(|| plan::filter(black_box(&trace.calls), &trace.constants, Arch::X86_64));
        });
    }
}

fn stops(criterion: &mut Criterion) {
    let mut stops = Stops::new();
    criterion.bench_function("decode a write", |bencher| {
        bencher.iter(|| stops.call("write", [3, BUFFER.0, 15, 0, 0, 0], 15))
    });
    let mut stops = Stops::new();
    let open = [-100_i64 as u64, PATH.0, 0o2001, 0, 0, 0];
    criterion.bench_function("decode an openat of a known path", |bencher| {
        bencher.iter(|| stops.call("openat", open, -2))
    });
    let mut stops = Stops::new();
    criterion.bench_function("decode an openat, and name its path", |bencher| {
        bencher.iter(|| {
            stops.task.file.set(stops.task.file.get() + 1);
            stops.call("openat", open, -2);
        });
    });
}

fn events(criterion: &mut Criterion) {
    let pattern = pattern::parse("openat(path ~ '*.wal') -> ?fd", Arch::X86_64).expect("it is a pattern");
    let (matcher, event) = (Matcher::new(pattern), event());
    criterion.bench_function("match an event", |bencher| {
        bencher.iter(|| matcher.matches(black_box(&event), &mut Bindings::default()));
    });
    criterion.bench_function("write a line", |bencher| bencher.iter(|| black_box(&event).to_string()));
    for (name, count) in [("one expectation", 1), ("1,000 expectations", 1_000)] {
        let never: String = (0..count).map(|number| format!("\"openat(path ~ '*.{number}')\", ")).collect();
        let plan = plan_of(&format!("spec = 1\ntarget = {{ program = \"kv\" }}\nexpect = {{ never = [{never}] }}"));
        let mut judge = Judge::new(&plan);
        criterion.bench_function(&format!("hold an event against {name}"), |bencher| {
            bencher.iter(|| judge.event(black_box(&event)));
        });
    }
}

criterion_group!(pure, specs, stops, events);
criterion_main!(pure);
