//! Counters of clang and rustc: `.profraw` files, which llvm-profdata joins and llvm-cov holds against the map in the program.
//! It must not know which runs have left them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Trouble;
use super::tools;
use crate::image::demangled;
use crate::sweep::coverage::{Coverage, lcov};

/// What llvm-profdata joins into.
const JOINED: &str = "joined.profdata";

const INSTALL: &str = "install the LLVM tools of the compiler's version (Debian, Ubuntu: llvm, or llvm-N; Fedora: llvm; Rust: \
                       rustup component add llvm-tools)";

/// The tools of LLVM that there are: of several versions the one that has read counters before is asked first.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// Each llvm-profdata, once it was looked for.
    all: OnceLock<Vec<PathBuf>>,
    /// Which of them has read what there was so far.
    able: AtomicUsize,
}

impl Tools {
    /// Reads counters that lie in `folder`.
    pub(super) fn read(&self, folder: &Path, files: &[PathBuf], images: &[PathBuf]) -> Result<Coverage, Trouble> {
        let Some((program, libraries)) = images.split_first() else {
            let what = "the program writes counters of clang's or rustc's, and has no map from them to lines";
            return Err(Trouble::new(what, "with clang, build with `-fcoverage-mapping`, too"));
        };
        let mut export: Vec<OsString> =
            ["export", "--format=lcov", "--instr-profile", JOINED].map(OsString::from).into();
        export.push(program.into());
        for library in libraries {
            export.extend([OsString::from("--object"), library.into()]);
        }
        let all = self.all.get_or_init(all);
        let able = self.able.load(Ordering::Relaxed);
        // Each version reads what its own compiler writes; some join what they cannot hold against the map.
        let mut said = Vec::new();
        for at in (able..all.len()).chain(0..able) {
            let tool = &all[at];
            let why = match printed(tool, folder, files, &export)? {
                Ok(text) => match lcov(&text, name) {
                    Ok(coverage) => {
                        self.able.store(at, Ordering::Relaxed);
                        return Ok(coverage);
                    }
                    Err(why) => why,
                },
                Err(why) => why,
            };
            said.push(format!("`{}` cannot read the counters: {}", tool.display(), why.trim_end()));
        }
        let what = if said.is_empty() {
            "there is no llvm-profdata in PATH to read the counters".to_owned()
        } else {
            said.join("; ")
        };
        Err(Trouble::new(what, INSTALL))
    }
}

/// What the llvm-cov beside `tool`, an llvm-profdata, prints of the files when `tool` has joined them; or what one of both says
/// against it.
fn printed(
    tool: &Path,
    folder: &Path,
    files: &[PathBuf],
    export: &[OsString],
) -> Result<Result<String, String>, Trouble> {
    let cov = PathBuf::from(tool.to_string_lossy().replace("llvm-profdata", "llvm-cov"));
    if !cov.exists() {
        return Ok(Err(format!("`{}` is not there", cov.display())));
    }
    let options = ["merge", "--sparse", "-o", JOINED].map(Path::new);
    let joined = tools::run(tool, folder, options.into_iter().chain(files.iter().map(PathBuf::as_path)))?;
    if !joined.is_success {
        return Ok(Err(joined.stderr));
    }
    let printed = tools::run(&cov, folder, export)?;
    if !printed.is_success {
        return Ok(Err(format!("llvm-cov says: {}", printed.stderr)));
    }
    Ok(Ok(String::from_utf8_lossy(&printed.stdout).into_owned()))
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
