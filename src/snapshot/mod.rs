//! Golden files in insta's format: read, write, compare, pending, accept and reject.
//! It must not know how the text came to be.

mod diff;
mod file;
mod pending;
mod policy;
mod reference;
mod stray;

pub use diff::{DiffStyle, render_diff};
pub use file::{Golden, SnapshotError, golden_path, pending_path, read, write};
pub use pending::{Pending, accept, find_pending, reject};
pub use policy::{Compared, Update, compare};
pub use reference::refer;
pub use stray::strays;
