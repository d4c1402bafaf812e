//! The folders themselves: one made for a case, and those that many runs have one after the other. To make a folder and to
//! remove it is what takes a file system the longest; what a run leaves in it is soon gone.
//! It must not know what is in them.

use std::fs::{self, DirBuilder, File, FileTimes, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::SystemTime;

use tempfile::TempDir;

use super::SetupError;
use super::claim::{self, Claim};
use super::folder::failed;
use super::looks::Looks;
use super::placed::Placed;

/// Where cases' folders are made: a fixed place, so that paths have the same length everywhere.
const ROOT: &str = "/tmp";

/// The name of a folder that is alone in another one, so that what `..` looks like does not hang on what others make.
const ALONE: &str = "run";

/// Modes of a folder that is the user's own, and of one that leads there.
const PRIVATE: u32 = 0o700;
const PASSABLE: u32 = 0o711;

/// A folder with the claim to it. What is removed goes first.
#[derive(Debug)]
struct Own {
    /// The folder, or the one that it is alone in.
    top: TempDir,
    path: PathBuf,
    _claim: Claim,
    made: SystemTime,
    /// Files that were put into it, and are in it as they were then.
    placed: Vec<Placed>,
    /// How one that is had again looked when it was made, and the one that it is alone in; `None` where that is not known.
    new: Option<[Looks; 2]>,
}

/// Folders that nobody has at the moment, each looking as if it had just been made, but for files that are put into it for each run.
/// Each is alone in a folder of its own.
#[derive(Debug, Default)]
pub struct Grounds(Mutex<Vec<Own>>);

/// A folder of its own for a case: removed when this is dropped, or given back.
#[derive(Debug)]
pub(super) struct Ground {
    /// There until it is dropped.
    own: Option<Own>,
    /// Where it goes then.
    home: Option<Arc<Grounds>>,
    /// Whether all that has been in it is known to have ended.
    is_over: AtomicBool,
}

impl Grounds {
    /// A folder that looks new, with the files that were put into it for the run before, as far as they look new, too.
    pub(super) fn take(grounds: &Arc<Grounds>) -> Result<Ground, SetupError> {
        let known = grounds.lock().pop();
        let own = known.map_or_else(|| Own::make(Some(ALONE)), Ok)?;
        Ok(Ground { own: Some(own), home: Some(grounds.clone()), is_over: AtomicBool::new(true) })
    }

    /// A poisoned lock means that a run has panicked: the list is whole all the same.
    fn lock(&self) -> MutexGuard<'_, Vec<Own>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ground {
    /// A new one that nobody has afterwards.
    pub(super) fn new() -> Result<Ground, SetupError> {
        Ok(Ground { own: Some(Own::make(None)?), home: None, is_over: AtomicBool::new(true) })
    }

    fn own(&self) -> &Own {
        self.own.as_ref().expect("it is there until it is dropped")
    }

    pub(super) fn path(&self) -> &Path {
        &self.own().path
    }

    /// When it was made.
    pub(super) fn made(&self) -> SystemTime {
        self.own().made
    }

    /// It is given to nobody else.
    pub(super) fn not_again(&self) {
        self.is_over.store(false, Ordering::Relaxed);
    }

    /// Removes all that is in it.
    pub(super) fn clear(&self) -> Result<(), SetupError> {
        self.own().clear_but(&[])
    }

    /// Of the files that were put into it for the run before those that are wanted stay.
    pub(super) fn keep_placed(&mut self, is_wanted: impl Fn(&Placed) -> bool) -> Result<(), SetupError> {
        let own = self.own.as_mut().expect("it is there until it is dropped");
        for gone in own.placed.extract_if(.., |placed| !is_wanted(placed)) {
            fs::remove_file(gone.path()).map_err(|error| failed("remove", gone.path(), error))?;
        }
        Ok(())
    }

    /// Whether such a file is there from the run before.
    pub(super) fn has_placed(&self, path: &Path) -> bool {
        self.own().placed.iter().any(|placed| placed.path() == path)
    }

    /// Notes a file that was put into it, for the next run.
    pub(super) fn note_placed(&mut self, placed: Placed) {
        let own = self.own.as_mut().expect("it is there until it is dropped");
        if self.home.is_some() && placed.path().parent() == Some(&own.path) {
            own.placed.retain(|other| other.path() != placed.path());
            own.placed.push(placed);
        }
    }

    /// Leaves it where it is; tells where.
    pub(super) fn keep(mut self) -> PathBuf {
        let own = self.own.take().expect("it is there until it is dropped");
        let _ = own.top.keep();
        own.path
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let Some((mut own, home)) = self.own.take().zip(self.home.take()) else { return };
        if self.is_over.load(Ordering::Relaxed) && own.tidy().is_ok() && own.renew().is_ok_and(|is_new| is_new) {
            home.lock().push(own);
        }
    }
}

impl Own {
    /// A folder of /tmp, or one of this name that is alone in such a folder.
    fn make(alone: Option<&str>) -> Result<Own, SetupError> {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| claim::sweep(Path::new(ROOT)));
        let made = |error| failed("make a folder in", Path::new(ROOT), error);
        let claim =
            Claim::new(Path::new(ROOT)).map_err(|error| failed("claim a folder in", Path::new(ROOT), error))?;
        let top = claim.folder().map_err(made)?;
        let path = match alone {
            Some(name) => {
                let path = top.path().join(name);
                DirBuilder::new().mode(PRIVATE).create(&path).map_err(made)?;
                // Whom the folder is opened to in the end comes through this one.
                fs::set_permissions(top.path(), Permissions::from_mode(PASSABLE)).map_err(made)?;
                path
            }
            None => top.path().to_owned(),
        };
        let new = alone.and_then(|_| looks(&both(&path).ok()?).ok());
        Ok(Own { top, path, _claim: claim, made: SystemTime::now(), placed: Vec::new(), new })
    }

    /// Removes all that is in it but the files that were put into it and look new.
    fn tidy(&mut self) -> Result<(), SetupError> {
        self.placed.retain(|placed| placed.renew().is_ok_and(|is_new| is_new));
        self.clear_but(&self.placed)
    }

    fn clear_but(&self, placed: &[Placed]) -> Result<(), SetupError> {
        let path = &self.path;
        let whole = |error| failed("empty", path, error);
        for entry in fs::read_dir(path).map_err(whole)?.flatten() {
            let path = entry.path();
            if placed.iter().any(|placed| placed.path() == path) {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let gone = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.map_err(|error| failed("remove", &path, error))?;
        }
        Ok(())
    }

    /// Gives it the times of a new one; whether it looks like one in all else.
    fn renew(&self) -> io::Result<bool> {
        let folders = both(&self.path)?;
        let looks = looks(&folders)?;
        let is_alone = fs::read_dir(self.top.path())?.count() == 1;
        let now = SystemTime::now();
        let times = FileTimes::new().set_accessed(now).set_modified(now);
        folders.iter().try_for_each(|folder| folder.set_times(times))?;
        Ok(is_alone && self.new.as_ref() == Some(&looks))
    }
}

/// A folder, and the one that it is alone in.
fn both(path: &Path) -> io::Result<[File; 2]> {
    Ok([File::open(path)?, File::open(path.parent().unwrap_or(path))?])
}

fn looks([folder, above]: &[File; 2]) -> io::Result<[Looks; 2]> {
    Ok([Looks::of(folder)?, Looks::of(above)?])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The folder that comes after one in which `leave` has left something.
    fn after(leave: impl FnOnce(&Ground)) -> (PathBuf, Ground) {
        let grounds = Arc::new(Grounds::default());
        let first = Grounds::take(&grounds).unwrap();
        let path = first.path().to_owned();
        leave(&first);
        drop(first);
        (path, Grounds::take(&grounds).unwrap())
    }

    #[test]
    fn a_folder_is_had_again_as_if_it_were_new() {
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        let (path, next) = after(|first| {
            fs::create_dir_all(first.path().join("deep/er")).unwrap();
            fs::write(first.path().join("deep/er/file"), "x").unwrap();
            let times = FileTimes::new().set_accessed(old).set_modified(old);
            File::open(first.path()).unwrap().set_times(times).unwrap();
        });
        assert_eq!(next.path(), path);
        assert_eq!(fs::read_dir(next.path()).unwrap().count(), 0);
        let data = fs::metadata(next.path()).unwrap();
        assert!([data.modified().unwrap(), data.accessed().unwrap()].iter().all(|time| *time > old));
        let kept = next.keep();
        assert!(kept.exists());
        // It is alone in another one.
        fs::remove_dir_all(kept.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_folder_that_does_not_look_new_is_had_by_nobody_else() {
        let mode = |first: &Ground| {
            fs::set_permissions(first.path(), fs::Permissions::from_mode(0o770)).unwrap();
        };
        let replaced = |first: &Ground| {
            fs::rename(first.path(), first.path().with_extension("old")).unwrap();
            fs::create_dir(first.path()).unwrap();
            fs::remove_dir(first.path().with_extension("old")).unwrap();
        };
        let changes: [&dyn Fn(&Ground); 3] = [&mode, &replaced, &Ground::not_again];
        for change in changes {
            let (path, next) = after(change);
            assert_ne!(next.path(), path);
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_folder_is_alone_in_one_that_looks_the_same_whatever_others_make() {
        let grounds = Arc::new(Grounds::default());
        let looks = |ground: &Ground| {
            let [_, above] = looks(&both(ground.path()).unwrap()).unwrap();
            above
        };
        let first = Grounds::take(&grounds).unwrap();
        let before = looks(&first);
        let second = Grounds::take(&grounds).unwrap();
        assert_eq!(looks(&first), before);
        assert_eq!(looks(&second).extent(), before.extent());
        let above = first.path().parent().unwrap().to_owned();
        assert_ne!(above, Path::new(ROOT));
        // What a run leaves beside its folder goes with that.
        fs::write(above.join("file"), "x").unwrap();
        drop(first);
        assert!(!above.exists());
    }

    /// Whether a file that was put into a folder is there for the next run, after one that does `change` to it; `leave` is what is
    /// there besides.
    #[track_caller]
    fn check_placed(change: impl FnOnce(&Path), expected: bool) {
        let grounds = Arc::new(Grounds::default());
        let mut first = Grounds::take(&grounds).unwrap();
        let path = first.path().join("in");
        fs::write(&path, "text").unwrap();
        first.note_placed(Placed::note(&path, "text", None).unwrap());
        fs::write(first.path().join("out"), "more").unwrap();
        change(&path);
        drop(first);
        let mut next = Grounds::take(&grounds).unwrap();
        assert_eq!(next.has_placed(&path), expected);
        assert_eq!(fs::read_dir(next.path()).unwrap().count(), usize::from(expected), "of other files none is left");
        if expected {
            assert_eq!(fs::read_to_string(&path).unwrap(), "text");
            next.keep_placed(|placed| placed.is(&path, "other", None)).unwrap();
            assert_eq!(fs::read_dir(next.path()).unwrap().count(), 0, "nor this one where it is not wanted");
        }
    }

    #[test]
    fn a_file_stays_that_a_run_leaves_as_it_was() {
        check_placed(|_| {}, true);
        let old = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        check_placed(|path| File::open(path).unwrap().set_times(old).unwrap(), true);
        check_placed(|path| fs::write(path, "TEXT").unwrap(), false);
        check_placed(|path| fs::write(path, "text and more").unwrap(), false);
        check_placed(|path| fs::remove_file(path).unwrap(), false);
        check_placed(|path| fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap(), false);
        check_placed(|path| fs::hard_link(path, path.with_extension("too")).unwrap(), false);
        let replace = |path: &Path| {
            fs::write(path.with_extension("new"), "text").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        };
        check_placed(replace, false);
        let is_fifo = |path: &Path| {
            fs::remove_file(path).unwrap();
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        };
        check_placed(is_fifo, false);
    }
}
