//! The filter that a task gets once it has made many calls beside others.

use super::*;

const CHILD: TaskId = TaskId(200);
const GRANDCHILD: TaskId = TaskId(300);
const ARGS: [u64; 6] = [0x11, 0x22, 0x33, 0, 0, 0];
/// Room below the stack.
const STACK: u64 = 0x10_0000;

/// Two tasks, of which the first one has the turn.
fn two(rest: &str) -> Run {
    let mut script = script();
    script.memory.insert(STACK - 0x1000, vec![7; 0x1000]);
    script.rsp = STACK;
    let mut run = Run::of(rest, script);
    run.resumes(ROOT);
    bear(&mut run, CHILD);
    run
}

/// The first task makes a child.
fn bear(run: &mut Run, child: TaskId) {
    run.see(ROOT, Stop::Born(Newborn { child, birth: Birth::Fork, process: child, shares_memory: false }));
    run.see(child, Stop::Started);
}

/// Calls that touch nobody else, up to the entry of the one before which the filter is put upon the task.
fn ask(run: &mut Run) -> Vec<Edit> {
    for _ in 0..31 {
        run.call(ROOT, "lseek", ARGS, 0);
        assert_eq!(run.take_edits(), []);
    }
    run.enter(ROOT, "lseek", ARGS);
    run.take_edits()
}

fn set(name: &str, value: u64) -> Edit {
    super::super::hit::set(super::super::hit::register(name).unwrap(), value)
}

#[test]
fn a_call_is_made_when_the_filter_is_there() {
    let mut run = two("trace = { syscalls = ['access'] }");
    let asked = ask(&mut run);
    let seccomp = u64::from(Sysno::parse("seccomp").unwrap().number(Arch::X86_64).unwrap());
    let Some(Edit::Write { addr, bytes }) = asked.iter().find(|edit| matches!(edit, Edit::Write { .. })) else {
        panic!("no filter in {asked:?}")
    };
    assert!(addr.0 + bytes.len() as u64 <= STACK - 128, "the red zone is left alone");
    assert_eq!(bytes[8..16], (addr.0 + 16).to_ne_bytes(), "the instructions are right behind their count");
    assert_eq!(usize::from(bytes[0]) * 8 + 16, bytes.len());
    assert!(asked.contains(&Edit::Number(seccomp)) && asked.contains(&Edit::Argument { at: 2, value: addr.0 }));
    assert_eq!(run.resumes(ROOT).0, How::Calls, "the exit of seccomp is awaited");
    // The first filter stops seccomp(2), whoever makes it.
    run.enters(ROOT, "seccomp", [1, 0, addr.0, 0, 0, 0]);
    assert_eq!(run.take_edits(), []);
    assert_eq!(run.resumes(ROOT).0, How::Calls);
    run.see(ROOT, Stop::Exit(0));
    let undone = run.take_edits();
    for edit in [
        Edit::Write { addr: *addr, bytes: vec![7; bytes.len()].into() },
        Edit::Argument { at: 0, value: ARGS[0] },
        Edit::Argument { at: 2, value: ARGS[2] },
        set("rip", 0x40_2000 - 2),
        set("rax", 8),
    ] {
        assert!(undone.contains(&edit), "{edit:?} is not in {undone:?}");
    }
    assert_eq!(run.resumes(ROOT).0, How::Run, "what matters stops by the filter");
    run.enters(ROOT, "write", WRITE);
    assert_eq!(run.resumes(ROOT).0, How::Calls, "the exit of a call may wake somebody");
    run.see(ROOT, Stop::Exit(5));
    assert_eq!(run.resumes(ROOT).0, How::Run);
    bear(&mut run, GRANDCHILD);
    run.enter(ROOT, "pause", [0; 6]);
    run.resumes(ROOT);
    run.tell(Observation::Asleep { task: ROOT });
    assert_eq!(run.resumes(CHILD).0, How::Calls, "it was there before");
    run.see(CHILD, Stop::Exiting);
    run.resumes(CHILD);
    run.tell(Observation::Ended { task: CHILD, ending: Ending::Exited(0) });
    assert_eq!(run.resumes(GRANDCHILD).0, How::Run, "a child inherits it");
}

#[test]
fn tasks_stop_at_every_call_where_the_kernel_refuses_the_filter() {
    let mut run = two("trace = { syscalls = ['access'] }");
    assert!(!ask(&mut run).is_empty());
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(-13));
    assert!(run.take_edits().contains(&set("rip", 0x40_2000 - 2)), "the call is made all the same");
    assert_eq!(run.resumes(ROOT).0, How::Calls);
    run.enters(ROOT, "lseek", ARGS);
    assert_eq!(run.take_edits(), [], "it is not asked for again");
}

#[test]
fn there_is_none_where_it_would_spare_nothing() {
    for rest in ["determinism = { schedule = 'free' }", "trace = { filter = 'ptrace' }"] {
        let mut run = two(rest);
        for _ in 0..100 {
            run.call(ROOT, "lseek", ARGS, 0);
        }
        assert_eq!(run.take_edits(), [], "{rest}");
    }
    // Alone, or making calls that may wake somebody.
    let mut run = Run::new("trace = { syscalls = ['access'] }");
    for _ in 0..100 {
        run.call(ROOT, "lseek", ARGS, 0);
    }
    assert_eq!(run.take_edits(), []);
    let mut run = two("trace = { syscalls = ['access'] }");
    for _ in 0..100 {
        run.call(ROOT, "close", ARGS, 0);
    }
    assert_eq!(run.take_edits(), []);
}
