//! Names of flag bits and of values from a list (`O_APPEND`, `SEEK_SET`), as the manual pages have them.

pub use super::table::flag_sets;

/// A named set of flags or values.
#[derive(Debug, PartialEq, Eq)]
pub struct FlagSet {
    /// Its name in the table, such as `open`.
    pub name: &'static str,
    /// Bits that hold a value of their own rather than flags (`O_ACCMODE`); `u64::MAX` for a plain list of values.
    pub value_mask: u64,
    /// Names and values, in the order in which they are printed.
    pub names: &'static [(&'static str, u64)],
}

impl FlagSet {
    /// The value of one name in this set.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}
