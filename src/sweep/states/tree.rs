//! The files that a state has: those of the beginning with the effects that are kept.
//! It must not know which effects may be kept.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::bits::Bits;
use super::effect::{Effect, What};
use super::model::Torn;
use super::op::{Attributes, Change, Kind, Name, Node, ROOT, Recording};

/// What there is of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A directory.
    Folder,
    /// A regular file: what is in it.
    File(Vec<u8>),
    /// Another name of a file: the first one, below the folder of the run.
    Again(Vec<u8>),
    /// A symbolic link.
    Link(Vec<u8>),
}

/// A file or folder of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its name below the folder of the run: bytes.
    pub path: Vec<u8>,
    /// What it is.
    pub item: Item,
    /// What it has beside its content.
    pub attributes: Attributes,
}

/// What tells contents and states from others.
pub(super) type Mark = [u8; 16];

/// Makes the files of states out of what was recorded.
#[derive(Debug)]
pub struct Builder<'r> {
    recording: &'r Recording,
    effects: &'r [Effect],
    /// Those that change a file's content or attributes.
    of_node: HashMap<Node, Vec<usize>>,
    /// Contents by what is kept of their effects.
    marks: HashMap<Content, Mark>,
}

/// A content: of which file, by which of its effects, and which of them is there in part.
type Content = (Node, Vec<usize>, Option<(usize, Range<u64>)>);

impl<'r> Builder<'r> {
    /// For the states of a run.
    pub fn new(recording: &'r Recording, effects: &'r [Effect]) -> Builder<'r> {
        let mut of_node: HashMap<Node, Vec<usize>> = HashMap::new();
        for (at, effect) in effects.iter().enumerate() {
            if let Some(node) = effect.node() {
                of_node.entry(node).or_default().push(at);
            }
        }
        Builder { recording, effects, of_node, marks: HashMap::new() }
    }

    /// All that is there, folders before what is in them.
    pub fn files(&self, kept: &Bits, torn: Option<&Torn>) -> Vec<Placed> {
        let mut first: HashMap<Node, Vec<u8>> = HashMap::new();
        let mut all = Vec::new();
        for (path, node) in self.paths(kept) {
            let inode = &self.recording.inodes[node];
            let item = match &inode.kind {
                Kind::Folder => Item::Folder,
                Kind::Link(target) => Item::Link(target.clone()),
                Kind::Other => continue,
                Kind::File => match first.get(&node) {
                    Some(name) => Item::Again(name.clone()),
                    None => Item::File(self.content(node, &self.kept_of(node, kept), torn)),
                },
            };
            first.entry(node).or_insert_with(|| path.clone());
            all.push(Placed { path, item, attributes: self.attributes(node, kept) });
        }
        all
    }

    /// What tells the state from others.
    pub(super) fn mark(&mut self, kept: &Bits, torn: Option<&Torn>) -> Mark {
        let mut hash = Sha256::new();
        let mut number: HashMap<Node, usize> = HashMap::new();
        for (path, node) in self.paths(kept) {
            let next = number.len();
            // Names of one file are told from names of two that are alike.
            let which = *number.entry(node).or_insert(next);
            hash.update((path.len() as u64).to_ne_bytes());
            hash.update(&path);
            hash.update((which as u64).to_ne_bytes());
            put_attributes(&mut hash, &self.attributes(node, kept));
            if self.recording.inodes[node].kind == Kind::File {
                hash.update(self.content_mark(node, kept, torn));
            }
        }
        shortened(hash)
    }

    fn content_mark(&mut self, node: Node, kept: &Bits, torn: Option<&Torn>) -> Mark {
        let own = self.kept_of(node, kept);
        let torn = torn.filter(|torn| own.contains(&torn.effect));
        let key = (node, own, torn.map(|torn| (torn.effect, torn.kept.clone())));
        if let Some(mark) = self.marks.get(&key) {
            return *mark;
        }
        let mut hash = Sha256::new();
        hash.update(self.content(node, &key.1, torn));
        let mark = shortened(hash);
        self.marks.insert(key, mark);
        mark
    }

    fn kept_of(&self, node: Node, kept: &Bits) -> Vec<usize> {
        self.of_node.get(&node).into_iter().flatten().copied().filter(|at| kept.has(*at)).collect()
    }

    fn attributes(&self, node: Node, kept: &Bits) -> Attributes {
        let mut attributes = self.recording.inodes[node].attributes.clone();
        for at in self.of_node.get(&node).into_iter().flatten().filter(|at| kept.has(**at)) {
            let Effect { op, what: What::Attributes { changes, .. } } = &self.effects[*at] else { continue };
            for change in changes {
                if let Change::Attribute { to, .. } = &self.recording.ops[*op].changes[*change] {
                    attributes.set(to);
                }
            }
        }
        attributes
    }

    /// Names below the folder of the run, with what they mean, in the order in which they can be made.
    fn paths(&self, kept: &Bits) -> Vec<(Vec<u8>, Node)> {
        let mut names: BTreeMap<(Node, Name), Node> = self.recording.entries.clone();
        for (_, effect) in self.effects.iter().enumerate().filter(|(at, _)| kept.has(*at)) {
            let What::Names(all) = &effect.what else { continue };
            for it in all {
                match it.to {
                    Some(node) => drop(names.insert((it.folder, it.name.clone()), node)),
                    // What another change has put there since stays.
                    None => {
                        let key = (it.folder, it.name.clone());
                        if names.get(&key).copied() == it.from {
                            names.remove(&key);
                        }
                    }
                }
            }
        }
        let mut found = Vec::new();
        let mut folders = vec![(Vec::new(), ROOT)];
        let mut known = vec![ROOT];
        while let Some((path, folder)) = folders.pop() {
            let below = names.range((folder, Name::from(&[][..]))..).take_while(|((of, _), _)| *of == folder);
            for ((_, name), node) in below {
                let path = [&path[..], if path.is_empty() { b"" } else { b"/" }, name].concat();
                if self.recording.inodes[*node].kind == Kind::Folder {
                    // A folder that was moved may have its old name still: it has one all the same.
                    if known.contains(node) {
                        continue;
                    }
                    known.push(*node);
                    folders.push((path.clone(), *node));
                }
                found.push((path, *node));
            }
        }
        found.sort();
        found
    }

    /// What is in a file with these of its effects.
    fn content(&self, node: Node, own: &[usize], torn: Option<&Torn>) -> Vec<u8> {
        let mut bytes = self.recording.inodes[node].content.clone();
        let mut size = bytes.len();
        for at in own {
            let effect = &self.effects[*at];
            match &effect.what {
                What::Data { change, part, .. } => {
                    let part = match torn.filter(|torn| torn.effect == *at) {
                        Some(torn) => torn.kept.clone(),
                        None => part.clone(),
                    };
                    let Change::Data { at: start, bytes: written, .. } =
                        &self.recording.ops[effect.op].changes[*change]
                    else {
                        continue;
                    };
                    let (from, to) = (part.start as usize, part.end as usize);
                    if bytes.len() < to {
                        bytes.resize(to, 0);
                    }
                    let skipped = from - *start as usize;
                    bytes[from..to].copy_from_slice(&written[skipped..skipped + to - from]);
                }
                What::Grown { to, .. } => {
                    // A torn page that made the file grow reaches as far as what is there of it.
                    let torn = torn.filter(|torn| torn.effect + 1 == *at);
                    size = torn.map_or(*to, |torn| torn.kept.end.max(size as u64)) as usize;
                }
                What::Cut { to, .. } => {
                    size = *to as usize;
                    bytes.truncate(size);
                }
                What::Names(_) | What::Attributes { .. } => {}
            }
        }
        bytes.resize(size, 0);
        bytes
    }
}

