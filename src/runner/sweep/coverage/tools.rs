//! Tools of compilers: found in PATH, run, and what they print.
//! It must not know what for.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Trouble;

/// The program of this name that the first folder of PATH has which has one.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

/// All programs in PATH that have this name, or this name with a version behind it (`NAME-14`), the one without first, then from
/// the highest version to the lowest.
pub(super) fn versions_in_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let entries = std::env::split_paths(&path).filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut all: Vec<(u32, PathBuf)> = Vec::new();
    for file in entries.map(|entry| entry.path()) {
        let Some(rest) = file.file_name().and_then(OsStr::to_str).and_then(|file| file.strip_prefix(name)) else {
            continue;
        };
        let version =
            if rest.is_empty() { Some(u32::MAX) } else { rest.strip_prefix('-').and_then(|it| it.parse().ok()) };
        if let Some(version) = version.filter(|_| is_executable(&file)) {
            all.push((version, file));
        }
    }
    // Of one name the first in PATH stays first.
    all.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    all.into_iter().map(|(_, file)| file).collect()
}

/// What a tool prints, and what it says beside that.
pub(super) struct Printed {
    pub(super) is_success: bool,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

/// Runs a tool in `folder`, with English messages.
pub(super) fn run(
    tool: &Path,
    folder: &Path,
    args: impl IntoIterator<Item: AsRef<OsStr>>,
) -> Result<Printed, Trouble> {
    let output = Command::new(tool).args(args).current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null()).output();
    let failed = |error: io::Error| {
        Trouble::new(format!("cannot run `{}`: {error}", tool.display()), "see that it can be executed")
    };
    let output = output.map_err(failed)?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Printed { is_success: output.status.success(), stdout: output.stdout, stderr })
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
