//! The faithful model: for each call what fails how, on which descriptor, with which side effect, and who says so.
//! Facts and small questions about them; it must not know who asks, nor how a fault is carried out.

mod build;
mod condition;
mod model;
mod table;

pub use condition::{Clause, Condition, Descriptor, Facts, Kind, Kinds};
pub use model::{Effect, Failure, Fit, Model, Restart};

use crate::abi::Sysno;

/// What failing faithfully means for `call`.
pub fn model(call: Sysno) -> &'static Model {
    &table::MODELS[call.index()]
}

#[cfg(test)]
mod tests;
