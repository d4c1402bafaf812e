//! Golden files that a run has asked for, told to `cargo insta test --unreferenced`, which would take them for leftovers.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::SnapshotError;

/// The variable that names the file they are appended to, one path a line.
const FILE: &str = "INSTA_SNAPSHOT_REFERENCES_FILE";

/// Notes that a golden file belongs to a case, where somebody asks for it.
pub fn refer(golden: &Path) -> Result<(), SnapshotError> {
    let Some(file) = std::env::var_os(FILE).filter(|file| !file.is_empty()) else { return Ok(()) };
    let file = Path::new(&file);
    // One that is not there yet has the path that it is about to have.
    let golden = std::path::absolute(golden).unwrap_or_else(|_| golden.to_owned());
    let line = format!("{}\n", golden.display());
    // In one write, as others append to it at the same time.
    let append = || OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes());
    append().map_err(|error| SnapshotError::new("list", &golden, format!("{FILE} is `{}`: {error}", file.display())))
}
