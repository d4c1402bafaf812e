//! What operations come down to: changes that a disk has or has not, each of them whole.
//! It must not know which of them a file system orders.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::op::{Attribute, Change, Name, Node, Recording};

/// What the page cache holds, and file systems write, at a time: bytes.
pub const PAGE: u64 = 4096;

/// A name that comes to mean another file, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    pub folder: Node,
    pub name: Name,
    pub from: Option<Node>,
    pub to: Option<Node>,
}

/// What is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Names, all of them or none.
    Names(Vec<Renaming>),
    /// Bytes of one page.
    Data {
        node: Node,
        /// Which of the operation's changes has the bytes.
        change: usize,
        /// Where they are in the file.
        part: Range<u64>,
        /// Whether they reach behind the end that the file had.
        grows: bool,
    },
    /// How long a file is, since something was written behind its end.
    Grown {
        node: Node,
        to: u64,
        /// Whether the page that it now reaches into was empty.
        is_fresh: bool,
    },
    /// How long a file is, since it was told so.
    Cut { node: Node, to: u64 },
    /// Mode, owner, extended attributes: all that the operation sets of a file.
    Attributes {
        node: Node,
        /// Which of the operation's changes set them.
        changes: Vec<usize>,
        /// Whether mode or owner is among them, which stand in the inode.
        in_inode: bool,
    },
}

/// A change that a disk has or has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The operation that makes it.
    pub op: usize,
    /// What is changed.
    pub what: What,
}

impl Effect {
    /// The file whose content, length or attributes it changes.
    pub fn node(&self) -> Option<Node> {
        match self.what {
            What::Names(_) => None,
            What::Data { node, .. }
            | What::Grown { node, .. }
            | What::Cut { node, .. }
            | What::Attributes { node, .. } => Some(node),
        }
    }

    /// Whether a journal has it, in the order in which it was made: not what comes with data that is written later.
    pub fn is_metadata(&self) -> bool {
        matches!(self.what, What::Names(_) | What::Cut { .. } | What::Attributes { .. })
    }

    /// Whether it concerns this file or folder: its names, too.
    pub fn touches(&self, node: Node) -> bool {
        match &self.what {
            What::Names(all) => {
                all.iter().any(|it| it.folder == node || it.from == Some(node) || it.to == Some(node))
            }
            _ => self.node() == Some(node),
        }
    }
}

/// All effects of a run, in the order of its operations.
pub fn effects(recording: &Recording) -> Arc<[Effect]> {
    let mut sizes: HashMap<Node, u64> = HashMap::new();
    let mut all = Vec::new();
    for (op, made) in recording.ops.iter().enumerate() {
        let whole = names(&made.changes).into_iter().chain(attributes(&made.changes));
        all.extend(whole.map(|what| Effect { op, what }));
        for (at, change) in made.changes.iter().enumerate() {
            let size = |node: &Node| recording.inodes.get(*node).map_or(0, |inode| inode.content.len() as u64);
            match change {
                Change::Entry { .. } | Change::Attribute { .. } => {}
                Change::Size { node, to } => {
                    sizes.insert(*node, *to);
                    all.push(Effect { op, what: What::Cut { node: *node, to: *to } });
                }
                Change::Data { node, at: start, bytes } => {
                    let end = start + bytes.len() as u64;
                    let old = *sizes.get(node).unwrap_or(&size(node));
                    for part in pages(*start..end) {
                        let (node, change, grows) = (*node, at, part.end > old);
                        let (to, page) = (part.end, part.start / PAGE * PAGE);
                        all.push(Effect { op, what: What::Data { node, change, part, grows } });
                        if grows {
                            all.push(Effect { op, what: What::Grown { node, to, is_fresh: page >= old } });
                        }
                    }
                    sizes.insert(*node, old.max(end));
                }
            }
        }
    }
    all.into()
}

/// The names that an operation changes: at once, but for the one that a file loses in another folder.
fn names(changes: &[Change]) -> Vec<What> {
    let renamed = |change: &Change| match change {
        Change::Entry { folder, name, from, to } => {
            Some(Renaming { folder: *folder, name: name.clone(), from: *from, to: *to })
        }
        _ => None,
    };
    let all: Vec<Renaming> = changes.iter().filter_map(renamed).collect();
    let Some(first) = all.first() else { return Vec::new() };
    let is_one_folder = all.iter().all(|it| it.folder == first.folder);
    let (gained, lost): (Vec<Renaming>, Vec<Renaming>) = all.iter().cloned().partition(|it| it.to.is_some());
    if is_one_folder || gained.is_empty() || lost.is_empty() {
        return vec![What::Names(all)];
    }
    vec![What::Names(gained), What::Names(lost)]
}

/// The attributes that an operation sets: of one file at once.
fn attributes(changes: &[Change]) -> Vec<What> {
    let mut all: Vec<What> = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let Change::Attribute { node: of, to } = change else { continue };
        let is_inode = matches!(to, Attribute::Mode(_) | Attribute::Owner(_));
        let known = all.iter_mut().find_map(|what| match what {
            What::Attributes { node, changes, in_inode } if node == of => Some((changes, in_inode)),
            _ => None,
        });
        match known {
            Some((changes, in_inode)) => {
                changes.push(at);
                *in_inode |= is_inode;
            }
            None => all.push(What::Attributes { node: *of, changes: vec![at], in_inode: is_inode }),
        }
    }
    all
}

/// The parts of a range that lie in one page each.
fn pages(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let start = at;
        at = range.end.min((start / PAGE + 1) * PAGE);
        (start < range.end).then_some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, name};
    use super::*;

    #[test]
    fn a_write_is_its_pages_and_how_far_the_file_reaches_then() {
        let mut made = Made::new();
        let node = made.file("log", &[b'x'; 5000]);
        made.op("write", vec![Change::Data { node, at: 4000, bytes: vec![b'y'; 5000] }]);
        let found: Vec<What> = effects(&made.recording).iter().map(|effect| effect.what.clone()).collect();
        let data = |part, grows| What::Data { node, change: 0, part, grows };
        assert_eq!(
            found,
            [
                data(4000..4096, false),
                data(4096..8192, true),
                What::Grown { node, to: 8192, is_fresh: false },
                data(8192..9000, true),
                What::Grown { node, to: 9000, is_fresh: true },
            ]
        );
    }

    #[test]
    fn names_in_one_folder_change_at_once_and_one_in_another_is_lost_by_itself() {
        let mut made = Made::new();
        let (folder, node) = (made.folder("d"), made.file("a", b""));
        let entry = |folder, text, from, to| Change::Entry { folder, name: name(text), from, to };
        made.op("rename", vec![entry(0, "a", Some(node), None), entry(0, "b", None, Some(node))]);
        made.op("rename", vec![entry(0, "b", Some(node), None), entry(folder, "c", None, Some(node))]);
        let counts: Vec<(usize, usize)> = effects(&made.recording)
            .iter()
            .filter_map(|effect| match &effect.what {
                What::Names(all) => Some((effect.op, all.len())),
                _ => None,
            })
            .collect();
        assert_eq!(counts, [(0, 2), (1, 1), (1, 1)]);
    }
}
