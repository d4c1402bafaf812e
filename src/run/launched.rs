//! A program that is started in its sandbox and traced to its end, for those who judge that and for those who compare.
//! It must not know what is made of it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Options, Refusal, Trouble, not_executed, not_set_up, refused};
use crate::abi::Arch;
use crate::cases::Case;
use crate::plan::{self, FilterMode, Plan};
use crate::sandbox::Launch;
use crate::sys::Terminal;
use crate::tracer::{self, Outputs};
use crate::transcript::{Abandoned, Record, Sink};

/// A program that has been traced to its end.
pub(super) struct Launched {
    /// What it came to.
    pub(super) record: Record,
    /// Standard output.
    pub(super) stdout: Vec<u8>,
    /// Standard error.
    pub(super) stderr: Vec<u8>,
    /// How long it ran.
    pub(super) took: Duration,
    /// Its file.
    pub(super) program: PathBuf,
}

/// The architecture that is traced.
pub(super) fn arch() -> Result<Arch, Trouble> {
    let arch = Arch::host().filter(|arch| *arch == Arch::X86_64);
    arch.ok_or(Trouble::Unable(Refusal::Architecture(std::env::consts::ARCH)))
}

/// Starts the program of `plan`, whose sandbox is prepared, and traces it to its end before `sink`. The spec of the case lies in
/// `folder`.
pub(super) fn launch(
    (case, folder): (&Case, &Path),
    plan: &Arc<Plan>,
    terminal: Option<Terminal>,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Launched, Trouble> {
    let arch = arch()?;
    let filter = match plan.trace.filter {
        FilterMode::Seccomp => plan::filter(&plan.trace.stops(), &plan.trace.constants, arch),
        FilterMode::Ptrace => Vec::new(),
    };
    let mut launch =
        Launch::new(plan, folder, filter, terminal.as_ref()).map_err(|error| not_set_up(case, &error))?;
    let program = PathBuf::from(OsStr::from_bytes(launch.child.program.to_bytes()));
    let outputs = Outputs {
        files: launch.watched(),
        drained: launch.drained(),
        keyboard: launch.keyboard(),
        stopper: options.stopper.clone(),
    };
    let begun = Instant::now();
    let traced =
        tracer::trace(plan, &launch.child, outputs, sink).map_err(|error| refused(case, Refusal::from(error)))?;
    let took = begun.elapsed();
    // Its own side of the terminal would keep that from ending.
    drop(terminal);
    let is_faulted = traced.record.rules.iter().any(|rule| rule.fired > 0);
    let is_stopped = traced.record.abandoned == Some(Abandoned::Stopped);
    if let Some(failure) = traced.failure.filter(|_| !is_faulted && !is_stopped) {
        return Err(not_executed(case, plan, failure));
    }
    let (stdout, stderr) = launch.outputs().map_err(|error| not_set_up(case, &error))?;
    Ok(Launched { record: traced.record, stdout, stderr, took, program })
}
