//! `rinject record`: runs a program a few times and writes down what was the same, as a spec that passes.

mod args;
mod files;
mod meaning;
mod text;
mod witness;

pub(super) use args::Record;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};

use super::args::Global;
use super::exec::Calls;
use super::exit_status::ExitStatus;
use super::interrupt::{self, Second};
use super::judged::{complain_of, judged};
use super::new_file::{may_write, write};
use super::terminal::{complain, print, talk};
use super::toml_text::{self, glob, literal};
use crate::abi::Ending;
use crate::cases::{self, Case, SpecFile};
use crate::diagnostic::visible_name;
use crate::run::{self, Options};
use crate::snapshot::{Update, golden_path};
use files::Files;
use text::{CALLS, Printed, Recording};
use witness::{Witness, renamed};

/// A transcript that is longer is compared with nothing.
const LONGEST: u64 = 16 << 20;
/// Longer output stands in the snapshot, not in the spec.
const LONGEST_PRINTED: usize = 4 << 10;
/// Input that is longer is a file of its own.
const LONGEST_INPUT: u64 = 64 << 10;
/// How often files may turn up that a program looks for; each time it gets further.
const ROUNDS: usize = 16;
/// How many files outside of its folder are named that a program changes.
const MOST_OUTSIDE: usize = 5;
/// Where programs are looked up in a spec that says nothing of it.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

pub(super) fn main(words: &Record, global: &Global) -> ExitStatus {
    record(words, global).unwrap_or_else(|status| status)
}

fn record(words: &Record, global: &Global) -> Result<ExitStatus, ExitStatus> {
    let here = std::env::current_dir().map_err(|error| {
        complain(format!("cannot find out the working directory: {error}"), None);
        ExitStatus::NotSetUp
    })?;
    let output = output(words);
    let golden = golden_path(&output, None);
    may_write(&output, words.force)?;
    may_write(&golden, words.force)?;
    let beside = here.join(output.parent().unwrap_or(Path::new("")));
    let mut recording = asked(words, &here, &beside)?;
    let options = Options { update: Update::No, ..Options::default() };
    interrupt::watch(&options.stopper, Second::Ends);
    let own = [here.join(&output), here.join(&golden)];
    let recorder = Recorder { options, beside, global };
    recorder.find_files(&mut recording, &here, own)?;
    let recording = recorder.settle(recording)?;
    write(&output, &recording.spec())?;
    recorder.prove(&output)?;
    let snapshot = if golden.exists() { format!(" and {}", golden.display()) } else { String::new() };
    print(format!("wrote {}{snapshot}\n", output.display()))?;
    Ok(ExitStatus::Passed)
}

/// A spec that runs a command, with the files of the working directory that it reads, and says nothing else. It is one of
/// the current folder.
pub(super) fn target_of(command: &[OsString], options: &Options, global: &Global) -> Result<String, ExitStatus> {
    let here = std::env::current_dir().map_err(|error| {
        complain(format!("cannot find out the working directory: {error}"), None);
        ExitStatus::NotSetUp
    })?;
    let words = Record {
        focus: Vec::new(),
        calls: None,
        output: None,
        timeout: None,
        force: false,
        command: command.to_vec(),
    };
    let mut recording = asked(&words, &here, &here)?;
    let recorder = Recorder { options: options.clone(), beside: here.clone(), global };
    recorder.find_files(&mut recording, &here, [PathBuf::new(), PathBuf::new()])?;
    Ok(recording.target())
}

/// The file that the spec is written to.
fn output(words: &Record) -> PathBuf {
    let program = words.command.first().map(Path::new).and_then(Path::file_stem).unwrap_or(OsStr::new("recorded"));
    words.output.clone().unwrap_or_else(|| Path::new(program).with_extension("toml"))
}

/// What the command line asks for.
fn asked(words: &Record, here: &Path, beside: &Path) -> Result<Recording, ExitStatus> {
    let usage = |message: String, help: Option<&str>| {
        complain(message, help);
        ExitStatus::Usage
    };
    let command: Result<Vec<String>, String> = words.command.iter().map(|word| toml_text::word(word)).collect();
    let command = command.map_err(|message| usage(message, Some("give it a name that is text")))?;
    let (written, args) = command
        .split_first()
        .filter(|(program, _)| !program.is_empty())
        .ok_or_else(|| usage("no program is named".to_owned(), Some("write `rinject record cat FILE`")))?;
    let program = program(written, here, beside);
    let calls = match &words.calls {
        None => CALLS.map(str::to_owned).to_vec(),
        Some(set) => Calls::parse(set)
            .map_err(|problem| usage(format!("cannot read `--calls {set}`: {problem}"), problem.help.as_deref()))?
            .list(),
    };
    let paths = match &words.focus[..] {
        [] => ["${tmp}", "${tmp}/**", "socket:"].map(str::to_owned).to_vec(),
        focus => focus.iter().flat_map(|path| focused(path)).collect(),
    };
    Ok(Recording {
        arg0: (program != *written).then(|| written.clone()),
        program,
        args: args.to_vec(),
        timeout: words.timeout.clone(),
        files: Vec::new(),
        stdin: stdin()?,
        calls,
        paths,
        dropped: Vec::new(),
        is_sorted: false,
        is_fixed: false,
        transcript: true,
        ending: None,
        printed: Printed::Unsaid,
        sequence: Vec::new(),
    })
}

