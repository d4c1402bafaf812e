//! The public tracer: registers, memory, symbols, lines, breakpoints, threads, attaching, and what each request fails with.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "../fixtures/build.rs"]
mod fixtures;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rinject::abi::{Addr, Arch, Ending, Register, Signal, TaskId, Word};
use rinject::engine::{CodeSite, Resolved};
use rinject::plan::Place;
use rinject::sys;
use rinject::sys::procfs::RunState;
use rinject::tracer::{
    Gone, Launch, Process, RegisterError, Running, Seen, SeizeError, SetRegisterError, SignalError, StartError,
    Stopped, Unmapped, Why,
};

fn program(name: &str) -> PathBuf {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    BIN.get_or_init(|| fixtures::build(&sources).expect("fixtures are built")).join(name)
}

/// Says why a test does nothing, or fails where it may not.
fn skip(reason: SeizeError) {
    let required = std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == "ptrace"));
    assert!(!required, "tracing is required and refused: {reason}");
    println!("skipped: this machine refuses to trace: {reason}");
}

/// Starts a fixture; `None` where this machine refuses to trace.
fn start(name: &str) -> Option<Stopped> {
    let null = File::options().write(true).open("/dev/null").expect("/dev/null");
    match Launch::new(program(name)).stdout(null.into()).without_aslr().start() {
        Ok(stopped) => Some(stopped),
        Err(StartError::Untraceable(reason)) => {
            skip(reason);
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

fn sites(process: &Process, stopped: &Stopped, place: &str) -> Vec<Addr> {
    match process.resolve(stopped, &Place::parse(place).unwrap()) {
        Resolved::At(sites) => {
            assert!(sites.iter().all(|site| site.code != CodeSite::NotCode), "{place}: {sites:?}");
            sites.into_iter().map(|site| site.addr).collect()
        }
        other => panic!("{place}: {other:?}"),
    }
}

/// Runs to the end, with breakpoints; calls `hit` at each. The signals of the program's own are delivered.
fn run(process: &mut Process, first: Stopped, mut hit: impl FnMut(&mut Process, &Stopped, Addr)) -> Ending {
    let root = first.id();
    let mut tasks = vec![first.run(None)];
    while let Some((task, seen)) = Running::wait_any(&mut tasks) {
        let (stopped, status) = match seen {
            Seen::Ended(ending) if task == root => return ending,
            Seen::Stopped(stopped, status) => (stopped, status),
            _ => continue,
        };
        let signal = match stopped.why(status) {
            Ok(Why::Signal(signal)) => match process.hit(&stopped) {
                Some(addr) => {
                    hit(process, &stopped, addr);
                    if let Seen::Stopped(stopped, _) = process.step_over(stopped) {
                        tasks.push(stopped.run(None));
                    }
                    continue;
                }
                None => Some(signal),
            },
            Ok(Why::Born { child, is_thread }) => {
                assert!(is_thread);
                tasks.push(child);
                None
            }
            Ok(_) => None,
            Err(Gone::Gone) => continue,
        };
        tasks.push(stopped.run(signal));
    }
    panic!("the program is gone without having ended")
}

/// How often `mark` is hit, by whom, and from where.
#[track_caller]
fn check_hits(name: &str, callers: [&str; 2]) {
    let Some(stopped) = start(name) else { return };
    let mut process = Process::of(&stopped);
    let [mark] = sites(&process, &stopped, &format!("{name}!mark"))[..] else { panic!("one mark in {name}") };
    process.set_breakpoint(&stopped, mark).unwrap();
    let (mut tasks, mut found) = (Vec::new(), Vec::new());
    let ending = run(&mut process, stopped, |process, stopped, addr| {
        assert_eq!(addr, mark);
        tasks.push(stopped.id());
        let frames = process.backtrace(stopped, 16);
        assert_eq!(frames[0], mark);
        let names: Vec<String> =
            frames.iter().filter_map(|frame| Some(process.locate(stopped, *frame)?.to_string())).collect();
        found.push(names[1].split('+').next().unwrap_or_default().to_owned());
        if found.len() == 4 {
            assert!(names.iter().any(|name| name.contains("!main+")), "{names:?}");
        }
    });
    // SIGURG is ignored by default; the status is raise's.
    assert_eq!(ending, Ending::Exited(0));
    let [thread, inner] = callers.map(|caller| format!("{name}!{caller}"));
    assert_eq!(found, [thread.clone(), thread.clone(), thread, inner], "{name}");
    tasks.sort_unstable_by_key(|task: &TaskId| task.0);
    tasks.dedup();
    assert_eq!(tasks.len(), 4, "every thread hits it");
}

#[test]
fn every_thread_hits_a_breakpoint_and_its_callers_are_known() {
    check_hits("call-mark", ["thread", "inner"]);
    check_hits("call-mark-nopie", ["thread", "inner"]);
    check_hits("call-mark-static", ["thread", "inner"]);
}

#[test]
fn a_line_stands_for_each_function_it_was_inlined_into() {
    let source = include_str!("../fixtures/call-mark.c");
    let line = 1 + source.lines().position(|line| line.contains("return number * 2")).unwrap();
    for name in ["call-mark", "call-mark-nopie", "call-mark-static"] {
        let Some(stopped) = start(name) else { return };
        let process = Process::of(&stopped);
        let found = sites(&process, &stopped, &format!("call-mark.c:{line}"));
        let mut names: Vec<String> =
            found.iter().map(|addr| process.locate(&stopped, *addr).unwrap().symbol.unwrap().0.to_string()).collect();
        names.sort();
        assert_eq!(names, ["main", "mark"], "{name}");
        let blank = Place::parse("call-mark.c:1").unwrap();
        assert!(matches!(process.resolve(&stopped, &blank), Resolved::NoCode { nearest } if nearest.len() == 1));
        stopped.kill();
    }
}

#[test]
fn a_stripped_program_has_its_imports_only() {
    let Some(stopped) = start("call-mark-stripped") else { return };
    let process = Process::of(&stopped);
    let resolve = |place: &str| process.resolve(&stopped, &Place::parse(place).unwrap());
    assert!(matches!(resolve("call-mark-stripped!mark"), Resolved::NoSymbol { .. }));
    assert_eq!(resolve("call-mark-stripped!call-mark.c:20"), Resolved::NoDebugInfo);
    assert_eq!(resolve("libc.so.6!malloc"), Resolved::NoModule, "the loader has not run yet");
    assert_eq!(sites(&process, &stopped, "raise@plt").len(), 1);
    let entry = process.entry(&stopped).unwrap();
    let shown = process.locate(&stopped, entry).unwrap().to_string();
    assert!(shown.starts_with("call-mark-stripped+0x"), "{shown}");
    stopped.kill();
}

#[test]
fn breakpoints_are_invisible_to_who_reads_through_the_process_and_come_out_again() {
    let Some(stopped) = start("call-mark") else { return };
    let mut process = Process::of(&stopped);
    let addr = process.entry(&stopped).unwrap();
    let (mut before, mut masked, mut raw) = ([0; 16], [0; 16], [0; 16]);
    stopped.read(addr, &mut before).unwrap();
    process.set_breakpoint(&stopped, addr.plus(4)).unwrap();
    process.read(&stopped, addr, &mut masked).unwrap();
    stopped.read(addr, &mut raw).unwrap();
    assert_eq!((masked, raw[4]), (before, 0xcc));
    assert_eq!(process.unset_breakpoint(&stopped, addr.plus(4)), Ok(true));
    assert_eq!(process.unset_breakpoint(&stopped, addr.plus(4)), Ok(false));
    stopped.read(addr, &mut raw).unwrap();
    assert_eq!(raw, before);
    assert_eq!(process.set_breakpoint(&stopped, Addr(8)), Err(Unmapped { addr: Addr(8) }));
    stopped.kill();
}

#[test]
fn modules_have_bases_and_exports() {
    let Some(stopped) = start("call-mark") else { return };
    let mut process = Process::of(&stopped);
    let entry = process.entry(&stopped).unwrap();
    process.set_breakpoint(&stopped, entry).unwrap();
    let mut names = Vec::new();
    let ending = run(&mut process, stopped, |process, stopped, _| {
        let modules = process.modules(stopped);
        names = modules.iter().map(|module| module.name.to_string()).collect();
        assert!(modules.iter().any(|module| module.range.contains(&entry.0) && module.path.ends_with("/call-mark")));
        let exports = process.exports(stopped, "libc.so.6");
        let malloc = sites(process, stopped, "libc.so.6!malloc");
        assert!(exports.iter().any(|(name, addr)| &**name == "malloc" && malloc.contains(addr)));
        assert_eq!(process.threads(), [stopped.id()]);
    });
    assert_eq!(ending, Ending::Exited(0));
    for name in ["call-mark", "libc.so.6", "vdso"] {
        assert!(names.iter().any(|known| known == name), "{name} of {names:?}");
    }
}

#[test]
fn each_request_fails_with_what_ptrace_gives_for_it() {
    let Some(stopped) = start("call-mark") else { return };
    let register = |name| Register::parse(name, Arch::X86_64).unwrap();
    assert_eq!(stopped.set_register(register("xmm3"), Word::from_u64(7, 128)), Ok(()));
    assert_eq!(stopped.register(register("xmm3")), Ok(Word::from_u64(7, 128)));
    assert_eq!(stopped.set_register(register("mxcsr"), Word::from_u64(u64::MAX, 32)), Err(SetRegisterError::Invalid));
    let kernel = Word::from_u64(0xffff_ffff_8100_0000, 64);
    assert_eq!(stopped.set_register(register("dr0"), kernel), Err(SetRegisterError::Invalid));
    let nowhere = Unmapped { addr: Addr(0x10) };
    assert_eq!(stopped.read(Addr(0x10), &mut [0; 4]), Err(nowhere));
    assert_eq!(stopped.write(Addr(0x10), &[1]), Err(nowhere));
    assert_eq!(Running::seize(TaskId(std::process::id() as i32)).err(), Some(SeizeError::Oneself));
    assert_eq!(Running::seize(TaskId(i32::MAX)).err(), Some(SeizeError::Gone));
    let id = stopped.id();
    assert_eq!(Running::seize(id).err(), Some(SeizeError::Forbidden), "it is traced already");
    // The end is left unread: the task is gone, and its number is still its own. On its way it stops once more.
    sys::send_signal(id, None, Signal::KILL);
    while sys::procfs::run_state(id) != RunState::Zombie {
        let _ = sys::resume(id, sys::Resume::Continue, None);
    }
    assert_eq!(stopped.registers(), Err(Gone::Gone));
    assert_eq!(stopped.register(register("st0")), Err(RegisterError::Gone));
    assert_eq!(stopped.signal().err(), Some(SignalError::Gone));
    let seen = stopped.run(None).wait();
    assert!(matches!(seen, Seen::Ended(Ending::Killed(Signal::KILL))), "{seen:?}");
}

#[test]
fn a_program_that_is_not_there_says_so() {
    if start("call-mark").map(Stopped::kill).is_some() {
        let error = Launch::new("/no/such/program").start().unwrap_err();
        assert_eq!(error.to_string(), "the program cannot be executed: No such file or directory (os error 2)");
    }
}

#[test]
fn a_process_is_attached_to_with_all_its_threads_and_let_go_unharmed() {
    let child = Command::new(program("call-mark")).arg("wait").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("the fixture runs");
    let id = TaskId(child.id() as i32);
    while sys::procfs::threads(id).len() < 4 {
        std::thread::yield_now();
    }
    let tasks = match Running::seize_process(id) {
        Ok(tasks) => tasks,
        Err(reason) => {
            skip(reason);
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            return;
        }
    };
    assert_eq!(tasks.len(), 4);
    for running in tasks {
        running.interrupt().unwrap();
        let Seen::Stopped(stopped, status) = running.wait() else { panic!("it stops") };
        assert!(matches!(stopped.why(status), Ok(Why::Interrupted)));
        assert_eq!(stopped.signal().err(), None);
        assert_eq!(stopped.process(), Some(id));
        stopped.detach(None);
    }
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stdout.ends_with(b" 1\n"), "{output:?}");
}
