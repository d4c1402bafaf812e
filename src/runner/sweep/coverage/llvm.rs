//! Counters of clang and rustc: `.profraw` files, which llvm-profdata joins and llvm-cov holds against the map in the program.
//! It must not know which runs have left them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Trouble;
use super::tools;
use crate::image::demangled;
use crate::sweep::coverage::{Coverage, lcov};

/// What llvm-profdata joins into.
const JOINED: &str = "joined.profdata";

const INSTALL: &str = "install the LLVM tools of the compiler's version (Debian, Ubuntu: llvm, or llvm-N; Fedora: llvm; Rust: \
                       rustup component add llvm-tools)";

/// Reads counters that lie in `folder`.
pub(super) fn read(folder: &Path, files: &[PathBuf], images: &[PathBuf]) -> Result<Coverage, Trouble> {
    let Some((program, libraries)) = images.split_first() else {
        let what = "the program writes counters of clang's or rustc's, and has no map from them to lines";
        return Err(Trouble::new(what, "with clang, build with `-fcoverage-mapping`, too"));
    };
    let cov = joined(folder, files)?;
    let mut args: Vec<OsString> = ["export", "--format=lcov", "--instr-profile", JOINED].map(OsString::from).into();
    args.push(program.into());
    for library in libraries {
        args.extend([OsString::from("--object"), library.into()]);
    }
    let printed = tools::run(&cov, folder, args)?;
    let wrong = |why: &str| {
        Trouble::new(format!("`{}` cannot read the counters: {}", cov.display(), why.trim_end()), INSTALL)
    };
    if !printed.is_success {
        return Err(wrong(&printed.stderr));
    }
    lcov(&String::from_utf8_lossy(&printed.stdout), name).map_err(|why| wrong(&why))
}

/// Joins the files, with the first tool that can read them: each version reads what its own compiler writes. Its llvm-cov.
fn joined(folder: &Path, files: &[PathBuf]) -> Result<PathBuf, Trouble> {
    let mut said = None;
    for tool in all() {
        let options = ["merge", "--sparse", "-o", JOINED].map(Path::new);
        let printed = tools::run(&tool, folder, options.into_iter().chain(files.iter().map(PathBuf::as_path)))?;
        let cov = tool.to_string_lossy().replace("llvm-profdata", "llvm-cov");
        if printed.is_success && Path::new(&cov).exists() {
            return Ok(PathBuf::from(cov));
        }
        let why = if printed.is_success { format!("`{cov}` is not there") } else { printed.stderr };
        said.get_or_insert(format!("`{}` cannot read the counters: {}", tool.display(), why.trim_end()));
    }
    let what = said.unwrap_or_else(|| "there is no llvm-profdata in PATH to read the counters".to_owned());
    Err(Trouble::new(what, INSTALL))
}

/// The tools that could do it: those in PATH, then those that rustup has beside its compiler.
fn all() -> Vec<PathBuf> {
    let mut all = tools::versions_in_path("llvm-profdata");
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output().ok();
    let folder =
        output.filter(|output| output.status.success()).and_then(|output| String::from_utf8(output.stdout).ok());
    let beside = folder.map(|folder| Path::new(folder.trim_end()).with_file_name("bin").join("llvm-profdata"));
    all.extend(beside.filter(|tool| tool.exists()));
    all
}

/// A function as its author wrote it. Those that only one file knows have its name before theirs (`a.c:put`, since LLVM 17
/// `a.c;put`).
fn name(linked: &str) -> String {
    let own = linked.rsplit_once([':', ';']).map_or(linked, |(_, name)| name);
    demangled(own)
}
