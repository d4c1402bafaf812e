//! `rinject exec` on programs that every machine has, beside strace where that is installed.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Output, Stdio};

mod common;

/// A fresh folder with two files.
fn folder() -> tempfile::TempDir {
    common::folder(&[("a", "first\n"), ("b", "second\n")])
}

/// What a tool does in `folder`; it is killed after a minute.
fn output(folder: &Path, words: &[&str], stdin: Stdio) -> Output {
    common::limited(folder, words[0]).args(&words[1..]).stdin(stdin).output().unwrap()
}

fn rinject(folder: &Path, words: &[&str]) -> Output {
    output(folder, &[&[env!("CARGO_BIN_EXE_rinject"), "exec"], words].concat(), Stdio::null())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn it_ends_as_the_program_does() {
    if !common::can_trace() {
        return;
    }
    let folder = folder();
    let end = |script: &str| {
        let output = rinject(folder.path(), &["-o", "log", "-e", "trace=none", "sh", "-c", script]);
        (output.status.code(), output.status.signal(), text(&output.stderr))
    };
    for code in [0, 1, 7, 130, 255] {
        assert_eq!(end(&format!("exit {code}")), (Some(code), None, String::new()));
    }
    for signal in [1, 2, 6, 9, 10, 11, 13, 15, 40] {
        assert_eq!(end(&format!("kill -{signal} $$")), (None, Some(signal), String::new()), "signal {signal}");
    }
}

#[test]
fn streams_environment_and_folder_are_those_of_whoever_calls() {
    if !common::can_trace() {
        return;
    }
    let folder = folder();
    let script = "pwd; echo $MARK; cat; echo loud >&2; ulimit -n; umask";
    let words = [env!("CARGO_BIN_EXE_rinject"), "exec", "-o", "log", "-e", "trace=none", "sh", "-c", script];
    let alone = ["sh", "-c", script];
    let run = |words: &[&str]| {
        let input = fs::File::open(folder.path().join("a")).unwrap();
        let output = output(folder.path(), &[&["env", "MARK=here"], words].concat(), input.into());
        (text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(run(&words), run(&alone));
    assert!(run(&words).0.contains("here\nfirst\n"));
}

#[test]
fn the_transcript_goes_to_standard_error_or_to_a_file() {
    if !common::can_trace() {
        return;
    }
    let folder = folder();
    let words = ["-P", "a", "-e", "inject=openat:error=EACCES", "cat", "a", "b"];
    let output = rinject(folder.path(), &words);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), "second\n"));
    let line = "P1     openat(AT_FDCWD, \"a\", O_RDONLY) = -1 EACCES";
    assert!(text(&output.stderr).contains(line), "{}", text(&output.stderr));
    let output = rinject(folder.path(), &[&["-o", "log"], &words[..]].concat());
    assert_eq!(text(&output.stderr), "cat: a: Permission denied\n");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains(line) && !log.contains("\"b\"") && log.ends_with("+++ exited 1\n"), "{log}");
}

#[test]
fn what_is_saved_is_what_was_run() {
    if !common::can_trace() {
        return;
    }
    let folder = folder();
    let words = ["--save", "x.toml", "-o", "log", "-e", "trace=openat", "-e", "fault=openat:error=EACCES:when=2+"];
    assert_eq!(rinject(folder.path(), &[&words[..], &["cat", "a"]].concat()).status.code(), Some(127));
    let output = rinject(folder.path(), &[&words[..], &["cat", "a"]].concat());
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stderr).contains("`x.toml` is there already"), "{}", text(&output.stderr));
    let run = [env!("CARGO_BIN_EXE_rinject"), "run", "-u", "x.toml"];
    let again = self::output(folder.path(), &run, Stdio::null());
    assert_eq!(again.status.code(), Some(0), "{}{}", text(&again.stdout), text(&again.stderr));
    let golden = fs::read_to_string(folder.path().join("x.snap")).unwrap();
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("INJECTED") && golden.contains(log.trim_end()), "{golden}\n{log}");
}

#[test]
fn words_that_make_no_sense_are_refused_with_a_way_out() {
    let folder = folder();
    let check = |words: &[&str], part: &str| {
        let output = rinject(folder.path(), &[words, &["cat", "a"]].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}\n{told}");
        assert!(told.contains(part) && told.contains("help: "), "{words:?} does not say `{part}`:\n{told}");
        assert!(output.stdout.is_empty(), "{words:?} was run");
    };
    for word in ["", "0", "-1", "4-", "5+-", "6++", "7+0", "9+1+", "24..23", "..20", "18446744073709551616"] {
        let expression = format!("inject=read:error=EIO:when={word}");
        check(&["-e", &expression], &format!("error: cannot read `-e {expression}`: `when={word}`: "));
    }
    check(&["-e", "inject=read:error=0"], "no error has the number 0");
    check(&["-e", "inject=read:error=4096"], "no error has the number 4096");
    check(&["-e", "inject=read:signal=129"], "no signal has the number 129");
    check(&["-e", "inject=read:error=EIO:retval=1"], "`error` and `retval` exclude each other");
    check(&["-e", "inject=read:poke_enter=@arg1=123"], "3 digits are no whole bytes");
    check(&["-e", "inject=raed:error=EIO"], "there is no call `raed`");
    check(&["-e", "abbrev=none"], "rinject has no word `abbrev`");
    check(&["-o", "|sort"], "`-o |sort` is a program, not a file");
    let output = rinject(folder.path(), &["-c", "cat", "a"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{}", text(&output.stderr));
}

#[test]
fn a_program_that_is_not_there_is_one_clear_message() {
    if !common::can_trace() {
        return;
    }
    let output = rinject(folder().path(), &["no-such-program"]);
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stderr).contains("no-such-program"), "{}", text(&output.stderr));
}

