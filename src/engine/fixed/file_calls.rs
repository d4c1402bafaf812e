//! Which calls change the times of which files (inode(7)).
//! It must not know what time it is.

use super::times::word64;
use crate::abi::Addr;
use crate::engine::inspect::{FileFound, FileId, FilePlace, Inspect};
use crate::engine::stop::RawCall;

const AT_FDCWD: i32 = -100;
const AT_SYMLINK_NOFOLLOW: u64 = 0x100;
const O_CREAT: u64 = 0o100;
const O_EXCL: u64 = 0o200;
const O_TRUNC: u64 = 0o1000;
const O_TMPFILE: u64 = 0o20_000_000;
const O_PATH: u64 = 0o10_000_000;
const MAP_ANONYMOUS: u64 = 0x20;
/// In place of nanoseconds (utimensat(2)).
const UTIME_NOW: u64 = 0x3fff_ffff;
const UTIME_OMIT: u64 = 0x3fff_fffe;
/// The longest path that the kernel reads.
const PATH_MAX: usize = 4096;
/// Where the name of a socket stands in `struct sockaddr_un`, and how long it may be.
const SUN_PATH: u64 = 2;
const SUN_PATH_LEN: usize = 108;
const AF_UNIX: u16 = 1;

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is made.
    Made,
    /// What is in it changes.
    Content,
    /// What is known of it changes: who may use it, how many names it has.
    Status,
    /// It is read.
    Read,
    /// The program sets when it was read and when what is in it has changed.
    Set([Given; 2]),
}

/// What a program says of a time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Now,
    /// The file has it.
    Time,
    /// It stays what it is.
    Nothing,
}

/// A file that is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    At(FilePlace),
    /// It may have no name any more.
    Known(FileId),
}

/// What had to be looked at before the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Before {
    /// The call makes a file, if it is one that can.
    makes: bool,
    /// The file that loses a name.
    loses_name: Option<FileId>,
    /// Both names are of one file: then rename(2) does nothing.
    is_idle: bool,
}

/// How a call names a file: by which arguments.
#[derive(Clone, Copy)]
struct Named {
    /// The folder that a path is relative to; without one it is the working directory.
    folder: Option<usize>,
    path: usize,
}

impl Named {
    const FIRST: Named = Named { folder: None, path: 0 };
    const AT_FIRST: Named = Named { folder: Some(0), path: 1 };

    fn read(self, raw: &RawCall, inspect: &dyn Inspect) -> Option<(i32, Vec<u8>)> {
        let folder = self.folder.map_or(AT_FDCWD, |at| raw.args[at] as i32);
        // Where there is no path the call is about the descriptor itself.
        let path =
            if raw.args[self.path] == 0 { Vec::new() } else { text(Addr(raw.args[self.path]), PATH_MAX, inspect)? };
        Some((folder, path))
    }

    /// The file of this name.
    fn file(self, follows: bool, raw: &RawCall, inspect: &dyn Inspect) -> Option<FilePlace> {
        let (folder, path) = self.read(raw, inspect)?;
        Some(FilePlace::Path { folder, path, follows })
    }

    /// The directory that the name stands in.
    fn directory(self, raw: &RawCall, inspect: &dyn Inspect) -> Option<FilePlace> {
        let (folder, path) = self.read(raw, inspect)?;
        Some(FilePlace::Path { folder, path: directory_of(&path), follows: true })
    }
}

/// The directory of a path; `.` for a name alone.
fn directory_of(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    match path[..end].iter().rposition(|byte| *byte == b'/') {
        Some(slash) => path[..=slash].to_vec(),
        None => b".".to_vec(),
    }
}

/// Text in memory up to its NUL, or so many bytes; `None` where it cannot be read so far.
fn text(addr: Addr, most: usize, inspect: &dyn Inspect) -> Option<Vec<u8>> {
    let mut bytes = vec![0; most];
    let got = inspect.read(addr, &mut bytes);
    let end = bytes[..got].iter().position(|byte| *byte == 0).or((got == most).then_some(most))?;
    bytes.truncate(end);
    Some(bytes)
}

/// The flags that a call opens a file with, and how it names it; `None` for any other.
fn opens(call: &str, raw: &RawCall, inspect: &dyn Inspect) -> Option<(Named, u64)> {
    let (named, flags) = match call {
        "creat" => (Named::FIRST, O_CREAT | O_TRUNC),
        "open" => (Named::FIRST, raw.args[1]),
        "openat" => (Named::AT_FIRST, raw.args[2]),
        // struct open_how begins with the flags.
        "openat2" => (Named::AT_FIRST, word64(Addr(raw.args[2]), inspect)?),
        _ => return None,
    };
    // With O_PATH the others mean nothing.
    Some((named, if flags & O_PATH == 0 { flags } else { 0 }))
}

