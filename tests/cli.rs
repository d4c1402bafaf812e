//! The `rinject` binary as its users meet it: words in; text, files and a status out.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

mod common;

use common::{can_trace, folder};

const GOOD: &str = "spec = 1\ntarget = { program = \"cat\", args = [\"in\"], files = { in = \"x\" } }\n\
    inject = [{ on = \"read(fd ~ '${tmp}/in')\", error = \"EIO\" }]\n\
    trace = { drop = [\"read(fd ~ '/etc/**')\", \"read(fd ~ '/usr/**')\"] }\n\
    expect = { exit = 1, stderr = { contains = [\"Input/output error\"] } }\n";

/// Two cases.
const LISTED: &str = "spec = 1\ntarget = { program = \"cat\", args = [\"in\"], files = { in = \"x\" } }\n\
    inject = [{ on = \"openat(path ~ '${tmp}/in')\", error = [\"EACCES\", \"EMFILE\"] }]\n\
    trace = { drop = [\"read(fd ~ '/etc/**')\", \"read(fd ~ '/usr/**')\"] }\nexpect = { exit = 1 }\n";

/// `rinject` in `folder`, in an environment without CI.
fn rinject(folder: &Path, words: &[&str]) -> Command {
    let mut command = common::told_nothing(folder, env!("CARGO_BIN_EXE_rinject"));
    command.args(words);
    command
}

/// Status, standard output, standard error; the tree is killed after a minute.
fn run(command: &mut Command) -> (i32, String, String) {
    let mut child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{command:?} did not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

#[test]
fn the_doctor_tells_of_each_thing_on_a_line() {
    let (status, out, _) = run(&mut rinject(Path::new("/"), &["doctor"]));
    let marks: Vec<&str> = out.lines().map(|line| line.split_once("  ").expect("a mark and a name").0).collect();
    assert!(marks.iter().all(|mark| ["ok", "--", "no"].contains(mark)), "{out}");
    assert_eq!(status, if marks.contains(&"no") { 5 } else { 0 }, "{out}");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let names = [release.trim(), "Yama", "attaching", "seccomp RET_TRACE", "cpuid faulting", "user namespaces"];
    assert!(names.iter().all(|name| out.contains(name)), "{out}");
}

#[test]
fn a_new_snapshot_fails_waits_and_is_accepted() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", GOOD)]);
    let here = folder.path();
    let (status, out, _) = run(&mut rinject(here, &["run", "x.toml"]));
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("new snapshot"), "{out}");
    assert_eq!(out.lines().last(), Some("rinject accept x.snap"), "the last line is the command that accepts");
    assert_eq!(run(&mut rinject(here, &["pending"])).1, "./x.snap\n");
    assert_eq!(run(&mut rinject(here, &["accept", "x.snap"])), (0, "accepted x.snap\n".into(), String::new()));
    assert!(!here.join("x.snap.new").exists());
    assert_eq!(run(&mut rinject(here, &["run", "x.toml"])).0, 0);

    let golden = fs::read_to_string(here.join("x.snap")).unwrap();
    fs::write(here.join("x.snap"), golden.replace("EIO", "EPERM")).unwrap();
    let (status, out, _) = run(&mut rinject(here, &["run", "x.toml"]));
    assert_eq!(status, 1);
    assert!(out.contains("- P1     read") && out.contains("+ P1     read"), "a diff is shown: {out}");
    assert_eq!(run(&mut rinject(here, &["reject"])).0, 0);
    assert!(!here.join("x.snap.new").exists());
    assert_eq!(run(&mut rinject(here, &["run", "-u", "x.toml"])).0, 0);
    assert_eq!(fs::read_to_string(here.join("x.snap")).unwrap(), golden);
}

#[test]
fn ci_writes_nothing_unasked() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", GOOD)]);
    let files = || fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(run(rinject(folder.path(), &["run", "x.toml"]).env("CI", "true")).0, 1);
    assert_eq!(files(), 1);
    assert_eq!(run(&mut rinject(folder.path(), &["run", "--check", "x.toml"])).0, 1);
    assert_eq!(run(rinject(folder.path(), &["run", "x.toml"]).env("INSTA_UPDATE", "no")).0, 1);
    assert_eq!(files(), 1);
    assert_eq!(run(rinject(folder.path(), &["run", "x.toml"]).env("CI", "true").env("INSTA_UPDATE", "always")).0, 0);
    assert_eq!(files(), 2);
}

