//! Folders as faults have left them: copied, and told from others by what is in them.
//! It must not know what left them.

use std::collections::HashMap;
use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::attributes::{attributes, put as put_attributes};
use super::super::below::listed;
use crate::sweep::states::Attributes;

/// What tells what is in one folder from what is in another.
pub(super) type Mark = [u8; 32];

/// Copies all that is in a folder into an empty one: contents, links, attributes and times. Devices are left out.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut known: HashMap<(u64, u64), PathBuf> = HashMap::new();
    let all = listed(from)?;
    for (name, data) in &all {
        let (old, new) = (from.join(name), to.join(name));
        let kind = data.file_type();
        if kind.is_dir() {
            fs::create_dir(&new)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&old)?, &new)?;
        } else if let Some(first) = known.get(&(data.dev(), data.ino())) {
            fs::hard_link(first, &new)?;
        } else if kind.is_file() {
            fs::copy(&old, &new)?;
            set_times(&new, data)?;
        } else if kind.is_fifo() {
            let mode = nix::sys::stat::Mode::from_bits_truncate(data.mode());
            nix::unistd::mkfifo(&new, mode)?;
        } else if kind.is_socket() {
            // Nobody listens at what a process leaves that is gone.
            drop(UnixListener::bind(&new)?);
        } else {
            continue;
        }
        if !kind.is_dir() {
            put_attributes(&new, &attributes(&old, data)?)?;
        }
        if !kind.is_dir() && data.nlink() > 1 {
            known.entry((data.dev(), data.ino())).or_insert(new);
        }
    }
    // A folder that nobody may write to is filled by now, and making files in it has changed its time.
    for (name, data) in all.iter().rev().filter(|(_, data)| data.is_dir()) {
        let new = to.join(name);
        set_times(&new, data)?;
        put_attributes(&new, &attributes(&from.join(name), data)?)?;
    }
    Ok(())
}

fn set_times(path: &Path, data: &Metadata) -> io::Result<()> {
    let times = FileTimes::new().set_accessed(data.accessed()?).set_modified(data.modified()?);
    File::open(path)?.set_times(times)
}

/// What tells what is in a folder, and what was printed, from others; times do not, nor does the name of the folder.
pub(super) fn mark(folder: &Path, printed: &[u8]) -> io::Result<Mark> {
    let mut hash = Sha256::new();
    let mut numbers: HashMap<(u64, u64), usize> = HashMap::new();
    let mut put = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_ne_bytes());
        hash.update(bytes);
    };
    let own = folder.as_os_str().as_bytes();
    put(&without(printed, own));
    for (name, data) in listed(folder)? {
        let next = numbers.len();
        let number = *numbers.entry((data.dev(), data.ino())).or_insert(next);
        put(name.as_os_str().as_bytes());
        // Names of one file are told from names of two that are alike.
        put(&number.to_ne_bytes());
        let path = folder.join(&name);
        let Attributes { mode, owner, extended } = attributes(&path, &data)?;
        [mode, owner.0, owner.1].iter().for_each(|number| put(&number.to_ne_bytes()));
        extended.iter().flat_map(|(name, value)| [&**name, value]).for_each(&mut put);
        if data.is_symlink() {
            put(&without(fs::read_link(&path)?.as_os_str().as_bytes(), own));
        } else if data.is_file() && number == next {
            put(&without(&fs::read(&path)?, own));
        }
    }
    Ok(hash.finalize().into())
}

/// Whether something in a folder, or what was printed, is the path of the folder, which a copy elsewhere would not mean.
pub(super) fn names_itself(folder: &Path, printed: &[u8]) -> io::Result<bool> {
    let own = folder.as_os_str().as_bytes();
    let has = |bytes: &[u8]| bytes.windows(own.len()).any(|part| part == own);
    let mut is_named = has(printed);
    for (name, data) in listed(folder)? {
        let path = folder.join(name);
        is_named |= data.is_symlink() && has(fs::read_link(&path)?.as_os_str().as_bytes());
        is_named |= data.is_file() && has(&fs::read(&path)?);
    }
    Ok(is_named)
}

/// Bytes with something short in place of a path.
fn without(bytes: &[u8], path: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(path.len()).position(|part| part == path) {
        short.extend_from_slice(&rest[..at]);
        short.extend_from_slice(b"${tmp}");
        rest = &rest[at + path.len()..];
    }
    short.extend_from_slice(rest);
    short
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_copy_is_what_it_was_copied_from() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| old.path().join(name);
        fs::create_dir(at("d")).unwrap();
        fs::write(at("d/a"), "text").unwrap();
        fs::hard_link(at("d/a"), at("b")).unwrap();
        fs::write(at("own"), old.path().join("d").as_os_str().as_bytes()).unwrap();
        std::os::unix::fs::symlink("nowhere", at("l")).unwrap();
        nix::unistd::mkfifo(&at("f"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        drop(UnixListener::bind(at("s")).unwrap());
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000);
        let times = FileTimes::new().set_accessed(long_ago).set_modified(long_ago);
        File::open(at("d/a")).unwrap().set_times(times).unwrap();
        fs::set_permissions(at("d"), fs::Permissions::from_mode(0o555)).unwrap();
        // Where the file system has such attributes.
        let has_attribute = crate::sys::set_attribute(&at("b"), b"user.key", Some(b"value")).is_ok();
        copy(old.path(), new.path()).unwrap();
        let [of_old, of_new] = [&old, &new].map(|folder| listed(folder.path()).unwrap());
        let seen = |all: &[(PathBuf, Metadata)]| -> Vec<_> {
            all.iter().map(|(name, data)| (name.clone(), data.file_type(), data.mode(), data.nlink())).collect()
        };
        assert_eq!(seen(&of_old), seen(&of_new));
        assert_eq!(fs::metadata(new.path().join("b")).unwrap().modified().unwrap(), long_ago);
        if has_attribute {
            assert_eq!(crate::sys::attribute(&new.path().join("d/a"), false, b"user.key").unwrap(), b"value");
        }
        assert!(names_itself(old.path(), b"").unwrap());
        assert!(!names_itself(new.path(), b"").unwrap());
        let own = new.path().join("d").as_os_str().as_bytes().to_vec();
        fs::write(new.path().join("own"), own).unwrap();
        let [one, other] = [&old, &new].map(|folder| mark(folder.path(), b"").unwrap());
        assert_eq!(one, other);
        assert_ne!(one, mark(new.path(), b"printed").unwrap());
        if has_attribute {
            crate::sys::set_attribute(&new.path().join("b"), b"user.key", None).unwrap();
            assert_ne!(one, mark(new.path(), b"").unwrap());
        }
        fs::write(new.path().join("b"), "texts").unwrap();
        assert_ne!(one, mark(new.path(), b"").unwrap());
        for folder in [&old, &new] {
            fs::set_permissions(folder.path().join("d"), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}
