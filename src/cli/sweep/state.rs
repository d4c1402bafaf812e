//! What runs of a sweep have come to so far, line by line in a file, so that a sweep can go on where it was interrupted.
//! It must not know what results mean.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::sweep::coverage::Reached;
use crate::sweep::{Evidence, Verdict};
use crate::sys::procfs;

/// A run that is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Of which sweep: what tells its program, surroundings and points from others.
    pub(super) sweep: String,
    /// Which run.
    pub(super) cell: String,
    pub(super) verdict: Verdict,
    pub(super) evidence: Evidence,
    /// How long it took, in milliseconds.
    pub(super) took_ms: u64,
    /// Which lines it has reached that no run without a fault reaches; `None` where nobody asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reached: Option<Reached>,
}

/// The file, which is locked; without one nothing is kept.
#[derive(Debug)]
pub(super) struct State {
    file: Option<(PathBuf, Flock<File>)>,
    known: HashMap<(String, String), Kept>,
}

impl State {
    /// Opens the file: to go on with what it holds, or to begin anew.
    ///
    /// # Errors
    /// It cannot be read or written, or another sweep has it.
    pub(super) fn open(path: Option<&Path>, resume: bool) -> io::Result<State> {
        let Some(path) = path else { return Ok(State { file: None, known: HashMap::new() }) };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = locked(path)?;
        let mut text = Vec::new();
        if resume {
            file.read_to_end(&mut text)?;
        }
        // A line without its end was being written when rinject was killed: that run is run again.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = text[..whole].split(|byte| *byte == b'\n');
        let kept = lines.filter_map(|line| serde_json::from_slice::<Kept>(line).ok());
        let known = kept.map(|kept| ((kept.sweep.clone(), kept.cell.clone()), kept)).collect();
        file.set_len(whole as u64)?;
        Ok(State { file: Some((path.to_owned(), file)), known })
    }

    /// What a run came to, if it is known.
    pub(super) fn known(&self, sweep: &str, cell: &str) -> Option<&Kept> {
        self.known.get(&(sweep.to_owned(), cell.to_owned()))
    }

    /// Keeps what a run came to.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn keep(&mut self, kept: &Kept) -> io::Result<()> {
        let Some((_, file)) = &mut self.file else { return Ok(()) };
        let line = serde_json::to_string(kept)?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    /// The sweep is over, and nothing is left to go on with.
    pub(super) fn forget(self) {
        if let Some((path, _)) = self.file {
            // Were it to stay, it would be of no harm.
            let _ = fs::remove_file(path);
        }
    }
}

/// Opens the file for one sweep alone: another one of the same name would write over it.
fn locked(path: &Path) -> io::Result<Flock<File>> {
    loop {
        let file = File::options().create(true).read(true).append(true).open(path)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(file, errno)| match errno {
            Errno::EWOULDBLOCK => taken(&file),
            errno => errno.into(),
        })?;
        // A sweep that was over in between has taken it away.
        let is_there = fs::metadata(path).is_ok_and(|data| lock.metadata().is_ok_and(|own| own.ino() == data.ino()));
        if is_there {
            return Ok(lock);
        }
    }
}

/// That another sweep has the file, and which.
fn taken(file: &File) -> io::Error {
    let who = procfs::holder_of_lock(file).map_or(String::new(), |process| format!(" (process {process})"));
    io::Error::new(io::ErrorKind::WouldBlock, format!("another sweep{who} keeps its results there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(cell: &str) -> Kept {
        Kept {
            sweep: "x".to_owned(),
            cell: cell.to_owned(),
            verdict: Verdict::Silent,
            evidence: Evidence { how: "exited 0".to_owned(), ..Evidence::default() },
            took_ms: 3,
            reached: None,
        }
    }

    #[test]
    fn a_file_is_of_one_sweep_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state = State::open(Some(&path), false).unwrap();
        state.keep(&kept("a")).unwrap();
        for resume in [false, true] {
            let error = State::open(Some(&path), resume).unwrap_err();
            let expected = format!("another sweep (process {}) keeps its results there", std::process::id());
            assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::WouldBlock, expected));
        }
        drop(state);
        assert!(State::open(Some(&path), true).unwrap().known("x", "a").is_some());
        State::open(Some(&path), true).unwrap().forget();
        assert!(State::open(Some(&path), false).is_ok());
    }

    #[test]
    fn results_are_there_again_and_torn_lines_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state");
        let mut state = State::open(Some(&path), false).unwrap();
        ["a", "b"].iter().for_each(|cell| state.keep(&kept(cell)).unwrap());
        drop(state);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{\"sweep\":\"x\",\"cell\":\"c\"")).unwrap();
        let mut state = State::open(Some(&path), true).unwrap();
        let found = |state: &State| ["a", "b", "c"].map(|cell| state.known("x", cell).map(|kept| kept.verdict));
        assert_eq!(found(&state), [Some(Verdict::Silent), Some(Verdict::Silent), None]);
        assert!(state.known("y", "a").is_none());
        state.keep(&kept("c")).unwrap();
        drop(state);
        let state = State::open(Some(&path), true).unwrap();
        assert_eq!(found(&state), [Some(Verdict::Silent); 3]);
        drop(state);
        assert_eq!(found(&State::open(Some(&path), false).unwrap()), [None; 3]);
        State::open(Some(&path), true).unwrap().forget();
        assert!(!path.exists());
    }
}
