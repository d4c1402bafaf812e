//! rinject without descriptors, memory or room for its transcript: the run ends as an error, its processes with it, and what was
//! recorded is told.

mod common;

use std::process::{Command, Output, Stdio};

/// A variable that every process of a run inherits, by which it is found.
const MARK: &str = "RINJECT_SHORTAGE_MARK";

/// Runs a spec with a soft limit (an option of ulimit(1p)) on rinject itself.
fn run(name: &str, spec: &str, limit: &str) -> Output {
    let bin = common::fixtures_bin();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("short.toml");
    std::fs::write(&file, spec.replace("BIN", bin.to_str().unwrap())).unwrap();
    let script = format!("trap '' XFSZ; ulimit -S {limit}; exec timeout -s KILL 100 \"$@\"");
    let rinject = ["sh", env!("CARGO_BIN_EXE_rinject"), "run", "--check"];
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).args(rinject).arg(&file).env(MARK, name);
    command.stdin(Stdio::null()).output().unwrap()
}

/// That a run has ended as an error, with words that say so, and that nothing of it is left.
fn ended(name: &str, output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(6), "{told}{}", String::from_utf8_lossy(&output.stderr));
    for word in words {
        assert!(told.contains(word), "no `{word}` in\n{told}");
    }
    let left = common::processes_with(&format!("{MARK}={name}"));
    assert!(left.is_empty(), "processes of the run are left: {left:?}");
}

#[test]
fn without_descriptors_no_task_is_taken_for_gone() {
    if !common::can_trace() {
        return;
    }
    let spec = "spec = 1\n[target]\nprogram = \"BIN/odd-surroundings\"\nargs = [\"processes\", \"200\"]\nenv-clear = false\n\
                timeout = \"90s\"\nlimits = { nofile = 1000, tasks = 500 }\n[[inject]]\nat = \"mark\"\nfires = \"0..\"\n\
                [trace]\nsyscalls = [\"access\"]\n";
    let output = run("descriptors", spec, "-n 24");
    ended(
        "descriptors",
        &output,
        &["rinject cannot go on: Too many open files", "lines were recorded", "clone P2 (fork)"],
    );
}

#[test]
fn without_room_for_the_transcript_the_program_does_not_go_on() {
    if !common::can_trace() {
        return;
    }
    let spec = "spec = 1\n[target]\nprogram = \"sh\"\nenv-clear = false\ntimeout = \"90s\"\n\
                args = [\"-c\", \"while :; do umask 022; done\"]\nlimits = { events = 100000000, fsize = \"1GiB\" }\n\
                [trace]\nsyscalls = [\"umask\"]\n";
    let output = run("room", spec, "-f 100");
    ended("room", &output, &["cannot write the transcript", "File too large", "lines were recorded", "umask(022)"]);
}

#[test]
fn without_memory_the_run_ends_in_order() {
    if !common::can_trace() {
        return;
    }
    // Of a file in which it looks for symbols rinject reads the tables of names.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("large");
    let copied = Command::new("install").arg(common::fixtures_bin().join("say-main")).arg(&program).status();
    assert!(copied.unwrap().success());
    let mut file = std::fs::read(&program).unwrap();
    assert!(make_names_large(&mut file, 500 << 20) > 0, "it has no names");
    std::fs::write(&program, file).unwrap();
    std::fs::File::options().write(true).open(&program).unwrap().set_len(600 << 20).unwrap();
    let spec = format!(
        "spec = 1\n[target]\nprogram = {program:?}\nenv-clear = false\ntimeout = \"90s\"\n\
         [[inject]]\nat = \"no_such_function\"\n"
    );
    let output = run("memory", &spec, "-v 400000");
    ended("memory", &output, &["rinject cannot go on: Cannot allocate memory", "ulimit -v"]);
}

/// Makes the tables of names of a 64-bit ELF file so large that are not loaded with it (elf(5)); how many there are.
fn make_names_large(file: &mut [u8], size: u64) -> usize {
    const SHT_STRTAB: u64 = 3;
    const SHF_ALLOC: u64 = 2;
    let number = |file: &[u8], at: usize, size: usize| {
        file[at..at + size].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let [start, length, count] = [(0x28, 8), (0x3a, 2), (0x3c, 2)].map(|(at, size)| number(file, at, size) as usize);
    let tables: Vec<usize> = (0..count)
        .map(|index| start + index * length)
        .filter(|at| number(file, at + 4, 4) == SHT_STRTAB && number(file, at + 8, 8) & SHF_ALLOC == 0)
        .collect();
    for at in &tables {
        file[at + 0x20..at + 0x28].copy_from_slice(&size.to_le_bytes());
    }
    tables.len()
}
