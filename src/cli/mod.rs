//! The command line: words in, a status out. One file for each subcommand.

mod args;
mod attach;
mod check;
mod doctor;
mod exec;
mod exit_status;
mod explain;
mod failing;
mod generate;
mod init;
mod interrupt;
mod judged;
mod list;
mod live;
mod merge;
mod new_file;
mod project;
mod record;
mod remembered;
mod reports;
mod review;
mod run;
mod select;
mod selftest;
mod sweep;
mod sweeps;
mod terminal;
mod toml_text;
mod watched;

pub use exit_status::ExitStatus;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use args::{Args, Command};
use project::Project;
use terminal::complain;

/// Runs the command line; the words include the program's name.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let words: Vec<OsString> = words.into_iter().collect();
    let args = match with_project(&words) {
        Ok(args) => args,
        Err(status) => return status,
    };
    let global = &args.global;
    if let Err(status) = watched::start(global) {
        return status;
    }
    match &args.command {
        Command::Run(run) => run::main(run, global),
        Command::Exec(exec) => exec::main(exec, global),
        Command::Record(record) => record::main(record, global),
        Command::Sweep(words) => sweep::main(words, global),
        Command::Attach(attach) => attach::main(attach, global),
        Command::Check(check) => check::main(check, global),
        Command::List(list) => list::main(list, global),
        Command::Explain(explain) => explain::main(explain, global),
        Command::Doctor => doctor::main(global),
        Command::Selftest => selftest::main(global),
        Command::Review(paths) => review::review(paths, global),
        Command::Accept(paths) => review::accept(paths, global),
        Command::Reject(paths) => review::reject(paths, global),
        Command::Pending(paths) => review::pending(paths, global),
        Command::Merge(words) => merge::main(words, global),
        Command::Init(words) => init::main(words),
        Command::Schema => generate::schema(),
        Command::Completions(words) => generate::completions(words),
        Command::Man(words) => generate::man(words),
    }
}

/// The words, and what rinject.toml says where they say nothing.
fn with_project(words: &[OsString]) -> Result<Args, ExitStatus> {
    let matches = Args::command().try_get_matches_from(words).map_err(told)?;
    let args = Args::from_arg_matches(&matches).map_err(told)?;
    // Others have no settings: a slip in the file is no matter of theirs.
    let has_settings = match args.command {
        Command::Run(_) | Command::Attach(_) | Command::Check(_) | Command::List(_) | Command::Explain(_) => true,
        Command::Sweep(_) => true,
        Command::Exec(_) | Command::Record(_) | Command::Doctor | Command::Merge(_) | Command::Init(_) => false,
        Command::Review(_) | Command::Accept(_) | Command::Reject(_) | Command::Pending(_) => false,
        Command::Schema | Command::Completions(_) | Command::Man(_) | Command::Selftest => false,
    };
    if !has_settings {
        return Ok(args);
    }
    let project = Project::find(args.global.profile.as_deref())?;
    if project.says_nothing() {
        return Ok(args);
    }
    let mut args = Args::try_parse_from(project.beside(words, &matches)).map_err(|error| {
        let status = told(error);
        complain(format!("with what `{}` says", project::FILE), None);
        status
    })?;
    args.global.project = project;
    Ok(args)
}

/// Prints what clap has to say: help, or what is wrong with the words.
fn told(error: clap::Error) -> ExitStatus {
    // Where the terminal is gone there is nobody to tell.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitStatus::Passed,
        _ => ExitStatus::Usage,
    }
}
