//! `[sweep]`: which calls are made to fail, how, and what the runs are held against.
//! It must not know how a sweep is carried out.

use crate::abi::{CallSet, Errno};

/// What a sweep does.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The calls that are made to fail; `None` for all that can.
    pub on: Option<CallSet>,
    /// What is done to them, each once, in the order of the spec.
    pub faults: Vec<FaultKind>,
    /// The errors, where a call can give them; none for the likely ones of each call.
    pub errors: Vec<Errno>,
    /// For how many calls a fault lasts, each once.
    pub modes: Vec<Mode>,
    /// Whether calls from the same stack are points of their own.
    pub each: bool,
    /// How many runs without a fault must agree; 2 at least.
    pub baseline: u32,
    /// What a run is held against.
    pub compare: Compare,
    /// How many runs with a fault there are at most.
    pub limit: Option<u64>,
    /// What a sample is drawn by.
    pub seed: u64,
    /// Whether faults are made in the recovery, too: in the checks that are run on what a kill or a loss of power has left.
    pub recovery: bool,
    /// What is taken for granted of the file system when the power fails.
    pub file_system: FileSystem,
    /// Whether it is told which lines of the program's source runs have reached.
    pub coverage: bool,
}

/// A file system, as far as it matters what a loss of power leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileSystem {
    /// Any: only what is synced is there.
    Posix,
    /// ext4 as it is mounted by default.
    Ext4,
    /// XFS.
    Xfs,
    /// btrfs.
    Btrfs,
}

impl FileSystem {
    /// All of them, the one that promises least first.
    pub const ALL: [FileSystem; 4] = [FileSystem::Posix, FileSystem::Ext4, FileSystem::Xfs, FileSystem::Btrfs];

    /// Its name in specs and reports.
    pub fn name(self) -> &'static str {
        match self {
            FileSystem::Posix => "posix",
            FileSystem::Ext4 => "ext4",
            FileSystem::Xfs => "xfs",
            FileSystem::Btrfs => "btrfs",
        }
    }
}

/// A kind of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call fails.
    Errors,
    /// It transfers less than was asked for.
    Short,
    /// A signal interrupts it.
    Eintr,
    /// The process is killed before its effect, after it, or in the middle of it.
    Kill,
    /// A signal comes that asks the process to end.
    Signals,
    /// A function that allocates memory has none.
    Alloc,
    /// A resource is used up.
    Budgets,
    /// The power fails.
    States,
}

/// For how many calls a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One.
    Once,
    /// It and every later one of its kind.
    From,
}

/// What of a run is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compare {
    /// How the first process ends.
    pub exit: bool,
    /// Standard output.
    pub stdout: bool,
    /// The files in the case's folder: names, modes, contents.
    pub files: bool,
}

impl Default for Sweep {
    fn default() -> Sweep {
        Sweep {
            on: None,
            faults: vec![FaultKind::Errors],
            errors: Vec::new(),
            modes: vec![Mode::Once],
            each: false,
            baseline: 3,
            compare: Compare { exit: true, stdout: true, files: true },
            limit: None,
            seed: 0,
            recovery: false,
            file_system: FileSystem::Posix,
            coverage: false,
        }
    }
}
