//! Texts that wait to be accepted.

use std::fs;
use std::path::{Path, PathBuf};

use super::file::{Golden, SnapshotError, pending_path, read};

/// A text that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The golden file it would become.
    pub golden: PathBuf,
    /// The golden text there is, if any.
    pub old: Option<Golden>,
    /// The text that waits.
    pub new: Golden,
}

/// The texts that wait at or below `roots`, in path order.
pub fn find_pending(roots: &[PathBuf]) -> Result<Vec<Pending>, SnapshotError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for root in roots {
        collect(root, &mut files)?;
    }
    files.sort();
    files.dedup();
    let mut found = Vec::new();
    for file in files {
        let golden = file.with_extension("");
        if let Some(new) = read(&file)? {
            found.push(Pending { old: read(&golden)?, golden, new });
        }
    }
    Ok(found)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), SnapshotError> {
    let is_pending = |path: &Path| path.to_string_lossy().ends_with(".snap.new");
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(|error| SnapshotError::new("look for", path, error))?;
        for entry in entries.flatten() {
            let inner = entry.path();
            if inner.is_dir() || is_pending(&inner) {
                collect(&inner, files)?;
            }
        }
        return Ok(());
    }
    if path.extension().is_some_and(|extension| extension == "toml") {
        // Each case of a spec with lists has a snapshot of its own.
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).map_err(|error| SnapshotError::new("look for", folder, error))?;
        let of_cell = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.strip_prefix(&*stem).is_some_and(|rest| rest.starts_with('@')) && is_pending(path)
        };
        files.extend(entries.flatten().map(|entry| path.with_file_name(entry.file_name())).filter(of_cell));
    }
    // A spec, a golden file and the text that waits beside it all name the same snapshot.
    let named = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => pending_path(&super::golden_path(path, None)),
        Some("snap") => pending_path(path),
        _ => path.to_owned(),
    };
    if is_pending(&named) && named.is_file() {
        files.push(named);
    }
    Ok(())
}

/// Makes a text that waits the golden one.
pub fn accept(pending: &Pending) -> Result<(), SnapshotError> {
    let from = pending_path(&pending.golden);
    fs::rename(&from, &pending.golden).map_err(|error| SnapshotError::new("accept", &pending.golden, error))
}

/// Throws a text that waits away.
pub fn reject(pending: &Pending) -> Result<(), SnapshotError> {
    let from = pending_path(&pending.golden);
    fs::remove_file(&from).map_err(|error| SnapshotError::new("reject", &pending.golden, error))
}
