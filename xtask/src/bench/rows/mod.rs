//! What is measured: the work, the ways of doing it, and what rinject is to come to.

mod calls;
mod programs;
mod runs;
mod sweep;
mod tasks;

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use super::Row;

/// What rows are made with.
struct Maker<'a> {
    /// Where the fixtures are.
    bin: &'a Path,
    rinject: &'a Path,
    /// Specs and data, gone afterwards.
    folder: &'a Path,
}

/// All rows, in the order in which they are measured.
pub fn all(bin: &Path, rinject: &Path, folder: &Path) -> Result<Vec<Row>, String> {
    let maker = Maker { bin, rinject, folder };
    let rows = [
        calls::rows(&maker)?,
        runs::rows(&maker)?,
        sweep::rows(&maker)?,
        tasks::rows(&maker)?,
        programs::rows(&maker)?,
    ];
    Ok(rows.into_iter().flatten().collect())
}

impl Maker<'_> {
    /// A fixture.
    fn fixture(&self, name: &str) -> String {
        text(self.bin.join(name))
    }

    /// A file of this text.
    fn file(&self, name: &str, content: &str) -> Result<PathBuf, String> {
        let path = self.folder.join(name);
        std::fs::write(&path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(path)
    }

    /// The command that runs a program by the rest of a spec.
    fn run(&self, name: &str, program: &str, args: &[&str], rest: &str) -> Result<Vec<String>, String> {
        let spec = format!(
            "spec = 1\nsnapshot = {{ transcript = false }}\n{rest}\n[target]\nprogram = {}\nargs = {}\n\
             timeout = \"10m\"\nlimits = {{ tasks = 2000, events = 100000000 }}\n",
            toml(program),
            toml(args),
        );
        let path = self.file(&format!("{name}.toml"), &spec)?;
        Ok(words(&[&text(self.rinject), "run", "--quiet", &text(path)]))
    }
}

/// strace as it is in Debian, and what it writes goes nowhere.
fn strace(options: &[&str], command: &[&str]) -> Vec<String> {
    words(&[&["strace", "-f", "-o", "/dev/null"], options, command].concat())
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

fn text(path: impl AsRef<Path>) -> String {
    path.as_ref().to_string_lossy().into_owned()
}

/// Text and lists of it are written in TOML as Rust does, as far as they come here.
fn toml(value: impl Debug) -> String {
    format!("{value:?}")
}
