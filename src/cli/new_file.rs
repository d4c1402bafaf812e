//! Files that the command line writes for its user: none is written over unasked.

use std::fs;
use std::path::Path;

use super::exit_status::ExitStatus;
use super::terminal::complain;

/// Complains where there is such a file already, unless it may be written over.
pub(super) fn may_write(path: &Path, force: bool) -> Result<(), ExitStatus> {
    if force || fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    complain(
        format!("`{}` is there already", path.display()),
        Some("name another file, or write over it with --force"),
    );
    Err(ExitStatus::NotSetUp)
}

/// Writes a text.
pub(super) fn write(path: &Path, text: &str) -> Result<(), ExitStatus> {
    fs::write(path, text).map_err(|error| {
        complain(format!("cannot write `{}`: {error}", path.display()), None);
        ExitStatus::NotSetUp
    })
}
