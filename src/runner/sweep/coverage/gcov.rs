//! Counters of gcc: `.gcda` files, which gcov reads beside the notes (`.gcno`) that the compiler left where it built the program.
//! It must not know which runs have left them.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Trouble;
use super::tools::{self, Printed};
use crate::sweep::coverage::{self, Coverage};

/// The version of gcc that counts.
pub(super) fn version_of(file: &Path, bytes: &[u8]) -> Result<u32, Trouble> {
    coverage::version(bytes).ok_or_else(|| {
        let what = format!("the counters in `{}` are not gcc's own", name(file));
        Trouble::new(
            what,
            "with clang, build with `-fprofile-instr-generate -fcoverage-mapping` instead of `--coverage`",
        )
    })
}

/// Reads counters that lie in `folder` by the paths that their notes have. Files by their paths.
pub(super) fn read(folder: &Path, files: &[&Path], version: u32) -> Result<Vec<(PathBuf, Coverage)>, Trouble> {
    for file in files {
        let Ok(below) = file.strip_prefix(folder) else { continue };
        let notes = Path::new("/").join(below).with_extension("gcno");
        if !notes.exists() {
            let what = format!("`{}` is not there, which gcc has written as it built the program", notes.display());
            return Err(Trouble::new(what, "keep it where it was, or build the program again, here"));
        }
        // gcov looks for both in one folder.
        let beside = file.with_extension("gcno");
        if let Err(error) = symlink(&notes, &beside)
            && !beside.exists()
        {
            return Err(Trouble::of_file(&beside, &error));
        }
    }
    let tool = tool(version)?;
    let options = ["--json-format", "--stdout"].map(Path::new);
    let Printed { is_success, stdout, stderr } = tools::run(&tool, folder, options.iter().chain(files))?;
    let wrong = |why: &str| {
        let what = format!("`{}` cannot read the counters of gcc {version}: {}", tool.display(), why.trim_end());
        Trouble::new(
            what,
            "use gcc 9 or later and its own gcov, and build the program anew if its files are not of one build",
        )
    };
    if !is_success {
        return Err(wrong(&stderr));
    }
    // Notes of another build are told, and are no failure to gcov: what it prints then is not what was run.
    if stderr.contains("stamp mismatch") || stderr.contains("version") {
        return Err(wrong(&stderr));
    }
    let read = coverage::gcov(&String::from_utf8_lossy(&stdout)).map_err(|why| wrong(&why))?;
    Ok(read.into_iter().map(|(file, coverage)| (folder.join(file), coverage)).collect())
}

/// The gcov of this version of gcc.
fn tool(version: u32) -> Result<PathBuf, Trouble> {
    if let Some(tool) = tools::in_path(&format!("gcov-{version}")) {
        return Ok(tool);
    }
    let missing = |what: String| {
        let help = format!(
            "install the package of that compiler (Debian, Ubuntu: gcc-{version}; Fedora: gcc): it brings gcov"
        );
        Trouble::new(what, help)
    };
    let tool = tools::in_path("gcov")
        .ok_or_else(|| missing(format!("there is no gcov in PATH to read the counters of gcc {version}")))?;
    let printed = tools::run(&tool, Path::new("/"), ["--version"])?;
    let first = String::from_utf8_lossy(&printed.stdout).lines().next().unwrap_or_default().to_owned();
    // gcov (Debian 12.2.0-14) 12.2.0
    let its = first.rsplit(' ').find_map(|word| word.split_once('.')?.0.parse::<u32>().ok());
    if its == Some(version) {
        return Ok(tool);
    }
    Err(missing(format!("`{}` is none of gcc {version}, which has built the program: `{first}`", tool.display())))
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
