//! Tables of patterns: what they print, what is wrong with them, what they match.

use std::borrow::Cow;

use super::{Audience, Bindings, Matcher, Operand, ResultView, Subject, SubjectKind, parse, parse_preds};
use crate::abi::{Arch, ArgKind, Errno, Signal, Sysno};

fn prints(text: &str, expected: &str) {
    let pattern = parse(text, Arch::X86_64).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    assert_eq!(pattern.to_string(), expected, "{text}");
    let again = parse(expected, Arch::X86_64).unwrap_or_else(|problems| panic!("{expected}: {problems:?}"));
    assert_eq!(again, pattern, "{text}");
}

fn same(text: &str) {
    prints(text, text);
}

#[test]
fn patterns_print_as_they_read() {
    same("read");
    same("fsync, fdatasync");
    same("%file, %desc");
    same("file.read");
    same("random");
    same("write(fd ~ '*.wal', count >= 512)");
    same("openat(path ~ '*.wal', flags has O_APPEND) -> ?wal");
    same("openat(flags = O_WRONLY|O_CREAT)");
    same("openat(dirfd = AT_FDCWD, path = \"it's\")");
    same("write(fd = $wal, count = ?n) -> $n");
    same("read(fd != 3, count < 4) -> <= 7");
    same("read -> error");
    same("read -> ok");
    same("read -> EIO");
    same("read -> -1");
    same("write(fd ~ '*.db') after inject('fsync-eio')");
    same("read before write after close");
    same("signal(SIGUSR1)");
    same("signal(SIGRTMIN+3)");
    same("killed(SIGKILL)");
    same("exit(1)");
    same("exit(code != 0)");
    same("exec('/bin/ls')");
    same("exec(path ~ '*sh', argc > 1)");
    same("write(buf matches /^a\\/b,c\\)$/)");
    same("kill(sig = SIGTERM)");
    prints(" read ( ) ", "read");
    prints("openat(path ~ \"*.wal\")->?wal", "openat(path ~ '*.wal') -> ?wal");
    prints("read(count=0x10)", "read(count = 16)");
    prints("openat(mode=0644)", "openat(mode = 420)");
    prints("read -> = 5", "read -> 5");
    prints("read -> eio", "read -> EIO");
    prints("signal(usr1)", "signal(SIGUSR1)");
    prints("signal(15)", "signal(SIGTERM)");
    prints("inject(fsync-eio)", "inject('fsync-eio')");
    prints("write after inject(r1),read", "write after inject('r1'), read");
    prints("hit(libwal.so!wal_commit+0x1c)", "hit('libwal.so!wal_commit+0x1c')");
    prints("clone(flags has CLONE_VM)", "clone(flags has CLONE_VM)");
}

#[test]
fn clone_exit_and_signal_are_events_unless_a_call_is_meant() {
    let calls = |text| parse(text, Arch::X86_64).map(|pattern| pattern.calls().iter().count());
    assert_eq!(calls("clone"), Ok(0));
    assert_eq!(calls("clone()"), Ok(0));
    assert_eq!(calls("clone -> EAGAIN"), Ok(1));
    assert_eq!(calls("clone() -> ok"), Ok(1));
    assert_eq!(calls("clone(flags has CLONE_VM)"), Ok(1));
    assert_eq!(calls("exit(1)"), Ok(0));
    assert_eq!(
        parse("clone", Arch::X86_64).map(|pattern| pattern.with_nouns_as_calls().calls().iter().count()),
        Ok(1)
    );
}

/// Problems as `part under the caret: message: label: help`.
fn problems(text: &str) -> Vec<String> {
    let problems = parse(text, Arch::X86_64).expect_err(text);
    problems
        .into_iter()
        .map(|problem| {
            let help = problem.help.map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}: {} ({}){help}", &text[problem.range], problem.message, problem.label)
        })
        .collect()
}

fn wrong(text: &str, expected: &[&str]) {
    assert_eq!(problems(text), expected, "{text}");
}

