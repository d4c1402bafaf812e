//! Good specs and what becomes of them; bad ones are in `tests/invalid`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Attached, Context, Programs, lower};
use crate::abi::{Arch, Errno, Signal, SignalSet, Sysno};
use crate::diagnostic::{Source, Style};
use crate::plan::{Action, ExitExpect, FileContent, Item, Phase, Plan, ProcessTest, Recipient, Side, Start};
use crate::spec;

#[test]
fn all_time_limits_are_stretched_for_a_slow_machine() {
    let limits = |text: &str, timeout_multiplier| {
        let source = Arc::new(Source::new("x.toml", format!("spec = 1\n{text}")));
        let plan = lower(&spec::parse(&source).unwrap(), &Context { timeout_multiplier, ..context() }).unwrap();
        [plan.target.timeout, plan.setup[0].timeout, plan.checks[0].command.timeout].map(|limit| limit.as_secs())
    };
    let said = "target = { program = \"kv\", timeout = \"2s\" }\nsetup = [{ run = [\"a\"], timeout = \"3s\" }]\n\
        check = [{ run = [\"b\"], timeout = \"4s\" }]\n";
    assert_eq!(limits(said, 1), [2, 3, 4]);
    assert_eq!(limits(said, 5), [10, 15, 20]);
    let unsaid = "target = { program = \"kv\" }\nsetup = [{ run = [\"a\"] }]\ncheck = [{ run = [\"b\"] }]\n";
    assert_eq!(limits(unsaid, 3), [30, 30, 30]);
    // What no clock can count is as good as no limit.
    assert_eq!(limits(&said.replace("2s", "500000000000y"), u32::MAX)[0], 100 * 365 * 86_400);
}

fn context() -> Context {
    let mut context = Context::new(Arch::X86_64, "/tmp/rinject-00000000", "/proj/specs");
    context.case = "specs/x".to_owned();
    context.env.insert("USER".to_owned(), "ann".to_owned());
    context.bins = Programs::from(BTreeMap::from([("kv".to_owned(), "/build/kv".to_owned())]));
    context
}

fn plan(text: &str) -> Plan {
    let source = Arc::new(Source::new("specs/x.toml", text));
    match spec::parse(&source).and_then(|spec| lower(&spec, &context())) {
        Ok(plan) => plan,
        Err(problems) => panic!("{}", problems.render(Style::Plain)),
    }
}

/// A spec with a target, and more.
fn with(more: &str) -> Plan {
    plan(&format!("spec = 1\ntarget = {{ program = \"kv\" }}\n{more}"))
}

fn names(calls: &crate::abi::CallSet) -> Vec<&'static str> {
    calls.iter().map(Sysno::name).collect()
}

#[test]
fn every_ready_rule_is_a_rule_without_a_warning() {
    for ready in spec::READY {
        let plan = with(&format!("inject = [{{ use = \"{}\" }}]", ready.name));
        assert!(plan.warnings.is_empty(), "{}: {}", ready.name, plan.warnings.render(Style::Plain));
        assert_eq!((plan.rules.len(), &*plan.rules[0].name), (1, ready.name));
    }
}

#[test]
fn the_smallest_useful_spec_has_its_defaults() {
    let plan = plan(
        "spec = 1\n\
         target = { program = \"./kv\", args = [\"put\", \"k\", \"v\"] }\n\
         inject = [{ on = \"fsync\", error = \"EIO\" }]\n\
         expect = { exit = 1, stderr = { contains = [\"fsync\"] } }\n",
    );
    assert_eq!(plan.name, "x");
    assert_eq!(plan.target.program, "/proj/specs/kv");
    assert_eq!(plan.target.argv, ["./kv", "put", "k", "v"]);
    assert_eq!(plan.target.timeout, Duration::from_secs(10));
    assert_eq!(plan.target.cwd.to_str(), Some("/tmp/rinject-00000000"));
    let env: Vec<&str> = plan.target.env.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(env, ["HOME", "LC_ALL", "PATH", "TZ"]);
    assert_eq!(names(&plan.trace.written), ["fsync"]);
    // Some do the same job: were one of them used instead, the author would hear of it. After the others the file has
    // something to lose again.
    let seen = names(&plan.trace.calls);
    assert!(["fdatasync", "fsync", "write"].iter().all(|call| seen.contains(call)), "{seen:?}");
    assert_eq!(plan.trace.strings, 64);
    assert!(matches!(plan.trace.start, Start::Main { explicit: false }));
    assert_eq!(plan.trace.signals, SignalSet::ALL);
    let [rule] = plan.rules.as_slice() else { panic!("one rule") };
    assert_eq!((&*rule.name, rule.trigger.phase), ("r1", Phase::Entry));
    assert_eq!(rule.when.to_string(), "1..");
    assert_eq!(rule.actions, [Action::Error(Errno::parse("EIO").unwrap_or(Errno::EPERM))]);
    assert_eq!(plan.expect.exit, ExitExpect::Codes(vec![1]));
    assert!(plan.snapshot.transcript);
    assert!(plan.warnings.is_empty());
}

