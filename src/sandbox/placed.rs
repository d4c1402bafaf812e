//! Files that are put into a folder before each run. What a run has left as it was stays there for the next one: to make a file
//! and to remove it takes some file systems the longer the more have just been removed.
//! It must not know what they are for.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::looks::Looks;

/// Files that are longer are made anew each time: what is in one is read to see whether it was left as it was.
const LONGEST: usize = 64 << 10;

/// A file that was put into a folder.
#[derive(Debug)]
pub(super) struct Placed {
    path: PathBuf,
    text: String,
    mode: Option<u32>,
    /// How it looked then.
    new: Looks,
}

impl Placed {
    /// Notes a file that has just been made with this text and mode; `None` where it is not to stay.
    pub(super) fn note(path: &Path, text: &str, mode: Option<u32>) -> Option<Placed> {
        let new = (text.len() <= LONGEST).then(|| Looks::of(&File::open(path).ok()?).ok()).flatten()?;
        Some(Placed { path: path.to_owned(), text: text.to_owned(), mode, new })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a file of this path with this text and mode.
    pub(super) fn is(&self, path: &Path, text: &str, mode: Option<u32>) -> bool {
        self.path == path && self.text == text && self.mode == mode
    }

    /// Gives it the times of a new one, if all else of it is as it was when it was made.
    pub(super) fn renew(&self) -> io::Result<bool> {
        let data = fs::symlink_metadata(&self.path)?;
        // Whatever else is there may not be opened without waiting.
        if !data.is_file() || data.ino() != self.new.inode() {
            return Ok(false);
        }
        let mut open = File::open(&self.path)?;
        if Looks::of(&open)? != self.new {
            return Ok(false);
        }
        let mut text = Vec::with_capacity(self.text.len() + 1);
        open.read_to_end(&mut text)?;
        let now = SystemTime::now();
        open.set_times(FileTimes::new().set_accessed(now).set_modified(now))?;
        Ok(text == self.text.as_bytes())
    }
}