/// The program as a spec in the folder `beside` has it.
fn program(written: &str, here: &Path, beside: &Path) -> String {
    if written.contains('/') {
        let path: PathBuf = here.join(written).components().collect();
        // A slash makes it a path, also where the program is in the same folder.
        let below = path.strip_prefix(beside).map(|below| format!("./{}", below.display()));
        return below.unwrap_or_else(|_| path.display().to_string());
    }
    let is_there = |folder: &PathBuf| folder.join(written).is_file();
    if std::env::split_paths(PATH).any(|folder| is_there(&folder)) {
        return written.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folder = std::env::split_paths(&path).find(is_there);
    folder.map_or_else(|| written.to_owned(), |folder| here.join(folder).join(written).display().to_string())
}

/// The globs of a path and of all below it.
fn focused(path: &str) -> [String; 2] {
    let path = path.trim_end_matches('/');
    let name = literal(&glob(path.strip_prefix("./").unwrap_or(path)));
    let whole = if path.starts_with('/') { name } else { format!("${{tmp}}/{name}") };
    [format!("{whole}/**"), whole]
}

/// What standard input has to say, if that is a file.
fn stdin() -> Result<Option<String>, ExitStatus> {
    if !std::fs::metadata("/proc/self/fd/0").is_ok_and(|data| data.is_file()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST_INPUT + 1).read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).ok().filter(|text| read.is_ok() && text.len() as u64 <= LONGEST_INPUT);
    text.map(Some).ok_or_else(|| {
        let message = format!("standard input is not text of at most {} KiB", LONGEST_INPUT >> 10);
        complain(message, Some("let the program read it as a file, or write `stdin = { file = ... }` into a spec"));
        ExitStatus::NotSetUp
    })
}

/// What one run came to.
struct Once {
    witness: Witness,
    transcript: String,
    stdout: Vec<u8>,
    ending: Ending,
}

struct Recorder<'a> {
    options: Options,
    /// The folder of the spec.
    beside: PathBuf,
    global: &'a Global,
}

