//! What a run may write, and what a difference means.

use std::path::{Path, PathBuf};

use super::file::{Golden, SnapshotError, pending_path, read, write};

/// What may be written (`--update`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// New and different texts wait as `.snap.new`; in CI nothing is written.
    Auto,
    /// New golden files are written at once; different ones wait.
    New,
    /// Golden files are written over.
    Always,
    /// Nothing is written.
    No,
}

impl Update {
    /// The policy of insta's variable INSTA_UPDATE; `None` for words it does not know.
    pub fn from_insta(word: &str) -> Option<Update> {
        Some(match word {
            "" | "auto" => Update::Auto,
            "always" | "1" | "force" => Update::Always,
            "unseen" => Update::New,
            "new" => Update::Auto,
            "no" | "0" => Update::No,
            _ => return None,
        })
    }
}

/// What comparing with a golden file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// They are the same.
    Same,
    /// The golden file was written: it is new or was to be written over.
    Written(PathBuf),
    /// There is no golden file yet; where the text waits, if it does.
    New(Option<PathBuf>),
    /// They differ.
    Different {
        /// The golden text.
        expected: String,
        /// Where the new text waits, if it does.
        pending: Option<PathBuf>,
    },
}

/// Compares `fresh` with the golden file at `path`; `is_ci` says that nothing is to be written unasked.
pub fn compare(path: &Path, fresh: &Golden, update: Update, is_ci: bool) -> Result<Compared, SnapshotError> {
    let golden = read(path)?;
    let pending = pending_path(path);
    if golden.as_ref().is_some_and(|golden| golden.body == fresh.body.trim_end_matches('\n')) {
        if update != Update::No {
            remove_stale(&pending)?;
        }
        return Ok(Compared::Same);
    }
    let overwrite = match update {
        Update::Always => true,
        Update::New => golden.is_none(),
        Update::Auto | Update::No => false,
    };
    if overwrite {
        write(path, fresh)?;
        remove_stale(&pending)?;
        return Ok(Compared::Written(path.to_owned()));
    }
    let waits = update != Update::No && !(is_ci && update == Update::Auto);
    if waits {
        write(&pending, fresh)?;
    }
    let pending = waits.then_some(pending);
    Ok(match golden {
        None => Compared::New(pending),
        Some(golden) => Compared::Different { expected: golden.body, pending },
    })
}

/// A text that waited is of no use any more.
fn remove_stale(pending: &Path) -> Result<(), SnapshotError> {
    match std::fs::remove_file(pending) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SnapshotError::new("remove pending", pending, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(body: &str) -> Golden {
        Golden { source: "x.toml".into(), expression: "x".into(), body: body.into() }
    }

    /// What is on disk afterwards: golden body, pending body.
    fn check(before: Option<&str>, update: Update, is_ci: bool, after: (Option<&str>, Option<&str>)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.snap");
        if let Some(body) = before {
            write(&path, &golden(body)).unwrap();
        }
        compare(&path, &golden("fresh"), update, is_ci).unwrap();
        let body = |path: &Path| read(path).unwrap().map(|golden| golden.body);
        let found = (body(&path), body(&pending_path(&path)));
        assert_eq!((found.0.as_deref(), found.1.as_deref()), after);
    }

    #[test]
    fn only_what_was_asked_for_is_written() {
        check(None, Update::Auto, false, (None, Some("fresh")));
        check(None, Update::Auto, true, (None, None));
        check(None, Update::New, true, (Some("fresh"), None));
        check(None, Update::Always, true, (Some("fresh"), None));
        check(None, Update::No, false, (None, None));
        check(Some("old"), Update::Auto, false, (Some("old"), Some("fresh")));
        check(Some("old"), Update::Auto, true, (Some("old"), None));
        check(Some("old"), Update::New, false, (Some("old"), Some("fresh")));
        check(Some("old"), Update::Always, true, (Some("fresh"), None));
        check(Some("old"), Update::No, false, (Some("old"), None));
        check(Some("fresh"), Update::Auto, false, (Some("fresh"), None));
    }
}
