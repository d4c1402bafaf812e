//! What a file carries beside its data, mode and owner: attributes (chattr(1)) and extended ones (xattr(7)).
//! It must not know what they mean.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::ptr;

/// What is the same of two files that carry the same, as far as names go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// `STATX_ATTR_*` (statx(2)).
    attributes: u64,
    /// Bytes of the names of extended attributes; -1 where there are none to be had.
    names: isize,
}

/// What an open file carries.
///
/// # Errors
/// Those of statx(2).
pub fn marks(file: &File) -> io::Result<Marks> {
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the name is an empty text, and `found` is written to only here.
    let got = unsafe { libc::statx(file.as_raw_fd(), c"".as_ptr(), libc::AT_EMPTY_PATH, 0, found.as_mut_ptr()) };
    if got == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all of it was zero before, which is a value of each of its fields.
    let attributes = unsafe { found.assume_init() }.stx_attributes;
    // SAFETY: without room for them it only tells how long the names are.
    let names = unsafe { libc::flistxattr(file.as_raw_fd(), ptr::null_mut(), 0) };
    Ok(Marks { attributes, names })
}
