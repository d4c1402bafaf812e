//! Was it what the spec expects? Takes events as they come and evidence at the end; pure.
//! It must not read files or the clock: whatever it judges is handed in.

mod evidence;
mod judge;
#[cfg(test)]
mod judge_tests;
mod met;
mod miss;
mod outcome;
mod sequence;
mod vacuity;

pub use evidence::{CheckResult, Evidence, failed_check};
pub use judge::{ByEvents, Judge};
pub use met::{Expectation, Match, Met, Role};
pub use outcome::{Failure, FailureKind, Outcome, Verdict};
