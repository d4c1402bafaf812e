//! What is in a folder that a run has left. It must not know what anybody makes of it.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// All below a folder, by the names in it, folders before what is in them; in the order of the names.
pub(super) fn listed(folder: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(path) = folders.pop() {
        for entry in fs::read_dir(&path)? {
            let path = entry?.path();
            let data = fs::symlink_metadata(&path)?;
            if data.is_dir() {
                folders.push(path.clone());
            }
            all.push((path.strip_prefix(folder).unwrap_or(&path).to_owned(), data));
        }
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(all)
}
