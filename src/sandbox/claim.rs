//! Whose a case's folder is: a locked file beside it says that somebody works there. What nobody claims any more was left
//! by a rinject that was killed, and the next one removes it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

/// How the names of folders begin, and of the files that claim them.
pub(super) const PREFIX: &str = "rinject-";

/// A claim to a folder, given up when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _lock: Flock<File>,
}

impl Claim {
    /// Claims a folder that has just been made.
    pub(super) fn to(folder: &Path) -> io::Result<Claim> {
        let path = beside(folder).ok_or_else(|| io::Error::other("the folder has no name"))?;
        loop {
            let file = File::create(&path)?;
            let lock =
                Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| io::Error::from(errno));
            let Ok(lock) = lock else { continue };
            // Between the two calls somebody may have taken the file for one that was left behind.
            let same = fs::metadata(&path).is_ok_and(|data| lock.metadata().is_ok_and(|own| own.ino() == data.ino()));
            if same {
                return Ok(Claim { path, _lock: lock });
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Where it cannot be removed the next run does, and finds no folder.
        let _ = fs::remove_file(&self.path);
    }
}

/// The file that claims a folder.
fn beside(folder: &Path) -> Option<PathBuf> {
    Some(folder.with_file_name(format!(".{}.lock", folder.file_name()?.to_str()?)))
}

/// Removes the folders in `root` that this user's runs have left behind when they were killed.
pub(super) fn sweep(root: &Path) {
    let user = nix::unistd::geteuid().as_raw();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let folder = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".lock"));
        let Some(folder) = folder.filter(|name| name.starts_with(PREFIX)) else { continue };
        let is_own = entry.metadata().is_ok_and(|data| data.is_file() && data.uid() == user);
        let Some(file) = is_own.then(|| File::open(entry.path()).ok()).flatten() else { continue };
        if let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            // What cannot be removed, such as another user's file in it, is left where it is, with its claim.
            let folder = root.join(folder);
            let is_gone = fs::remove_dir_all(&folder).is_ok() || !folder.exists();
            if is_gone {
                let _ = fs::remove_file(entry.path());
            }
            drop(lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_claims_is_swept_away() {
        let root = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = root.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("file"), "x").unwrap();
            folder
        };
        let (claimed, left, kept) = (make("rinject-claimed"), make("rinject-left"), make("rinject-kept"));
        let claim = Claim::to(&claimed).unwrap();
        // A claim whose holder was killed: the file is there, the lock is not.
        fs::write(root.path().join(".rinject-left.lock"), "").unwrap();
        sweep(root.path());
        assert!(claimed.exists() && kept.exists() && !left.exists());
        assert!(!root.path().join(".rinject-left.lock").exists());
        drop(claim);
        assert!(!root.path().join(".rinject-claimed.lock").exists());
    }
}
