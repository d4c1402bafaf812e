//! States as files: laid out in a folder, and held against one. It must not know where they come from.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::super::attributes::{attributes, put};
use super::super::below::listed;
use crate::sweep::states::{Item, Placed};

/// Makes the files in an empty folder.
pub(super) fn lay_out(files: &[Placed], folder: &Path) -> io::Result<()> {
    let at = |name: &[u8]| folder.join(OsStr::from_bytes(name));
    for placed in files {
        let path = at(&placed.path);
        match &placed.item {
            Item::Folder => fs::create_dir(&path)?,
            Item::File(bytes) => fs::write(&path, bytes)?,
            Item::Again(first) => fs::hard_link(at(first), &path)?,
            Item::Link(target) => std::os::unix::fs::symlink(OsStr::from_bytes(target), &path)?,
        }
    }
    // A folder that nobody may write to is filled by now.
    for placed in files.iter().rev() {
        if !matches!(placed.item, Item::Again(_)) {
            put(&at(&placed.path), &placed.attributes)?;
        }
    }
    Ok(())
}

/// Names in a folder of what is not as `files` have it, FIFOs, sockets and devices aside.
pub(super) fn differing(files: &[Placed], folder: &Path) -> io::Result<Vec<String>> {
    let mut wanted: BTreeMap<PathBuf, &Placed> =
        files.iter().map(|placed| (PathBuf::from(OsStr::from_bytes(&placed.path)), placed)).collect();
    let mut odd = Vec::new();
    for (name, data) in listed(folder)? {
        let (path, kind) = (folder.join(&name), data.file_type());
        if !kind.is_dir() && !kind.is_file() && !kind.is_symlink() {
            continue;
        }
        let is_as_wanted = match wanted.remove(&name) {
            Some(placed) if attributes(&path, &data)? != placed.attributes => false,
            Some(placed) => match &placed.item {
                Item::Folder => kind.is_dir(),
                Item::File(bytes) => kind.is_file() && fs::read(&path)? == *bytes,
                // What is in it was compared by its first name.
                Item::Again(_) => kind.is_file(),
                Item::Link(target) => kind.is_symlink() && fs::read_link(&path)?.as_os_str().as_bytes() == target,
            },
            None => false,
        };
        if !is_as_wanted {
            odd.push(name);
        }
    }
    odd.extend(wanted.into_keys());
    odd.sort();
    Ok(odd.into_iter().map(|name| name.to_string_lossy().into_owned()).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;
    use crate::sweep::states::Attributes;

    #[test]
    fn what_is_laid_out_is_as_it_was_wanted() {
        let own = fs::symlink_metadata("/proc/self").map(|data| (data.uid(), data.gid())).unwrap();
        let placed = |path: &str, item, mode| Placed {
            path: path.as_bytes().to_vec(),
            item,
            attributes: Attributes { mode, owner: own, ..Attributes::default() },
        };
        let files = [
            placed("d", Item::Folder, 0o555),
            placed("d/a", Item::File(b"text".to_vec()), 0o600),
            placed("e", Item::Again(b"d/a".to_vec()), 0o600),
            placed("l", Item::Link(b"d/nowhere".to_vec()), 0o777),
        ];
        let folder = tempfile::tempdir().unwrap();
        lay_out(&files, folder.path()).unwrap();
        assert_eq!(differing(&files, folder.path()).unwrap(), [""; 0]);
        fs::write(folder.path().join("e"), "other").unwrap();
        fs::remove_file(folder.path().join("l")).unwrap();
        fs::write(folder.path().join("more"), "").unwrap();
        assert_eq!(differing(&files, folder.path()).unwrap(), ["d/a", "l", "more"]);
        fs::set_permissions(folder.path().join("d"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(differing(&files, folder.path()).unwrap(), ["d", "d/a", "l", "more"]);
    }
}
