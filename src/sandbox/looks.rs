//! What of a file or folder a run can change for good.
//! It must not know what is in it.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;

use crate::sys;

/// All but its times.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Looks {
    /// Device and inode.
    which: (u64, u64),
    /// Mode, user, group.
    access: (u32, u32, u32),
    /// Length, blocks, links: of a folder that was once full they may stay.
    extent: (u64, u64, u64),
    marks: sys::Marks,
}

impl Looks {
    pub(super) fn of(open: &File) -> io::Result<Looks> {
        let data: Metadata = open.metadata()?;
        Ok(Looks {
            which: (data.dev(), data.ino()),
            access: (data.mode(), data.uid(), data.gid()),
            extent: (data.size(), data.blocks(), data.nlink()),
            marks: sys::marks(open)?,
        })
    }

    pub(super) fn inode(&self) -> u64 {
        self.which.1
    }

    /// Length, blocks and links.
    #[cfg(test)]
    pub(super) fn extent(&self) -> (u64, u64, u64) {
        self.extent
    }
}
