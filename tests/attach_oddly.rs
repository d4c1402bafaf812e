//! Processes that run already and are in the midst of something awkward: attached to, and let go unharmed.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "attach/running.rs"]
mod running;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use running::{Running, attach, can_trace, cycles, ended, fixture};

/// A rule for `tick()`, which every one of the programs calls all the time.
const TICKS: &str = "inject = [{ at = \"tick\", quiet = true, fires = \"20..\" }]";

/// Attached to with `spec`, it is let go and free, and the run was judged well.
#[track_caller]
fn attached(folder: &Path, target: &Running, spec: &str) {
    let (status, said) = ended(attach(folder, target.id(), spec));
    assert_eq!(status, Some(0), "{spec}\n{said}");
    target.assert_free();
}

#[test]
fn a_program_that_makes_threads_all_the_time() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::start(Command::new(fixture("make-threads")).arg("8"));
    let specs = [
        TICKS,
        "inject = [{ on = \"clone3, clone\", delay-exit = \"100us\", fires = \"20..\" }]",
        "inject = [{ at = \"tick\", hardware = true, quiet = true, fires = \"5..\" }]",
        "trace = { syscalls = [\"all\"] }\nexpect = { count = [{ event = \"clone()\", is = \"20..\" }] }",
    ];
    for spec in specs.into_iter().cycle().take(cycles(20)) {
        attached(folder.path(), &target, spec);
    }
    target.assert_unharmed();
}

#[test]
fn a_thread_that_waits_for_its_child_by_vfork() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let specs = [
        TICKS,
        "inject = [{ on = \"clock_nanosleep\", delay-exit = \"100us\", fires = \"5..\" }]",
        "target = { attach = { for = \"100ms\" } }\ninject = [{ at = \"tick\", quiet = true, fires = \"0..\" }]",
    ];
    // The last child outlasts rinject's patience: the kernel lets its parent go, with the end of the tracer.
    for (sleep, specs) in [("1000", &specs[..]), ("3000", &specs[..1])] {
        let target = Running::start(Command::new(fixture("vfork-slowly")).arg(sleep));
        for spec in specs {
            attached(folder.path(), &target, spec);
        }
        target.assert_unharmed();
    }
}

#[test]
fn a_program_with_a_seccomp_filter_of_its_own() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::start(Command::new(fixture("busy-threads")).args(["9", "filter"]));
    let specs = [
        TICKS,
        "inject = [{ on = \"poll\", args = { timeout = \"1\" }, fires = \"5..\" }]",
        "trace = { syscalls = [\"all\"] }\nexpect = { count = [{ event = \"getpgid() -> EDOM\", is = \"5..\" }] }",
    ];
    for spec in specs.into_iter().cycle().take(9) {
        attached(folder.path(), &target, spec);
    }
    target.assert_unharmed();
}

#[test]
fn a_32_bit_program() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("busy-threads");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/busy-threads.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-m32", "-std=gnu11", "-O1", "-pthread", "-o"]).arg(&program).arg(source).stderr(Stdio::null());
    if !compiler.status().is_ok_and(|status| status.success()) {
        return println!("skipped: no 32-bit program can be built; `apt-get install gcc-multilib`");
    }
    let target = Running::start(Command::new(program).arg("9"));
    let specs = [
        "inject = [{ on = \"getppid, poll, epoll_wait\", delay-exit = \"100us\", fires = \"20..\" }]",
        "trace = { syscalls = [\"all\"] }\nexpect = { count = [{ event = \"epoll_wait() -> 0\", is = \"5..\" }] }",
    ];
    for spec in specs.into_iter().cycle().take(6) {
        attached(folder.path(), &target, spec);
    }
    let spec = format!("target = {{ attach = {{ for = \"200ms\" }} }}\n{TICKS}");
    let (status, said) = ended(attach(folder.path(), target.id(), &spec));
    assert!(status == Some(1) && said.contains("no 64-bit program or library was mapped"), "{said}");
    target.assert_unharmed();
}

#[test]
fn a_process_that_executes_another_program_meanwhile() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let go = folder.path().join("go");
        let script = "echo ready; while [ ! -e go ]; do sleep 0.01; done; exec \"$0\" 9";
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).arg(fixture("busy-threads")).current_dir(folder.path());
        let target = Running::start(&mut shell);
        // The new program looks at its own code first, and would see another kind of breakpoint.
        let spec = "inject = [{ at = \"tick\", hardware = true, quiet = true, fires = \"5..\" }]";
        let rinject = attach(folder.path(), target.id(), spec);
        let deadline = Instant::now() + Duration::from_secs(20);
        while target.threads().iter().any(|(_, tracer)| tracer == "0") {
            assert!(Instant::now() < deadline, "nobody has attached: {:?}", ended(rinject));
            std::thread::yield_now();
        }
        fs::write(&go, "").unwrap();
        let (status, said) = ended(rinject);
        assert_eq!(status, Some(0), "{said}");
        target.assert_free();
        assert_eq!(target.finish(), ("ready\nwrong=0 lost=0 changed=0\n".to_owned(), Some(0)));
        fs::remove_file(&go).unwrap();
    }
}

#[test]
fn a_process_that_executes_all_the_time_from_a_thread_that_is_not_the_first() {
    executes_all_the_time("stay");
}

#[test]
fn a_process_that_executes_all_the_time_after_its_first_thread_has_ended() {
    executes_all_the_time("leave");
}

fn executes_all_the_time(first: &str) {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(fixture("exec-again"));
    let mut target = Running::start(program.args(["3000", first]).current_dir(folder.path()));
    let specs = [
        "inject = [{ on = \"clock_nanosleep\", delay-exit = \"100us\", fires = \"5..\" }]",
        "inject = [{ on = \"execve\", delay-enter = \"100us\" }]",
        "inject = [{ at = \"tick\", quiet = true, fires = \"5..\" }]",
    ];
    for spec in specs.into_iter().cycle().take(cycles(12)) {
        attached(folder.path(), &target, spec);
    }
    fs::write(folder.path().join("stop"), "").unwrap();
    let mut rest = String::new();
    target.out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "done\n");
    assert!(target.child.wait().unwrap().success());
}

#[test]
fn what_is_not_as_expected_lets_it_go_all_the_same() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let target = Running::busy(9);
    for (spec, says) in [
        ("inject = [{ on = \"getppid\", delay-exit = \"100us\", fires = \"5..\" }]\nexpect = { never = [\"getppid()\"] }".to_owned(), "RJ0704"),
        (
            "trace = { syscalls = [\"all\"] }\ntarget = { limits = { events = 100 } }\nexpect = { exit = 0 }"
                .to_owned(),
            "the transcript has more than 100 lines",
        ),
        (format!("target = {{ limits = {{ tasks = 3 }} }}\n{TICKS}"), "there were more than 3 tasks at a time"),
    ] {
        let (status, said) = ended(attach(folder.path(), target.id(), &spec));
        assert_eq!(status, Some(1), "{spec}\n{said}");
        assert!(said.contains(says), "{spec}\n{said}");
        target.assert_free();
    }
    target.assert_unharmed();
}
