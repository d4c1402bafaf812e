//! What a power loss takes away, by name. It must not know of which run.

use std::fmt;

use crate::sweep::point::Called;

/// What is lost of what a call did, when the power fails after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// The program has done nothing yet.
    Before,
    /// Nothing is lost.
    Nothing,
    /// All that it did, and what cannot be there without it.
    Lost,
    /// Bytes that it wrote: the file is as long as if they were there.
    Zeros,
    /// All bytes of the file that nobody waited for.
    File,
    /// All but the first so many bytes.
    Head(u64),
    /// The first so many bytes.
    Tail(u64),
    /// All that it did, and all that this other call did.
    With(Called, u64),
    /// All that was not waited for but this.
    Others,
    /// All that was not waited for.
    Unsynced,
}

/// What is lost, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Loss {
    /// What.
    pub what: What,
    /// The last call that is over when the power fails; `None` where it is the one that the loss is named by.
    pub after: Option<(Called, u64)>,
}

/// `lost@rename#1`; of a loss that is named by the last call, no place.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Before => f.write_str("before"),
            What::Nothing => f.write_str("kept"),
            What::Lost => f.write_str("lost"),
            What::Zeros => f.write_str("zeros"),
            What::File => f.write_str("file-lost"),
            What::Head(bytes) => write!(f, "head-{bytes}"),
            What::Tail(bytes) => write!(f, "tail-{bytes}"),
            What::With(called, nth) => write!(f, "lost+{called}#{nth}"),
            What::Others => f.write_str("alone"),
            What::Unsynced => f.write_str("synced"),
        }?;
        self.after.map_or(Ok(()), |(called, nth)| write!(f, "@{called}#{nth}"))
    }
}

impl What {
    /// Whether it is a part of what one call did that is lost.
    pub fn is_of_one(self) -> bool {
        match self {
            What::Lost | What::Zeros | What::File | What::Head(_) | What::Tail(_) => true,
            What::Before | What::Nothing | What::With(..) | What::Others | What::Unsynced => false,
        }
    }

    /// How much it says: of states that are alike the first is taken.
    pub(super) fn rank(self) -> u8 {
        match self {
            What::Before => 0,
            What::Nothing => 1,
            What::Lost => 2,
            What::Zeros => 3,
            What::File => 4,
            What::Head(_) => 5,
            What::Tail(_) => 6,
            What::With(..) => 7,
            What::Others => 8,
            What::Unsynced => 9,
        }
    }
}