#[test]
fn mistakes_are_pointed_at() {
    wrong("opnat", &["opnat: unknown event `opnat` (no such system call on x86_64); did you mean `openat`?"]);
    wrong("file.opne", &["file.opne: unknown event `file.opne` (no such operation); did you mean `file.open`?"]);
    wrong(
        "file",
        &[
            "file: unknown event `file` (no such system call on x86_64); classes are written with a percent sign: `%file`",
        ],
    );
    wrong(
        "sleep",
        &[
            "sleep: unknown event `sleep` (no such system call on x86_64); `sleep` is a library function; the system call behind it is `clock_nanosleep`",
        ],
    );
    wrong("%fiel", &["%fiel: unknown class `%fiel` (no such class of system calls); did you mean `%file`?"]);
    wrong(
        "read -> EIOO",
        &["EIOO: unknown result `EIOO` (neither an errno nor `ok` or `error`); did you mean `EIO`?"],
    );
    wrong("signal(SIGUSR3)", &["SIGUSR3: unknown signal `SIGUSR3` (no such signal); did you mean `SIGUSR1`?"]);
    wrong("signal(129)", &["129: there is no signal 129 (signals are numbered 1 to 64)"]);
    wrong(
        "read(fdd = 1)",
        &[
            "fdd: `read` has no argument `fdd` (no such argument); did you mean `fd`? The call is `read(fd, buf, count)`",
        ],
    );
    wrong("close(arg2 = 1)", &["arg2: `close` has no argument `arg2` (no such argument); the call is `close(fd)`"]);
    wrong(
        "openat(flags has O_APEND)",
        &["O_APEND: `flags` has no value called `O_APEND` (unknown name); did you mean `O_APPEND`?"],
    );
    wrong("read(fd == 1)", &["==: `==` is not an operator (two equals signs); write `=`"]);
    wrong("read(fd ~ *.wal)", &["*.wal: `~` takes a quoted glob (not quoted); write `fd ~ '*.wal'`"]);
    wrong(
        "read(3)",
        &["3: `3` is not a test (expected an argument's name); arguments are named: `read(fd, buf, count)`"],
    );
    wrong("read(fd = 3", &["read(fd = 3: a `(` is not closed (no `)` follows); add `)`"]);
    wrong("read(fd ~ 'x)", &["'x): a string is not closed (begins here); add `'` at the end"]);
    wrong("read close", &["close: `close` is not expected here (expected `,`, `->`, `after`, `before` or the end)"]);
    wrong("read,", &[": an event is missing (expected a name or a `%class`); take out the comma"]);
    wrong(
        "",
        &[": the pattern is empty (no event); name a system call, a `%class` or an event such as `signal(SIGTERM)`"],
    );
    wrong(
        "read -> ",
        &[
            ": a result is missing after `->` (expected a result); write `ok`, `error`, an errno such as `EIO`, a number, `> 0` or `?name`",
        ],
    );
    wrong("signal -> ok", &["->: `signal` has no result (only system calls have results)"]);
    wrong(
        "read(count > ?n)",
        &["> ?n: only `=` binds a variable (cannot bind); write `= ?n` to bind, `> $n` to compare"],
    );
    wrong(
        "read after close(fd = $x)",
        &[
            "fd = $x: no variables after `after` or `before` (`x` cannot be known here); write the events as a sequence",
        ],
    );
    wrong(
        "opnat(a = 1), raed(fdd ~ x), %filee",
        &[
            "opnat: unknown event `opnat` (no such system call on x86_64); did you mean `openat`?",
            "raed: unknown event `raed` (no such system call on x86_64); did you mean `read`?",
            "x: `~` takes a quoted glob (not quoted); write `fdd ~ 'x'`",
            "%filee: unknown class `%filee` (no such class of system calls); did you mean `%file`?",
        ],
    );
}

#[test]
fn tests_of_where_args_have_no_variables() {
    let calls = parse("write", Arch::X86_64).map(|pattern| pattern.calls()).unwrap_or_default();
    assert_eq!(parse_preds("count >= 512, fd != 2", &calls).map(|preds| preds.len()).ok(), Some(2));
    assert!(parse_preds("count = ?n", &calls).is_err());
    assert!(parse_preds("size = 1", &calls).is_err());
}

/// An event made of a call and its arguments, or of a noun.
#[derive(Default)]
struct Fake {
    call: Option<&'static str>,
    kind: Option<SubjectKind>,
    args: Vec<(&'static str, Operand<'static>)>,
    result: Option<i64>,
    fired: Vec<&'static str>,
}

impl Subject for Fake {
    fn kind(&self) -> SubjectKind {
        self.kind.unwrap_or_else(|| SubjectKind::Call(self.call.and_then(Sysno::parse)))
    }

    fn arg(&self, name: &str) -> Option<Operand<'_>> {
        self.args.iter().find(|(known, _)| *known == name).map(|(_, operand)| operand.clone())
    }

    fn first(&self) -> Option<Operand<'_>> {
        self.args.first().map(|(_, operand)| operand.clone())
    }

    fn result(&self) -> Option<ResultView<'_>> {
        let raw = self.result?;
        Some(match Errno::from_result(raw) {
            Some(errno) => ResultView::Error(errno),
            None => ResultView::Value(Operand { number: Some(raw.into()), ..Operand::default() }),
        })
    }

    fn fired(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.fired.iter().copied())
    }

    fn captures(&self, _: &mut dyn FnMut(&str, &Operand<'_>)) {}
}

fn number(number: i128) -> Operand<'static> {
    Operand { number: Some(number), ..Operand::default() }
}

