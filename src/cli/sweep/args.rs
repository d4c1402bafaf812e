//! The words of `rinject sweep`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::cases::Shard;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Sweep {
    /// Specs: files, folders (with all below), globs, or `-` for standard input [default: specs, or CMD]
    #[arg(value_name = "SPECS", conflicts_with = "command")]
    pub(super) specs: Vec<String>,
    /// What `${bin.NAME}` means
    #[arg(long, value_name = "NAME=PATH", env = "RINJECT_BIN", value_delimiter = ',')]
    pub(super) bin: Vec<String>,
    /// Runs in parallel [default: the number of processors]
    #[arg(short, long, value_name = "N", env = "RINJECT_JOBS")]
    pub(super) jobs: Option<usize>,
    /// Give whatever has a time limit N times as long: for a machine that is slow or busy
    #[arg(long, value_name = "N", default_value_t = 1, env = "RINJECT_TIMEOUT_MULTIPLIER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) timeout_multiplier: u32,
    /// Only these calls: `on` of `[sweep]`
    #[arg(long, value_name = "CALLS")]
    pub(super) on: Option<String>,
    /// What is done to them: errors, short, eintr, kill, signals, alloc, budgets, states
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(super) faults: Vec<String>,
    /// Only these errors, where a call can give them
    #[arg(long, value_name = "ERRNOS", value_delimiter = ',')]
    pub(super) error: Vec<String>,
    /// once: this call fails; from: and every later one of its kind
    #[arg(long, value_name = "MODES", value_delimiter = ',')]
    pub(super) mode: Vec<String>,
    /// Faults in the checks, too, on what kills and losses of power leave: `recovery` of `[sweep]`
    #[arg(long)]
    pub(super) recovery: bool,
    /// callsite: one point for each stack of callers; each: one for each call
    #[arg(long, value_name = "WHICH")]
    pub(super) points: Option<String>,
    /// So many runs without a fault have to agree first
    #[arg(long, value_name = "N")]
    pub(super) baseline: Option<i64>,
    /// So many runs with a fault at most: a sample of them
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<i64>,
    /// What the sample is drawn by
    #[arg(long, value_name = "N", env = "RINJECT_SEED")]
    pub(super) seed: Option<i64>,
    /// What `states` take for granted of the file system: posix, ext4, xfs, btrfs
    #[arg(long, value_name = "NAME")]
    pub(super) file_system: Option<String>,
    /// Tell which lines of the program's source no run has reached, and which only runs with a fault: for a program built with
    /// `gcc --coverage`, `clang -fprofile-instr-generate -fcoverage-mapping` or `rustc -C instrument-coverage`
    #[arg(long, env = "RINJECT_COVERAGE")]
    pub(super) coverage: bool,
    /// Only these runs, by the names that the findings have, such as write#3:ENOSPC; each is shown, whatever it comes to
    #[arg(long, value_name = "RUN", value_delimiter = ',')]
    pub(super) cell: Vec<String>,
    /// Tell each finding in one line, and no more
    #[arg(long, env = "RINJECT_LIST")]
    pub(super) list: bool,
    /// Only one share of the runs, such as 2/8, for machines that divide them
    #[arg(long, value_name = "K/N", env = "RINJECT_SHARD")]
    pub(super) shard: Option<Shard>,
    /// Do not run again what was run before a sweep was interrupted
    #[arg(long)]
    pub(super) resume: bool,
    /// Where results are kept meanwhile [default: the user's cache]
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    /// Write a report: `html=`, `json=`, `junit=` or `sarif=FILE`
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',')]
    pub(super) report: Vec<String>,
    /// Write a spec for each finding into this folder: it fails until the program is mended
    #[arg(long, value_name = "FOLDER")]
    pub(super) save_findings: Option<PathBuf>,
    /// Fail only for findings that this JSON report of an earlier sweep does not have
    #[arg(long, value_name = "FILE")]
    pub(super) baseline_findings: Option<PathBuf>,
    /// A program and its arguments, instead of specs
    #[arg(value_name = "CMD", last = true)]
    pub(super) command: Vec<OsString>,
}

impl Sweep {
    /// What is asked for instead of what specs say, as keys of `[sweep]`.
    pub(super) fn instead(&self) -> toml::Table {
        let mut table = toml::Table::new();
        let mut put = |key: &str, value: Option<toml::Value>| {
            if let Some(value) = value {
                table.insert(key.to_owned(), value);
            }
        };
        let list = |words: &[String]| (!words.is_empty()).then(|| toml::Value::from(words.to_vec()));
        put("on", self.on.clone().map(toml::Value::from));
        put("faults", list(&self.faults));
        put("error", list(&self.error));
        put("mode", list(&self.mode));
        put("recovery", self.recovery.then_some(toml::Value::Boolean(true)));
        put("points", self.points.clone().map(toml::Value::from));
        put("baseline", self.baseline.map(toml::Value::from));
        put("limit", self.limit.map(toml::Value::from));
        put("seed", self.seed.map(toml::Value::from));
        put("coverage", self.coverage.then_some(toml::Value::from(true)));
        put("file-system", self.file_system.clone().map(toml::Value::from));
        table
    }
}
