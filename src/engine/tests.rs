//! The engine driven by a scripted task: no kernel, microseconds each.

use std::collections::BTreeMap;
use std::sync::Arc;

mod budget;
mod counted;
mod directories;
mod ends;
mod fickle;
mod links;
mod points;
pub(in crate::engine) mod script;
mod second_filter;
mod sight;
mod sleep;
mod spin;

use script::Script;

use super::*;
use crate::abi::{Addr, Arch, DirectoryEntry, Ending, Signal, SignalInfo, SignalSet, Sysno};
use crate::diagnostic::Source;
use crate::plan::{self, Context};
use crate::spec;
use crate::transcript::Event;

const ROOT: TaskId = TaskId(100);
const MAIN: Addr = Addr(0x40_1000);

/// A run of a spec whose target has reached `main`.
struct Run {
    engine: Engine,
    script: Script,
    lines: Vec<String>,
    edits: Vec<Edit>,
    /// Whether the last observation has kept its task back.
    holds: bool,
    /// What was changed when tracing started.
    started: Vec<Edit>,
}

fn script() -> Script {
    let memory = BTreeMap::from([(0x1000, b"hello".to_vec()), (MAIN.0, vec![0x55])]);
    Script { memory, ..Script::default() }
}

fn plan(rest: &str) -> Arc<Plan> {
    let text = format!("spec = 1\ntarget = {{ program = \"kv\" }}\n{rest}");
    let source = Arc::new(Source::new("x.toml", text));
    let context = Context::new(Arch::X86_64, "/case", "/specs");
    let spec = spec::parse(&source)
        .unwrap_or_else(|problems| panic!("{}", problems.render(crate::diagnostic::Style::Plain)));
    let plan = plan::lower(&spec, &context);
    Arc::new(plan.unwrap_or_else(|problems| panic!("{}", problems.render(crate::diagnostic::Style::Plain))))
}

impl Run {
    fn new(rest: &str) -> Run {
        let run = Run::of(rest, script());
        assert_eq!(run.started, [super::hit::set(super::hit::rip(), MAIN.0), byte(MAIN, 0x55)]);
        run
    }

    fn of(rest: &str, script: Script) -> Run {
        Run::planned(plan(rest), script)
    }

    fn planned(plan: Arc<Plan>, script: Script) -> Run {
        let engine = Engine::new(plan, ROOT);
        let mut run = Run { engine, script, lines: vec![], edits: vec![], holds: false, started: vec![] };
        run.resumes(ROOT);
        run.see(ROOT, Stop::Exec { former: ROOT });
        assert_eq!(run.take_edits(), [byte(MAIN, 0xcc)]);
        run.resumes(ROOT);
        run.script.rip = MAIN.0 + 1;
        run.see(ROOT, Stop::Signal(trap(0x80)));
        run.started = run.take_edits();
        run.lines.clear();
        run
    }

    fn tell(&mut self, observation: Observation) {
        self.script.rewound.set(None);
        let decision = self.engine.observe(observation, &self.script);
        self.holds = decision.holds;
        self.edits.extend(decision.edits);
        self.lines.extend(decision.events.iter().filter(|event| event.written).map(Event::to_string));
    }

    fn see(&mut self, task: TaskId, stop: Stop) {
        self.tell(Observation::Stop { task, stop });
    }

    /// The next task to go on is `task`; tells how.
    fn resumes(&mut self, task: TaskId) -> (How, Option<Signal>) {
        match self.engine.next() {
            Next::Resume { task: next, how, signal, .. } if next == task => (how, signal),
            other => panic!("expected {task:?} to go on, not {other:?}"),
        }
    }

    fn enter(&mut self, task: TaskId, call: &str, args: [u64; 6]) {
        self.resumes(task);
        self.enters(task, call, args);
    }

    /// As [`Run::enter`], for a task that was resumed already.
    fn enters(&mut self, task: TaskId, call: &str, args: [u64; 6]) {
        let number = u64::from(Sysno::parse(call).unwrap().number(Arch::X86_64).unwrap());
        self.see(task, Stop::Entry(RawCall { arch: Arch::X86_64, number, args, ip: 0x40_2000 }));
    }

    fn call(&mut self, task: TaskId, call: &str, args: [u64; 6], result: i64) {
        self.enter(task, call, args);
        self.resumes(task);
        self.see(task, Stop::Exit(result));
    }

    fn take_edits(&mut self) -> Vec<Edit> {
        std::mem::take(&mut self.edits)
    }
}

fn byte(addr: Addr, byte: u8) -> Edit {
    Edit::Write { addr, bytes: Box::new([byte]) }
}

fn trap(code: i32) -> SignalInfo {
    SignalInfo { signal: Signal::TRAP, code, sender: None, value: None, addr: None, status: None }
}

