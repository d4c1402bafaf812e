//! `rinject exec`: a program with faults, ad hoc and in strace's own words. They are made into a spec, which is run.
//! It ends as the program does.

mod args;
mod calls;
mod onlooker;
mod problem;
mod tampering;
mod text;
mod when;
mod words;

pub(super) use args::Exec;
pub(super) use calls::Calls;

use std::fs::File;
use std::path::{Path, PathBuf};

use super::args::Global;
use super::exit_status::ExitStatus;
use super::interrupt;
use super::judged::{complain_of, judged};
use super::new_file::{may_write, write};
use super::terminal::{complain, talk};
use super::toml_text;
use crate::abi::Ending;
use crate::cases::Case;
use crate::run::{self, Judged, Options};
use crate::snapshot::Update;
use crate::sys;
use onlooker::Onlooker;
use text::Spoken;
use words::{Shown, Words};

pub(super) fn main(words: &Exec, global: &Global) -> ExitStatus {
    exec(words, global).unwrap_or_else(|status| status)
}

fn exec(words: &Exec, global: &Global) -> Result<ExitStatus, ExitStatus> {
    let spec = spoken(words)?.spec();
    if let Some(path) = &words.save {
        may_write(path, words.force)?;
        write(path, &spec)?;
    }
    let mut onlooker = onlooker(words.output.as_deref())?;
    let options = Options { update: Update::No, ..Options::default() };
    interrupt::watch_beside_terminal(&options.stopper);
    let end = run::run_before(&Case::of_text("<exec>", spec), &options, &mut onlooker);
    onlooker.finish().map_err(|error| {
        complain(format!("cannot write the transcript: {error}"), None);
        ExitStatus::NotSetUp
    })?;
    Err(ended(&*judged(end, global)?))
}

/// What the command line asks for.
fn spoken(words: &Exec) -> Result<Spoken, ExitStatus> {
    let usage = |message: String, help: Option<&str>| {
        complain(message, help);
        ExitStatus::Usage
    };
    let mut asked =
        Words::parse(&words.expressions).map_err(|problem| usage(problem.why, problem.help.as_deref()))?;
    if words.successful {
        asked.shown = Shown::Successful;
    }
    if words.failed {
        asked.shown = Shown::Failed;
    }
    let text =
        |word: Result<String, String>| word.map_err(|message| usage(message, Some("give it a name that is text")));
    let command = words.command.iter().map(|word| text(toml_text::word(word))).collect::<Result<Vec<String>, _>>()?;
    if command.first().is_none_or(String::is_empty) {
        return Err(usage(
            "no program is named".to_owned(),
            Some("write `rinject exec -e inject=read:error=EIO cat FILE`"),
        ));
    }
    let here = std::env::current_dir().map_err(|error| {
        complain(format!("cannot find out the working directory: {error}"), None);
        ExitStatus::NotSetUp
    })?;
    let folder = text(toml_text::word(here.as_os_str()))?;
    let mut paths = Vec::new();
    for path in words.paths.iter().flat_map(|path| as_meant(path, &here)) {
        paths.push(text(toml_text::word(path.as_os_str()))?);
    }
    Ok(Spoken { command, folder, words: asked, paths, follow: words.follow, strings: words.strings })
}

/// A path as programs may name it: as it is written, and the file that it leads to.
fn as_meant(path: &Path, here: &Path) -> Vec<PathBuf> {
    let written = here.join(path).components().collect::<PathBuf>();
    let mut all: Vec<PathBuf> = vec![written.clone()];
    all.extend(written.canonicalize().ok().filter(|real| *real != written));
    all
}

fn onlooker(output: Option<&Path>) -> Result<Onlooker, ExitStatus> {
    let Some(path) = output else { return Ok(Onlooker::Terminal) };
    if path.as_os_str().as_encoded_bytes().starts_with(b"|") {
        complain(format!("`-o {}` is a program, not a file", path.display()), Some("write to a file, and read that"));
        return Err(ExitStatus::Usage);
    }
    let file = File::create(path).map_err(|error| {
        complain(format!("cannot write the transcript to `{}`: {error}", path.display()), None);
        ExitStatus::NotSetUp
    })?;
    Ok(Onlooker::file(file))
}

/// Ends as the program has ended. It comes back only where that was not by itself.
fn ended(judged: &Judged) -> ExitStatus {
    for (rule, record) in judged.outcome.rules.iter().zip(&judged.outcome.record.rules) {
        for (reason, times) in &record.prevented {
            talk(format!("rinject: the rule {rule} could not fire {times} times: {reason}\n"));
        }
    }
    match judged.outcome.record.ending {
        Some(Ending::Exited(code)) => std::process::exit(code),
        Some(Ending::Killed(signal)) => sys::end_by(signal),
        None => {
            complain_of(judged);
            ExitStatus::Failed
        }
    }
}
