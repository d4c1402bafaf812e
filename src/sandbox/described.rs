//! What a file is, as far as it can be told in a line: kind, size, hash, mode.
//! It must not know who compares it with what.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::diagnostic::visible_name;

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
        /// What is in it: the first four bytes of its SHA-256, or why it cannot be read.
        content: Result<String, String>,
    },
    /// A symbolic link, and where it leads.
    Link(String),
    /// A directory.
    Folder,
    /// A FIFO, socket or device.
    Special,
}

/// As a snapshot has it: `12 B sha256:ab12cd34`, `-> target`, `directory`.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::File { size, content: Ok(digest) } => write!(f, "{size} B sha256:{digest}"),
            What::File { size, content: Err(error) } => write!(f, "{size} B, {error}"),
            What::Link(to) => write!(f, "-> {to}"),
            What::Folder => f.write_str("directory"),
            What::Special => f.write_str("special file"),
        }
    }
}

/// What is at a path, and its permission bits.
///
/// # Errors
/// It cannot be looked at.
pub(super) fn described(path: &Path) -> io::Result<(What, u32)> {
    let data = fs::symlink_metadata(path)?;
    let kind = data.file_type();
    let what = if kind.is_symlink() {
        What::Link(visible_name(fs::read_link(path)?.as_os_str()))
    } else if kind.is_dir() {
        What::Folder
    } else if kind.is_file() {
        What::File { size: data.len(), content: digest(path).map_err(|error| error.to_string()) }
    } else {
        What::Special
    };
    Ok((what, data.permissions().mode() & 0o7777))
}

fn digest(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            got => hash.update(&buffer[..got]),
        }
    }
    Ok(hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect())
}