#[test]
fn placeholders_are_expanded_everywhere() {
    let plan = plan(
        r#"
spec = 1
[vars]
data = "${tmp}/data"
wal = "${var.data}/wal"
[target]
program = "${bin.kv}"
args = ["--data", "${var.wal}", "${env.USER}", "${env.NONE:-none}", "$${tmp}", "a$b", "${case}"]
files = { "${var.data}/in" = "x" }
[[inject]]
on = "write(fd ~ '${var.wal}/*')"
where = { path = "${var.data}/**" }
error = "enospc"
"#,
    );
    assert_eq!(plan.target.program, "/build/kv");
    let wal = "/tmp/rinject-00000000/data/wal";
    assert_eq!(plan.target.argv[1..], ["--data", wal, "ann", "none", "${tmp}", "a$b", "specs/x"]);
    assert_eq!(plan.target.files[0].path, "/tmp/rinject-00000000/data/in");
    assert_eq!(plan.rules[0].trigger.pattern.to_string(), format!("write(fd ~ '{wal}/*')"));
    assert_eq!(plan.rules[0].filter.path.as_ref().map(|glob| glob.text()), Some("/tmp/rinject-00000000/data/**"));
    let short: Vec<&str> = plan.names.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(short, ["${var.wal}", "${var.data}", "${tmp}", "${spec-dir}"]);
}

#[test]
fn rules_keep_what_they_say() {
    let plan = with(
        r#"
[[inject]]
name = "usr1"
on = "chdir"
when = "2..8+3"
scope = "process"
after = "inject(late)"
error = "ENOENT"
signal = { name = "SIGUSR1", to = "process", at = "enter", value = 7 }
fires = "0.."
where = { process = "P2", args = "path = '/x'" }
[[inject]]
name = "late"
on = "read -> ok"
delay-exit = "50ms"
[[inject]]
on = "geteuid"
retval = "0xffffffffffffffff"
[[inject]]
on = "signal(SIGUSR1)"
signal = "SIGUSR2"
[[inject]]
on = "clone"
error = 11
"#,
    );
    let [usr1, late, euid, replace, clone] = plan.rules.as_slice() else { panic!("five rules") };
    assert!(matches!(
        usr1.actions[..],
        [Action::Error(_), Action::Signal { to: Recipient::Process, at: Side::Enter, value: Some(7), .. }]
    ));
    assert!(matches!(usr1.filter.process, Some(ProcessTest::Position(2))));
    assert_eq!((usr1.filter.args.len(), usr1.fires.to_string().as_str()), (1, "0.."));
    assert_eq!(late.trigger.phase, Phase::Exit);
    assert_eq!((&*euid.name, &euid.actions[..]), ("r3", &[Action::Retval(-1)][..]));
    assert_eq!((replace.trigger.phase, replace.actions.len()), (Phase::Signal, 1));
    assert_eq!((clone.trigger.phase, names(&clone.trigger.pattern.calls())), (Phase::Entry, vec!["clone"]));
    assert_eq!(names(&plan.trace.written), ["chdir", "clone", "geteuid", "read"]);
}

#[test]
fn trace_lists_add_and_take_away() {
    let plan = with(
        "trace = { syscalls = [\"read\", \"write\", \"!read\"], signals = [\"all\", \"!SIGCHLD\"], drop = [\"write(fd = 1)\"], start = \"openat(path ~ 'x')\" }",
    );
    assert_eq!(names(&plan.trace.written), ["write"]);
    assert_eq!(names(&plan.trace.calls), ["openat", "write"]);
    assert!(!plan.trace.signals.contains(Signal::CHLD) && plan.trace.signals.contains(Signal::TERM));
    assert!(plan.trace.explicit && matches!(plan.trace.start, Start::Event(_)));
}

