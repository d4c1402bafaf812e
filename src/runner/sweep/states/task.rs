//! A task that stands still, and what its descriptors and mappings refer to.
//! It must not know what is made of it.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::PathBuf;

use crate::abi::TaskId;
use crate::sys::{maps, procfs};

/// A task that stands still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Still(pub(super) TaskId);

impl Still {
    /// What a descriptor refers to.
    pub(super) fn data(self, fd: i32) -> Option<Metadata> {
        fs::metadata(self.link(fd)).ok()
    }

    /// Where that is, or was.
    pub(super) fn path(self, fd: i32) -> Option<PathBuf> {
        fs::read_link(self.link(fd)).ok()
    }

    /// The same file, open to be read.
    pub(super) fn open(self, fd: i32) -> io::Result<File> {
        File::open(self.link(fd))
    }

    /// The flags that it was opened with (open(2)).
    pub(super) fn flags(self, fd: i32) -> i32 {
        procfs::descriptor_flags(self.0, fd)
    }

    /// Where it is read or written next.
    pub(super) fn position(self, fd: i32) -> Option<u64> {
        procfs::descriptor_position(self.0, fd)
    }

    /// The file that is mapped at this address, where stores go to it.
    pub(super) fn mapped(self, addr: u64) -> Option<File> {
        let maps = maps::mappings(self.0);
        let found = maps.iter().find(|map| map.shared && (map.start.0..map.end.0).contains(&addr))?;
        File::open(&found.name).ok()
    }

    /// A path to what a descriptor refers to, whether it has a name or not (proc_pid_fd(5)).
    pub(super) fn link(self, fd: i32) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{fd}", self.0.0))
    }
}