fn file(number: i128, identity: &'static str, path: &'static str) -> Operand<'static> {
    Operand {
        number: Some(number),
        text: Some(Cow::Borrowed(path)),
        identity: Some(Cow::Borrowed(identity)),
        is_path: true,
        flags: None,
    }
}

fn flags(call: &str, arg: &str, bits: i128) -> Operand<'static> {
    let call = Sysno::parse(call).unwrap_or_else(|| panic!("no call {call}"));
    let args = call.info().args.unwrap_or_default();
    let set = call.arg(arg).and_then(|at| match args[at].kind {
        ArgKind::Flags(set) => Some(set),
        _ => None,
    });
    Operand { number: Some(bits), flags: set, ..Operand::default() }
}

fn write(fd: Operand<'static>, count: i128, result: i64) -> Fake {
    Fake {
        call: Some("write"),
        args: vec![("fd", fd), ("count", number(count))],
        result: Some(result),
        ..Fake::default()
    }
}

fn open(bits: i128) -> Fake {
    let path = Operand { text: Some("/data/0.wal".into()), is_path: true, ..Operand::default() };
    Fake {
        call: Some("openat"),
        args: vec![("path", path), ("flags", flags("openat", "flags", bits))],
        result: Some(3),
        ..Fake::default()
    }
}

fn signal(signal: Signal) -> Fake {
    Fake { kind: Some(SubjectKind::Signal), args: vec![("", number(signal.number().into()))], ..Fake::default() }
}

fn matcher(text: &str) -> Matcher {
    Matcher::new(parse(text, Arch::X86_64).unwrap_or_else(|problems| panic!("{text}: {problems:?}")))
}

fn check(text: &str, subject: &Fake, expected: bool) {
    let matcher = matcher(text);
    assert_eq!(matcher.matches(subject, &mut Bindings::new()), expected, "{text}");
    assert!(!expected || matcher.heeds(subject.kind(), !subject.fired.is_empty()), "{text}");
}

#[test]
fn an_event_is_shown_to_those_alone_that_it_can_be_anything_to() {
    let texts =
        ["write(count = 1)", "fsync", "%desc", "file.sync", "unlink after fsync", "signal(SIGINT)", "inject(r1)"];
    let all = texts.map(matcher);
    let mut audience = Audience::default();
    let mut who = |kind, is_fired_on| audience.of(kind, is_fired_on, &all, Matcher::heeds).to_vec();
    let call = |name: &str| SubjectKind::Call(Sysno::parse(name));
    assert_eq!(who(call("write"), false), [0, 2]);
    assert_eq!(who(call("fsync"), false), [1, 2, 3, 4]);
    assert_eq!(who(call("fsync"), true), [1, 2, 3, 4, 6]);
    assert_eq!(who(call("unlink"), false), [4]);
    assert!(who(call("getppid"), false).is_empty());
    assert!(who(SubjectKind::Call(None), false).is_empty());
    assert_eq!(who(SubjectKind::Signal, false), [5]);
    assert_eq!(who(call("write"), false), [0, 2]);
}

#[test]
fn operations_match_what_does_the_job() {
    let socket = || Operand { text: Some("socket:".into()), ..number(4) };
    check("file.write", &write(file(3, "fd#1", "/data/0.wal"), 512, 512), true);
    check("file.write(count >= 512) -> > 0", &write(file(3, "fd#1", "/data/0.wal"), 512, 512), true);
    check("file.read", &write(file(3, "fd#1", "/data/0.wal"), 512, 512), false);
    check("file.write", &write(socket(), 512, 512), false);
    check("net.send", &write(socket(), 512, 512), true);
    check("net.send(sockfd = 4)", &write(socket(), 512, 512), true);
    // Nothing is known of what it refers to.
    check("file.write", &write(number(3), 512, 512), false);
    let copy = || Fake {
        call: Some("copy_file_range"),
        args: vec![("fd_in", file(3, "fd#1", "/data/0.wal")), ("fd_out", file(4, "fd#2", "/data/1.db"))],
        ..Fake::default()
    };
    check("file.read(fd ~ '*.wal')", &copy(), true);
    check("file.read(fd ~ '*.db')", &copy(), false);
    check("file.write(fd ~ '*.db')", &copy(), true);
}

