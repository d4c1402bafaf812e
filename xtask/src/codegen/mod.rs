//! Writes `src/abi/table.rs` and `src/faults/table.rs` from the text tables in `xtask/tables`, and numbers from the
//! `syscalls` crate.
//! It must not need the library: the library does not compile while the table is wrong.

mod calls;
mod faults;
mod flags;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Writes the tables, or with `check` only compares.
pub fn run(check: bool) -> Result<(), String> {
    let root = root();
    let table = |name: &str| read(&root.join("xtask/tables").join(name));
    let sets = flags::parse(&table("flags.txt")?)?;
    let calls = calls::parse(&table("calls.txt")?, &sets)?;
    let errnos_text = table("errnos.txt")?;
    let errnos = errnos(&errnos_text)?;
    let models = faults::parse(&table("faults.txt")?, &calls, &sets, &errnos)?;
    let abi = [HEADER.to_owned(), render_errnos(&errnos), calls::render(&calls), flags::render(&sets)].concat();
    keep(&root, "src/abi/table.rs", &abi, check)?;
    keep(&root, "src/faults/table.rs", &faults::render(&models), check)
}

fn keep(root: &Path, path: &str, source: &str, check: bool) -> Result<(), String> {
    let text = rustfmt(root, source)?;
    let file = root.join(path);
    if !check {
        return fs::write(&file, text).map_err(|error| format!("{path}: {error}"));
    }
    if read(&file)? == text {
        return Ok(());
    }
    Err(format!("{path} is not what xtask/tables gives; run `cargo xtask codegen`"))
}

const HEADER: &str = "//! Calls, errnos and flags as data; written by `cargo xtask codegen` from `xtask/tables`, not by hand.\n\
     //! It must not know what anything is used for.\n\n\
     use super::call::{ArgInfo, ArgKind as K, CallInfo, Changes as C, Dir, Len, RetKind as R};\n\
     use flag_sets as f;\n\n";

fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Lines that say something, with their numbers; a comment is a line that starts with `#`.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    })
}

fn errnos(text: &str) -> Result<Vec<(u16, &str)>, String> {
    let mut rows: Vec<(u16, &str)> = Vec::new();
    for (at, line) in lines(text) {
        let (number, name) = line.split_once(' ').ok_or(format!("errnos.txt:{at}: number and name expected"))?;
        let number = number.parse().map_err(|_| format!("errnos.txt:{at}: `{number}` is no number"))?;
        if rows.last().is_some_and(|(last, _)| *last >= number) {
            return Err(format!("errnos.txt:{at}: numbers must rise"));
        }
        rows.push((number, name));
    }
    Ok(rows)
}

fn render_errnos(rows: &[(u16, &str)]) -> String {
    let names = by_number(rows.iter().copied());
    format!("pub(super) static ERRNOS: &[Option<&str>] = &{names:?};\n\n")
}

/// What stands for each number from 0 to the last; nothing for those between that have none.
fn by_number<T: Copy>(rows: impl Iterator<Item = (u16, T)>) -> Vec<Option<T>> {
    let rows: BTreeMap<u16, T> = rows.collect();
    let end = rows.last_key_value().map_or(0, |(number, _)| number + 1);
    (0..end).map(|number| rows.get(&number).copied()).collect()
}

fn rustfmt(root: &Path, source: &str) -> Result<String, String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root.join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("rustfmt has no standard input")?;
    let source = source.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(source.as_bytes()));
    let output = child.wait_with_output().map_err(|error| format!("rustfmt: {error}"))?;
    let written = writer.join().map_err(|_| "the writer to rustfmt panicked")?;
    written.map_err(|error| format!("rustfmt: {error}"))?;
    if !output.status.success() {
        return Err("rustfmt refuses the generated table".to_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}
