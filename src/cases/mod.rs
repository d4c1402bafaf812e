//! Which cases there are: files, folders, globs, their ids, and the filters that select among them.
//! It parses specs for their tags; it resolves nothing and runs nothing.

mod extends;
mod filter;
mod find;
mod shard;

pub use filter::{Filter, FilterError, Last};
pub use find::{Case, FindError, SpecFile, cell_word, find, load, read_stdin, without_parts};
pub use shard::Shard;
