//! The programs that a run executes and the libraries that it opens, as far as they have a map from counters to lines.
//! It must not know what counters say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::abi::CallSet;
use crate::image::Elf;
use crate::transcript::{CallResult, Event, EventKind, Part, Sink, Value};

/// Where clang and rustc leave the map (LLVM Code Coverage Mapping Format).
const MAP: &str = "__llvm_covmap";

/// The calls by which programs and libraries come into memory.
pub(super) fn calls() -> CallSet {
    const { CallSet::named(&["execve", "execveat", "open", "openat", "openat2"]) }
}

/// Whoever looks on at a run: the files that could be one.
#[derive(Debug, Default)]
pub(super) struct Images {
    paths: BTreeSet<PathBuf>,
}

impl Images {
    /// Those that are built to count, the program before all others.
    pub(super) fn counting(mut self, program: &Path) -> Vec<PathBuf> {
        self.paths.remove(program);
        let all = std::iter::once(program.to_owned()).chain(self.paths);
        all.filter(|path| has_map(path)).collect()
    }
}

impl Sink for Images {
    fn event(&mut self, event: &Event) {
        let EventKind::Call(call) = &event.kind else { return };
        if call.part == Part::Started || matches!(call.result, Some(CallResult::Error(_))) {
            return;
        }
        let paths = call.args.iter().filter_map(|arg| match &arg.value {
            Value::Path(path) => Some(PathBuf::from(&path.host)),
            _ => None,
        });
        self.paths.extend(paths);
    }
}

fn has_map(path: &Path) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|data| data.is_file());
    let elf = is_file.then(|| fs::read(path).ok()).flatten().filter(|bytes| bytes.starts_with(b"\x7fELF"));
    elf.and_then(Elf::parse).is_some_and(|elf| elf.section(MAP).is_some())
}
