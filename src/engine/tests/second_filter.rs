//! The filter that all tasks have once there are several.

use super::*;

const CHILD: TaskId = TaskId(200);
const CLONE: [u64; 6] = [0x11, 0, 0, 0, 0, 0];
/// Room below the stack.
const STACK: u64 = 0x10_0000;

fn run(rest: &str) -> Run {
    let mut script = script();
    script.memory.insert(STACK - 0x1000, vec![7; 0x1000]);
    script.rsp = STACK;
    Run::of(rest, script)
}

fn set(name: &str, value: u64) -> Edit {
    super::super::hit::set(super::super::hit::register(name).unwrap(), value)
}

#[test]
fn the_second_task_is_made_when_the_first_has_the_filter() {
    let mut run = run("trace = { syscalls = ['access'] }");
    run.enter(ROOT, "clone", CLONE);
    let asked = run.take_edits();
    let seccomp = u64::from(Sysno::parse("seccomp").unwrap().number(Arch::X86_64).unwrap());
    let Some(Edit::Write { addr, bytes }) = asked.iter().find(|edit| matches!(edit, Edit::Write { .. })) else {
        panic!("no filter in {asked:?}")
    };
    assert!(addr.0 + bytes.len() as u64 <= STACK - 128, "the red zone is left alone");
    assert_eq!(bytes[8..16], (addr.0 + 16).to_ne_bytes(), "the instructions are right behind their count");
    assert_eq!(usize::from(bytes[0]) * 8 + 16, bytes.len());
    assert!(asked.contains(&Edit::Number(seccomp)) && asked.contains(&Edit::Argument { at: 2, value: addr.0 }));
    assert_eq!(run.resumes(ROOT).0, How::Calls, "the exit of seccomp is awaited");
    run.see(ROOT, Stop::Exit(0));
    let undone = run.take_edits();
    for edit in [
        Edit::Write { addr: *addr, bytes: vec![7; bytes.len()].into() },
        Edit::Argument { at: 0, value: CLONE[0] },
        set("rip", 0x40_2000 - 2),
        set("rax", 56),
    ] {
        assert!(undone.contains(&edit), "{edit:?} is not in {undone:?}");
    }
    assert_eq!(run.resumes(ROOT).0, How::Run);
    run.enters(ROOT, "clone", CLONE);
    assert_eq!(run.take_edits(), [], "once is enough");
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Fork, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    assert_eq!(run.resumes(ROOT).0, How::Run, "what matters stops by the filter");
    run.enters(ROOT, "write", WRITE);
    assert_eq!(run.resumes(ROOT).0, How::Calls, "the exit of a call may wake somebody");
    run.see(ROOT, Stop::Exit(5));
    assert_eq!(run.resumes(ROOT).0, How::Run);
}

#[test]
fn tasks_stop_at_every_call_where_the_kernel_refuses_the_filter() {
    let mut run = run("trace = { syscalls = ['access'] }");
    run.enter(ROOT, "clone", CLONE);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(-13));
    assert!(run.take_edits().contains(&set("rip", 0x40_2000 - 2)), "the call is made all the same");
    run.enter(ROOT, "clone", CLONE);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Fork, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    assert_eq!(run.resumes(ROOT).0, How::Calls);
}

#[test]
fn there_is_none_where_tasks_run_at_once_or_carry_no_filter() {
    for rest in ["determinism = { schedule = 'free' }", "trace = { filter = 'ptrace' }"] {
        let mut run = run(rest);
        run.enter(ROOT, "clone", CLONE);
        assert_eq!(run.take_edits(), [], "{rest}");
    }
}
