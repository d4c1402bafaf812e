//! Where a program that counts which of its lines are reached writes its counters: the variables that its runtime looks at.
//! It must not know what is in them.

use std::ffi::OsString;
use std::path::Path;

use super::Options;
use crate::plan::{Plan, Spared};
use crate::sandbox::{Sandbox, SetupError};

/// The name of the folder in what the program prints.
const NAME: &str = "${counters}";

/// Of clang's runtime: a file for each process, and each program or library in it.
const FILES: &str = "%p-%m.profraw";

/// Leads the counters of the program, and of setup and check commands, into a folder of the run's own, if that is asked for.
///
/// gcc's runtime puts `GCOV_PREFIX` before the whole path of each file (gcc manual, "Data File Relocation to Support
/// Cross-Profiling"); clang's takes the file from `LLVM_PROFILE_FILE` (clang manual, "Source-based Code Coverage").
pub(super) fn lead(plan: &mut Plan, options: &Options) -> Result<Option<Sandbox>, SetupError> {
    if !options.counting {
        return Ok(None);
    }
    let counters = Sandbox::new()?;
    lead_into(plan, counters.path());
    Ok(Some(counters))
}

/// The same, into this folder.
pub(super) fn lead_into(plan: &mut Plan, folder: &Path) {
    let env = &mut plan.target.env;
    env.retain(|(name, _)| {
        !["GCOV_PREFIX", "GCOV_PREFIX_STRIP", "LLVM_PROFILE_FILE"].iter().any(|ours| name == ours)
    });
    env.push(("GCOV_PREFIX".into(), folder.into()));
    let mut files = OsString::from(folder);
    files.push("/");
    files.push(FILES);
    env.push(("LLVM_PROFILE_FILE".into(), files));
    let folder = folder.to_string_lossy().into_owned();
    plan.names.insert(0, (folder.clone(), NAME.to_owned()));
    plan.spared = Some(Spared::counters(folder));
}
