//! Which lines runs reach, by the counters that a program writes which was built to count them: read by the tools of the compiler
//! that built it. It must not know what the runs are.

mod gcov;
mod images;
mod llvm;
mod tools;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::base::Base;
use super::{source, watch_calls};
use crate::plan::{Plan, Start};
use crate::run::{End, Played, Stage};
use crate::sweep::coverage::Coverage;
use images::Images;

/// Folders below Cargo's own (The Cargo Book, "Cargo Home") with the sources of crates that others have published.
const CRATES: [&str; 2] = ["cargo/registry/src/", "cargo/git/checkouts/"];

/// What is wrong, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    what: String,
    help: String,
}

impl Trouble {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Trouble {
        Trouble { what: what.into(), help: help.into() }
    }

    fn of_file(path: &Path, error: &io::Error) -> Trouble {
        Trouble::new(format!("cannot read `{}`: {error}", path.display()), "look at what has become of it")
    }
}

/// What tells the content of a file from others.
type Digested = [u8; 32];

/// Whoever reads counters: each that was read before is known.
#[derive(Debug)]
pub(super) struct Reader {
    /// Programs and libraries that clang or rustc has built with counters.
    images: Vec<PathBuf>,
    llvm: llvm::Tools,
    known: Mutex<HashMap<Digested, Arc<Coverage>>>,
    /// The current folder: files below it are named from there.
    here: PathBuf,
}

/// The files of counters that a run has left.
#[derive(Debug, Default)]
struct Found {
    gcov: Vec<PathBuf>,
    llvm: Vec<PathBuf>,
}

impl Reader {
    /// Looks for what the program, its processes and their libraries count, in a run without a fault.
    ///
    /// # Errors
    /// There was no run, or nothing counts, or the counters cannot be read.
    pub(super) fn new(stage: &Stage, base: &Base) -> Result<Reader, Box<End>> {
        let mut seen = Images::default();
        let case = base.with("");
        let spec = case.spec.as_ref().map_err(|problems| Box::new(End::Invalid(problems.clone())))?;
        let change = |plan: &mut Plan| {
            plan.trace.start = Start::Exec;
            watch_calls(plan, &images::calls());
        };
        let played = stage.play(spec, change, &mut seen)?;
        let reader = Reader {
            images: seen.counting(&played.program),
            llvm: llvm::Tools::default(),
            known: Mutex::default(),
            here: std::env::current_dir().unwrap_or_default(),
        };
        let found = reader.read(&played).map_err(|trouble| trouble.of(base))?;
        if found.is_none() {
            let program = played.program.display();
            let what = format!("`{program}` writes no counters: nothing tells which lines are reached");
            let help = "build it with `gcc --coverage`, `clang -fprofile-instr-generate -fcoverage-mapping` or `rustc -C \
                        instrument-coverage`, and have it end by `exit` or by coming back from `main`";
            return Err(Trouble::new(what, help).of(base));
        }
        Ok(reader)
    }

    /// What a run has reached, with its setup and its checks: as if it had a fault. `None` where it has left no counters: it was
    /// killed, or ended by `_exit`.
    pub(super) fn read(&self, played: &Played) -> Result<Option<Coverage>, Trouble> {
        let Some(folder) = played.counters() else { return Ok(None) };
        let found = Found::in_folder(folder).map_err(|error| Trouble::of_file(folder, &error))?;
        if found.gcov.is_empty() && found.llvm.is_empty() {
            return Ok(None);
        }
        let mut coverage = Coverage::default();
        for part in self.of_gcov(folder, &found.gcov)?.into_iter().chain(self.of_llvm(folder, &found.llvm)?) {
            coverage.add(&part);
        }
        Ok(Some(coverage))
    }

