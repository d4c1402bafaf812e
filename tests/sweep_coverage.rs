//! `rinject sweep --coverage`: which lines of a program runs have reached, without a fault, only with one, or not at all; what
//! counts them is in nobody's way.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use common::sweeps::{lines, verdicts};
use common::{can_trace, folder, has_program, is_required, rinject, rinject_with};
use serde_json::Value;
use tempfile::TempDir;

mod common;

/// A program that keeps a text, and mends what it can.
const KEEP: &str = r#"#include <stdio.h>
#include <unistd.h>

static int save(const char *text)
{
    FILE *file = fopen("kept.new", "w");
    if (!file) {
        perror("kept.new");
        return 1;
    }
    if (fputs(text, file) < 0 || fflush(file) != 0) {
        perror("write");
        fclose(file);
        if (unlink("kept.new") != 0)
            perror("unlink");
        return 1;
    }
    fclose(file);
    return rename("kept.new", "kept") != 0;
}

static void usage(void)
{
    fputs("keep TEXT\n", stderr);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        usage();
        return 2;
    }
    return save(argv[1]);
}
"#;

const SPEC: &str = "spec = 1\n[target]\nprogram = './keep'\nargs = ['text']\n[sweep]\ncoverage = true\n";

/// The program, built by a compiler with these words; `None` where that cannot be, or nothing can be traced.
fn built(compiler: &str, words: &[&str], tools: &[&str]) -> Option<TempDir> {
    if !can_trace() || ![&[compiler], tools].concat().into_iter().all(has_program) {
        return None;
    }
    let folder = folder(&[("keep.c", KEEP), ("x.toml", SPEC)]);
    let words = [&["-g", "-O0", "-o", "keep", "keep.c"], words].concat();
    let status = Command::new(compiler).args(words).current_dir(folder.path()).status().expect("it can be run");
    assert!(status.success());
    Some(folder)
}

fn with_gcov() -> Option<TempDir> {
    built("gcc", &["--coverage"], &["gcov"])
}

/// The same in Rust.
const KEEP_RS: &str = r#"use std::fs::{self, File};
use std::io::{self, Write};
use std::process::ExitCode;

struct Keeper {
    name: String,
}

impl Keeper {
    fn save<T: AsRef<[u8]>>(&self, text: T) -> io::Result<()> {
        let new = format!("{}.new", self.name);
        let mut file = File::create(&new)?;
        if let Err(error) = file.write_all(text.as_ref()) {
            if let Err(more) = fs::remove_file(&new) {
                eprintln!("remove: {more}");
            }
            return Err(error);
        }
        fs::rename(&new, &self.name)
    }
}

fn usage() -> ExitCode {
    eprintln!("keep TEXT");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let Some(text) = std::env::args().nth(1) else {
        return usage();
    };
    match (Keeper { name: "kept".to_owned() }).save(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keep: {error}");
            ExitCode::FAILURE
        }
    }
}
"#;

/// The program in Rust, built by a compiler that has the tools of its LLVM beside it; otherwise as [`built`].
fn with_rustc() -> Option<TempDir> {
    if !can_trace() || !has_program("rustc") {
        return None;
    }
    let asked = Command::new("rustc").args(["--print", "target-libdir"]).output().expect("it can be run");
    let libraries = String::from_utf8(asked.stdout).expect("a path");
    let tools = Path::new(libraries.trim_end()).with_file_name("bin");
    if !["llvm-profdata", "llvm-cov"].iter().all(|tool| tools.join(tool).exists()) {
        assert!(!is_required("llvm-tools"), "rustc's LLVM tools are required and not in {}", tools.display());
        println!("skipped: rustc's LLVM tools are not installed: rustup component add llvm-tools");
        return None;
    }
    let folder = folder(&[("keep.rs", KEEP_RS), ("x.toml", SPEC)]);
    let words = ["-g", "-C", "instrument-coverage", "-o", "keep", "keep.rs"];
    let status = Command::new("rustc").args(words).current_dir(folder.path()).status().expect("it can be run");
    assert!(status.success());
    Some(folder)
}

