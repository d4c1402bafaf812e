//! What is in a directory that another task has open.
//! It must not know in which order that is wanted.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use super::files::{copy_of, is_same_open_file};
use super::shortage::noted;
use crate::abi::{DirectoryEntry, TaskId};

/// Bytes that are asked for at once: some thousand names.
const AT_ONCE: usize = 1 << 18;

/// All that is in the directory `fd` of a task, in the order of its file system. It is opened anew, so that nobody sees
/// where it is read; where that is refused it is read where the task reads it, which then stands where it has stood.
/// `None` where it cannot be read, or not be read on at so many entries.
pub fn directory_entries(process: TaskId, task: TaskId, fd: i32) -> Option<Vec<DirectoryEntry>> {
    let path = format!("/proc/{}/fd/{fd}", task.0);
    if let Ok(mut anew) = noted(OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(path)) {
        return entries(&mut anew).ok().flatten();
    }
    let copy = copy_of(process, fd)?;
    // A thread may have descriptors of its own.
    if is_same_open_file((task, fd), (TaskId(std::process::id() as i32), copy.as_raw_fd())) == Some(false) {
        return None;
    }
    let mut shared = File::from(copy);
    let position = shared.stream_position().ok()?;
    let found = shared.rewind().and_then(|()| entries(&mut shared));
    shared.seek(SeekFrom::Start(position)).ok()?;
    found.ok().flatten()
}

/// What stands in a directory from where it is read next; `None` where it cannot be read on at so many entries.
fn entries(directory: &mut File) -> io::Result<Option<Vec<DirectoryEntry>>> {
    let mut entries = Vec::new();
    let mut records = vec![0; AT_ONCE];
    loop {
        let got = read_records(directory, &mut records)?;
        if got == 0 {
            break;
        }
        entries.extend(DirectoryEntry::all(&records[..got]));
    }
    let end = entries.len() as u64;
    Ok(directory.seek(SeekFrom::Start(end)).is_ok_and(|at| at == end).then_some(entries))
}

fn read_records(directory: &File, records: &mut [u8]) -> io::Result<usize> {
    // SAFETY: `records` is exclusively borrowed, and as long as the kernel is told.
    let got =
        unsafe { libc::syscall(libc::SYS_getdents64, directory.as_raw_fd(), records.as_mut_ptr(), records.len()) };
    usize::try_from(got).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_found_and_nobody_notices() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..20 {
            std::fs::write(folder.path().join(format!("file {number}")), "").unwrap();
        }
        let mut open = File::open(folder.path()).unwrap();
        open.seek(SeekFrom::Start(3)).unwrap();
        let this = TaskId(i32::try_from(std::process::id()).unwrap());
        let found = directory_entries(this, this, open.as_raw_fd()).unwrap();
        assert_eq!(found.len(), 22, "`.` and `..` are there, too");
        assert!(found.iter().any(|entry| *entry.name == *b"file 7" && entry.kind == libc::DT_REG));
        assert_eq!(open.stream_position().unwrap(), 3);
        let file = File::open("/proc/self/comm").unwrap();
        assert_eq!(directory_entries(this, this, file.as_raw_fd()), None);
    }
}