#[test]
fn review_asks_for_each_snapshot_that_waits() {
    let waiting = "---\nsource: \"x.toml\"\nexpression: \"x\"\n---\nnew\n";
    let folder = folder(&[("a.snap.new", waiting), ("b.snap.new", waiting), ("c.snap.new", waiting)]);
    let answers = folder.path().join("answers");
    fs::write(&answers, "what?\na\nr\ns\n").unwrap();
    let (status, out, _) = run(rinject(folder.path(), &["review", "."]).stdin(fs::File::open(&answers).unwrap()));
    assert_eq!(status, 0);
    assert!(out.contains("1 of 3: ./a.snap") && out.contains("+ new"), "{out}");
    let exists = |name: &str| folder.path().join(name).exists();
    assert!(exists("a.snap") && !exists("a.snap.new"));
    assert!(!exists("b.snap") && !exists("b.snap.new"));
    assert!(!exists("c.snap") && exists("c.snap.new"));
}

#[test]
fn what_is_no_spec_is_one_clear_message() {
    let folder =
        folder(&[("empty/x.txt", ""), ("zero.toml", "spec = 1\n\0"), ("bad.toml", "spec = 1\ntraget = {}\n")]);
    let here = folder.path();
    fs::write(here.join("binary.toml"), [0xff, 0xfe, 0x80]).unwrap();
    fs::write(here.join("huge.toml"), vec![b'#'; 50 << 20]).unwrap();
    let check = |words: &[&str], status: i32, part: &str| {
        let (got, out, err) = run(&mut rinject(here, words));
        assert_eq!(got, status, "{words:?}\n{out}{err}");
        assert!(format!("{out}{err}").contains(part), "{words:?} does not say `{part}`:\n{out}{err}");
    };
    check(&["run", "nowhere.toml"], 6, "cannot read spec `nowhere.toml`: no such file or directory");
    check(&["run", "binary.toml"], 6, "it is not UTF-8 text (byte 0)");
    check(&["run", "zero.toml"], 6, "a zero byte at byte 9");
    check(&["run", "huge.toml"], 6, "it is 50 MiB long; a spec is at most 8 MiB");
    check(&["run", "bad.toml"], 3, "did you mean `target`?");
    check(&["check", "bad.toml"], 3, "error[RJ0102]");
    check(&["run", "empty"], 4, "there is no spec there");
    check(&["run", "bad.toml", "--filter", "tag:none"], 4, "no case passes the filters");
    check(&["run", "--filter", "/(/", "bad.toml"], 2, "cannot read filter `/(/`");
    check(&["run", "--nonsense"], 2, "unexpected argument");
    check(&["run", "--bin", "kv", "bad.toml"], 2, "write --bin NAME=PATH");
    check(&["run", "--report", "xml=x", "bad.toml"], 2, "kinds are `html`, `json`, `junit`");
    check(&["explain", "RJ0201"], 0, "unknown event");
    check(&["explain", "fsync"], 0, "said once for each open file");
    check(&["explain", "RJ9999"], 2, "there is no code `RJ9999`");
    check(&["accept"], 4, "no snapshot waits");
}

#[test]
fn attach_says_what_is_wrong_with_its_words() {
    let spec = "spec = 1\ntarget = { attach = { for = \"1s\" } }\ntrace = { syscalls = [\"read\"] }\n";
    let folder = folder(&[("x.toml", spec)]);
    let check = |words: &[&str], status: i32, part: &str| {
        let (got, out, err) = run(&mut rinject(folder.path(), words));
        assert_eq!(got, status, "{words:?}\n{out}{err}");
        assert!(format!("{out}{err}").contains(part), "{words:?} does not say `{part}`:\n{out}{err}");
    };
    check(&["attach", "x.toml", "1234"], 2, "a process is named by its number; write `rinject attach PID SPEC`");
    check(&["attach", "+5", "x.toml"], 2, "a process is named by its number");
    for number in ["0", "4194305", "99999999999999999999"] {
        check(&["attach", number, "x.toml"], 2, "processes have numbers from 1 to 4194304");
    }
    check(&["attach", "1234", "x.toml", "--for", "0s"], 2, "no time at all");
    check(&["attach", "1234", "x.toml", "--for", "5"], 2, "write a unit with it: 5s, 5ms");
    check(&["attach", "1234"], 2, "write `rinject attach PID SPEC`");
    check(&["check", "x.toml"], 3, "name the process on the command line: `rinject attach PID SPEC`");
}