    fn of_gcov(&self, folder: &Path, files: &[PathBuf]) -> Result<Vec<Arc<Coverage>>, Trouble> {
        let mut parts = Vec::new();
        let mut new = HashMap::new();
        let mut version = None;
        for file in files {
            let bytes = fs::read(file).map_err(|error| Trouble::of_file(file, &error))?;
            let name = file.strip_prefix(folder).unwrap_or(file);
            let digest = digest([name.as_os_str().as_encoded_bytes(), &bytes]);
            match self.known(&digest) {
                Some(part) => parts.push(part),
                None => {
                    version.get_or_insert(gcov::version_of(file, &bytes)?);
                    new.insert(file.clone(), digest);
                }
            }
        }
        if let Some(version) = version {
            let mut files: Vec<&Path> = new.keys().map(PathBuf::as_path).collect();
            files.sort_unstable();
            for (file, coverage) in gcov::read(folder, &files, version)? {
                let part = Arc::new(self.named(coverage));
                if let Some(digest) = new.get(&file) {
                    self.know(*digest, &part);
                }
                parts.push(part);
            }
        }
        Ok(parts)
    }

    fn of_llvm(&self, folder: &Path, files: &[PathBuf]) -> Result<Option<Arc<Coverage>>, Trouble> {
        if files.is_empty() {
            return Ok(None);
        }
        let mut all = Vec::new();
        for file in files {
            all.push(digest([&*fs::read(file).map_err(|error| Trouble::of_file(file, &error))?]));
        }
        // Their names have numbers of processes.
        all.sort_unstable();
        let digest = digest(all.iter().map(<[u8; 32]>::as_slice));
        if let Some(part) = self.known(&digest) {
            return Ok(Some(part));
        }
        let part = Arc::new(self.named(self.llvm.read(folder, files, &self.images)?));
        self.know(digest, &part);
        Ok(Some(part))
    }

    fn known(&self, digest: &Digested) -> Option<Arc<Coverage>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn know(&self, digest: Digested, part: &Arc<Coverage>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, part.clone());
    }

    /// Files by the names that people know them by; without those of others.
    fn named(&self, coverage: Coverage) -> Coverage {
        coverage.renamed(|path| {
            let short = Path::new(path).strip_prefix(&self.here).unwrap_or(Path::new(path));
            (!is_of_others(path)).then(|| short.to_string_lossy().into_owned())
        })
    }
}

impl Trouble {
    /// That there can be no sweep of this.
    pub(super) fn of(self, base: &Base) -> Box<End> {
        Box::new(End::missing(base.case(), self.what, self.help))
    }
}

impl Found {
    /// All of them in a folder, in the order of their paths.
    fn in_folder(folder: &Path) -> io::Result<Found> {
        let mut found = Found::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                    continue;
                }
                // Whoever dies as it writes leaves a file that is empty.
                let is_empty = entry.metadata()?.len() == 0;
                match path.extension().and_then(|extension| extension.to_str()) {
                    Some("gcda") if !is_empty => found.gcov.push(path),
                    Some("profraw") if !is_empty => found.llvm.push(path),
                    _ => {}
                }
            }
        }
        found.gcov.sort_unstable();
        found.llvm.sort_unstable();
        Ok(found)
    }
}

fn is_of_others(path: &str) -> bool {
    source::is_of_library(path) || CRATES.iter().any(|crates| path.contains(crates))
}

/// The digest of several texts: each with its length, so that none goes over into the next.
fn digest<'b>(parts: impl IntoIterator<Item = &'b [u8]>) -> Digested {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::is_of_others;

    #[test]
    fn headers_libraries_and_crates_from_elsewhere_are_of_others() {
        for path in [
            "/usr/include/c++/12/vector",
            "/rustc/59807616/library/core/src/option.rs",
            "/home/me/.cargo/registry/src/index.crates.io-6f17d22bba15001f/serde-1.0.0/src/lib.rs",
            "/usr/local/cargo/git/checkouts/kv-1/2/src/lib.rs",
        ] {
            assert!(is_of_others(path), "{path}");
        }
        for path in ["/home/me/kv/src/main.rs", "/src/cargo/registry.rs", "src/usr/include/a.h"] {
            assert!(!is_of_others(path), "{path}");
        }
    }
}