fn signal(name: &str) -> SignalInfo {
    let signal = Signal::parse(name).unwrap();
    SignalInfo { signal, code: 0, sender: Some(ROOT), value: None, addr: None, status: None }
}

const WRITE: [u64; 6] = [3, 0x1000, 5, 0, 0, 0];

#[test]
fn an_injected_error_takes_one_stop() {
    let mut run = Run::new("inject = [{ on = \"write\", error = \"EIO\" }]");
    run.enter(ROOT, "write", WRITE);
    assert_eq!(run.take_edits(), [Edit::Skip(-5)]);
    assert_eq!(run.resumes(ROOT), (How::Run, None));
    assert_eq!(run.lines.len(), 1, "{:?}", run.lines);
    assert!(run.lines[0].starts_with("P1     write(fd#1<${tmp}/data>, \"hello\", 5) = -1 EIO"), "{}", run.lines[0]);
    assert!(run.lines[0].ends_with("(INJECTED r1 #1)"), "{}", run.lines[0]);
}

#[test]
fn a_call_recorded_without_its_result_takes_one_stop() {
    let mut run = Run::new("trace = { syscalls = [\"write\", \"close\"], results = false }");
    run.enter(ROOT, "close", WRITE);
    assert_eq!(run.lines, ["P1     close(fd#1<${tmp}/data>) = ?"]);
    assert_eq!(run.resumes(ROOT), (How::Run, None));
    // One that something else names keeps its result.
    let mut run = Run::new(
        "trace = { syscalls = [\"write\", \"close\"], results = false }\n\
         expect = { never = [\"close(fd = 9)\"] }",
    );
    run.call(ROOT, "close", WRITE, 0);
    assert_eq!(run.lines, ["P1     close(fd#1<${tmp}/data>) = 0"]);
}

#[test]
fn only_the_chosen_occurrence_is_injected() {
    let mut run = Run::new("inject = [{ on = \"write\", when = \"2\", error = \"EIO\" }]");
    run.call(ROOT, "write", WRITE, 5);
    assert_eq!(run.take_edits(), []);
    run.enter(ROOT, "write", WRITE);
    assert_eq!(run.take_edits(), [Edit::Skip(-5)]);
    run.call(ROOT, "write", WRITE, 5);
    assert_eq!(run.take_edits(), []);
    assert_eq!(run.engine.into_record().rules[0].fired, 1);
}

#[test]
fn the_first_rule_with_an_outcome_wins_and_both_count() {
    let rules = "inject = [{ on = \"write\", when = \"2\", error = \"EIO\" }, \
        { on = \"write\", retval = 1 }]";
    let mut run = Run::new(rules);
    run.enter(ROOT, "write", WRITE);
    assert_eq!(run.take_edits(), [Edit::Skip(1)]);
    run.enter(ROOT, "write", WRITE);
    assert_eq!(run.take_edits(), [Edit::Skip(-5)]);
    let rules = run.engine.into_record().rules;
    assert_eq!((rules[0].fired, rules[1].fired, rules[1].overruled), (1, 1, 1));
}

#[test]
fn a_close_that_fails_has_closed_all_the_same() {
    let mut run = Run::new("inject = [{ on = \"close\", error = \"EIO\" }]");
    run.enter(ROOT, "close", [3, 0, 0, 0, 0, 0]);
    assert_eq!(run.take_edits(), []);
    assert_eq!(run.resumes(ROOT).0, How::Calls);
    run.see(ROOT, Stop::Exit(0));
    assert_eq!(run.take_edits(), [Edit::Result(-5)]);
    assert!(run.lines[0].contains("= -1 EIO"), "{}", run.lines[0]);
}

#[test]
fn a_kill_before_the_effect_leaves_the_result_unknown() {
    let mut run =
        Run::new("inject = [{ on = \"write\", kill = \"process\" }]\nexpect = { exit = { signal = \"SIGKILL\" } }");
    run.enter(ROOT, "write", WRITE);
    assert_eq!(run.take_edits(), [Edit::Kill(plan::Victim::Process)]);
    assert!(run.lines[0].contains(") = ?"), "{}", run.lines[0]);
    run.resumes(ROOT);
    run.tell(Observation::Ended { task: ROOT, ending: Ending::Killed(Signal::KILL) });
    assert_eq!(run.lines[1], "P1     +++ killed by SIGKILL");
    assert_eq!(run.engine.next(), Next::Finished);
}

#[test]
fn a_kill_after_the_effect_waits_for_the_result() {
    let rule = "inject = [{ on = \"write\", kill = \"process\", kill-at = \"exit\" }]\n\
        expect = { exit = { signal = \"SIGKILL\" } }";
    let mut run = Run::new(rule);
    run.enter(ROOT, "write", WRITE);
    assert_eq!(run.take_edits(), []);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(5));
    assert_eq!(run.take_edits(), [Edit::Kill(plan::Victim::Process)]);
    assert!(run.lines[0].contains(") = 5"), "{}", run.lines[0]);
}