#[test]
fn a_process_that_runs_already_is_explained_as_one() {
    let folder = folder(&[
        ("rule.toml", "spec = 1\ntarget = { attach = 7 }\ninject = [{ on = \"read\", error = \"EIO\" }]\n"),
        (
            "time.toml",
            "spec = 1\ntarget = { attach = { pid = 7, for = \"1s\" } }\ntrace = { syscalls = [\"read\"] }\n",
        ),
        (
            "exit.toml",
            "spec = 1\ntarget = { attach = 7 }\ntrace = { syscalls = [\"read\"] }\nexpect = { exit = 3 }\n",
        ),
    ]);
    for (name, end) in [
        ("rule.toml", "ends     when every rule has fired and every expectation is met, or when the process ends"),
        ("time.toml", "ends     after 1s, or when the process ends"),
        ("exit.toml", "ends     when the process ends, as a failure after 10s"),
    ] {
        let (status, out, err) = run(&mut rinject(folder.path(), &["explain", name]));
        assert_eq!(status, 0, "{out}{err}");
        assert!(out.contains("attaches to process 7\nstarts   at once;") && out.contains(end), "{out}");
        assert!(!out.contains("runs "), "nothing is run: {out}");
    }
}

#[test]
fn a_rule_that_never_fires_names_the_call_that_was_used_instead() {
    if !can_trace() {
        return;
    }
    let spec = "spec = 1\nsnapshot = { transcript = false }\n\
        target = { program = \"mv\", args = [\"a\", \"b\"], files = { \"a\" = \"\" } }\n\
        inject = [{ on = \"rename\", error = \"EIO\" }]\n";
    let folder = folder(&[("x.toml", spec)]);
    let (status, out, err) = run(&mut rinject(folder.path(), &["run", "x.toml"]));
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.contains("the program used `renameat2` instead: `on = \"meta.rename\"` covers both"), "{out}{err}");
}

#[test]
fn a_test_of_a_descriptor_with_the_name_of_a_stream_says_what_to_write() {
    if !can_trace() {
        return;
    }
    let rule = |name: &str, event: &str| format!("[[inject]]\nname = '{name}'\n{event}\nerror = 'EIO'\n");
    let spec = [
        "spec = 1\nsnapshot = { transcript = false }\n[target]\nprogram = 'echo'\n[expect]\nexit = 0\n",
        "count = [{ event = \"write(fd = 'stdout')\", is = '1' }]\n[[expect.sequence]]\nevents = [\"write(fd ~ 'stdout')\"]\n",
        &rule("event", "on = \"file.write(fd ~ 'stderr')\""),
        &rule("filter", "on = 'write'\nwhere = { fd = 'stdin' }"),
        &rule("armed", "on = 'write'\nafter = \"close(fd ~ 'stdout')\""),
        &rule("number", "on = 'write(fd = 9)'"),
    ];
    let folder = folder(&[("x.toml", &spec.concat())]);
    let (status, out, err) = run(&mut rinject(folder.path(), &["run", "x.toml"]));
    assert_eq!(status, 1, "{out}{err}");
    let helps: Vec<&str> = out.lines().filter_map(|line| line.trim().strip_prefix("= help: ")).collect();
    let help = |test: &str, stream: &str, number: u32| {
        format!("`{test}` looks for a file of this name; for the descriptor {stream} write `fd = {number}`")
    };
    let expected = [
        help("fd = 'stdout'", "stdout", 1),
        help("fd ~ 'stdout'", "stdout", 1),
        help("fd ~ 'stderr'", "stderr", 2),
        help("fd = \"stdin\"", "stdin", 0),
        help("fd ~ 'stdout'", "stdout", 1),
        "`fires = \"0..\"` lets a rule go unused".to_owned(),
    ];
    assert_eq!(helps, expected, "{out}");
}

#[test]
fn a_target_that_cannot_be_run_is_status_6_and_says_where() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("plain.sh", "echo hi\n")]);
    let here = folder.path();
    let check = |target: &str, status: i32, part: &str| {
        fs::write(here.join("x.toml"), format!("spec = 1\ntarget = {target}\n")).unwrap();
        let (got, out, err) = run(&mut rinject(here, &["run", "x.toml"]));
        assert_eq!(got, status, "{target}\n{out}{err}");
        assert!(out.contains(part) && out.contains("x.toml:2:"), "{target} does not say `{part}`:\n{out}{err}");
    };
    check("{ program = \"no-such-program\" }", 6, "target program `no-such-program` not found");
    check("{ program = \"./plain.sh\" }", 6, "it has no execute permission");
    check("{ program = \"/tmp\" }", 6, "it is a directory");
    check("{ program = \"${bin.kv}\" }", 6, "kv");
    check("{ program = \"${env.RINJECT_UNSET}\" }", 3, "RINJECT_UNSET");
    fs::write(here.join("x.toml"), "spec = 1\ntarget = { program = \"true\" }\nsetup = [{ run = [\"false\"] }]\n")
        .unwrap();
    let (status, out, _) = run(&mut rinject(here, &["run", "x.toml"]));
    assert_eq!(status, 6);
    assert!(out.contains("setup command `false` exited 1"), "{out}");
}

