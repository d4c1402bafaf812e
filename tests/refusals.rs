//! What refuses to let a process be traced is named, with what allows it: one test for each cause that can be made here.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

mod common;

const SPEC: &str = "spec = 1\ntarget = { attach = { pid = 1, for = \"200ms\" } }\n\
    trace = { syscalls = [\"openat\"] }\nsnapshot = { transcript = false }\n";

/// A program that waits for its standard input to end; killed at the end of the test.
struct Waiting {
    child: Child,
    _stdin: Option<ChildStdin>,
}

impl Waiting {
    /// Starts it and waits until it has said that it is ready.
    fn start(command: &mut Command) -> Waiting {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("it says something");
        assert_eq!(line, "ready\n");
        Waiting { _stdin: child.stdin.take(), child }
    }

    fn python(code: &str) -> Waiting {
        let code = format!("{code}\nprint('ready', flush=True)\nimport sys\nsys.stdin.read()");
        Waiting::start(Command::new("python3").args(["-I", "-c", &code]))
    }

    fn pid(&self) -> i32 {
        self.child.id() as i32
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It can only have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `rinject attach`, after `words` that say as whom.
fn attach(words: &[&str], pid: i32) -> (i32, String) {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let spec = folder.path().join("x.toml");
    fs::write(&spec, SPEC).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    // Another user cannot get at the one that was built.
    let rinject = folder.path().join("rinject");
    // By another process: children that other tests start meanwhile would hold the copy open, and it could not be executed.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_rinject")).arg(&rinject).status().unwrap();
    assert!(copied.success());
    let pid = pid.to_string();
    let all = [words, &[rinject.to_str().unwrap(), "attach", &pid, spec.to_str().unwrap()]].concat();
    output(&all, folder.path())
}

fn output(words: &[&str], folder: &Path) -> (i32, String) {
    let (program, args) = words.split_first().unwrap();
    let mut command = Command::new("timeout");
    let output = command
        .args(["-s", "KILL", "60", program])
        .args(args)
        .current_dir(folder)
        .env_remove("RINJECT_REQUIRE")
        .stdin(Stdio::null())
        .process_group(0)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn check((status, text): (i32, String), says: &[&str]) {
    assert_eq!(status, 5, "{text}");
    for part in says {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_process_that_is_gone() {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let pid = child.id() as i32;
    check(attach(&[], pid), &[&format!("cannot attach to process {pid}: there is no such process"), "ps -e"]);
}

#[test]
fn a_thread_of_the_kernel() {
    if !fs::read_to_string("/proc/2/comm").is_ok_and(|name| name == "kthreadd\n") {
        return println!("skipped: process 2 is not the kernel's here");
    }
    check(attach(&[], 2), &["cannot attach to process 2 (`kthreadd`): it is a thread of the kernel"]);
}

#[test]
fn a_zombie() {
    let mut child = Command::new("true").spawn().unwrap();
    let id = nix::sys::wait::Id::Pid(nix::unistd::Pid::from_raw(child.id() as i32));
    let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
    nix::sys::wait::waitid(id, flags).unwrap();
    check(attach(&[], child.id() as i32), &["(`true`): it has ended already", "(a zombie)"]);
    child.wait().unwrap();
}

#[test]
fn a_process_that_is_traced() {
    let waiting = Waiting::python("");
    let task = rinject::abi::TaskId(waiting.pid());
    let tracer = rinject::tracer::Running::seize(task);
    if let Err(error) = &tracer {
        assert!(!common::is_required("ptrace"), "tracing is required and refused: {error}");
        return println!("skipped: {error}");
    }
    let own = std::process::id();
    check(attach(&[], task.0), &[&format!("process {own} (`"), "`) traces it already", "one tracer at a time"]);
}

#[test]
fn a_process_of_another_user() {
    if !common::is_root() {
        return;
    }
    let waiting = Waiting::python("");
    let as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    check(
        attach(&as_nobody, waiting.pid()),
        &["(`python3`): it belongs to the user 0, and rinject runs as 65534", "CAP_SYS_PTRACE"],
    );
}

#[test]
fn a_process_that_is_not_dumpable() {
    if !common::is_root() {
        return;
    }
    let waiting = Waiting::python(
        "import ctypes, os\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\nctypes.CDLL(None).prctl(4, 0)",
    );
    let as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    check(attach(&as_nobody, waiting.pid()), &["it is not dumpable", "PR_SET_DUMPABLE", "CAP_SYS_PTRACE"]);
}

#[test]
fn a_process_with_more_capabilities() {
    if !common::is_root() {
        return;
    }
    let waiting = Waiting::python("");
    let without = ["setpriv", "--bounding-set=-sys_ptrace,-sys_admin", "--inh-caps=-sys_ptrace,-sys_admin"];
    check(attach(&without, waiting.pid()), &["it has capabilities that rinject has not"]);
}

#[test]
fn a_process_in_another_user_namespace() {
    if !common::is_root() {
        return;
    }
    let waiting = Waiting::python("");
    if !common::has_user_namespaces() {
        return;
    }
    check(attach(&["unshare", "--user", "--map-root-user"], waiting.pid()), &["it is in another user namespace"]);
}

/// Runs the words after it under a filter that forbids ptrace, as containers' profiles do.
const FORBIDDING: &str = "import ctypes, os, struct, sys
code = [(0x20, 0, 0, 0), (0x15, 0, 1, 101), (6, 0, 0, 0x00050001), (6, 0, 0, 0x7fff0000)]
text = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *one) for one in code))
prog = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 4, ctypes.addressof(text)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, prog) == 0, ctypes.get_errno()
os.execvp(sys.argv[1], sys.argv[1:])";

#[test]
fn a_profile_that_forbids_ptrace() {
    if std::env::consts::ARCH != "x86_64" {
        return println!("skipped: the filter has numbers of x86_64");
    }
    let waiting = Waiting::python("");
    let under = ["python3", "-I", "-c", FORBIDDING];
    let says = ["the seccomp profile that lies on rinject forbids ptrace", "--cap-add=SYS_PTRACE"];
    check(attach(&under, waiting.pid()), &says);

    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let spec = "spec = 1\ntarget = { program = \"true\" }\nsnapshot = { transcript = false }\n";
    fs::write(folder.path().join("x.toml"), spec).unwrap();
    let rinject = env!("CARGO_BIN_EXE_rinject");
    check(output(&[&under[..], &[rinject, "run", "x.toml"]].concat(), folder.path()), &says);
    check(output(&[&under[..], &[rinject, "doctor"]].concat(), folder.path()), &says);
}

#[test]
fn who_traces_rinject_traces_its_children() {
    if !common::can_trace() || !common::has_program("strace") {
        return;
    }
    let spec =
        "spec = 1\ntarget = { program = \"true\" }\ntrace.syscalls = [\"exit_group\"]\nsnapshot.transcript = false\n";
    let folder = common::folder(&[("x.toml", spec)]);
    let under = ["strace", "-f", "-o", "/dev/null", env!("CARGO_BIN_EXE_rinject")];
    let says = ["`strace` (", ") traces rinject and what it starts", "`strace` without `-f`"];
    for words in [&["run", "x.toml"][..], &["doctor"]] {
        check(output(&[&under[..], words].concat(), folder.path()), &says);
    }
    // One that leaves children alone is in nobody's way.
    let (status, text) =
        output(&[&["strace", "-o", "/dev/null"], &under[4..], &["run", "x.toml"]].concat(), folder.path());
    assert_eq!(status, 0, "{text}");
}

#[test]
fn oneself() {
    // A shell that becomes rinject keeps its number.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::write(folder.path().join("x.toml"), SPEC).unwrap();
    let script = format!("exec {} attach $$ x.toml", env!("CARGO_BIN_EXE_rinject"));
    check(output(&["sh", "-c", &script], folder.path()), &["it is rinject itself", "name another process"]);
}

#[test]
fn whoever_has_started_rinject_is_no_exception() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::write(folder.path().join("x.toml"), SPEC).unwrap();
    let script = format!("{} attach $$ x.toml; echo status $?", env!("CARGO_BIN_EXE_rinject"));
    let (_, text) = output(&["sh", "-c", &script], folder.path());
    if text.contains("status 5") && text.contains("Yama") && !common::is_required("ptrace") {
        return println!("skipped: {text}");
    }
    // The shell waits and makes no calls; it goes on afterwards.
    assert!(
        text.contains("RJ0710") && text.contains("run it again: rinject attach ") && text.ends_with("status 1\n"),
        "{text}"
    );
}

#[test]
fn a_machine_that_does_not_fix_addresses_says_so() {
    if !common::can_trace() || !common::has_program("strace") {
        return;
    }
    let spec = "spec = 1\ntarget = { program = \"true\" }\ntrace.syscalls = [\"exit_group\"]\n[snapshot]\ntranscript = false\n";
    let folder = common::folder(&[("x.toml", spec)]);
    let refused = |words: &[&str]| {
        let mut strace = common::limited(folder.path(), "strace");
        strace.args(["-o", "/dev/null", "-e", "inject=personality:error=EPERM", env!("CARGO_BIN_EXE_rinject")]);
        let output = strace.args(words).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (status, text) = refused(&["run", "x.toml"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("note: addresses differ from run to run: personality(ADDR_NO_RANDOMIZE) is refused"),
        "{text}"
    );
    let (_, text) = refused(&["doctor"]);
    assert!(text.contains("--  fixed addresses          missing (refused): addresses differ"), "{text}");
    assert_eq!(common::rinject(folder.path(), &["run", "x.toml"]).2, "");
}