#[test]
fn a_restarted_call_is_one_call() {
    let mut run = Run::new("inject = [{ on = \"read\", when = \"2\", error = \"EIO\" }]");
    const READ: [u64; 6] = [4, 0x1000, 5, 0, 0, 0];
    run.enter(ROOT, "read", READ);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(-512));
    assert_eq!(run.lines, Vec::<String>::new(), "the restart code is the kernel's own");
    run.resumes(ROOT);
    run.see(ROOT, Stop::Signal(signal("SIGWINCH")));
    assert_eq!(run.resumes(ROOT).1, Signal::parse("SIGWINCH"));
    run.enters(ROOT, "read", READ);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(5));
    assert_eq!(run.take_edits(), [], "it is still the first read");
    run.enter(ROOT, "read", READ);
    assert_eq!(run.take_edits(), [Edit::Skip(-5)]);
}

#[test]
fn signals_are_swallowed_and_replaced() {
    let rules = "inject = [{ on = \"signal(SIGUSR1)\", suppress = true }, \
        { on = \"signal(SIGUSR2)\", signal = \"SIGTERM\" }]";
    let mut run = Run::new(rules);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Signal(signal("SIGUSR1")));
    assert_eq!(run.resumes(ROOT).1, None);
    assert!(run.lines[0].contains("--- SIGUSR1 {si_code=SI_USER, si_pid=P1} (suppressed)"), "{}", run.lines[0]);
    run.see(ROOT, Stop::Signal(signal("SIGUSR2")));
    assert_eq!(run.take_edits(), [Edit::Renumber(Signal::TERM)]);
    assert_eq!(run.resumes(ROOT).1, Some(Signal::TERM));
}

#[test]
fn a_rule_is_armed_from_the_event_after_its_marker() {
    let mut run = Run::new("inject = [{ on = \"write\", after = \"fsync -> ok\", error = \"EIO\" }]");
    run.call(ROOT, "write", WRITE, 5);
    run.call(ROOT, "fsync", [3, 0, 0, 0, 0, 0], 0);
    assert_eq!(run.take_edits(), []);
    run.enter(ROOT, "write", WRITE);
    assert_eq!(run.take_edits(), [Edit::Skip(-5)]);
}

#[test]
fn while_one_task_sleeps_the_other_runs_and_its_lines_fall_into_the_call() {
    const CHILD: TaskId = TaskId(200);
    let mut run = Run::new("trace = { syscalls = [\"read\", \"write\"] }");
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Fork, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    assert_eq!(run.lines, ["P1     clone P2 (fork)"]);
    run.enter(ROOT, "read", [4, 0x1000, 5, 0, 0, 0]);
    match run.engine.next() {
        Next::Resume { task: ROOT, how: How::Calls, settle: Settle::StopOrSleep, .. } => {}
        other => panic!("a read of a pipe may sleep: {other:?}"),
    }
    run.tell(Observation::Asleep { task: ROOT });
    assert_eq!(run.engine.sleepers(), [ROOT]);
    run.call(CHILD, "write", WRITE, 5);
    assert!(run.lines[1].starts_with("P1     read(fd#") && run.lines[1].ends_with("..."), "{:?}", run.lines);
    run.see(ROOT, Stop::Exit(5));
    assert!(run.lines[3].contains("resumed = 5"), "{:?}", run.lines);
}

#[test]
fn delays_hold_a_task_while_others_run() {
    const CHILD: TaskId = TaskId(200);
    let mut run = Run::new("inject = [{ on = \"write\", delay-enter = \"50ms\" }]");
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Fork, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    assert!(!run.holds);
    run.enter(ROOT, "write", WRITE);
    assert!(run.holds, "its time begins here");
    run.enter(CHILD, "write", WRITE);
    let held = std::time::Duration::from_millis(50);
    assert_eq!(run.engine.next(), Next::Wait { timers: vec![(ROOT, held)], idle: None });
    run.tell(Observation::Elapsed { task: ROOT });
    assert_eq!(run.resumes(ROOT).0, How::Calls);
}

#[test]
fn calls_before_main_do_not_exist() {
    let mut engine = Run {
        engine: Engine::new(plan("inject = [{ on = \"write\", error = \"EIO\" }]"), ROOT),
        script: Script::default(),
        lines: Vec::new(),
        edits: Vec::new(),
        holds: false,
        started: Vec::new(),
    };
    engine.resumes(ROOT);
    engine.see(ROOT, Stop::Exec { former: ROOT });
    engine.take_edits();
    engine.enter(ROOT, "write", WRITE);
    assert_eq!(engine.take_edits(), []);
    assert_eq!(engine.lines, ["P1     exec(\"kv\", argc=1)"]);
    assert!(!engine.engine.into_record().started);
}

#[path = "faithful_tests.rs"]
mod faithful;
