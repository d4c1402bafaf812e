//! The loop between kernel and engine: waits, turns one kernel stop into an observation, carries out what the
//! engine answers. It decides nothing.

mod images;
mod inspect;
mod modules;
mod run;
mod task;
mod teardown;
mod unwind;
mod watchdog;

pub use run::{Outputs, TraceError, Traced, trace};
pub use task::{Running, Seen, Stopped};
pub use watchdog::Stopper;
