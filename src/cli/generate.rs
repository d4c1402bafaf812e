//! `rinject completions`, `man` and `schema`: files for shells, for man(1) and for editors, made of the words themselves.
//! It must not know any of them.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};

use super::args::{Args, Completions, Man};
use super::exit_status::ExitStatus;
use super::terminal::{complain, print, written};
use crate::diagnostic::{did_you_mean, listed};
use crate::spec;

pub(super) fn completions(words: &Completions) -> ExitStatus {
    let mut text = Vec::new();
    clap_complete::generate(words.shell, &mut Args::command(), "rinject", &mut text);
    print(String::from_utf8_lossy(&text)).err().unwrap_or(ExitStatus::Passed)
}

pub(super) fn schema() -> ExitStatus {
    print(schema_text()).err().unwrap_or(ExitStatus::Passed)
}

/// The JSON Schema of specs, as a file.
pub(super) fn schema_text() -> String {
    format!("{:#}\n", spec::schema())
}

pub(super) fn man(words: &Man) -> ExitStatus {
    page_or_pages(words).err().unwrap_or(ExitStatus::Passed)
}

fn page_or_pages(words: &Man) -> Result<(), ExitStatus> {
    let command = Args::command();
    if let Some(folder) = &words.dir {
        return pages(&command, folder).map_err(|error| {
            complain(format!("cannot write the pages to `{}`: {error}", folder.display()), None);
            ExitStatus::NotSetUp
        });
    }
    let page = match &words.command {
        None => page(command),
        Some(name) => {
            let names = || command.get_subcommands().map(Command::get_name);
            let Some(subcommand) = command.find_subcommand(name) else {
                let help = did_you_mean(name, names()).unwrap_or_else(|| format!("there are {}", listed(names())));
                complain(format!("there is no command `{name}`"), Some(&help));
                return Err(ExitStatus::Usage);
            };
            page(named(subcommand.clone()))
        }
    };
    page.map_or_else(|error| written(Err(error)), |page| print(String::from_utf8_lossy(&page)))
}

/// A page for rinject, and one for each of its commands.
fn pages(command: &Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let all = std::iter::once(command.clone()).chain(command.get_subcommands().cloned().map(named));
    for command in all {
        let file = folder.join(format!("{}.1", command.get_name()));
        fs::write(file, page(command)?)?;
    }
    Ok(())
}

/// `rinject-run`, as git names the pages of its commands.
fn named(command: Command) -> Command {
    let name = format!("rinject-{}", command.get_name());
    command.name(name)
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(page)
}
