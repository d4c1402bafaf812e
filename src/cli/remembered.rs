//! What became of cases when they were run last, for `status:` and `--last-failed`: a file for each folder that rinject is
//! called in, below the user's cache. It is worth nothing but for that: where it cannot be read or written, nothing is known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cases::{self, Last};
use crate::report::Status;

/// Results by the ids of cases, as they are called from the current folder.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    results: HashMap<String, String>,
}

impl Remembered {
    /// What is known in the current folder.
    pub(super) fn read() -> Remembered {
        let text = text();
        let results = lines(&text).map(|(status, id)| (id.to_owned(), status.to_owned()));
        Remembered { results: results.collect() }
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
}

/// What this call has found, which may run a case several times.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<String, Status>);

impl Found {
    /// Keeps a result. Of a case that was interrupted the one before is still the last; of one that is run several times, it
    /// is the failure.
    pub(super) fn keep(&mut self, id: &str, status: Status) {
        let id = as_known(id);
        let failed_before = self.0.get(id).is_some_and(|found| found.is_bad());
        // It has a line of its own.
        let is_line = !id.contains(['\n', '\r']);
        if status != Status::Interrupted && is_line && !failed_before {
            self.0.insert(id.to_owned(), status);
        }
    }

    /// Writes it for the next call, in place of what was known of the same cases. Where nothing is new nothing is written, which
    /// takes longer than many a case: file systems write out what is renamed onto another file.
    pub(super) fn write(&self) {
        let Some(path) = path() else { return };
        let Some(text) = self.among(&text(), is_there) else { return };
        let new = path.with_extension(std::process::id().to_string());
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&new, text));
        // Two calls at a time: one of them wins, whole. Without a cache nothing is remembered, and nothing else fails.
        let _ = written.and_then(|()| fs::rename(&new, &path));
    }

    /// The text of all that is known, where it is another than before. When a case comes that was not known, others whose spec is
    /// not there any more go.
    fn among(&self, before: &str, is_there: impl Fn(&str) -> bool) -> Option<String> {
        let (mut known, mut is_same) = (HashSet::new(), true);
        for (status, id) in lines(before) {
            if let Some(found) = self.0.get(id) {
                known.insert(id);
                is_same &= found.name() == status;
            }
        }
        let is_more = known.len() < self.0.len();
        if is_same && !is_more {
            return None;
        }
        let others = lines(before).filter(|(_, id)| !self.0.contains_key(*id) && (!is_more || is_there(id)));
        let found = self.0.iter().map(|(id, status)| (status.name(), id.as_str()));
        Some(others.chain(found).map(|(status, id)| format!("{status} {id}\n")).collect())
    }
}

/// Whether the spec of a case is still where it was.
fn is_there(id: &str) -> bool {
    Path::new(cases::cell_word(id).map_or(id, |(path, _)| path)).exists()
}

/// All that is known in the current folder.
fn text() -> String {
    path().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
}

/// Its lines: what became of a case, and its id.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once(' '))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(results: &[(&str, Status)]) -> Found {
        let mut found = Found::default();
        results.iter().for_each(|(id, status)| found.keep(id, *status));
        found
    }

    #[test]
    fn only_what_is_new_is_written() {
        let before = "pass a.toml\nfail b.toml\npass gone.toml\n";
        let is_there = |id: &str| id != "gone.toml";
        let after = |results: &[(&str, Status)]| found(results).among(before, is_there);
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[("b.toml", Status::Fail), ("./a.toml", Status::Pass)]), None);
        assert_eq!(after(&[("a.toml", Status::Interrupted)]), None);
        let known = after(&[("b.toml", Status::Pass)]);
        assert_eq!(known.as_deref(), Some("pass a.toml\npass gone.toml\npass b.toml\n"));
        let more = after(&[("c.toml", Status::Fail), ("a.toml", Status::Pass)]);
        assert_eq!(more.as_deref(), Some("fail b.toml\npass a.toml\nfail c.toml\n"));
    }

    #[test]
    fn of_a_case_that_runs_several_times_the_failure_counts() {
        let twice = found(&[("a.toml", Status::Fail), ("a.toml", Status::Pass), ("a.toml", Status::Interrupted)]);
        assert_eq!(twice.among("", |_| true).as_deref(), Some("fail a.toml\n"));
    }

    #[test]
    fn a_case_that_two_lines_tell_of_hides_no_other() {
        let found = found(&[("a.toml", Status::Pass), ("b.toml", Status::Fail), ("c\r", Status::Fail)]);
        let text = found.among("pass a.toml\npass a.toml\n", |_| true);
        assert_eq!(text.as_deref(), Some("pass a.toml\nfail b.toml\n"));
    }

    #[test]
    fn a_case_is_there_as_long_as_its_spec_is() {
        let folder = tempfile::tempdir().unwrap();
        let spec = folder.path().join("a.toml");
        fs::write(&spec, "spec = 1\n").unwrap();
        let id = |cell: &str| format!("{}{cell}", spec.display());
        assert!(is_there(&id("")) && is_there(&id("::error=EIO")));
        fs::remove_file(&spec).unwrap();
        assert!(!is_there(&id("")) && !is_there(&id("::error=EIO")));
    }
}