fn put_attributes(hash: &mut Sha256, attributes: &Attributes) {
    let Attributes { mode, owner, extended } = attributes;
    hash.update(mode.to_ne_bytes());
    hash.update(owner.0.to_ne_bytes());
    hash.update(owner.1.to_ne_bytes());
    hash.update((extended.len() as u64).to_ne_bytes());
    for bytes in extended.iter().flat_map(|(name, value)| [&**name, value]) {
        hash.update((bytes.len() as u64).to_ne_bytes());
        hash.update(bytes);
    }
}

fn shortened(hash: Sha256) -> Mark {
    let mut mark = Mark::default();
    mark.copy_from_slice(&hash.finalize()[..16]);
    mark
}

#[cfg(test)]
mod tests {
    use super::super::effect::effects;
    use super::super::testing::Made;
    use super::*;

    /// Names and contents of the state that keeps these effects.
    fn check(made: &Made, kept: &[usize], torn: Option<Torn>, expected: &[(&str, &str)]) {
        let effects = effects(&made.recording);
        let kept = Bits::of(effects.len(), |at| kept.contains(&at));
        let mut builder = Builder::new(&made.recording, &effects);
        let files = builder.files(&kept, torn.as_ref());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "0");
        let shown: Vec<(String, String)> = files
            .iter()
            .map(|placed| match &placed.item {
                Item::File(bytes) => (text(&placed.path), text(bytes)),
                other => (text(&placed.path), format!("{other:?}")),
            })
            .collect();
        let shown: Vec<(&str, &str)> = shown.iter().map(|(path, what)| (path.as_str(), what.as_str())).collect();
        assert_eq!(shown, expected);
        assert_eq!(builder.mark(&kept, torn.as_ref()), builder.mark(&kept, torn.as_ref()));
    }

    #[test]
    fn what_is_kept_of_a_replaced_file_is_seen_in_it() {
        let mut made = Made::new();
        let old = made.file("kept", b"old");
        let new = made.create("new");
        made.write(new, 0, b"text");
        made.rename("new", "kept", new, Some(old));
        // Created, its bytes, its length, renamed.
        check(&made, &[0, 1, 2, 3], None, &[("kept", "text")]);
        check(&made, &[], None, &[("kept", "old")]);
        check(&made, &[0, 3], None, &[("kept", "")]);
        check(&made, &[0, 2, 3], None, &[("kept", "0000")]);
        check(&made, &[0, 1, 2], None, &[("kept", "old"), ("new", "text")]);
        check(&made, &[0, 1, 2, 3], Some(Torn { effect: 1, kept: 0..2 }), &[("kept", "te")]);
        check(&made, &[0, 1, 2, 3], Some(Torn { effect: 1, kept: 2..4 }), &[("kept", "00xt")]);
    }

    #[test]
    fn a_later_write_may_be_there_without_an_earlier_one() {
        let mut made = Made::new();
        let log = made.file("log", b"a");
        made.write(log, 1, b"b");
        made.write(log, 2, b"c");
        check(&made, &[2, 3], None, &[("log", "a0c")]);
        check(&made, &[0, 2, 3], None, &[("log", "abc")]);
        check(&made, &[0, 1], None, &[("log", "ab")]);
    }
}