#[test]
fn nothing_is_left_behind() {
    if !can_trace() {
        return;
    }
    let marker = format!("rinject-cli-{}", std::process::id());
    let spec = |timeout: &str| {
        format!(
            "spec = 1\ntarget = {{ program = \"sh\", args = [\"-c\", \"sleep 1000 & sleep 1000; : {marker}\"], timeout = \"{timeout}\" }}\n\
             snapshot = {{ transcript = false }}\n"
        )
    };
    let folder = folder(&[("timeout.toml", &spec("2s")), ("long.toml", &spec("60s"))]);
    let (status, out, _) = run(&mut rinject(folder.path(), &["run", "timeout.toml"]));
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("TIMEOUT") && out.contains("P1 was in `wait4`"), "{out}");
    assert_eq!(processes(&marker), 0, "after a time-out");

    for (signal, status) in
        [(libc_signal("INT"), Some(130)), (libc_signal("TERM"), Some(130)), (libc_signal("KILL"), None)]
    {
        let mut child = rinject(folder.path(), &["run", "long.toml"]).stdout(Stdio::null()).spawn().unwrap();
        wait_until(|| processes(&marker) > 0);
        let sent = Command::new("kill").args([signal, child.id().to_string().as_str()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), status, "{signal}");
        wait_until(|| processes(&marker) == 0);
    }
}

fn libc_signal(name: &str) -> &'static str {
    match name {
        "INT" => "-INT",
        "TERM" => "-TERM",
        _ => "-KILL",
    }
}

fn wait_until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "did not come to pass");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How many processes have `marker` on their command line.
fn processes(marker: &str) -> usize {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(marker)).count()
}

