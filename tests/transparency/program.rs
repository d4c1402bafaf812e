//! A script that runs a real program, what can be seen of a run of it, and how two runs differ.
//!
//! A script is for bash: comments say what it does and needs, `prepare` makes what is needed and is never traced, `run`
//! is what is compared. Both run in an empty folder, their output goes to files beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use globset::{Glob, GlobSet, GlobSetBuilder};
use libtest_mimic::Failed;
use similar::TextDiff;

use crate::effects::effects;
use crate::form::Form;

/// A script below `programs/`.
#[derive(Debug)]
pub(crate) struct Program {
    /// The file's name without `.sh`.
    pub(crate) name: String,
    /// `# quick`: part of every test run.
    pub(crate) is_quick: bool,
    path: PathBuf,
    /// The first comment.
    about: String,
    /// `# needs: a b`: programs that have to be there.
    needs: Vec<String>,
    /// `# nested: release`: what `trace.nested` has to be.
    nested: Option<String>,
    /// `# varies: glob ...`: files that are not the same in any two runs.
    varies: GlobSet,
    /// `# once`: too long to be run twice alone.
    is_once: bool,
}

/// The status by which `prepare` says that something is missing here, as automake's tests do.
const SKIP: i32 = 77;

/// What came of a run.
#[derive(Debug)]
pub(crate) enum Run {
    Seen(Seen),
    /// Something that it needs is not there.
    Skipped(String),
}

/// What can be seen of a run.
#[derive(Debug)]
pub(crate) struct Seen {
    stdout: String,
    stderr: String,
    exit: i32,
    files: BTreeMap<String, String>,
    pub(crate) took: Duration,
}

impl Program {
    /// All of a folder, by name.
    pub(crate) fn all(folder: &Path) -> Vec<Program> {
        let entries = fs::read_dir(folder).expect("the scripts are there").flatten().map(|entry| entry.path());
        let mut programs: Vec<Program> = entries.map(Program::read).collect();
        programs.sort_by(|a, b| a.name.cmp(&b.name));
        programs
    }

