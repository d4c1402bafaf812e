//! A case's surroundings: its folder, files, standard streams, limits, the commands before and after.
//! It runs nothing under trace and judges nothing.

mod claim;
mod command;
mod described;
mod error;
mod folder;
mod ground;
mod launch;
mod looks;
mod placed;
mod streams;

pub use described::What;
pub use error::SetupError;
pub use folder::{LeftFile, Printed, Sandbox};
pub use ground::Grounds;
pub use launch::{Launch, terminal};
