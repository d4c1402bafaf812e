//! States that a power loss can leave: what one run has done to its files, what of that a file system may lose or reorder, and
//! which of the states that come of it are tried. It must not run anything or read files.

mod bits;
mod effect;
mod enumerate;
mod group;
mod loss;
mod model;
mod op;
mod pairs;
#[cfg(test)]
mod testing;
mod told;
mod tree;

pub use bits::Bits;
pub use effect::{Effect, PAGE, effects};
pub use enumerate::{Kept, State, States, TRIED, keep, states};
pub use group::{Shown, weaknesses};
pub use loss::{Loss, What};
pub use model::{Model, Torn};
pub use op::{Attribute, Attributes, Change, Inode, Kind, Name, Node, Op, ROOT, Recording, Sync};
pub use told::Told;
pub use tree::{Builder, Item, Placed};