/// The old name and the new one, for calls that have both.
fn moves(call: &str) -> Option<(Named, Named)> {
    const AT_SECOND: Named = Named { folder: Some(2), path: 3 };
    const SECOND: Named = Named { folder: None, path: 1 };
    Some(match call {
        "rename" | "link" => (Named::FIRST, SECOND),
        "renameat" | "renameat2" | "linkat" => (Named::AT_FIRST, AT_SECOND),
        _ => return None,
    })
}

impl Before {
    /// What is to be known of a call before it is made.
    pub(super) fn look(call: &str, raw: &RawCall, inspect: &dyn Inspect) -> Option<Before> {
        let mut before = Before::default();
        let id = |place: Option<FilePlace>| inspect.file(&place?).status().map(|file| file.id);
        if let Some((named, flags)) = opens(call, raw, inspect) {
            let is_missing = || {
                let place = named.file(true, raw, inspect);
                place.is_some_and(|place| inspect.file(&place) == FileFound::Nothing)
            };
            before.makes =
                flags & O_TMPFILE == O_TMPFILE || flags & O_CREAT != 0 && (flags & O_EXCL != 0 || is_missing());
        } else {
            before.loses_name = id(match call {
                "unlink" | "rmdir" => Named::FIRST.file(false, raw, inspect),
                "unlinkat" => Named::AT_FIRST.file(false, raw, inspect),
                "rename" | "renameat" | "renameat2" => moves(call)?.1.file(false, raw, inspect),
                _ => return None,
            });
            if let (Some((old, _)), Some(replaced)) = (moves(call), before.loses_name) {
                before.is_idle = id(old.file(false, raw, inspect)) == Some(replaced);
            }
        }
        Some(before)
    }
}

