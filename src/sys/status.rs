//! Files that another task means by a path.
//! It must not know why somebody asks.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::Mode;

use super::shortage::noted;
use crate::abi::TaskId;

/// What the file system tells of the file that `path` is for a task, relative to its descriptor `folder` or, with
/// AT_FDCWD, to its working directory (openat(2)); `None` where there is none. An empty path is that directory itself.
/// Links of /proc that no path can be written for (proc_pid_fd(5)) are not followed.
pub fn status_at(task: TaskId, folder: i32, path: &[u8], follows: bool) -> Option<Metadata> {
    let mut flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let below = |name: &str| {
        let opened = open(format!("/proc/{}/{name}", task.0).as_str(), flags, Mode::empty());
        noted(opened.map_err(std::io::Error::from)).ok()
    };
    let base = match folder {
        _ if path.first() == Some(&b'/') => below("root")?,
        libc::AT_FDCWD => below("cwd")?,
        folder => below(&format!("fd/{folder}"))?,
    };
    if path.is_empty() {
        return File::from(base).metadata().ok();
    }
    if !follows {
        flags |= OFlag::O_NOFOLLOW;
    }
    let file = opened_at(&base, path, flags).map_err(std::io::Error::from);
    File::from(noted(file).ok()?).metadata().ok()
}

/// Opens a path; an absolute one is below `base`, and so are absolute links on its way.
fn opened_at(base: &OwnedFd, path: &[u8], flags: OFlag) -> nix::Result<OwnedFd> {
    if path.first() == Some(&b'/') {
        let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_IN_ROOT);
        match openat2(base, OsStr::from_bytes(path), how) {
            // The kernel is older than 5.6, or a sandbox is.
            Err(Errno::ENOSYS | Errno::EPERM) => {}
            opened => return opened,
        }
    }
    let rest = path.iter().position(|byte| *byte != b'/').map_or(b".".as_slice(), |first| &path[first..]);
    openat(base, OsStr::from_bytes(rest), flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    fn me() -> TaskId {
        TaskId(std::process::id() as i32)
    }

    #[test]
    fn a_path_is_found_as_the_task_would() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        std::fs::write(&file, "data").unwrap();
        symlink("a file", folder.path().join("link")).unwrap();
        let open = File::open(folder.path()).unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&open);
        let inode = std::fs::metadata(&file).unwrap().ino();
        let found = |folder: i32, path: &[u8], follows| status_at(me(), folder, path, follows).map(|data| data.ino());
        assert_eq!(found(fd, b"a file", false), Some(inode));
        assert_eq!(found(fd, b"link", true), Some(inode));
        assert!(found(fd, b"link", false).is_some_and(|other| other != inode));
        assert_eq!(found(fd, b"", true), Some(std::fs::metadata(folder.path()).unwrap().ino()));
        assert_eq!(
            found(fd, file.as_os_str().as_bytes(), true),
            Some(inode),
            "no folder matters to an absolute path"
        );
        assert_eq!(found(fd, b"nothing", true), None);
        assert_eq!(found(libc::AT_FDCWD, b".", true), std::fs::metadata(".").ok().map(|data| data.ino()));
        assert_eq!(found(libc::AT_FDCWD, b"/", true), std::fs::metadata("/").ok().map(|data| data.ino()));
    }
}
