//! Which effects a power loss can take away and which it cannot: what file systems order, and what they have on the disk when
//! a sync returns. The assumptions and where they come from are in docs/crash-states.md.
//! It must not know how states are chosen.

use std::collections::HashMap;
use std::sync::Arc;

use super::bits::Bits;
use super::effect::{Effect, PAGE, What};
use super::op::{Node, Recording, Sync};
use crate::plan::FileSystem;

/// What is not whole of a state: an effect of which the disk has only a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The effect, bytes of one page.
    pub effect: usize,
    /// Which bytes of the file are there; the others are not.
    pub kept: std::ops::Range<u64>,
}

/// The effects of a run, and what a file system makes of them.
#[derive(Debug)]
pub struct Model {
    /// The effects.
    pub effects: Arc<[Effect]>,
    system: FileSystem,
    /// Effect by effect what the disk has if it has it.
    needs: Vec<Vec<usize>>,
    /// Effect by effect the one of the journal that is committed before it, or with it.
    before: Vec<Option<usize>>,
    /// After how many operations nothing takes an effect away any more.
    durable: Vec<Option<usize>>,
}

/// What is kept in mind of the effects before one.
#[derive(Default)]
struct Past {
    /// Who wrote to a page last.
    pages: HashMap<(Node, u64), usize>,
    cuts: HashMap<Node, usize>,
    /// Who set mode or owner last.
    inodes: HashMap<Node, usize>,
    /// Bytes and lengths that wait to be written.
    data: HashMap<Node, Vec<usize>>,
    journal: Option<usize>,
    /// Names that the same operation has changed.
    sibling: Option<(usize, usize)>,
}

impl Model {
    /// The effects of `recording`, on a file system.
    pub fn new(recording: &Recording, effects: &Arc<[Effect]>, system: FileSystem) -> Model {
        let (count, effects) = (effects.len(), effects.clone());
        let mut model = Model {
            effects,
            system,
            needs: vec![Vec::new(); count],
            before: vec![None; count],
            durable: vec![None; count],
        };
        model.order();
        model.sync(recording);
        model
    }

    fn is_journaled(&self) -> bool {
        self.system != FileSystem::Posix
    }

    /// Notes what goes before what.
    fn order(&mut self) {
        let mut past = Past::default();
        let effects = self.effects.clone();
        for (at, effect) in effects.iter().enumerate() {
            match &effect.what {
                What::Names(all) => {
                    let sibling = past.sibling.filter(|(op, _)| *op == effect.op).map(|(_, sibling)| sibling);
                    past.sibling = Some((effect.op, at));
                    // A file that has got its new name may have its old one still, where nothing makes both one change.
                    self.needs[at].extend(sibling);
                    if let Some(sibling) = sibling.filter(|_| self.is_journaled()) {
                        self.needs[sibling].push(at);
                    }
                    if self.system == FileSystem::Ext4 {
                        let over = all.iter().filter(|it| it.from.is_some()).filter_map(|it| it.to);
                        let waiting = over.filter_map(|node| past.data.get(&node));
                        self.needs[at].extend(waiting.flatten());
                    }
                }
                What::Data { node, part, .. } => {
                    self.needs[at].extend(past.cuts.get(node));
                    self.needs[at].extend(past.pages.insert((*node, part.start / PAGE), at));
                    past.data.entry(*node).or_default().push(at);
                    if self.system == FileSystem::Btrfs {
                        self.before[at] = past.journal;
                    }
                }
                What::Grown { node, is_fresh, .. } => {
                    self.needs[at].extend(past.cuts.get(node));
                    past.data.entry(*node).or_default().push(at);
                    if self.is_journaled() {
                        self.before[at] = past.journal;
                        // The bytes that made it grow are the effect before it; in a page that the disk has already,
                        // ext4 does not wait for them, but for those that gave it the page.
                        let data = at - 1;
                        let waits = if self.system == FileSystem::Ext4 && !is_fresh {
                            self.needs[data]
                                .iter()
                                .copied()
                                .find(|it| matches!(self.effects[*it].what, What::Data { .. }))
                        } else {
                            Some(data)
                        };
                        self.needs[at].extend(waits);
                    }
                }
                What::Cut { node, .. } => {
                    self.needs[at].extend(past.cuts.insert(*node, at));
                }
                // Of an inode there is one copy in memory, as there is of a page.
                What::Attributes { node, in_inode: true, .. } => {
                    self.needs[at].extend(past.inodes.insert(*node, at));
                }
                What::Attributes { .. } => {}
            }
            if effect.is_metadata() && self.is_journaled() {
                self.before[at] = past.journal;
                past.journal = Some(at);
            }
        }
    }

