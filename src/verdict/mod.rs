//! Was it what the spec expects? Takes events as they come and evidence at the end; pure.
//! It must not read files or the clock: whatever it judges is handed in.

mod evidence;
mod judge;
mod outcome;
mod sequence;
mod vacuity;

pub use evidence::{CheckResult, Evidence};
pub use judge::Judge;
pub use outcome::{Failure, FailureKind, Outcome, Verdict};