#[test]
fn sequences_keep_their_items() {
    let plan = with(
        r#"
[[expect.sequence]]
of = { process = "kv*", thread = 2 }
events = [
  "openat(path ~ '*.wal') -> ?wal",
  { next = "write(fd = $wal, count = ?n) -> $n" },
  { not = "write(fd = $wal)" },
  { any-order = ["close(fd = $wal)", "unlink"] },
  { optional = "close" },
  { count = "2..", event = "munmap" },
  { last = "exit(code = 1)" },
]
"#,
    );
    let items = &plan.expect.sequences[0].items;
    assert!(matches!(
        items[..],
        [
            Item::Event(_),
            Item::Next(_),
            Item::Not(_),
            Item::AnyOrder(_),
            Item::Optional(_),
            Item::Count(..),
            Item::Last(_)
        ]
    ));
    assert_eq!(plan.expect.sequences[0].view.thread, Some(2));
}

#[test]
fn files_commands_and_checks_are_resolved() {
    let plan = plan(
        r#"
spec = 1
[target]
program = "kv"
files = { "a" = "x", "b" = { path = "data/b", mode = "0755" } }
limits = { fsize = "1MiB", nofile = 64 }
[[setup]]
run = ["mkdir", "-p", "${tmp}/d"]
[[check]]
run = ["./fsck"]
expect = { exit = { any-of = [0, 3] } }
"#,
    );
    assert!(
        matches!(&plan.target.files[1].content, FileContent::Copy(path) if path.to_str() == Some("/proj/specs/data/b"))
    );
    assert_eq!((plan.target.files[1].mode, plan.target.limits.fsize), (Some(0o755), Some(1 << 20)));
    assert_eq!(plan.setup[0].argv, ["mkdir", "-p", "/tmp/rinject-00000000/d"]);
    assert_eq!(
        (plan.checks[0].name.as_str(), &plan.checks[0].exit),
        ("/proj/specs/fsck", &ExitExpect::Codes(vec![0, 3]))
    );
}

#[test]
fn a_variable_nobody_uses_is_a_warning() {
    let plan = with("expect = { never = [\"openat -> ?fd\"] }");
    assert!(plan.warnings.render(Style::Plain).starts_with("warning[RJ0210]: nobody uses `fd`"));
}

/// A spec for a process that the command line names.
fn on_process(text: &str) -> Plan {
    let source = Arc::new(Source::new("specs/x.toml", text));
    let context = Context { attach: Some(Attached { pid: 7, lasts: None }), ..context() };
    match spec::parse(&source).and_then(|spec| lower(&spec, &context)) {
        Ok(plan) => plan,
        Err(problems) => panic!("{}", problems.render(Style::Plain)),
    }
}

#[test]
fn rules_alone_are_enough_for_a_process_that_the_command_line_names() {
    let rule = "inject = [{ on = \"fsync\", error = \"EIO\" }]\n";
    for target in ["", "target = {}\n", "target = { timeout = \"5s\" }\n", "target = { attach = { for = \"1s\" } }\n"]
    {
        let plan = on_process(&format!("spec = 1\n{target}{rule}"));
        assert_eq!(plan.target.attach.map(|attach| attach.pid), Some(7), "{target}");
        assert!(plan.warnings.is_empty(), "{target}: {}", plan.warnings.render(Style::Plain));
    }
}