    fn read(path: PathBuf) -> Program {
        let text = fs::read_to_string(&path).expect("a script is a text");
        let comments: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("# ")).collect();
        let value = |key: &str| comments.iter().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let mut varies = GlobSetBuilder::new();
        for glob in value("varies:").unwrap_or_default().split_whitespace() {
            varies.add(Glob::new(glob).expect("`varies` has globs"));
        }
        Program {
            name: path.file_stem().expect("a script has a name").to_string_lossy().into_owned(),
            is_quick: comments.contains(&"quick"),
            about: comments.first().expect("a script begins with what it does").to_string(),
            needs: value("needs:").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            nested: value("nested:").map(str::to_owned),
            varies: varies.build().expect("globs make a set"),
            is_once: comments.contains(&"once"),
            path,
        }
    }

    /// A program that it needs and that is not there.
    pub(crate) fn missing(&self) -> Option<&str> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
        self.needs.iter().map(String::as_str).find(|name| !is_there(name))
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        !self.is_once
    }

    /// The forms under rinject that it is run in.
    pub(crate) fn forms(&self, is_full: bool) -> impl Iterator<Item = Form> + use<> {
        let quick =
            |form: &Form| matches!(form, Form::Under { is_transparent, is_traced } if is_transparent == is_traced);
        Form::UNDER.into_iter().filter(move |form| is_full || quick(form))
    }

    /// Prepares it in `place`, whose earlier content goes, and runs it. Under rinject it is expected to end like `alone`.
    pub(crate) fn run(&self, form: Form, alone: Option<&Seen>, place: &Path) -> Result<Run, Failed> {
        let work = place.join("work");
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&work)?;
        fs::create_dir_all(place.join("home"))?;
        let output = surrounded(&self.command("prepare", place), &work, place).output()?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        match output.status.code() {
            Some(0) => {}
            Some(SKIP) => return Ok(Run::Skipped(said)),
            _ => return Err(format!("Error: cannot prepare: {said}").into()),
        }
        let command = self.command("run", place);
        let before = Instant::now();
        let exit = match form {
            Form::Alone => {
                let status = surrounded(&command, &work, place).status()?;
                status.code().ok_or_else(|| format!("Error: alone it ends with {status}"))?
            }
            Form::Under { .. } => {
                let exit = alone.map_or(0, |alone| alone.exit);
                self.under(form, &command, exit, &work, place)?;
                exit
            }
        };
        let took = before.elapsed();
        let text = |name: &str| fs::read(place.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let files = effects(&work, &self.varies)?;
        Ok(Run::Seen(Seen { stdout: text("stdout")?, stderr: text("stderr")?, exit, files, took }))
    }

    /// Runs a command under rinject.
    ///
    /// # Errors
    /// Where it does not end with this status, or rinject cannot run it.
    fn under(&self, form: Form, command: &[String], exit: i32, work: &Path, place: &Path) -> Result<(), Failed> {
        let spec = place.join("under.toml");
        let work_name = work.to_str().ok_or("the folder for temporary files has a strange name")?;
        fs::write(&spec, form.spec(command, work_name, self.nested.as_deref(), exit))?;
        let rinject = [env!("CARGO_BIN_EXE_rinject"), "run", "--check", "--format", "json"].map(str::to_owned);
        let rinject = [&rinject[..], &[spec.to_str().expect("as the folder").to_owned()]].concat();
        let output = surrounded(&rinject, place, place).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        if output.status.success() {
            return Ok(());
        }
        let told = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
        Err(format!("Error: {}: {told}{}", form.words(), Self::output(place)).into())
    }

    /// The end of what it printed, for who looks for the reason of a failure.
    fn output(place: &Path) -> String {
        let end = |name: &str| {
            let text = fs::read(place.join(name)).unwrap_or_default();
            String::from_utf8_lossy(&text[text.len().saturating_sub(1500)..]).into_owned()
        };
        format!("\n{}{}", end("stdout"), end("stderr"))
    }

    /// The command that runs one of its functions.
    fn command(&self, function: &str, place: &Path) -> Vec<String> {
        let place = place.to_str().expect("the folder's name is a text");
        let begin = "export HOME=$0/home LC_ALL=C.UTF-8 TZ=UTC TERM=xterm LINES=24 COLUMNS=80; unset OLDPWD CDPATH\n\
                     prepare() { :; }; . \"$1\"; exec >\"$0/stdout\" 2>\"$0/stderr\" </dev/null; set -eu; umask 022";
        let script = format!("{begin}\n{function}");
        ["bash", "-c", &script, place, self.path.to_str().expect("as the project's folder")]
            .map(str::to_owned)
            .to_vec()
    }
}

/// A command in the surroundings that every form has.
fn surrounded(command: &[String], cwd: &Path, place: &Path) -> Command {
    let mut surrounded = Command::new(&command[0]);
    surrounded.args(&command[1..]).current_dir(cwd).stdin(Stdio::null()).env("HOME", place.join("home"));
    surrounded
}

impl Seen {
    /// # Errors
    /// Where another run has done something else: what it is.
    pub(crate) fn same_as(&self, other: &Seen, form: &str) -> Result<(), Failed> {
        let mut differences = String::new();
        let mut compare = |what: &str, before: &str, after: &str| {
            if before != after {
                let diff = TextDiff::from_lines(before, after);
                let shown: String = diff.unified_diff().context_radius(2).to_string().chars().take(4000).collect();
                differences += &format!("\n{what}:\n{shown}");
            }
        };
        let lines = |files: &BTreeMap<String, String>| -> String {
            files.iter().map(|(path, told)| format!("{path}: {told}\n")).collect()
        };
        compare("status", &self.exit.to_string(), &other.exit.to_string());
        compare("standard output", &self.stdout, &other.stdout);
        compare("standard error", &self.stderr, &other.stderr);
        compare("files", &lines(&self.files), &lines(&other.files));
        if differences.is_empty() { Ok(()) } else { Err(format!("Error: {form}, it differs:{differences}").into()) }
    }
}

/// The table of the documentation.
pub(crate) fn table(programs: &[Program]) -> String {
    let mut table = "| script | what it does | in every test run |\n|---|---|---|\n".to_owned();
    for program in programs {
        let quick = if program.is_quick { "yes" } else { "" };
        table += &format!("| `{}` | {} | {quick} |\n", program.name, program.about);
    }
    table
}