/// What a call that has succeeded did to files.
pub(super) fn changes(
    call: &str,
    raw: &RawCall,
    result: i64,
    before: &Before,
    inspect: &dyn Inspect,
) -> Vec<(Changed, Change)> {
    let descriptor = |at: usize| Some(FilePlace::Descriptor(raw.args[at] as i32));
    let one = |place: Option<FilePlace>, change| vec![(place, change)];
    let made = |named: Named| {
        vec![(named.file(false, raw, inspect), Change::Made), (named.directory(raw, inspect), Change::Content)]
    };
    let follows = |at: usize| raw.args[at] & AT_SYMLINK_NOFOLLOW == 0;
    let file = |named: Named, follows: bool| named.file(follows, raw, inspect);
    let set = |times: usize, named: Named, follows: bool| {
        let given = if call == "utimensat" { given(raw.args[times], inspect) } else { given_at_all(raw.args[times]) };
        // Without a path it is the descriptor's file.
        let by_descriptor = named.folder.is_some() && raw.args[named.path] == 0;
        let place = if by_descriptor { descriptor(0) } else { file(named, follows) };
        vec![(place, Change::Set(given))]
    };
    let mut changed: Vec<(Option<FilePlace>, Change)> = match call {
        "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" if result > 0 => one(descriptor(0), Change::Content),
        "sendfile" if result > 0 => vec![(descriptor(1), Change::Read), (descriptor(0), Change::Content)],
        "splice" | "copy_file_range" if result > 0 => {
            vec![(descriptor(0), Change::Read), (descriptor(2), Change::Content)]
        }
        "ftruncate" | "fallocate" => one(descriptor(0), Change::Content),
        "truncate" => one(file(Named::FIRST, true), Change::Content),
        // Also where nothing is left to be read.
        "read" | "pread64" | "readv" | "preadv" | "preadv2" if raw.args[2] > 0 => one(descriptor(0), Change::Read),
        "mmap" if raw.args[3] & MAP_ANONYMOUS == 0 => one(descriptor(4), Change::Read),
        "getdents" | "getdents64" => one(descriptor(0), Change::Read),
        "mkdir" | "mknod" => made(Named::FIRST),
        "mkdirat" | "mknodat" => made(Named::AT_FIRST),
        "symlink" => made(Named { folder: None, path: 1 }),
        "symlinkat" => made(Named { folder: Some(1), path: 2 }),
        "bind" => match socket_name(raw, inspect) {
            Some(path) => {
                let directory = directory_of(&path);
                let at = |path, follows| Some(FilePlace::Path { folder: AT_FDCWD, path, follows });
                vec![(at(path, false), Change::Made), (at(directory, true), Change::Content)]
            }
            None => Vec::new(),
        },
        "unlink" | "rmdir" => one(Named::FIRST.directory(raw, inspect), Change::Content),
        "unlinkat" => one(Named::AT_FIRST.directory(raw, inspect), Change::Content),
        "chmod" | "chown" | "setxattr" | "removexattr" => one(file(Named::FIRST, true), Change::Status),
        "lchown" | "lsetxattr" | "lremovexattr" => one(file(Named::FIRST, false), Change::Status),
        "fchmod" | "fchown" | "fsetxattr" | "fremovexattr" => one(descriptor(0), Change::Status),
        "fchmodat" => one(file(Named::AT_FIRST, true), Change::Status),
        "fchmodat2" => one(file(Named::AT_FIRST, follows(3)), Change::Status),
        "fchownat" => one(file(Named::AT_FIRST, follows(4)), Change::Status),
        "setxattrat" | "removexattrat" => one(file(Named::AT_FIRST, follows(2)), Change::Status),
        "utime" | "utimes" => set(1, Named::FIRST, true),
        "futimesat" => set(2, Named::AT_FIRST, true),
        "utimensat" => set(2, Named::AT_FIRST, follows(3)),
        _ => Vec::new(),
    };
    if let Some((named, flags)) = opens(call, raw, inspect) {
        let opened = Some(FilePlace::Descriptor(result as i32));
        if before.makes {
            changed.push((opened, Change::Made));
            // What O_TMPFILE makes has no name.
            if flags & O_TMPFILE != O_TMPFILE {
                changed.push((named.directory(raw, inspect), Change::Content));
            }
        } else if flags & O_TRUNC != 0 {
            changed.push((opened, Change::Content));
        }
    }
    if let Some((old, new)) = moves(call) {
        changed.push((new.file(false, raw, inspect), Change::Status));
        changed.push((new.directory(raw, inspect), Change::Content));
        if call.starts_with("rename") {
            changed.push((old.directory(raw, inspect), Change::Content));
        }
    }
    if before.is_idle {
        return Vec::new();
    }
    let lost = before.loses_name.map(|id| (Changed::Known(id), Change::Status));
    let at = |(place, change): (Option<FilePlace>, Change)| Some((Changed::At(place?), change));
    changed.into_iter().filter_map(at).chain(lost).collect()
}

/// What utimensat(2) is told of both times.
fn given(times: u64, inspect: &dyn Inspect) -> [Given; 2] {
    if times == 0 {
        return [Given::Now; 2];
    }
    [8, 24].map(|nanoseconds| match word64(Addr(times).plus(nanoseconds), inspect) {
        Some(UTIME_NOW) => Given::Now,
        Some(UTIME_OMIT) => Given::Nothing,
        _ => Given::Time,
    })
}

/// What its elders are told.
fn given_at_all(times: u64) -> [Given; 2] {
    [if times == 0 { Given::Now } else { Given::Time }; 2]
}