    /// Notes what is on the disk when syncs have returned.
    fn sync(&mut self, recording: &Recording) {
        for (at, op) in recording.ops.iter().enumerate() {
            let Some(sync) = op.sync else { continue };
            let end = self.end(at + 1);
            let mut synced: Vec<usize> = match sync {
                Sync::All => (0..end).collect(),
                Sync::One { node, data_only } => self.synced(node, data_only, end),
            };
            // A log of its own has what belongs to the file; a journal has all that was before.
            let is_log = self.system == FileSystem::Btrfs;
            while let Some(effect) = synced.pop() {
                if self.durable[effect].is_some() {
                    continue;
                }
                self.durable[effect] = Some(at + 1);
                synced.extend(&self.needs[effect]);
                synced.extend(self.before[effect].filter(|_| !is_log));
            }
        }
    }

    /// What fsync(2) of a file or folder has on the disk, of the effects before `end`.
    fn synced(&self, node: Node, data_only: bool, end: usize) -> Vec<usize> {
        let all = self.effects[..end].iter().enumerate();
        let is_own = |effect: &Effect| match &effect.what {
            What::Attributes { .. } if data_only => false,
            What::Names(all) => self.system == FileSystem::Posix && all.iter().any(|it| it.folder == node),
            _ => effect.node() == Some(node),
        };
        let mut found: Vec<usize> = all.clone().filter(|(_, effect)| is_own(effect)).map(|(at, _)| at).collect();
        let names = |wanted: &dyn Fn(&Effect) -> bool| -> Vec<usize> {
            let names = all.clone().filter(|(_, effect)| matches!(effect.what, What::Names(_)) && wanted(effect));
            names.map(|(at, _)| at).collect()
        };
        match self.system {
            FileSystem::Posix => {}
            // The journal is committed up to where the file was changed last: for its data alone, up to where it was made.
            FileSystem::Ext4 | FileSystem::Xfs if data_only => {
                let folder = names(&|effect| effect.touches(node) && is_about_folder(effect, node));
                found.extend(folder.last());
                found.extend(names(&|effect| effect.touches(node)).first());
            }
            FileSystem::Ext4 | FileSystem::Xfs => found.extend(names(&|effect| effect.touches(node)).last()),
            // The log has the names of the file, and the folders that lead there.
            FileSystem::Btrfs => {
                let mut nodes = vec![node];
                let mut known = 0;
                while let Some(node) = nodes.get(known).copied() {
                    known += 1;
                    for at in names(&|effect| effect.touches(node)) {
                        let What::Names(all) = &self.effects[at].what else { continue };
                        // What is in a folder above is not synced with what is below.
                        if known > 1 && !all.iter().any(|it| it.to == Some(node)) {
                            continue;
                        }
                        found.push(at);
                        let above = all.iter().filter(|it| it.to == Some(node)).map(|it| it.folder);
                        let above: Vec<Node> = above.filter(|folder| !nodes.contains(folder)).collect();
                        nodes.extend(above);
                    }
                }
            }
        }
        found
    }

    /// How many effects so many operations have.
    pub fn end(&self, done: usize) -> usize {
        self.effects.partition_point(|effect| effect.op < done)
    }

    /// Whether nothing can take the effect away after so many operations.
    pub fn is_durable(&self, effect: usize, done: usize) -> bool {
        self.durable[effect].is_some_and(|from| from <= done)
    }