/// The calls of a transcript that failed, each with its errno, in their order.
fn failed(log: &str) -> Vec<String> {
    let call = |line: &str| {
        let (call, rest) = line.split_once('(')?;
        let errno = rest.rsplit_once("= -1 ")?.1.split_whitespace().next()?;
        Some(format!("{} {errno}", call.rsplit(' ').next()?))
    };
    log.lines().filter_map(call).collect()
}

/// Whatever strace makes of an expression, rinject does: the program prints and ends alike, and the same calls fail.
fn check_as_strace(expressions: &[&str], command: &[&str]) {
    if !common::can_trace() || !common::has_program("strace") || !common::has_program(command[0]) {
        return;
    }
    let run = |tool: &[&str]| {
        let folder = folder();
        let log = folder.path().join("log");
        let output = output(folder.path(), &[tool, &["-o", "log"], expressions, command].concat(), Stdio::null());
        // What strace itself has to say is left out.
        let told = text(&output.stderr).replace(&folder.path().display().to_string(), "HERE");
        let told: Vec<String> =
            told.lines().filter(|line| !line.starts_with("strace: ")).map(str::to_owned).collect();
        let shown = (output.status.code(), output.status.signal(), text(&output.stdout), told);
        (shown, failed(&fs::read_to_string(log).unwrap()))
    };
    let (theirs, ours) = (run(&["strace"]), run(&[env!("CARGO_BIN_EXE_rinject"), "exec"]));
    assert_eq!(ours, theirs, "{expressions:?} {command:?}");
}

#[test]
fn errors_are_made_as_strace_makes_them() {
    check_as_strace(&[], &["cat", "a", "b"]);
    check_as_strace(&["-e", "trace=openat"], &["cat", "nothing"]);
    check_as_strace(&["-e", "inject=openat:error=EACCES:when=3+"], &["cat", "a", "b"]);
    check_as_strace(&["-e", "inject=read,openat:error=EIO:when=3"], &["cat", "a"]);
    check_as_strace(&["-e", "fault=getdents64"], &["ls"]);
    check_as_strace(&["-e", "fault=getdents64:error=EIO"], &["ls", "-l"]);
    check_as_strace(&["-e", "trace=%file", "-e", "inject=%%stat:error=EPERM"], &["ls", "-l", "a"]);
    check_as_strace(&["-e", "inject=write:retval=3:when=1"], &["echo", "hello"]);
    check_as_strace(&["-P", "a", "-e", "inject=close:error=EIO"], &["cat", "b"]);
    check_as_strace(&["-e", "inject=execve:error=EIO"], &["env", "cat", "a"]);
    check_as_strace(&["-e", "inject=execve:error=ENOENT:when=2"], &["env", "cat", "a"]);
    check_as_strace(&["-e", "trace=/^open", "-e", "inject=openat:error=ENOENT:when=1..2"], &["cat", "a"]);
}

#[test]
fn shells_git_and_python_do_as_under_strace() {
    check_as_strace(&["-e", "inject=write:error=ENOSPC:when=2"], &["sh", "-c", "echo a; echo b; echo c"]);
    check_as_strace(&["-e", "trace=dup2", "-e", "fault=dup2:error=EMFILE"], &["sh", "-c", "echo a > c; echo $?"]);
    check_as_strace(
        &["-f", "-e", "trace=write", "-e", "inject=write:error=EIO"],
        &["sh", "-c", "echo a & wait; exit 3"],
    );
    check_as_strace(&["-e", "trace=mkdir", "-e", "inject=mkdir:error=EDQUOT:when=2+2"], &["git", "init", "-q", "r"]);
    check_as_strace(
        &["-e", "trace=none"],
        &["python3", "-c", "import threading; t = threading.Thread(target=print, args=[1]); t.start(); t.join()"],
    );
    check_as_strace(
        &["-e", "trace=openat", "-P", "a", "-e", "inject=openat:error=EIO"],
        &["python3", "-c", "print(open('b').read())"],
    );
}

#[test]
fn signals_delays_and_pokes_are_made() {
    check_as_strace(&["-e", "trace=write", "-e", "inject=write:signal=TERM"], &["sh", "-c", "echo a; echo b"]);
    check_as_strace(
        &["-e", "trace=write", "-e", "inject=write:signal=USR1:when=2"],
        &["sh", "-c", "trap 'exit 9' USR1; echo a; echo b"],
    );
    check_as_strace(&["-e", "trace=write", "-e", "inject=write:delay_enter=100:delay_exit=1ms"], &["echo", "a"]);
    check_as_strace(&["-e", "trace=write", "-e", "inject=write:poke_enter=@arg2=4a4B"], &["echo", "hello"]);
    check_as_strace(&["-e", "inject=getcwd:poke_exit=@arg1=2f7800"], &["env", "-C", "/", "pwd"]);
}

#[test]
fn what_is_wrong_with_a_program_is_told_without_a_place_in_a_spec() {
    let folder = folder();
    let output = rinject(folder.path(), &["/nonexistent"]);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{err}");
    assert_eq!(err, "error: target program `/nonexistent` not found (looked in /nonexistent)\n");
}
