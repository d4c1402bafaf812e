//! What a sweep is made of: points at which a program can be hurt, what is done there, and what came of it.
//! Pure: it must not run anything, read files or look at the clock; what runs came to is handed in.

mod amount;
mod cell;
mod choice;
mod counted;
pub mod coverage;
mod effect;
mod evidence;
mod facts;
mod fault;
mod finding;
mod frame;
mod left;
mod name;
mod needs;
mod point;
mod printed;
mod recovery;
pub mod states;
mod steady;
mod survey;
mod there;
mod verdict;
mod watch;
mod written;

pub use amount::Amount;
pub use cell::{Cell, cells, sample};
pub use evidence::{Evidence, how_ended, is_processes};
pub use facts::{Checked, Difference, Facts, Stuck};
pub use fault::Fault;
pub use finding::{Finding, Seen, distinct};
pub use frame::is_package;
pub use left::{Left, Part, Shape};
pub use needs::PLENTY;
pub use point::{Called, Circumstances, Makes, Point, Stream};
pub use recovery::{After, Undisturbed, judge_recovery, recovery_cells};
pub use steady::{Golden, settle};
pub use survey::{ALLOCATORS, Survey, fallible};
pub use verdict::{Outcome, Verdict, judge};
pub use watch::Watch;
