//! Results for people and for machines, on standard output and in files. It decides nothing.

mod artifacts;
mod github;
mod html;
mod human;
mod json;
mod junit;
mod read_back;
mod result;
mod sarif;
pub mod sweep;
mod tap;
mod trace;

pub use artifacts::Artifacts;
pub use github::{Github, Job};
pub use html::Html;
pub use human::Human;
pub use json::Json;
pub use junit::Junit;
pub use read_back::{Line, Share};
pub use result::{CaseResult, Excerpt, Status, Totals, failure_code, shell_word};
pub use sarif::Sarif;
pub use tap::Tap;
pub use trace::Trace;

use std::io;
use std::time::Duration;

/// Whoever is told of the cases: of each once, in their order, when it has ended.
pub trait Report {
    /// Tells one result.
    fn case(&mut self, result: &CaseResult) -> io::Result<()>;

    /// Tells the totals: there are no more cases. All of them together `took` so long.
    fn finish(&mut self, took: Duration) -> io::Result<()>;
}