impl Recorder<'_> {
    /// Runs the program as a spec would.
    fn once(&self, recording: &Recording) -> Result<Once, ExitStatus> {
        // Not in its place yet, the spec must name everything by its whole path.
        let mut here = recording.clone();
        here.files.iter_mut().for_each(|file| file.path = self.beside.join(&file.path).display().to_string());
        if here.program.contains('/') {
            here.program = self.beside.join(&here.program).display().to_string();
            here.arg0 = recording.arg0.clone().or_else(|| Some(recording.program.clone()));
        }
        let mut witness = Witness::default();
        let case = Case::of_text("<record>", here.spec());
        let judged = judged(run::run_before(&case, &self.options, &mut witness), self.global)?;
        let Some(ending) = judged.outcome.record.ending else {
            complain_of(&judged);
            talk("nothing was recorded: the program did not end by itself; --timeout gives it more time\n");
            return Err(ExitStatus::Failed);
        };
        let transcript = judged.transcript.text(LONGEST).ok().flatten().ok_or_else(|| {
            complain("the transcript is too long", Some("--focus PATH and --calls LIST make it shorter"));
            ExitStatus::NotSetUp
        })?;
        let stdout = match String::from_utf8(judged.stdout) {
            Ok(text) => renamed(&text).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        Ok(Once { witness, transcript, stdout, ending })
    }

    /// Copies files that arguments name, then those that the program looks for in vain and that are there here; all of
    /// them where it asks what there is.
    fn find_files(&self, recording: &mut Recording, here: &Path, own: [PathBuf; 2]) -> Result<(), ExitStatus> {
        let mut files = Files::new(here, &self.beside, own);
        let mut outside = BTreeSet::new();
        for arg in &recording.args {
            files.add(arg);
        }
        for _ in 0..ROUNDS {
            recording.files = files.all();
            let calls = ["%file", "getdents64"].map(str::to_owned).to_vec();
            let seen = self.once(&Recording { calls, ..recording.clone() })?.witness;
            recording.is_sorted |= seen.lists;
            outside.extend(seen.outside);
            for name in &seen.missed {
                files.add(name);
            }
            if seen.lists_own {
                files.add_all();
            }
            if files.all() == recording.files {
                break;
            }
        }
        if !outside.is_empty() {
            let shown: Vec<&str> = outside.iter().take(MOST_OUTSIDE).map(String::as_str).collect();
            let more = if outside.len() > MOST_OUTSIDE { ", ..." } else { "" };
            let shown = visible_name(OsStr::new(&shown.join(", "))) + more;
            talk(format!("it changes files outside of its folder, which stay as they are after each run: {shown}\n"));
        }
        for name in &files.left_out {
            talk(format!("left out: {name}: there are too many files to copy\n"));
        }
        Ok(())
    }

    /// Finds out what is the same in every run, and says what is not.
    fn settle(&self, mut recording: Recording) -> Result<Recording, ExitStatus> {
        let (mut first, mut second) = (self.once(&recording)?, self.once(&recording)?);
        // Two runs within a second show nothing of the time; one on another day does.
        let fixed = Recording { is_fixed: true, ..recording.clone() };
        let other = self.once(&fixed)?;
        if !first.is_same(&second) || !first.is_same(&other) {
            recording = fixed;
            (first, second) = (other, self.once(&recording)?);
            talk("runs were not the same: in the spec the program has a time and random bytes of the run's own\n");
        }
        if first.transcript != second.transcript {
            recording.dropped = first.changing_calls(&second).into_iter().collect();
            (first, second) = (self.once(&recording)?, self.once(&recording)?);
            if first.transcript == second.transcript {
                talk(format!("left out: {}, which are not the same in two runs\n", recording.dropped.join(", ")));
            } else {
                recording.transcript = false;
                recording.dropped.clear();
                talk("left out: the transcript and the sequence, which are not the same in two runs\n");
            }
        }
        if !first.witness.saw_calls() {
            // A spec that traces what never happens is a mistake.
            recording.calls.clear();
            recording.dropped.clear();
            talk("none of the calls that are looked at was made: the snapshot shows how the program ends only\n");
        }
        if recording.transcript {
            let (sequence, is_cut) = meaning::sequence(&first.witness.events);
            recording.sequence = sequence;
            if is_cut {
                talk("left out: calls that only look, or come late; the sequence would be too long\n");
            }
        }
        recording.ending = Some(first.ending).filter(|ending| *ending == second.ending);
        recording.printed = first.printed(&second);
        if recording.printed == Printed::Unsaid {
            talk("left out: standard output, which is not the same in two runs\n");
        }
        Ok(recording)
    }

    /// Writes the snapshot, and has the spec pass.
    fn prove(&self, output: &Path) -> Result<(), ExitStatus> {
        let case = cases::load(&SpecFile::Path(output.to_owned())).map_err(|error| {
            complain(error, None);
            ExitStatus::NotSetUp
        })?;
        for update in [Update::Always, Update::No] {
            let options = Options { update, ..self.options.clone() };
            let judged = judged(run::run(&case, &options), self.global)?;
            if judged.outcome.verdict.is_failure() {
                complain_of(&judged);
                let help = "run it again, with --focus PATH or --calls LIST to look at less";
                complain(format!("`{}` was written, and does not pass", output.display()), Some(help));
                return Err(ExitStatus::Failed);
            }
        }
        Ok(())
    }
}

impl Once {
    fn is_same(&self, other: &Once) -> bool {
        self.transcript == other.transcript && self.stdout == other.stdout && self.ending == other.ending
    }

    /// The calls in lines that the other run does not have, or has besides.
    fn changing_calls(&self, other: &Once) -> BTreeSet<String> {
        let diff = TextDiff::from_lines(&self.transcript, &other.transcript);
        let changes = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
        let call = |line: &str| Some(line.split_whitespace().nth(1)?.split_once('(')?.0.to_owned());
        let names = changes.filter_map(|change| call(change.value()));
        names.filter(|name| crate::abi::Sysno::parse(name).is_some()).collect()
    }

    fn printed(&self, other: &Once) -> Printed {
        if self.stdout != other.stdout {
            return Printed::Unsaid;
        }
        match std::str::from_utf8(&self.stdout) {
            // The folder goes by its name; all else stands for itself.
            Ok(text) if text.len() <= LONGEST_PRINTED && !text.contains('\0') => {
                Printed::Text(literal(text).replace("$${tmp}", "${tmp}"))
            }
            _ => Printed::Snapshot,
        }
    }
}
