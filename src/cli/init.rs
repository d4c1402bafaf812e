//! `rinject init`: the first spec of a project, which passes at once.
//! It must not write over anything.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::Init;
use super::exit_status::ExitStatus;
use super::generate::schema_text;
use super::project;
use super::terminal::{complain, print};

const SPEC: &str = include_str!("init/spec.toml");
const PROJECT: &str = include_str!("init/rinject.toml");

pub(super) fn main(words: &Init) -> ExitStatus {
    init(&words.folder).err().unwrap_or(ExitStatus::Passed)
}

fn init(folder: &Path) -> Result<(), ExitStatus> {
    let schema = schema_text();
    let files = [
        (folder.join("specs/cat-says-why-it-cannot-read.toml"), SPEC),
        (folder.join(project::FILE), PROJECT),
        (folder.join("rinject.schema.json"), &schema),
    ];
    let there: Vec<&PathBuf> = files.iter().map(|(path, _)| path).filter(|path| path.exists()).collect();
    if let Some(path) = there.first() {
        complain(
            format!("`{}` is there already", path.display()),
            Some("nothing was written; remove it, or begin in another folder"),
        );
        return Err(ExitStatus::NotSetUp);
    }
    for (path, text) in &files {
        make(path, text).map_err(|error| {
            complain(format!("cannot write `{}`: {error}", path.display()), None);
            ExitStatus::NotSetUp
        })?;
        print(format!("wrote {}\n", path.display()))?;
    }
    let specs = folder.join("specs");
    print(format!("run it, and write its snapshot: rinject run -u {}\n", specs.display()))
}

fn make(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    File::create_new(path)?.write_all(text.as_bytes())
}
