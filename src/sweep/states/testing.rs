//! Recordings for the tests of the layer, made by hand.

use std::sync::Arc;

use super::op::{Attributes, Change, Inode, Kind, Name, Node, Op, ROOT, Recording, Sync};
use crate::sweep::point::tests::point;

/// A recording that is being made.
pub(super) struct Made {
    pub(super) recording: Recording,
}

pub(super) fn name(text: &str) -> Name {
    Arc::from(text.as_bytes())
}

impl Made {
    pub(super) fn new() -> Made {
        let mut made = Made { recording: Recording::default() };
        made.inode(Kind::Folder, b"");
        made
    }

    fn inode(&mut self, kind: Kind, content: &[u8]) -> Node {
        let mode = if kind == Kind::Folder { 0o755 } else { 0o644 };
        let attributes = Attributes { mode, ..Attributes::default() };
        self.recording.inodes.push(Inode { kind, attributes, content: content.to_vec() });
        self.recording.inodes.len() - 1
    }

    /// A file that is there from the beginning.
    pub(super) fn file(&mut self, text: &str, content: &[u8]) -> Node {
        let node = self.inode(Kind::File, content);
        self.recording.entries.insert((ROOT, name(text)), node);
        node
    }

    /// A folder that is there from the beginning.
    pub(super) fn folder(&mut self, text: &str) -> Node {
        let node = self.inode(Kind::Folder, b"");
        self.recording.entries.insert((ROOT, name(text)), node);
        node
    }

    pub(super) fn op(&mut self, call: &str, changes: Vec<Change>) {
        self.push(call, changes, None);
    }

    fn push(&mut self, call: &str, changes: Vec<Change>, sync: Option<Sync>) {
        let of_name = |op: &&Op| op.point.called.to_string() == call;
        let nth = self.recording.ops.iter().filter(of_name).count() as u64 + 1;
        let point = point(call, nth, &["kv!main+0x8"]);
        self.recording.ops.push(Op { point, changes, sync, file: None, printed: 0 });
    }

    /// `openat` of a file that is not there yet.
    pub(super) fn create(&mut self, text: &str) -> Node {
        let node = self.inode(Kind::File, b"");
        let change = Change::Entry { folder: ROOT, name: name(text), from: None, to: Some(node) };
        self.op("openat", vec![change]);
        node
    }

    pub(super) fn write(&mut self, node: Node, at: u64, bytes: &[u8]) {
        self.op("write", vec![Change::Data { node, at, bytes: bytes.to_vec() }]);
    }

    /// `rename` in the folder of the run.
    pub(super) fn rename(&mut self, from: &str, to: &str, node: Node, over: Option<Node>) {
        let old = Change::Entry { folder: ROOT, name: name(from), from: Some(node), to: None };
        let new = Change::Entry { folder: ROOT, name: name(to), from: over, to: Some(node) };
        self.op("rename", vec![old, new]);
    }

    pub(super) fn sync(&mut self, node: Node) {
        self.push("fsync", Vec::new(), Some(Sync::One { node, data_only: false }));
    }
}
