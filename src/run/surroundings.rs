//! What a spec may refer to outside of itself: its folder, the environment, built binaries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Options;
use crate::abi::Arch;
use crate::cases::{Case, SpecFile};
use crate::plan::{self, Programs};

/// What lowering has to know besides the spec of a case that is run in the folder `tmp`.
pub(super) fn context(case: &Case, options: &Options, tmp: &str) -> plan::Context {
    plan::Context {
        // An architecture without a table is found out before anything runs; a spec can be checked all the same.
        arch: Arch::host().unwrap_or(Arch::X86_64),
        tmp: tmp.to_owned(),
        spec_dir: spec_folder(&case.file).to_string_lossy().into_owned(),
        here: std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned(),
        case: case.id.clone(),
        begun: begun(SystemTime::now()),
        env: environment(),
        inherited: std::env::vars_os().collect(),
        bins: programs(options),
        seed: options.seed,
        timeout_multiplier: options.timeout_multiplier,
        policy: options.policy.clone(),
        attach: options.attach,
        cell: case.cell.clone(),
        is_file: matches!(case.file, SpecFile::Path(_)),
    }
}

/// The folder of a spec, absolute; for standard input, the current one.
pub(super) fn spec_folder(file: &SpecFile) -> PathBuf {
    let relative = match file {
        SpecFile::Path(path) => path.parent().unwrap_or(Path::new("")),
        SpecFile::Stdin => Path::new(""),
    };
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let folder = here.join(relative);
    folder.canonicalize().unwrap_or(folder)
}

/// The environment, as far as it is text.
pub(super) fn environment() -> BTreeMap<String, String> {
    let text = |word: std::ffi::OsString| word.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// Nothing that is made for a run in a folder that was made then is older than this, since 1970. What file systems take for
/// the time is behind by a tick of the kernel.
pub(super) fn begun(made: SystemTime) -> Duration {
    const BEHIND: Duration = Duration::from_millis(100);
    let made = made.duration_since(SystemTime::UNIX_EPOCH);
    made.map_or(Duration::MAX, |made| made.saturating_sub(BEHIND))
}

/// What `${bin.NAME}` means: the words of the command line, then what cargo says to its tests and runs, what the project
/// says, and what is built.
fn programs(options: &Options) -> Programs {
    let (given, of_project) = (options.bins.clone(), options.bins_of_project.clone());
    Programs::found_by(move || {
        let mut all: BTreeMap<String, String> = built().collect();
        all.extend(of_project);
        let cargo = environment()
            .into_iter()
            .filter_map(|(name, path)| Some((name.strip_prefix("CARGO_BIN_EXE_")?.to_owned(), path)));
        all.extend(cargo);
        all.extend(given);
        all
    })
}

/// Executables in `target/debug` and `target/release` of the project around the current folder; the latter win. A member of
/// a workspace has no `target` of its own.
fn built() -> impl Iterator<Item = (String, String)> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut packages = here.ancestors().filter(|folder| folder.join("Cargo.toml").is_file());
    let project = packages.find(|folder| folder.join("target").is_dir()).map(Path::to_owned);
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.or_else(|| Some(project?.join("target")));
    let folders = ["debug", "release"].into_iter().filter_map(move |profile| Some(target.as_ref()?.join(profile)));
    folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten()).filter_map(|entry| {
        use std::os::unix::fs::PermissionsExt;
        let data = entry.metadata().ok()?;
        let name = entry.file_name().into_string().ok()?;
        let is_program = data.is_file() && data.permissions().mode() & 0o111 != 0 && !name.contains('.');
        is_program.then(|| (name, entry.path().to_string_lossy().into_owned()))
    })
}
