//! Breakpoints of a scripted task: what is planted when, and how a task gets past.

use super::*;
use crate::engine::{CodeSite, Site};

const BUMP: Addr = Addr(0x40_1100);
const OWN: u8 = 0x55;

fn at_bump(rest: &str) -> Run {
    let rule = format!("inject = [{{ at = \"bump\", fires = \"0..\"{rest} }}]");
    let mut script = script();
    script.memory.insert(BUMP.0, vec![OWN, 0x90]);
    script.sites.insert("bump".to_owned(), vec![Site { addr: BUMP, is_ifunc: false, code: CodeSite::Boundary }]);
    Run::of(&rule, script)
}

fn stands(run: &mut Run, addr: u64, stop: SignalInfo) {
    run.script.rip = addr;
    run.see(ROOT, Stop::Signal(stop));
}

fn rewound(addr: Addr) -> Edit {
    crate::engine::hit::set(crate::engine::hit::rip(), addr.0)
}

#[test]
fn a_breakpoint_is_planted_when_tracing_starts() {
    let run = at_bump("");
    assert_eq!(run.started, [rewound(MAIN), byte(MAIN, 0x55), byte(BUMP, 0xcc)]);
}

#[test]
fn a_task_is_let_past_by_one_step_with_its_own_byte() {
    let mut run = at_bump("");
    run.resumes(ROOT);
    stands(&mut run, BUMP.0 + 1, trap(0x80));
    assert_eq!(run.take_edits(), [rewound(BUMP), byte(BUMP, OWN)]);
    assert_eq!(run.resumes(ROOT).0, How::Step);
    stands(&mut run, BUMP.0 + 1, trap(2));
    assert_eq!(run.take_edits(), [byte(BUMP, 0xcc)]);
    assert_eq!(run.resumes(ROOT), (How::Run, None));
    assert_eq!(run.lines.len(), 1, "{:?}", run.lines);
}

#[test]
fn a_signal_before_the_step_does_not_make_a_second_hit() {
    let mut run = at_bump("");
    run.resumes(ROOT);
    stands(&mut run, BUMP.0 + 1, trap(0x80));
    run.resumes(ROOT);
    run.take_edits();
    stands(&mut run, BUMP.0, signal("SIGUSR1"));
    assert_eq!(run.take_edits(), [byte(BUMP, 0xcc)]);
    assert_eq!(run.resumes(ROOT).1, Signal::parse("SIGUSR1"));
    // The handler has returned to the breakpoint.
    stands(&mut run, BUMP.0 + 1, trap(0x80));
    assert_eq!(run.take_edits(), [rewound(BUMP), byte(BUMP, OWN)]);
    let hits = run.lines.iter().filter(|line| line.contains("hit")).count();
    assert_eq!(hits, 1, "{:?}", run.lines);
}

#[test]
fn a_trap_of_the_programs_own_is_delivered() {
    let mut run = at_bump("");
    run.resumes(ROOT);
    stands(&mut run, BUMP.0 + 0x41, trap(0x80));
    assert_eq!(run.take_edits(), []);
    assert_eq!(run.resumes(ROOT), (How::Run, Some(Signal::TRAP)));
}

#[test]
fn a_function_that_is_not_run_needs_no_step() {
    let mut run = at_bump(", return = 7");
    run.script.memory.insert(0x9000, 0x40_1234_u64.to_le_bytes().to_vec());
    run.script.rsp = 0x9000;
    run.resumes(ROOT);
    stands(&mut run, BUMP.0 + 1, trap(0x80));
    let edits = run.take_edits();
    assert_eq!(edits.last(), Some(&rewound(Addr(0x40_1234))), "{edits:?}");
    assert_eq!(run.resumes(ROOT).0, How::Run);
    assert!(run.lines[0].contains(" = 7 "), "{:?}", run.lines);
}

#[test]
fn until_takes_a_breakpoint_out() {
    let mut run = at_bump(", name = \"look\", until = \"inject(look)\"");
    run.resumes(ROOT);
    stands(&mut run, BUMP.0 + 1, trap(0x80));
    run.resumes(ROOT);
    run.take_edits();
    stands(&mut run, BUMP.0 + 1, trap(2));
    assert!(!run.take_edits().contains(&byte(BUMP, 0xcc)));
}

#[test]
fn a_forked_child_has_a_copy_and_a_vforked_one_the_same() {
    const CHILD: TaskId = TaskId(200);
    for shares_memory in [false, true] {
        let mut run = at_bump("");
        run.resumes(ROOT);
        let birth = if shares_memory { Birth::Vfork } else { Birth::Fork };
        run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth, process: CHILD, shares_memory }));
        run.see(CHILD, Stop::Started);
        assert_eq!(run.take_edits(), [], "the kernel has copied what is planted");
        run.script.rip = BUMP.0 + 1;
        run.see(CHILD, Stop::Signal(trap(0x80)));
        assert_eq!(run.take_edits(), [rewound(BUMP), byte(BUMP, OWN)]);
    }
}

#[test]
fn the_flags_that_a_step_pushes_are_the_programs_own() {
    const TRAPPED: u64 = 0x346;
    let mut script = script();
    script.memory.insert(BUMP.0, vec![0x9c, 0x90]);
    script.sites.insert("bump".to_owned(), vec![Site { addr: BUMP, is_ifunc: false, code: CodeSite::Boundary }]);
    let mut run = Run::of("inject = [{ at = \"bump\" }]", script);
    run.script.memory.insert(BUMP.0, vec![0xcc, 0x90]);
    run.script.memory.insert(0x9000, TRAPPED.to_le_bytes().to_vec());
    run.resumes(ROOT);
    stands(&mut run, BUMP.0 + 1, trap(0x80));
    run.resumes(ROOT);
    run.take_edits();
    run.script.rsp = 0x9000;
    stands(&mut run, BUMP.0 + 1, trap(2));
    let own = Edit::Write { addr: Addr(0x9000), bytes: 0x246_u64.to_le_bytes().into() };
    assert_eq!(run.take_edits()[0], own);
}

#[test]
fn shared_memory_takes_no_breakpoint() {
    let mut script = script();
    script.sites.insert("bump".to_owned(), vec![Site { addr: BUMP, is_ifunc: false, code: CodeSite::Shared }]);
    let run = Run::of("inject = [{ at = \"bump\" }]", script);
    assert_eq!(run.started, [rewound(MAIN), byte(MAIN, 0x55)]);
}
