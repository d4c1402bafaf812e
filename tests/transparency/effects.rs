//! What a run has left in a folder. It must not know what made it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use globset::GlobSet;
use sha2::{Digest, Sha256};

/// One line for each file below a folder, by path: kind, mode, owner, size and the hash of what is in it. Times are left
/// out, and so are paths that `ignored` matches.
pub(crate) fn effects(folder: &Path, ignored: &GlobSet) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    collect(folder, folder, ignored, &mut found)?;
    Ok(found)
}

fn collect(root: &Path, folder: &Path, ignored: &GlobSet, found: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(root).expect("it is below the root");
        if ignored.is_match(name) {
            continue;
        }
        let data = fs::symlink_metadata(&path)?;
        let kind = data.file_type();
        let content = if kind.is_file() {
            let hash = Sha256::digest(fs::read(&path)?);
            let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("file of {} bytes, sha256 {hash}, {} links", data.len(), data.nlink())
        } else if kind.is_symlink() {
            format!("link to {}", fs::read_link(&path)?.display())
        } else if kind.is_dir() {
            "folder".to_owned()
        } else if kind.is_fifo() {
            "fifo".to_owned()
        } else if kind.is_socket() {
            "socket".to_owned()
        } else {
            "device".to_owned()
        };
        let told = format!("{content}, mode {:o}, owner {}:{}", data.mode(), data.uid(), data.gid());
        found.insert(name.display().to_string(), told);
        if kind.is_dir() {
            collect(root, &path, ignored, found)?;
        }
    }
    Ok(())
}