#[test]
fn patterns_match_what_they_say() {
    let wal = || write(file(3, "fd#1", "/data/0.wal"), 512, 512);
    check("write", &wal(), true);
    check("read, write", &wal(), true);
    check("read", &wal(), false);
    check("%desc", &wal(), true);
    check("%network", &wal(), false);
    check("write(fd ~ '*.wal')", &wal(), true);
    check("write(fd ~ '*.db')", &wal(), false);
    check("write(fd ~ '/data/*')", &wal(), true);
    check("write(fd = 3, count >= 512)", &wal(), true);
    check("write(fd = 3, count > 512)", &wal(), false);
    check("write(fd != 3)", &wal(), false);
    check("write(fd = '/data/0.wal')", &wal(), true);
    check("write(fd != '/data/0.wal')", &wal(), false);
    check("write(fd matches /wal$/)", &wal(), true);
    check("write -> ok", &wal(), true);
    check("write -> 512", &wal(), true);
    check("write -> < 512", &wal(), false);
    check("write -> error", &wal(), false);
    check("write -> EIO", &write(number(3), 1, -5), true);
    check("write -> EPERM", &write(number(3), 1, -5), false);
    check("write -> error", &write(number(3), 1, -5), true);
    check("write -> -1", &write(number(3), 1, -5), true);
    check("write -> < 0", &write(number(3), 1, -5), true);
    check("write -> ?n", &write(number(3), 1, -5), false);
    check("write(count = ?n) -> $n", &wal(), true);
    check("write(count = ?n) -> $n", &write(number(3), 512, 100), false);
    check("write(count = $n)", &wal(), false);
    check("openat(flags has O_APPEND)", &open(0o2001), true);
    check("openat(flags has O_APPEND|O_CREAT)", &open(0o2001), false);
    check("openat(flags has O_WRONLY)", &open(0o2001), true);
    check("openat(flags has O_RDONLY)", &open(0o2001), false);
    check("openat(flags has O_RDONLY)", &open(0o2000), true);
    check("openat(flags = O_WRONLY|O_APPEND)", &open(0o2001), true);
    check("openat(path ~ '0.wal')", &open(0), true);
    check("signal(SIGTERM)", &signal(Signal::TERM), true);
    check("signal(SIGTERM)", &signal(Signal::INT), false);
    check("signal", &signal(Signal::INT), true);
    check("killed", &signal(Signal::INT), false);
    check("inject(r1)", &Fake { fired: vec!["r1"], ..wal() }, true);
    check("inject(r2)", &Fake { fired: vec!["r1"], ..wal() }, false);
    check("inject", &Fake { fired: vec!["r1"], ..wal() }, true);
    check("inject", &wal(), false);
}

#[test]
fn a_variable_is_compared_by_identity_where_both_have_one() {
    let mut bindings = Bindings::new();
    let open = Fake { call: Some("write"), args: vec![("fd", file(3, "fd#1", "/a"))], ..Fake::default() };
    assert!(matcher("write(fd = ?x)").matches(&open, &mut bindings));
    let reused = Fake { call: Some("write"), args: vec![("fd", file(3, "fd#2", "/b"))], ..Fake::default() };
    assert!(!matcher("write(fd = $x)").matches(&reused, &mut bindings));
    assert!(matcher("write(fd != $x)").matches(&reused, &mut bindings));
    let plain = Fake { call: Some("write"), args: vec![("fd", number(3))], ..Fake::default() };
    assert!(matcher("write(fd = $x)").matches(&plain, &mut bindings));
}

#[test]
fn a_failed_match_binds_nothing() {
    let mut bindings = Bindings::new();
    assert!(!matcher("write(fd = ?x, count = 1)").matches(&write(number(3), 2, 2), &mut bindings));
    assert!(bindings.get("x").is_none());
}

#[test]
fn at_entry_the_result_is_left_out() {
    let entry = Fake { result: None, ..write(number(3), 1, 0) };
    assert!(matcher("write -> EIO").matches_entry(&entry, &Bindings::new()));
    assert!(!matcher("write -> EIO").matches(&entry, &mut Bindings::new()));
}

#[test]
fn after_and_before_look_at_what_has_happened() {
    let close = Fake { call: Some("close"), ..Fake::default() };
    let read = Fake { call: Some("read"), ..Fake::default() };
    let mut after = matcher("write after close");
    let mut before = matcher("write before close");
    let mut nested = matcher("write after close after read");
    let it = write(number(3), 1, 1);
    let none = &mut Bindings::new();
    assert!(!after.matches(&it, none) && before.matches(&it, none));
    nested.note(&close);
    after.note(&close);
    before.note(&close);
    assert!(after.matches(&it, none) && !before.matches(&it, none));
    nested.note(&read);
    assert!(!nested.matches(&it, none));
    nested.note(&close);
    assert!(nested.matches(&it, none));
    let mut itself = matcher("write after write");
    assert!(!itself.matches(&it, none));
    itself.note(&it);
    assert!(itself.matches(&it, none));
}