#[test]
fn a_spec_for_a_program_says_what_has_no_effect_on_a_process_that_runs() {
    let plan = on_process(
        "spec = 1\ntarget = { program = \"kv\", args = [\"put\"], timeout = \"5s\" }\n\
         trace = { start = \"main\" }\ninject = [{ on = \"fsync\", error = \"EIO\" }]\n",
    );
    let told = plan.warnings.render(Style::Plain);
    let expected = "`program`, `args`, `start` belong to a program that is started, and process 7 runs already";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn the_filter_answers_for_rules_that_nobody_counts_and_for_no_others() {
    const RULE: &str = "on = \"access, faccessat\"\nerror = \"EIO\"\nquiet = true\nfires = \"0..\"\n";
    let spec = |start: &str, rule: &str, rest: &str| {
        with(&format!(
            "trace.start = \"{start}\"\nsnapshot.transcript = false\n{rest}\n[[inject]]\nname = \"r\"\n{rule}"
        ))
    };
    let answered = |plan: &Plan| {
        let calls: Vec<_> = plan.trace.constants.iter().map(|constant| constant.call.name()).collect();
        assert_eq!(plan.trace.is_constant("r"), !calls.is_empty());
        for call in ["access", "faccessat"] {
            let stops = plan.trace.stops().contains(Sysno::parse(call).unwrap());
            assert_ne!(stops, calls.contains(&call), "{call} is answered by the filter, or stops");
        }
        calls
    };
    assert_eq!(answered(&spec("exec", RULE, "")), ["access", "faccessat"]);
    let rules = [
        RULE.replace("quiet = true\n", ""),
        RULE.replace("0..", "0..5"),
        RULE.replace("fires = \"0..\"\n", ""),
        RULE.replace("access,", "access(mode = 0),"),
        format!("{RULE}when = \"2..\""),
        format!("{RULE}after = \"openat\""),
        format!("{RULE}until = \"openat\""),
        format!("{RULE}probability = 0.5"),
        format!("{RULE}scope = \"process\""),
        format!("{RULE}where.process = \"P2\""),
        format!("{RULE}where.path = \"/etc/**\""),
        format!("{RULE}where.caller = \"main\""),
        format!("{RULE}delay-enter = \"1ms\""),
        format!("{RULE}signal = \"SIGUSR1\""),
    ];
    for rule in &rules {
        assert!(answered(&spec("exec", rule, "")).is_empty(), "{rule}");
    }
    let rests = [
        "trace.syscalls = [\"access\"]",
        "trace.follow = [\"threads\", \"execs\"]",
        "trace.filter = \"ptrace\"",
        "trace.drop = [\"access\"]",
        "expect.never = [\"access(mode = 0)\"]",
        "expect.never = [\"getppid after inject(r)\"]",
        "expect.sequence = [{ events = [{ event = \"getppid\", injected = \"r\" }] }]",
        "[[inject]]\non = \"faccessat\"\nerror = \"EIO\"\nfires = \"0..\"",
        "[[inject]]\non = \"faccessat\"\nerror = \"EIO\"\nquiet = true\nfires = \"0..\"",
        "[[inject]]\non = \"getppid\"\nafter = \"inject(r)\"\nerror = \"EIO\"\nunfaithful = true",
        "[[inject]]\non = \"getppid\"\nafter = \"access\"\nerror = \"EIO\"\nunfaithful = true",
    ];
    for rest in rests {
        assert!(answered(&spec("exec", RULE, rest)).is_empty(), "{rest}");
    }
    assert!(answered(&spec("main", RULE, "")).is_empty(), "the loader's calls are not the rule's");
}

#[test]
fn what_arguments_point_to_is_read_where_somebody_may_ask_for_it() {
    const RULE: &str = "on = \"access, faccessat\"\nerror = \"EIO\"\nquiet = true\n";
    let unread = |rule: &str, rest: &str| {
        let plan = with(&format!("{rest}\n[[inject]]\nname = \"r\"\n{rule}"));
        plan.trace.unread.iter().map(Sysno::name).collect::<Vec<_>>()
    };
    assert_eq!(unread(RULE, ""), ["access", "faccessat"]);
    assert_eq!(unread(RULE, "trace.syscalls = [\"faccessat\"]"), ["access"]);
    assert_eq!(unread(RULE, "expect.never = [\"faccessat(path = '/x')\"]"), ["access"]);
    let other = "[[inject]]\non = \"faccessat\"\nquiet = true\nerror = \"EIO\"\nwhere.path = \"/x\"";
    assert_eq!(unread(RULE, other), ["access"]);
    assert_eq!(unread(RULE, "expect.never = [\"getppid after inject(r)\"]"), [""; 0]);
    for rule in [
        RULE.replace("quiet = true\n", ""),
        RULE.replace("access, faccessat", "read").replace("EIO", "EAGAIN"),
        RULE.replace("access,", "access(mode = 0),"),
        format!("{RULE}when = \"2..\""),
        format!("{RULE}after = \"openat\""),
        format!("{RULE}scope = \"path\""),
        format!("{RULE}where.path = \"/etc/**\""),
        format!("{RULE}capture = {{ path = \"path:cstr\" }}"),
    ] {
        assert_eq!(unread(&rule, "trace.start = \"exec\""), [""; 0], "{rule}");
    }
}

#[test]
fn the_filter_answers_with_no_errno_that_brings_something_along() {
    let answers = |on: &str, errno: &str| {
        let plan = with(&format!(
            "trace.start = \"exec\"\nsnapshot.transcript = false\n\
             inject = [{{ on = \"{on}\", error = \"{errno}\", quiet = true, fires = \"0..\" }}]"
        ));
        !plan.trace.constants.is_empty()
    };
    for (on, errno) in [("open", "EMFILE"), ("mkdir", "ENOSPC"), ("access", "EIO"), ("socket", "ENFILE")] {
        assert!(answers(on, errno), "{on} {errno}");
    }
    for (on, errno) in [
        ("close", "EIO"),
        ("brk", "ENOMEM"),
        ("fsync", "EIO"),
        ("read", "EAGAIN"),
        ("read", "EINTR"),
        ("write", "EIO"),
        ("execve", "ENOENT"),
        ("clone", "EAGAIN"),
    ] {
        assert!(!answers(on, errno), "{on} {errno}");
    }
}
