//! What the pure layers cost, without a kernel: resolving a spec, matching an event, writing a line.
//! What a stop costs is measured by `cargo xtask bench`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use rinject::abi::{Arch, Sysno};
use rinject::diagnostic::Source;
use rinject::pattern::{self, Bindings, Matcher};
use rinject::plan::{self, Context};
use rinject::spec;
use rinject::transcript::{Arg, Call, CallResult, Event, EventKind, Fired, Part, PathValue, TaskName, Value};

const SPEC: &str = r#"spec = 1
target = { program = "kv", args = ["put"] }
inject = [{ on = "openat(path ~ '*.wal', flags has O_APPEND)", when = "2..9+3", error = "EIO" }]
expect = { exit = 1, never = ["write(fd ~ '*.db') after inject(r1)"] }
"#;

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
        task: TaskName { process: 1, thread: 1 },
        image: Arc::from("kv"),
        kind: EventKind::Call(call),
        fired: vec![Fired { rule: Arc::from("r1"), hit: 1 }],
        captures: Vec::new(),
        frames: Vec::new(),
        quiet: false,
        written: true,
    }
}

fn benches(criterion: &mut Criterion) {
    let source = Arc::new(Source::new("x.toml", SPEC));
    let context = Context::new(Arch::X86_64, "/tmp/x", "/specs");
    criterion.bench_function("resolve a spec", |bencher| {
        bencher.iter(|| {
            let spec = spec::parse(black_box(&source)).expect("it is TOML");
            plan::lower(&spec, &context).expect("it is a good spec")
        });
    });
    let pattern = pattern::parse("openat(path ~ '*.wal') -> ?fd", Arch::X86_64).expect("it is a pattern");
    let (matcher, event) = (Matcher::new(pattern), event());
    criterion.bench_function("match an event", |bencher| {
        bencher.iter(|| matcher.matches(black_box(&event), &mut Bindings::default()));
    });
    criterion.bench_function("write a line", |bencher| bencher.iter(|| black_box(&event).to_string()));
}

criterion_group!(pure, benches);
criterion_main!(pure);