    /// After how many operations none of what this one did can be lost.
    pub fn durable_from(&self, op: usize) -> Option<usize> {
        let mut last = Some(0);
        for effect in self.end(op)..self.end(op + 1) {
            last = last.zip(self.durable[effect]).map(|(one, other)| one.max(other));
        }
        last
    }

    /// All that so many operations have done.
    pub fn all(&self, done: usize) -> Bits {
        let end = self.end(done);
        Bits::of(self.effects.len(), |at| at < end)
    }

    /// What must be there after so many operations.
    pub fn synced_after(&self, done: usize) -> Bits {
        Bits::of(self.effects.len(), |at| self.is_durable(at, done))
    }

    /// All that so many operations have done, without those effects that are `gone` and what cannot be there without them.
    pub fn without(&self, done: usize, gone: impl Fn(usize) -> bool) -> Bits {
        let end = self.end(done);
        let mut kept = Bits::of(self.effects.len(), |at| at < end && (self.is_durable(at, done) || !gone(at)));
        loop {
            let mut is_settled = true;
            for at in 0..end {
                if kept.has(at) && !self.holds(at, done, &kept) {
                    kept.take(at);
                    is_settled = false;
                }
            }
            if is_settled {
                return kept;
            }
        }
    }

    /// What must be there after so many operations, with those effects that are `wanted` and what they cannot be without.
    pub fn only(&self, done: usize, wanted: impl Fn(usize) -> bool) -> Bits {
        let mut kept = self.synced_after(done);
        let mut more: Vec<usize> = (0..self.end(done)).filter(|at| wanted(*at)).collect();
        while let Some(at) = more.pop() {
            if !kept.has(at) {
                kept.put(at);
                more.extend(&self.needs[at]);
                more.extend(self.goes_before(at, done));
            }
        }
        kept
    }

    /// Whether an effect may be there beside those that are `kept`.
    fn holds(&self, at: usize, done: usize, kept: &Bits) -> bool {
        let is_there = |needed: &usize| kept.has(*needed);
        if self.is_durable(at, done) {
            return true;
        }
        self.needs[at].iter().all(is_there) && self.goes_before(at, done).is_none_or(|before| kept.has(before))
    }

    /// The effect that is committed before this one, or with it, as far as it can be lost. What a log of its own has made safe
    /// says nothing of what was before that.
    fn goes_before(&self, at: usize, done: usize) -> Option<usize> {
        let mut before = self.before[at];
        while let Some(durable) = before.filter(|before| self.is_durable(*before, done)) {
            before = self.before[durable];
        }
        before
    }

    /// Whether a power loss after so many operations can leave this.
    pub fn allows(&self, done: usize, kept: &Bits, torn: Option<&Torn>) -> bool {
        let end = self.end(done);
        let is_right = |at: usize| match (kept.has(at), self.is_durable(at, done)) {
            (false, is_durable) => !is_durable,
            (true, _) => self.holds(at, done, kept),
        };
        (0..end).all(is_right) && torn.is_none_or(|torn| self.tears(torn, done, kept))
    }

    /// Whether a page of a write can be on the disk in part.
    fn tears(&self, torn: &Torn, done: usize, kept: &Bits) -> bool {
        let What::Data { grows, .. } = self.effects[torn.effect].what else { return false };
        // What was written to the same page later was written over what is torn.
        let is_last =
            !(0..self.end(done)).any(|at| kept.has(at) && self.needs[at].contains(&torn.effect) && self.is_data(at));
        let can = match self.system {
            FileSystem::Posix => true,
            FileSystem::Ext4 | FileSystem::Xfs => !grows,
            FileSystem::Btrfs => false,
        };
        can && is_last && !self.is_durable(torn.effect, done)
    }

    fn is_data(&self, at: usize) -> bool {
        matches!(self.effects[at].what, What::Data { .. })
    }
}

fn is_about_folder(effect: &Effect, node: Node) -> bool {
    matches!(&effect.what, What::Names(all) if all.iter().any(|it| it.folder == node))
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
