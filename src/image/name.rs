//! The name of a symbol: a piece of a table of names that all symbols of the table share.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A name, as cheap to copy as a number.
#[derive(Clone)]
pub struct Name {
    table: Arc<str>,
    at: Range<u32>,
}

impl Name {
    /// What stands there in a table; `None` where that is no text.
    pub(super) fn of(table: &Arc<str>, at: Range<u32>) -> Option<Name> {
        table.get(at.start as usize..at.end as usize)?;
        Some(Name { table: table.clone(), at })
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Name {
        Name { table: Arc::from(name), at: 0..name.len() as u32 }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.table[self.at.start as usize..self.at.end as usize]
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        **self == **other
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