/// Puts tools of LLVM into `folder` that can join counters, or not even that, and can read none.
fn put_useless_tools(folder: &Path, can_join: bool) {
    let cannot = "#!/bin/sh\necho 'error: another version' >&2\nexit 1\n";
    let joins = "#!/bin/sh\n: > joined.profdata\n";
    for (name, text) in [("llvm-profdata", if can_join { joins } else { cannot }), ("llvm-cov", cannot)] {
        let path = folder.join(name);
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// The lines of one class in the only file of a report.
fn class(report: &Path, class: &str) -> Vec<u64> {
    let all = lines(report, "coverage");
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0]["file"] == "keep.c" || all[0]["file"] == "keep.rs", "{all:?}");
    let ranges = all[0]["lines"][class].as_array().cloned().unwrap_or_default();
    let number = |value: &Value| value.as_u64().expect("it is a line");
    ranges.iter().flat_map(|range| number(&range[0])..=number(&range[1])).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
fn lines_are_told_by_who_has_reached_them() {
    let Some(folder) = with_gcov() else { return };
    let (path, report) = (folder.path(), folder.path().join("r.json"));
    let before = names(path);
    let words = ["sweep", "x.toml", "--on", "write,openat", "--error", "EIO,EACCES", "--report", "json=r.json"];
    let (status, out, err) = rinject(path, &words);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert_eq!(class(&report, "without"), [4, 6, 7, 11, 18, 19, 27, 29, 33]);
    assert_eq!(class(&report, "with_fault"), [8, 9, 12, 13, 14, 16]);
    assert_eq!(class(&report, "never"), [15, 22, 24, 25, 30, 31]);
    let told = "lines of source reached  without a fault  with a fault only  by no run\n\
                keep.c                                 9                  6          6\n\n\
                reached by no run:\n  keep.c:15 save\n  keep.c:30-31 main\n\n\
                reached with a fault only:\n  keep.c:8-9 save\n  keep.c:12-14 save\n  keep.c:16 save\n\n\
                functions that no run enters:\n  keep.c:22-25 usage\n\n";
    assert!(out.contains(told), "{out}");
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sweep.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let line = &lines(&report, "coverage")[0];
    assert!(schema.is_valid(line), "{line}");
    // Counters lie nowhere where somebody looks.
    let mut after = names(path);
    after.retain(|name| name != "r.json");
    assert_eq!(after, before);
}

#[test]
fn what_writes_the_counters_is_no_place_for_a_fault_and_meets_none() {
    let Some(folder) = with_gcov() else { return };
    let (path, report) = (folder.path(), folder.path().join("report.json"));
    let words = ["x.toml", "--points", "each", "--mode", "from", "--error", "EIO,ENOSPC,EACCES"];
    let with = verdicts(path, &words);
    let stacks = lines(&report, "cell").iter().map(|line| line["stack"].to_string()).collect::<Vec<_>>();
    assert!(!stacks.iter().any(|stack| stack.contains("gcov")), "{stacks:?}");
    // Each later write fails, and those to the file of counters do not.
    let sweep = &lines(&report, "sweep")[0];
    assert!(sweep["uncounted"].is_null(), "{sweep}");
    assert!(class(&report, "with_fault").contains(&14), "unlink");
    // Nor does it lack the memory that the program has not got.
    let starved = verdicts(path, &["x.toml", "--faults", "alloc", "--mode", "from"]);
    assert!(starved.len() > 1 && starved.values().all(|verdict| verdict != "crash"), "{starved:?}");
    let plain = fs::read_to_string(path.join("x.toml")).unwrap().replace("coverage = true", "");
    fs::write(path.join("x.toml"), plain).unwrap();
    let status = Command::new("gcc").args(["-g", "-O0", "-o", "keep", "keep.c"]).current_dir(path).status();
    assert!(status.expect("it can be run").success());
    assert_eq!(verdicts(path, &words), with);
}

#[test]
fn of_a_run_that_is_killed_nothing_is_known() {
    let Some(folder) = with_gcov() else { return };
    let (path, report) = (folder.path(), folder.path().join("r.json"));
    let check = "[[check]]\nrun = ['./keep', 'text']\nexpect = { exit = 0 }\n";
    fs::write(
        path.join("x.toml"),
        format!("{SPEC}{}", check.replace("./keep", &path.join("keep").to_string_lossy())),
    )
    .unwrap();
    let words = ["sweep", "x.toml", "--on", "write", "--faults", "kill", "--report", "json=r.json"];
    let (status, out, err) = rinject(path, &words);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert_eq!(lines(&report, "sweep")[0]["uncounted"], 3);
    // What the check reaches counts.
    assert_eq!(class(&report, "without"), [4, 6, 7, 11, 18, 19, 27, 29, 33]);
    let told = "3 runs have left no counters (killed, or ended by _exit): what they reached is not known\n";
    assert!(out.contains(told), "{out}");
}

#[test]
fn a_program_that_does_not_count_is_refused_with_how_to_build_it() {
    let Some(folder) = built("cc", &[], &[]) else { return };
    let (status, out, err) = rinject(folder.path(), &["sweep", "x.toml"]);
    assert_eq!((status, out.as_str()), (6, ""), "{err}");
    assert!(err.contains("keep` writes no counters") && err.contains("gcc --coverage"), "{err}");
}

#[test]
fn notes_that_are_gone_are_told() {
    let Some(folder) = with_gcov() else { return };
    let notes = names(folder.path()).into_iter().find(|name| name.ends_with(".gcno")).expect("gcc has left notes");
    fs::remove_file(folder.path().join(&notes)).unwrap();
    let (status, _, err) = rinject(folder.path(), &["sweep", "x.toml"]);
    assert_eq!(status, 6, "{err}");
    assert!(err.contains(&format!("{notes}` is not there")) && err.contains("build the program again"), "{err}");
}

#[test]
fn shares_and_a_sweep_that_goes_on_know_as_much_as_one_of_all_runs() {
    let Some(folder) = with_gcov() else { return };
    let path = folder.path();
    let words = ["sweep", "x.toml", "--state", "state", "--report"];
    let swept = |more: &[&str]| {
        let (status, out, err) = rinject(path, &[&words[..], more].concat());
        assert!(matches!(status, 0 | 1), "{out}{err}");
    };
    let known = |report: &str| lines(&path.join(report), "coverage");
    swept(&["json=whole.json"]);
    let whole = known("whole.json");
    assert!(!class(&path.join("whole.json"), "with_fault").is_empty());
    let state = fs::read_to_string(path.join("state")).unwrap();
    let half: Vec<&str> = state.lines().take(state.lines().count() / 2).collect();
    fs::write(path.join("state"), half.join("\n") + "\n").unwrap();
    swept(&["json=resumed.json", "--resume"]);
    assert_eq!(known("resumed.json"), whole);
    swept(&["json=s/1.json", "--shard", "1/2"]);
    swept(&["json=s/2.json", "--shard", "2/2"]);
    assert!(known("s/1.json") != whole || known("s/2.json") != whole);
    let (status, out, err) = rinject(path, &["merge", "s", "--report", "json=merged.json,html=page"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert_eq!(known("merged.json"), whole);
    assert!(out.contains("lines of source reached"), "{out}");
    let page = fs::read_to_string(path.join("page/index.html")).unwrap();
    assert!(page.contains("functions that no run enters") && page.contains("keep.c:22-25 usage"));
    // A share that does not know it cannot say what no run has reached.
    fs::write(path.join("x.toml"), SPEC.replace("coverage = true", "")).unwrap();
    swept(&["json=s/2.json", "--shard", "2/2"]);
    let (status, _, err) = rinject(path, &["merge", "s"]);
    assert_eq!(status, 6);
    assert!(err.contains("does not") && err.contains("--coverage"), "{err}");
}

#[test]
fn what_clang_counts_is_read_as_well() {
    let words = ["-fprofile-instr-generate", "-fcoverage-mapping"];
    let Some(folder) = built("clang", &words, &["llvm-cov", "llvm-profdata"]) else { return };
    let (path, report) = (folder.path(), folder.path().join("r.json"));
    let words =
        ["sweep", "x.toml", "--on", "write,openat", "--mode", "from", "--error", "EIO", "--report", "json=r.json"];
    let (status, out, err) = rinject(path, &words);
    // Nothing can be written to standard error, either.
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    let (with_fault, never) = (class(&report, "with_fault"), class(&report, "never"));
    assert!([12, 13, 16].iter().all(|line| with_fault.contains(line)), "{with_fault:?}");
    assert!([15, 24, 30, 31].iter().all(|line| never.contains(line)), "{never:?}");
    assert!(lines(&report, "sweep")[0]["uncounted"].is_null());
    assert!(out.contains(" usage\n"), "{out}");
    let stacks: Vec<String> = lines(&report, "cell").iter().map(|line| line["stack"].to_string()).collect();
    assert!(!stacks.iter().any(|stack| stack.contains("llvm_profile")), "{stacks:?}");
}

#[test]
fn tools_that_cannot_read_the_counters_are_asked_once() {
    let words = ["-fprofile-instr-generate", "-fcoverage-mapping"];
    let Some(folder) = built("clang", &words, &["llvm-cov", "llvm-profdata"]) else { return };
    let path = folder.path();
    let cannot = path.join("cannot");
    put_useless_tools(&cannot, false);
    let tool = "#!/bin/sh\necho asked >> \"$0.log\"\nexit 1\n";
    fs::write(cannot.join("llvm-profdata"), tool).unwrap();
    let in_front = format!("{}:{}", cannot.display(), std::env::var("PATH").unwrap());
    let words = ["sweep", "x.toml", "--on", "write,openat", "--error", "EIO", "--report", "json=r.json"];
    let (_, out, err) = rinject_with(path, &words, &[("PATH", &in_front)]);
    assert_eq!(err, "", "{out}");
    // Each fault reaches other lines, and so leaves other counters.
    assert!(class(&path.join("r.json"), "with_fault").len() > 3, "{out}");
    assert_eq!(fs::read_to_string(cannot.join("llvm-profdata.log")).unwrap(), "asked\n");
}

#[test]
fn a_check_that_is_hurt_counts_where_nobody_looks_and_its_counting_is_no_point() {
    let Some(folder) = with_gcov() else { return };
    let path = folder.path();
    let keep = path.join("keep");
    let check = format!("[[check]]\nrun = [{keep:?}, 'again']\n");
    let words = "[sweep]\ncoverage = true\nfaults = ['kill']\nrecovery = true\n";
    let spec = format!("spec = 1\n[target]\nprogram = './keep'\nargs = ['text']\n{check}{words}");
    fs::write(path.join("check.toml"), spec).unwrap();
    let before = names(path);
    let (_, out, err) = rinject(path, &["sweep", "check.toml", "--report", "json=r.json"]);
    assert_eq!(err, "", "{out}");
    let mut after = names(path);
    after.retain(|name| name != "r.json");
    assert_eq!(after, before);
    let cells = lines(&path.join("r.json"), "cell");
    let hurt: Vec<&str> =
        cells.iter().filter_map(|cell| cell["cell"].as_str()?.split_once("/1.")).map(|(_, of)| of).collect();
    // The file is opened, written, closed and renamed; libgcov would open, lock and write another one.
    assert!(hurt.iter().any(|of| of.starts_with("rename#1:")), "{hurt:?}");
    assert!(!hurt.iter().any(|of| of.starts_with("fcntl") || of.contains("#2")), "{hurt:?}");
}

#[test]
fn what_rustc_counts_is_read_by_the_tools_that_came_with_it_whatever_is_in_path() {
    let Some(folder) = with_rustc() else { return };
    let (path, report) = (folder.path(), folder.path().join("r.json"));
    let before = names(path);
    let [neither, joins] = ["neither", "joins"].map(|name| path.join(name));
    put_useless_tools(&neither, false);
    put_useless_tools(&joins, true);
    let others = std::env::var("PATH").unwrap();
    let in_front = format!("{}:{}:{others}", neither.display(), joins.display());
    let words = ["sweep", "x.toml", "--on", "write,openat", "--error", "EIO,EACCES", "--report", "json=r.json"];
    let (status, out, err) = rinject_with(path, &words, &[("PATH", &in_front)]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let (without, with_fault, never) =
        (class(&report, "without"), class(&report, "with_fault"), class(&report, "never"));
    assert!([10, 12, 18, 33].iter().all(|line| without.contains(line)), "{without:?}");
    assert!([14, 17, 35].iter().all(|line| with_fault.contains(line)), "{with_fault:?}");
    assert!([15, 23, 24, 25, 30].iter().all(|line| never.contains(line)), "{never:?}");
    assert!(out.contains("\n  keep.rs:23-26 keep::usage\n"), "{out}");
    assert!(out.contains("keep.rs:15 <keep::Keeper>::save"), "{out}");
    assert!(lines(&report, "sweep")[0]["uncounted"].is_null(), "{out}");
    let stacks: Vec<String> = lines(&report, "cell").iter().map(|line| line["stack"].to_string()).collect();
    assert!(!stacks.iter().any(|stack| stack.contains("llvm_profile")), "{stacks:?}");
    let mut after = names(path);
    after.retain(|name| !["r.json", "neither", "joins"].contains(&&**name));
    assert_eq!(after, before);

    // Each that was tried is named, with what it says.
    let own = path.join("own");
    put_useless_tools(&own, true);
    let timeout = std::env::split_paths(&others).map(|folder| folder.join("timeout")).find(|file| file.is_file());
    symlink(timeout.expect("tests need it"), own.join("timeout")).unwrap();
    let only = format!("{}:{}", neither.display(), own.display());
    let (status, _, err) = rinject_with(path, &words, &[("PATH", &only)]);
    assert_eq!(status, 6, "{err}");
    let first =
        format!("`{}` cannot read the counters: error: another version", neither.join("llvm-profdata").display());
    let second = format!("`{}` cannot read the counters: llvm-cov says: error", own.join("llvm-profdata").display());
    assert!(err.contains(&first) && err.contains(&second) && err.contains("rustup component add"), "{err}");
}
