//! Files that another task means by a path.
//! It must not know why somebody asks.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::Mode;

use super::shortage::noted;
use crate::abi::TaskId;

/// Paths that lead to something else for each task, and where below its own folder of /proc they do.
const OWN: [(&[u8], &str); 6] = [
    (b"/proc/self/", ""),
    (b"/proc/thread-self/", ""),
    (b"/dev/fd/", "fd/"),
    (b"/dev/stdin", "fd/0"),
    (b"/dev/stdout", "fd/1"),
    (b"/dev/stderr", "fd/2"),
];

/// What the file system tells of the file that `path` is for a task, relative to its descriptor `folder` or, with
/// AT_FDCWD, to its working directory (openat(2)). An empty path is that directory itself. Errors are those of open(2).
/// A relative path of a task in a mount namespace of its own is not followed to absolute links there.
pub fn status_at(task: TaskId, folder: i32, path: &[u8], follows: bool) -> io::Result<Metadata> {
    let file = noted(opened(task, folder, path, follows).map_err(io::Error::from))?;
    File::from(file).metadata()
}

fn opened(task: TaskId, folder: i32, path: &[u8], follows: bool) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let below = |name: &str| open(format!("/proc/{}/{name}", task.0).as_str(), flags, Mode::empty());
    let last = if follows { flags } else { flags | OFlag::O_NOFOLLOW };
    for (prefix, own) in OWN {
        if let Some(rest) = path.strip_prefix(prefix) {
            let own = below(own)?;
            return if rest.is_empty() { Ok(own) } else { openat(own, OsStr::from_bytes(rest), last, Mode::empty()) };
        }
    }
    let directory = if folder == libc::AT_FDCWD { "cwd".to_owned() } else { format!("fd/{folder}") };
    if path.is_empty() {
        return below(&directory);
    }
    if path.first() == Some(&b'/') {
        return below_root(&below("root")?, path, last);
    }
    // A task with another root directory finds absolute links below that, and nothing above it.
    let leads = |name: &str| std::fs::read_link(format!("/proc/{}/{name}", task.0)).ok();
    let root = leads("root").filter(|root| root.as_os_str() != "/");
    if let Some(root) = root
        && let Some(inside) = leads(&directory)
        && let Ok(inside) = inside.strip_prefix(&root)
    {
        let path = [b"/", inside.as_os_str().as_bytes(), b"/", path].concat();
        return below_root(&below("root")?, &path, last);
    }
    openat(below(&directory)?, OsStr::from_bytes(path), last, Mode::empty())
}

/// Opens an absolute path below another root directory.
fn below_root(root: &OwnedFd, path: &[u8], flags: OFlag) -> nix::Result<OwnedFd> {
    /// How often a path with `..` in it is looked at anew, where somebody renames something meanwhile.
    const TRIES: u32 = 1000;
    let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_IN_ROOT);
    let mut tries = 0;
    loop {
        match openat2(root, OsStr::from_bytes(path), how) {
            Err(Errno::EAGAIN) if tries < TRIES => tries += 1,
            // The kernel is older than 5.6, or a sandbox is; links of /proc have no path that could be followed so.
            Err(Errno::ENOSYS | Errno::EPERM) => break,
            Err(Errno::EXDEV) if path.starts_with(b"/proc/") => break,
            opened => return opened,
        }
    }
    let rest = path.iter().position(|byte| *byte != b'/').map_or(b".".as_slice(), |first| &path[first..]);
    openat(root, OsStr::from_bytes(rest), flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
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
        let fd = open.as_raw_fd();
        let inode = std::fs::metadata(&file).unwrap().ino();
        let found = |folder: i32, path: &[u8], follows| {
            status_at(me(), folder, path, follows).map(|data| data.ino()).map_err(|error| error.kind())
        };
        assert_eq!(found(fd, b"a file", false), Ok(inode));
        assert_eq!(found(fd, b"link", true), Ok(inode));
        assert!(found(fd, b"link", false).is_ok_and(|other| other != inode));
        let own = std::fs::metadata(folder.path()).unwrap().ino();
        assert_eq!(found(fd, b"", true), Ok(own));
        assert_eq!(found(fd, file.as_os_str().as_bytes(), true), Ok(inode), "no folder matters to an absolute path");
        assert_eq!(found(fd, b"nothing", true), Err(io::ErrorKind::NotFound));
        let inode_of = |path: &str| std::fs::metadata(path).map(|data| data.ino()).map_err(|error| error.kind());
        assert_eq!(found(libc::AT_FDCWD, b".", true), inode_of("."));
        assert_eq!(found(libc::AT_FDCWD, b"/", true), inode_of("/"));
        for path in [format!("/proc/self/fd/{fd}"), format!("/dev/fd/{fd}"), format!("/proc/{}/fd/{fd}", me().0)] {
            assert_eq!(found(libc::AT_FDCWD, path.as_bytes(), true), Ok(own), "{path}");
        }
    }
}
