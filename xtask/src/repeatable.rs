//! Programs that nobody here wrote, with several tasks each, many times: every run has to be the first one, byte for byte.
//! What was done is kept below the target folder, so that the next call goes on from there.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::kept::Kept;
use crate::load::{self, Load};
use crate::page::Place;
use crate::project;
use crate::soak;

/// Where the programs are.
pub const FOLDER: &str = "specs/repeatable";
/// Where the table stands.
const PLACE: Place = Place { page: "docs/repeatable.md", name: "runs", chore: "repeatable" };

/// What became of one program.
struct Row {
    name: String,
    /// Lines of its transcript, and tasks in it.
    lines: usize,
    tasks: usize,
    runs: u32,
    /// How long a run takes where nothing else runs.
    took: Option<Duration>,
}

/// Runs each spec of specs/repeatable until there are `times` runs of it, or a tenth where they take long, and writes the
/// table.
pub fn run(times: u32, words: &[String]) -> Result<(), String> {
    let rinject = project::rinject()?;
    let folder = project::root().join(FOLDER);
    let mut specs: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| words.is_empty() || words.iter().any(|word| path.to_string_lossy().contains(word)))
        .collect();
    specs.sort();
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for spec in &specs {
        match program(&rinject, spec, times) {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => println!("{}: skipped", spec.display()),
            Err(error) => failures.push(error),
        }
    }
    let table = table(&rows);
    print!("{table}");
    if !failures.is_empty() {
        return Err(failures.join("\n"));
    }
    if words.is_empty() { PLACE.write(&table).map(drop) } else { Ok(()) }
}

/// All runs of one program; `None` where it is not installed.
fn program(rinject: &Path, spec: &Path, times: u32) -> Result<Option<Row>, String> {
    let name = spec.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(spec).map_err(|error| format!("cannot read {}: {error}", spec.display()))?;
    let whole = text.replace("[snapshot]\ntranscript = false\n", "[snapshot]\nstdout = true\n");
    if whole == text {
        return Err(format!("{} does not end with `[snapshot]`, `transcript = false`", spec.display()));
    }
    let kept = Kept::open(rinject, &format!("repeatable/{name}"), &whole)?;
    let (copy, golden) = (kept.path("spec.toml"), kept.path("spec.snap"));
    if !copy.exists() {
        kept.write("spec.toml", &whole)?;
    }
    let rinject = |words: &[&str]| {
        let output = Command::new(rinject).arg("run").args(words).arg(&copy).stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("cannot run rinject: {error}"))?;
        let said = [output.stdout, output.stderr].concat();
        Ok::<_, String>((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    };
    if !golden.exists() {
        let (passed, said) = rinject(&["--update", "always"])?;
        if said.contains("1 skipped") {
            return Ok(None);
        }
        if !passed {
            return Err(said);
        }
    }
    let mut runs: u32 = kept.read("runs").and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let mut took = kept.read("took-ms").and_then(|text| text.trim().parse().ok()).map(Duration::from_millis);
    let wanted = |took: Option<Duration>| {
        let is_long = took.is_some_and(|took| took >= Duration::from_millis(soak::LONG_MS));
        if is_long { times.div_ceil(10) } else { times }
    };
    while runs < wanted(took) {
        let now = load::BATCH.min(wanted(took) - runs);
        let load = Load::after(runs)?;
        let begun = Instant::now();
        // One at a time: runs with one seed draw the same names, and would meet in /dev/shm.
        let (passed, said) = rinject(&["--check", "-j", "1", "--repeat", &now.to_string()])?;
        if !passed {
            return Err(format!("{name} differs within its runs {} to {}:\n{said}", runs + 1, runs + now));
        }
        if load.is_none() {
            let one = begun.elapsed() / now;
            took = Some(took.map_or(one, |least| least.min(one)));
            kept.write("took-ms", &format!("{}\n", took.unwrap_or(one).as_millis()))?;
        }
        drop(load);
        runs += now;
        kept.write("runs", &format!("{runs}\n"))?;
        println!("{name}: {runs} of {}", wanted(took));
    }
    let golden = kept.read("spec.snap").ok_or_else(|| format!("cannot read {}", golden.display()))?;
    let lines = golden.lines().filter(|line| line.starts_with('P')).count();
    let tasks: BTreeSet<&str> = golden.lines().filter_map(|line| line.split(' ').next()).collect();
    let tasks = tasks.into_iter().filter(|task| task.starts_with('P')).count();
    Ok(Some(Row { name, lines, tasks, runs, took }))
}

fn table(rows: &[Row]) -> String {
    let mut text =
        "| program | tasks | lines of the transcript | runs, all the same | one run |\n|---|---|---|---|---|\n"
            .to_owned();
    for Row { name, lines, tasks, runs, took } in rows {
        let took = took.map_or("-".to_owned(), |took| format!("{:.2} s", took.as_secs_f64()));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{name}` | {tasks} | {lines} | {runs} | {took} |");
    }
    text
}
