//! Programs that nobody here wrote, with several tasks each, many times: every run has to be the first one, byte for byte.
//! What was done is kept below the target folder, so that the next call goes on from there.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project;
use crate::soak::Hogs;

/// How many runs are made before something else takes every processor, and before it ends again.
const BATCH: u32 = 10;
/// Where the table stands on its page.
const BEGIN: &str = "<!-- runs: written by `cargo xtask repeatable` -->\n";
const END: &str = "<!-- end of runs -->\n";

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

/// Runs each spec of specs/repeatable until there are `times` runs of it, and writes the table.
pub fn run(times: u32, words: &[String]) -> Result<(), String> {
    let rinject = project::rinject()?;
    let folder = project::root().join("specs/repeatable");
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
    if words.is_empty() { write_table(&table) } else { Ok(()) }
}

/// All runs of one program; `None` where it is not installed.
fn program(rinject: &Path, spec: &Path, times: u32) -> Result<Option<Row>, String> {
    let name = spec.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let place = rinject.parent().unwrap_or(Path::new(".")).join("repeatable").join(&name);
    let failed = |what: &str, error: std::io::Error| format!("cannot {what} {}: {error}", place.display());
    let text = fs::read_to_string(spec).map_err(|error| format!("cannot read {}: {error}", spec.display()))?;
    let whole = text.replace("[snapshot]\ntranscript = false\n", "[snapshot]\nstdout = true\n");
    if whole == text {
        return Err(format!("{} does not end with `[snapshot]`, `transcript = false`", spec.display()));
    }
    let (copy, golden, count) = (place.join("spec.toml"), place.join("spec.snap"), place.join("runs"));
    let built = fs::metadata(rinject).and_then(|data| data.modified());
    let built = format!("{:?}\n", built.map_err(|error| format!("cannot look at {}: {error}", rinject.display()))?);
    let is = |path: &Path, text: &str| fs::read_to_string(path).is_ok_and(|there| there == text);
    if !is(&copy, &whole) || !is(&place.join("built"), &built) {
        // Runs of another spec, or by another rinject, do not count. What is not there need not be removed.
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).map_err(|error| failed("make", error))?;
        fs::write(&copy, &whole).map_err(|error| failed("write to", error))?;
        fs::write(place.join("built"), &built).map_err(|error| failed("write to", error))?;
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
    let mut runs: u32 = fs::read_to_string(&count).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let mut took = None;
    while runs < times {
        let now = BATCH.min(times - runs);
        let is_loaded = runs / BATCH % 2 == 1;
        let hogs = is_loaded.then(Hogs::start).transpose()?;
        let begun = Instant::now();
        // One at a time: runs with one seed draw the same names, and would meet in /dev/shm.
        let (passed, said) = rinject(&["--check", "-j", "1", "--repeat", &now.to_string()])?;
        if !passed {
            return Err(format!("{name} differs within its runs {} to {}:\n{said}", runs + 1, runs + now));
        }
        if hogs.is_none() {
            took = Some(begun.elapsed() / now);
        }
        drop(hogs);
        runs += now;
        fs::write(&count, format!("{runs}\n")).map_err(|error| failed("write to", error))?;
        println!("{name}: {runs} of {times}");
    }
    let golden = fs::read_to_string(&golden).map_err(|error| failed("read", error))?;
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

fn write_table(table: &str) -> Result<(), String> {
    let path = project::root().join("docs/repeatable.md");
    let page = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let (before, rest) = page.split_once(BEGIN).ok_or("docs/repeatable.md has no place for the table")?;
    let (_, after) = rest.split_once(END).ok_or("docs/repeatable.md does not say where the table ends")?;
    fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}"))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
