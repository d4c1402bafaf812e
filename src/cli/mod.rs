//! The command line: words in, a status out. One file for each subcommand.

mod args;
mod attach;
mod check;
mod doctor;
mod exit_status;
mod explain;
mod failing;
mod interrupt;
mod list;
mod reports;
mod review;
mod run;
mod select;
mod terminal;

pub use exit_status::ExitStatus;

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Args, Command};

/// Runs the command line; the words include the program's name.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let args = match Args::try_parse_from(words) {
        Ok(args) => args,
        Err(error) => {
            // Where the terminal is gone there is nobody to tell.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitStatus::Passed,
                _ => ExitStatus::Usage,
            };
        }
    };
    let global = &args.global;
    match &args.command {
        Command::Run(run) => run::main(run, global),
        Command::Attach(attach) => attach::main(attach, global),
        Command::Check(check) => check::main(check, global),
        Command::List(list) => list::main(list, global),
        Command::Explain(explain) => explain::main(explain, global),
        Command::Doctor => doctor::main(global),
        Command::Review(paths) => review::review(paths, global),
        Command::Accept(paths) => review::accept(paths, global),
        Command::Reject(paths) => review::reject(paths, global),
        Command::Pending(paths) => review::pending(paths, global),
    }
}