#[test]
fn reports_for_machines_can_be_read_back() {
    if !can_trace() {
        return;
    }
    let bad = GOOD.replace("exit = 1", "exit = 0");
    let folder = folder(&[("a.toml", GOOD), ("b.toml", &bad), ("c.toml", "spec = 2\n")]);
    let here = folder.path();
    run(&mut rinject(here, &["run", "-u", "a.toml"]));
    let words = ["run", "--format", "json", "--report", "junit=j.xml", "--report", "json=r.json", "."];
    let (status, out, _) = run(&mut rinject(here, &words));
    assert_eq!(status, 3);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let statuses: Vec<&str> = lines[..3].iter().map(|line| line["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["pass", "fail", "error"]);
    assert_eq!(lines[0]["rules"][0]["fired"], 1);
    assert_eq!(lines[1]["failures"][0]["kind"], "exit");
    assert_eq!(lines[1]["failures"][0]["line"], 5);
    assert_eq!(lines[3]["failed"], 1);
    assert_eq!(fs::read_to_string(here.join("r.json")).unwrap().lines().count(), 4);
    let junit = fs::read_to_string(here.join("j.xml")).unwrap();
    assert!(
        junit.contains("tests=\"3\"") && junit.contains("failures=\"1\"") && junit.contains("errors=\"1\""),
        "{junit}"
    );
    assert!(junit.contains("Error: error[RJ0702]"), "{junit}");
}

#[test]
fn colour_is_for_those_who_want_it() {
    let folder = folder(&[("bad.toml", "spec = 2\n")]);
    let escape = |words: &[&str]| run(&mut rinject(folder.path(), words)).1.contains('\x1b');
    assert!(!escape(&["run", "bad.toml"]), "a pipe gets none");
    assert!(escape(&["run", "--color", "always", "bad.toml"]));
    assert!(!escape(&["run", "--color", "never", "bad.toml"]));
}

#[test]
fn list_shows_cases_in_order_and_check_runs_nothing() {
    let folder = folder(&[("s/b.toml", GOOD), ("s/a.toml", GOOD), ("s/deep/c.toml", GOOD), ("s/no.txt", "")]);
    let (status, out, _) = run(&mut rinject(folder.path(), &["list", "s"]));
    assert_eq!((status, out.as_str()), (0, "s/a.toml\ns/b.toml\ns/deep/c.toml\n"));
    let (status, out, _) = run(&mut rinject(folder.path(), &["list", "s/*.toml"]));
    assert_eq!((status, out.as_str()), (0, "s/a.toml\ns/b.toml\n"));
    let (status, out, _) = run(&mut rinject(folder.path(), &["check", "s", "--filter", "/c.toml$/"]));
    assert_eq!((status, out.as_str()), (0, "ok s/deep/c.toml\n"));
}

#[test]
fn a_list_of_errors_is_a_case_for_each() {
    let spec = "spec = 1\ntarget = { program = \"cat\", args = [\"x\"] }\n[[inject]]\non = \"file.open\"\n\
                where = { path = \"x\" }\nerror = [\"EACCES\", \"EMFILE\"]\n[expect]\nexit = 1\n";
    let folder = folder(&[("x.toml", spec), ("y.toml", spec)]);
    let here = folder.path();
    let list = |words: &[&str]| run(rinject(here, &["list"]).args(words)).1;
    assert_eq!(list(&["x.toml"]), "x.toml::error=EACCES\nx.toml::error=EMFILE\n");
    assert_eq!(list(&["x.toml::error=EMFILE"]), "x.toml::error=EMFILE\n");
    assert_eq!(list(&[".", "--filter", "=EACCES"]), "./x.toml::error=EACCES\n./y.toml::error=EACCES\n");
    assert_eq!(
        list(&["x.toml::error=EMFILE", "y.toml"]),
        "x.toml::error=EMFILE\ny.toml::error=EACCES\ny.toml::error=EMFILE\n"
    );
    let (status, out, err) = run(&mut rinject(here, &["list", "x.toml::error=EIO"]));
    assert!(status != 0 && out.is_empty() && err.contains("no case `x.toml::error=EIO`"), "{err}");
}

#[test]
fn a_snapshot_of_a_value_that_is_in_no_list_any_more_is_a_failure() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", LISTED)]);
    let here = folder.path();
    assert_eq!(run(&mut rinject(here, &["run", "-u", "x.toml"])).0, 0);
    fs::write(here.join("x.toml"), LISTED.replace(", \"EMFILE\"", "")).unwrap();
    let (status, out, err) = run(&mut rinject(here, &["run", "x.toml"]));
    assert_eq!(status, 1, "{err}");
    assert!(out.contains("no case of the spec has the snapshot `x@error=EMFILE.snap`"), "{out}");
    fs::remove_file(here.join("x@error=EMFILE.snap")).unwrap();
    assert_eq!(run(&mut rinject(here, &["run", "x.toml"])).0, 0);
}

#[test]
fn when_the_tracer_dies_the_tracees_die() {
    let spec = "spec = 1\n\
        target = { program = \"sh\", args = [\"-c\", \"sleep 1000 & echo $$ $! >'${spec-dir}/new'; \
            mv '${spec-dir}/new' '${spec-dir}/born'; wait\"], timeout = \"100s\" }\n\
        trace = { syscalls = [\"wait4\"] }\nsnapshot = { transcript = false }\n";
    let folder = folder(&[("x.toml", spec)]);
    if !can_trace() {
        return;
    }
    let mut tracer = rinject(folder.path(), &["run", "x.toml"]).stdout(Stdio::null()).spawn().unwrap();
    let born = folder.path().join("born");
    wait_until(|| born.exists() || tracer.try_wait().unwrap().is_some());
    let numbers = fs::read_to_string(born).unwrap();
    tracer.kill().unwrap();
    tracer.wait().unwrap();
    // A zombie that nobody has waited for yet is dead as well.
    let lives = |number: &str| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with(['Z', 'X']))
    };
    for number in numbers.split_whitespace() {
        wait_until(|| !lives(number));
    }
}

#[test]
fn time_limits_are_stretched_for_a_machine_that_is_slow() {
    if !can_trace() {
        return;
    }
    let spec = "spec = 1\ntarget = { program = \"sleep\", args = [\"0.3\"], timeout = \"50ms\" }\nsnapshot = { transcript = false }\n";
    let folder = folder(&[("late.toml", spec)]);
    let (status, out, _) = run(&mut rinject(folder.path(), &["run", "late.toml"]));
    assert_eq!(status, 1, "{out}");
    assert!(out.contains("`[target] timeout` sets the limit, and `--timeout-multiplier` all of them"), "{out}");
    let (status, out, _) = run(&mut rinject(folder.path(), &["run", "--timeout-multiplier", "1000", "late.toml"]));
    assert_eq!(status, 0, "{out}");
    let (status, _, err) = run(&mut rinject(folder.path(), &["run", "--timeout-multiplier", "0", "late.toml"]));
    assert_eq!(status, 2, "{err}");
}

#[test]
fn an_environment_that_is_no_text_is_no_obstacle() {
    let folder = folder(&[("x.toml", GOOD)]);
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff");
    let (status, out, err) = run(rinject(folder.path(), &["check", "x.toml"]).env("ODD", odd).env(odd, "odd"));
    assert_eq!(status, 0, "{out}{err}");
}
