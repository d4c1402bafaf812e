//! Specs in `#[test]`: the product as a library. It decides nothing that the command line does not decide.
//!
//! A spec that lies in a file, in a test of its own:
//!
//! ```no_run
//! #[test]
//! fn survives_a_failing_fsync() -> rinject::Result<()> {
//!     rinject::Spec::load("specs/wal-fsync.toml")?.bin("kv", env!("CARGO_BIN_EXE_kv")).run()?.assert()
//! }
//! # fn main() {}
//! # #[allow(unused)] macro_rules! env { ($name:expr) => { "kv" } }
//! ```
//!
//! All specs of a folder, one test each: `tests/specs.rs`, with `harness = false` in its `[[test]]`:
//!
//! ```no_run
//! rinject::harness!("specs/**/*.toml");
//! ```
//!
//! And without a file, a [`Target`] with [`Rule`]s, of which a spec is made:
//!
//! ```
//! use rinject::{Target, on};
//!
//! # fn main() -> rinject::Result<()> {
//! let target = Target::new("cat").args(["a", "b"]).file("a", "first\n").file("b", "second\n");
//! let outcome = target.inject(on("read(fd ~ 'a')").named("bad-sector").error("EIO")).exit(1).run();
//! # let outcome = match outcome { Err(error) if error.is_unable() => return Ok(()), other => other };
//! let outcome = outcome?;
//! outcome.assert()?;
//! assert_eq!(outcome.fired("bad-sector"), 1);
//! assert_eq!(outcome.stdout(), b"second\n");
//! # Ok(())
//! # }
//! ```
//!
//! Runs do not meet: they can be made on several threads at a time, and leave a test's own child processes alone.

mod error;
mod harness;
mod outcome;
mod rule;
mod spec;
mod target;

pub use error::{Error, Result};
pub use harness::harness;
pub use outcome::{Outcome, Transcript};
pub use rule::{Rule, at, on};
pub use spec::{Handle, Spec};
pub use target::Target;
