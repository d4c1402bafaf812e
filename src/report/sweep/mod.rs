//! What sweeps came to, as every report of them tells it: in a terminal, as JSON, JUnit, SARIF and a
//! page, and of several machines as one.
//! It must not know the machine that a program was swept on: all of it can be read back from lines of JSON.

mod columns;
mod coverage;
mod join;
mod json;
mod junit;
mod page;
mod read_back;
mod recoveries;
mod sarif;
mod states;
mod swept;
mod text;
mod words;

pub use join::{Joined, Problem, join};
pub use json::{VERSION, json};
pub use junit::junit;
pub use page::page;
pub use read_back::{is_report, read};
pub use sarif::sarif;
pub use swept::{Head, LostRun, Marks, Run, StateOf, SweepReport, Swept};
pub use text::{Detail, text};
