//! What became of cases when they were run last, for `status:` and `--last-failed`: a file for each folder that rinject is
//! called in, below the user's cache. It is worth nothing but for that: where it cannot be read or written, nothing is known.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::cases::Last;
use crate::report::Status;

/// Results by the ids of cases, as they are called from the current folder.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    results: BTreeMap<String, String>,
    /// Whether there is anything to be written.
    is_changed: bool,
    /// What this call has found, which may run a case several times.
    found: BTreeMap<String, Status>,
}

impl Remembered {
    /// What is known in the current folder.
    pub(super) fn read() -> Remembered {
        let text = path().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let line = |line: &str| line.split_once(' ').map(|(status, id)| (id.to_owned(), status.to_owned()));
        Remembered { results: text.lines().filter_map(line).collect(), ..Remembered::default() }
    }

    /// What became of a case.
    pub(super) fn last(&self, id: &str) -> Last {
        match self.results.get(as_known(id)).map(String::as_str) {
            Some("pass" | "xfail" | "flaky") => Last::Passed,
            Some("fail" | "timeout" | "xpass" | "error") => Last::Failed,
            Some("skip") => Last::Skipped,
            _ => Last::New,
        }
    }

    /// Keeps a result. Of a case that was interrupted the one before is still the last; of one that is run several times, it
    /// is the failure.
    pub(super) fn keep(&mut self, id: &str, status: Status) {
        let id = as_known(id);
        let failed_before = self.found.get(id).is_some_and(|found| found.is_bad());
        if status != Status::Interrupted && !id.contains('\n') && !failed_before {
            self.found.insert(id.to_owned(), status);
            let before = self.results.insert(id.to_owned(), status.name().to_owned());
            self.is_changed |= before.as_deref() != Some(status.name());
        }
    }

    /// Writes all of it for the next call, which takes longer than many a case: file systems write out what is renamed onto
    /// another file.
    pub(super) fn write(&self) {
        let Some(path) = path().filter(|_| self.is_changed) else { return };
        let lines = self.results.iter().map(|(id, status)| format!("{status} {id}\n"));
        let new = path.with_extension(std::process::id().to_string());
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&new, lines.collect::<String>()));
        // Two calls at a time: one of them wins, whole. Without a cache nothing is remembered, and nothing else fails.
        let _ = written.and_then(|()| fs::rename(&new, &path));
    }
}

/// A file beside that of the current folder, for what is remembered of something called `name`.
pub(super) fn beside(name: &str) -> Option<PathBuf> {
    Some(path()?.with_extension(short_name(name.as_bytes())))
}

/// `./specs` and `specs` are one folder.
fn as_known(id: &str) -> &str {
    id.trim_start_matches("./")
}

/// The file of the current folder; `None` where the environment names no place for it.
fn path() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")))?;
    let here = std::env::current_dir().ok()?;
    Some(cache.join("rinject").join(short_name(here.as_os_str().as_encoded_bytes())))
}

/// A name of a file for a longer one.
fn short_name(long: &[u8]) -> String {
    Sha256::digest(long).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