/// The path that a socket is bound to (unix(7)); `None` for one that is no file.
fn socket_name(raw: &RawCall, inspect: &dyn Inspect) -> Option<Vec<u8>> {
    let addr = Addr(raw.args[1]);
    let mut family = [0; 2];
    let len = (raw.args[2] as u32 as usize).checked_sub(SUN_PATH as usize)?.min(SUN_PATH_LEN);
    if inspect.read(addr, &mut family) < family.len() || u16::from_ne_bytes(family) != AF_UNIX || len == 0 {
        return None;
    }
    let mut path = vec![0; len];
    let got = inspect.read(addr.plus(SUN_PATH), &mut path);
    let end = path[..got].iter().position(|byte| *byte == 0).unwrap_or(got);
    path.truncate(end);
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Arch;
    use crate::engine::inspect::{FileStatus, Stamps};
    use crate::engine::tests::script::Script;

    fn call(args: [u64; 6]) -> RawCall {
        RawCall { arch: Arch::X86_64, number: 0, args, ip: 0 }
    }

    fn path(folder: i32, path: &str, follows: bool) -> Changed {
        Changed::At(FilePlace::Path { folder, path: path.into(), follows })
    }

    fn fd(fd: i32) -> Changed {
        Changed::At(FilePlace::Descriptor(fd))
    }

    fn script() -> Script {
        let memory = [(0x100, b"d/old\0".to_vec()), (0x200, b"e/new\0".to_vec()), (0x300, vec![0; 32])];
        let mut script = Script::default();
        script.memory.extend(memory);
        script
    }

    /// The file of this inode, by its name without following links, or with.
    fn there(script: &mut Script, name: &str, follows: bool, inode: u64) -> FileId {
        let id = FileId { device: 1, inode };
        let status = FileStatus { id, holds_data: true, stamps: Stamps::default() };
        script.placed.push((FilePlace::Path { folder: AT_FDCWD, path: name.into(), follows }, status));
        id
    }

    #[test]
    fn a_call_changes_the_files_that_it_names() {
        use Change::{Content, Made, Read, Status};
        let script = script();
        let here = AT_FDCWD;
        let changed = |name: &str, args: [u64; 2], result| {
            changes(name, &call([args[0], args[1], 0, 0, 0, 0]), result, &Before::default(), &script)
        };
        assert_eq!(changed("write", [4, 0], 1), [(fd(4), Content)]);
        assert_eq!(changed("write", [4, 0], 0), []);
        assert_eq!(changes("read", &call([4, 0, 9, 0, 0, 0]), 0, &Before::default(), &script), [(fd(4), Read)]);
        assert_eq!(changed("sendfile", [4, 5], 1), [(fd(5), Read), (fd(4), Content)]);
        assert_eq!(changed("lchown", [0x100, 0], 0), [(path(here, "d/old", false), Status)]);
        let made = |folder| [(path(folder, "d/old", false), Made), (path(folder, "d/", true), Content)];
        assert_eq!(changed("mkdir", [0x100, 0], 0), made(here));
        assert_eq!(changed("mkdirat", [7, 0x100], 0), made(7));
        let named = [(path(here, "e/new", false), Status), (path(here, "e/", true), Content)];
        assert_eq!(changed("link", [0x100, 0x200], 0), named);
        let renamed = named.into_iter().chain([(path(here, "d/", true), Content)]).collect::<Vec<_>>();
        assert_eq!(changed("rename", [0x100, 0x200], 0), renamed);
    }

    #[test]
    fn what_is_opened_is_made_where_it_was_not_there() {
        let mut script = script();
        let raw = call([0x100, O_CREAT | O_TRUNC, 0, 0, 0, 0]);
        let opened = |script: &Script| changes("open", &raw, 3, &Before::look("open", &raw, script).unwrap(), script);
        let directory = path(AT_FDCWD, "d/", true);
        assert_eq!(opened(&script), [(fd(3), Change::Made), (directory, Change::Content)]);
        there(&mut script, "d/old", true, 5);
        assert_eq!(opened(&script), [(fd(3), Change::Content)], "O_TRUNC");
    }

    #[test]
    fn a_file_that_loses_a_name_is_known_before_that() {
        let mut script = script();
        let id = there(&mut script, "e/new", false, 6);
        let raw = call([0x100, 0x200, 0, 0, 0, 0]);
        let before = Before::look("rename", &raw, &script).unwrap();
        let changed = changes("rename", &raw, 0, &before, &script);
        assert_eq!(changed.last(), Some(&(Changed::Known(id), Change::Status)));
    }

    #[test]
    fn times_that_are_set_are_told_from_now_and_from_none() {
        let mut script = script();
        let mut set = |nanoseconds: [u64; 2]| {
            let times = [1, nanoseconds[0], 2, nanoseconds[1]].map(u64::to_ne_bytes).concat();
            script.memory.insert(0x300, times);
            changes("utimensat", &call([4, 0, 0x300, 0, 0, 0]), 0, &Before::default(), &script)
        };
        assert_eq!(set([7, UTIME_NOW]), [(fd(4), Change::Set([Given::Time, Given::Now]))]);
        assert_eq!(set([UTIME_OMIT, 7]), [(fd(4), Change::Set([Given::Nothing, Given::Time]))]);
        let now = changes("utimensat", &call([4, 0, 0, 0, 0, 0]), 0, &Before::default(), &script);
        assert_eq!(now, [(fd(4), Change::Set([Given::Now; 2]))]);
    }

    #[test]
    fn the_directory_of_a_path_is_found() {
        for (path, directory) in
            [("a", "."), ("a/", "."), ("a/b", "a/"), ("/a", "/"), ("a/b//", "a/"), ("../a", "../"), ("/", ".")]
        {
            assert_eq!(directory_of(path.as_bytes()), directory.as_bytes(), "{path}");
        }
    }
}
