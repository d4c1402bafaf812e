//! What one run has done to the files in its folder, call by call, as it was seen.
//! It must not know what of that survives a power loss.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sweep::point::{Called, Point};

/// Which file, folder or link: its position among [`Recording::inodes`]. A name can come to mean another one.
pub type Node = usize;

/// The folder of the run.
pub const ROOT: Node = 0;

/// A name in a folder: bytes without `/`.
pub type Name = Arc<[u8]>;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Folder,
    /// A symbolic link, with what is in it.
    Link(Vec<u8>),
    /// A FIFO, socket or device, which no state has.
    Other,
}

/// What a file has beside its content, times aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Permission bits.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// Extended attributes (xattr(7)).
    pub extended: BTreeMap<Name, Vec<u8>>,
}

/// One attribute, as it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Permission bits.
    Mode(u32),
    /// User and group.
    Owner((u32, u32)),
    /// An extended attribute, by its name; `None` where it is removed.
    Extended(Name, Option<Vec<u8>>),
}

impl Attributes {
    /// Sets one.
    pub fn set(&mut self, attribute: &Attribute) {
        match attribute {
            Attribute::Mode(mode) => self.mode = *mode,
            Attribute::Owner(owner) => self.owner = *owner,
            Attribute::Extended(name, Some(value)) => drop(self.extended.insert(name.clone(), value.clone())),
            Attribute::Extended(name, None) => drop(self.extended.remove(name)),
        }
    }

    /// What has to be set for these to become others.
    pub fn until(&self, others: &Attributes) -> Vec<Attribute> {
        let mode = (self.mode != others.mode).then_some(Attribute::Mode(others.mode));
        let owner = (self.owner != others.owner).then_some(Attribute::Owner(others.owner));
        let gone = self.extended.keys().filter(|name| !others.extended.contains_key(*name));
        let gone = gone.map(|name| Attribute::Extended(name.clone(), None));
        let set = others.extended.iter().filter(|(name, value)| self.extended.get(*name) != Some(value));
        let set = set.map(|(name, value)| Attribute::Extended(name.clone(), Some(value.clone())));
        owner.into_iter().chain(mode).chain(gone).chain(set).collect()
    }
}

/// A file as it is when it is first there.
#[derive(Clone, Debug)]
pub struct Inode {
    /// What it is.
    pub kind: Kind,
    /// What it has beside its content.
    pub attributes: Attributes,
    /// What is in it: nothing in one that the run has made.
    pub content: Vec<u8>,
}

/// One change that a call makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A name comes to mean another file, or none.
    Entry {
        /// The folder it is in.
        folder: Node,
        /// The name.
        name: Name,
        /// What it meant.
        from: Option<Node>,
        /// What it means.
        to: Option<Node>,
    },
    /// Bytes are written, behind the end of the file or not.
    Data {
        /// The file.
        node: Node,
        /// Where in it.
        at: u64,
        /// What is there then.
        bytes: Vec<u8>,
    },
    /// The file is cut or made longer, without data.
    Size {
        /// The file.
        node: Node,
        /// How long it is then, in bytes.
        to: u64,
    },
    /// Mode, owner or an extended attribute.
    Attribute {
        /// The file.
        node: Node,
        /// What it is then.
        to: Attribute,
    },
}

/// What a call has waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// One file or folder.
    One {
        /// Which.
        node: Node,
        /// Only what it takes to read its data again: fdatasync(2), O_DSYNC, msync(2).
        data_only: bool,
    },
    /// All that there is: sync(2), syncfs(2).
    All,
}

/// A call that has changed files, or waited until they are on the disk. What it syncs has in it what it changes.
#[derive(Clone, Debug)]
pub struct Op {
    /// The call, where it is made.
    pub point: Point,
    /// What it changes, in this order.
    pub changes: Vec<Change>,
    /// What it waits for then.
    pub sync: Option<Sync>,
    /// The name that the file has whose content it changes, or that it syncs, below the folder of the run.
    pub file: Option<String>,
    /// How many bytes the program had printed to standard output before.
    pub printed: u64,
}

impl Op {
    /// Its name: `write#3`.
    pub fn name(&self) -> (Called, u64) {
        (self.point.called, self.point.nth)
    }

    /// The call as a transcript shows it, with the file where the call only names a descriptor.
    pub fn shown(&self) -> String {
        let shown = &self.point.shown;
        match &self.file {
            Some(file) if !shown.contains(&**file) => format!("{shown}, of `{file}`"),
            _ => shown.clone(),
        }
    }
}

/// What one run has done.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// All files: those that were there, the folder of the run first, then those that were made.
    pub inodes: Vec<Inode>,
    /// The names that were there.
    pub entries: BTreeMap<(Node, Name), Node>,
    /// What was done.
    pub ops: Vec<Op>,
    /// What the program has printed to standard output.
    pub stdout: Vec<u8>,
}

impl Recording {
    /// What was printed when the power is lost after so many operations and before the next one.
    pub fn printed(&self, done: usize) -> &[u8] {
        let most = self.stdout.len();
        let printed = self.ops.get(done).map_or(most, |op| usize::try_from(op.printed).unwrap_or(most));
        &self.stdout[..printed.min(most)]
    }
}
