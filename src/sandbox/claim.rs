//! Whose a case's folder is: a locked file beside it says that somebody works there. What nobody claims any more was left
//! by a rinject that was killed, and the next one removes it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tempfile::{NamedTempFile, TempDir};

/// How the names of folders begin, and of the files that claim them.
const PREFIX: &str = "rinject-";

/// How the names of the files end.
const SUFFIX: &str = ".lock";

/// A claim to a folder, given up when dropped. It is there before the folder is, so that none is ever without one.
#[derive(Debug)]
pub(super) struct Claim {
    file: NamedTempFile<Flock<File>>,
}

impl Claim {
    /// Claims a folder in `root` that is not there yet.
    pub(super) fn new(root: &Path) -> io::Result<Claim> {
        let hidden = format!(".{PREFIX}");
        let claim = tempfile::Builder::new().prefix(&hidden).suffix(SUFFIX).rand_bytes(8).make_in(root, locked);
        Ok(Claim { file: claim? })
    }

    /// Makes the folder.
    pub(super) fn folder(&self) -> io::Result<TempDir> {
        let path = self.file.path();
        let root = path.parent().unwrap_or(Path::new("/"));
        let name = path.file_name().and_then(claimed).ok_or_else(|| io::Error::other("the claim has no name"))?;
        tempfile::Builder::new().prefix(name).rand_bytes(0).tempdir_in(root)
    }
}

/// Makes a file that nobody else has locked.
fn locked(path: &Path) -> io::Result<Flock<File>> {
    let file = File::create_new(path)?;
    // Between the two calls somebody may have taken the file for one that was left behind: another name is tried.
    let taken = || io::Error::from(io::ErrorKind::AlreadyExists);
    let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((_, Errno::EWOULDBLOCK)) => return Err(taken()),
        Err((_, errno)) => return Err(errno.into()),
    };
    let same = fs::metadata(path).is_ok_and(|data| lock.metadata().is_ok_and(|own| own.ino() == data.ino()));
    if same { Ok(lock) } else { Err(taken()) }
}

/// The name of the folder that a file claims, if it claims one.
fn claimed(file: &OsStr) -> Option<&str> {
    file.to_str()?.strip_prefix('.')?.strip_suffix(SUFFIX).filter(|name| name.starts_with(PREFIX))
}

/// Removes the folders in `root` that this user's runs have left behind when they were killed.
pub(super) fn sweep(root: &Path) {
    let user = nix::unistd::geteuid().as_raw();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(folder) = claimed(&name) else { continue };
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
        let (left, kept) = (make("rinject-left"), make("rinject-kept"));
        let claim = Claim::new(root.path()).unwrap();
        let claimed = claim.folder().unwrap();
        // A claim whose holder was killed: the file is there, the lock is not.
        fs::write(root.path().join(".rinject-left.lock"), "").unwrap();
        sweep(root.path());
        assert!(claimed.path().exists() && kept.exists() && !left.exists());
        assert!(!root.path().join(".rinject-left.lock").exists());
        drop((claimed, claim));
        let names = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["rinject-kept"]);
    }
}
