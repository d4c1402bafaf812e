//! Files of rinject's own that have no name and go when they are closed.
//! It must not know what they are for.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use nix::sys::memfd::{MFdFlags, memfd_create};

/// What /proc shows for one that is in memory, behind `/memfd:`.
const NAME: &str = "rinject";

/// A file in memory: to make one on disk and to remove it takes some file systems as long as it takes a small program to run.
///
/// # Errors
/// Those of memfd_create(2).
pub fn memory_file() -> io::Result<File> {
    let file = File::from(memfd_create(NAME, MFdFlags::MFD_CLOEXEC)?);
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Whether the name of a memfd is that of such a file.
pub fn is_memory_file(name: &str) -> bool {
    name == NAME
}
