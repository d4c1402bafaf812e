//! The way of one stop through the engine, into lines and past expectations, so many times: `hot inject 1000`. Under
//! callgrind its instructions are counted (`cargo xtask instructions`), which are the same wherever they run.

use std::sync::Arc;

use rinject::abi::{Addr, Arch, Registers, Sysno, TaskId};
use rinject::diagnostic::Source;
use rinject::engine::{Engine, Gone, Image, Inspect, Next, Observation, RawCall, Stop};
use rinject::plan::{self, Context};
use rinject::spec;
use rinject::transcript::{Sink, Writer};
use rinject::verdict::Judge;

const TASK: TaskId = TaskId(100);
/// Where the path stands that calls are made with.
const PATH: Addr = Addr(0x1000);
const TEXT: &[u8] = b"/nowhere/to/be/found\0";

/// What is measured.
struct Kind {
    name: &'static str,
    /// What `[trace]` has besides its start, and the rest of the spec.
    trace: &'static str,
    rest: &'static str,
    /// The result of a call that stops at its exit, too.
    result: Option<i64>,
    /// Whether each call is a line, and whether the rule fires on each.
    is_written: bool,
    fires: bool,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "inject",
        trace: "",
        rest: "inject = [{ on = \"access\", error = \"EIO\" }]",
        result: None,
        is_written: true,
        fires: true,
    },
    Kind {
        name: "quiet",
        trace: "",
        rest: "inject = [{ on = \"access\", error = \"EIO\", quiet = true }]",
        result: None,
        is_written: false,
        fires: true,
    },
    Kind {
        name: "record",
        trace: "syscalls = [\"access\"], ",
        rest: "",
        result: Some(-2),
        is_written: true,
        fires: false,
    },
    Kind {
        name: "count",
        trace: "syscalls = [], ",
        rest: "inject = [{ on = \"access\", when = \"1000000000\", error = \"EIO\" }]",
        result: Some(-2),
        is_written: false,
        fires: false,
    },
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kind, count] = &*words else { panic!("write a kind and a number of stops: inject 1000") };
    let kind = KINDS.iter().find(|known| known.name == kind).expect("a kind of stop");
    run(kind, count.parse().expect("a number of stops"));
}

fn run(kind: &Kind, count: u64) {
    let Kind { trace, rest, .. } = kind;
    let text = format!(
        "spec = 1\ntarget = {{ program = \"kv\" }}\nsnapshot = {{ transcript = false }}\n\
         trace = {{ {trace}start = \"exec\" }}\n{rest}\n"
    );
    let spec = spec::parse(&Arc::new(Source::new("hot.toml", text))).expect("it is TOML");
    let plan =
        Arc::new(plan::lower(&spec, &Context::new(Arch::X86_64, "/case", "/specs")).expect("it is a good spec"));
    let mut judge = Judge::new(&plan);
    let mut writer = Writer::new(std::io::sink(), u64::MAX);
    let mut engine = Engine::new(plan, TASK);
    let mut see = |stop: Stop| {
        let next = engine.next();
        assert!(matches!(next, Next::Resume { task: TASK, .. }), "{next:?}");
        let decision = engine.observe(Observation::Stop { task: TASK, stop }, &Still);
        for event in &decision.events {
            writer.event(event);
            judge.event(event);
        }
        engine.recycle(decision);
    };
    see(Stop::Exec { former: TASK });
    let number = Sysno::parse("access").and_then(|call| call.number(Arch::X86_64)).expect("it has a number");
    let args = [PATH.0, 0, 0, 0, 0, 0];
    for _ in 0..count {
        see(Stop::Entry(RawCall { arch: Arch::X86_64, number: number.into(), args, ip: 0x40_2000 }));
        if let Some(result) = kind.result {
            see(Stop::Exit(result));
        }
    }
    // The exec is a line of its own. Whatever did not happen would cost little.
    assert_eq!(writer.lines(), 1 + if kind.is_written { count } else { 0 });
    let fired: u64 = engine.into_record().rules.iter().map(|rule| rule.fired).sum();
    assert_eq!(fired, if kind.fires { count } else { 0 });
}

/// A task that has a path in its memory, and nothing else.
struct Still;

impl Inspect for Still {
    fn registers(&self) -> Result<Registers, Gone> {
        Ok(Registers { rip: 0x40_2000, ..Registers::default() })
    }

    fn read(&self, addr: Addr, buffer: &mut [u8]) -> usize {
        let got = if addr == PATH { TEXT.len().min(buffer.len()) } else { 0 };
        buffer[..got].copy_from_slice(&TEXT[..got]);
        got
    }

    fn working_directory(&self) -> Option<Arc<str>> {
        Some("/case".into())
    }

    fn image(&self) -> Option<Image> {
        Some(Image { path: "/usr/bin/kv".to_owned(), argv: vec![b"kv".to_vec()] })
    }
}
