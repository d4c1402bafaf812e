//! Directories whose names come in the order of their bytes. All of a directory is looked at when somebody begins to read
//! it, and served from that. Where a descriptor is read on is kept where the kernel keeps it: a call that reads a directory
//! is made as lseek(2) to where it leads, so that copies and children of it, seekdir(3) and rewinddir(3) are as ever.
//! It must not know how a directory is read.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Answer, Engine};
use crate::abi::{Addr, Arch, DirectoryEntry, DirectoryLayout, Errno, Sysno};
use crate::engine::inspect::{DirectoryId, Inspect};
use crate::engine::stop::Decision;
use crate::engine::tamper;
use crate::engine::task::InCall;
use crate::transcript::TaskName;

/// So many names are kept; beyond that, directories that were read to their ends are forgotten.
const NAMES_KEPT: usize = 1 << 20;

/// What a call that reads a directory comes to.
#[derive(Debug)]
pub(in crate::engine) struct Listed {
    /// Where the directory is read on, which the call in its place returns.
    next: u64,
    answer: Answer,
}

impl Listed {
    /// The answer; `None` where another call was made than was meant, by a filter of the target's own.
    pub(super) fn answer(self, result: i64) -> Option<Answer> {
        (u64::try_from(result) == Ok(self.next)).then_some(self.answer)
    }
}

/// All directories that are being read.
#[derive(Debug, Default)]
pub(super) struct Directories {
    known: HashMap<DirectoryId, Directory>,
}

/// A directory.
#[derive(Debug, Default)]
struct Directory {
    /// What was in it when somebody last began to read it, in order.
    entries: Vec<DirectoryEntry>,
    /// Every name that was ever in it. To read on at N is to read on behind the Nth, whether it is still there or not.
    names: Vec<Arc<[u8]>>,
    /// Where they stand among those, counted from 1.
    places: HashMap<Arc<[u8]>, u64>,
    /// Who has begun to read it and not come to its end.
    readers: u32,
}

impl Directory {
    /// It was looked at.
    fn hold(&mut self, mut entries: Vec<DirectoryEntry>) {
        entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        for entry in &entries {
            if !self.places.contains_key(&entry.name) {
                self.names.push(Arc::clone(&entry.name));
                self.places.insert(Arc::clone(&entry.name), self.names.len() as u64);
            }
        }
        self.entries = entries;
    }

    /// What is left of it from `position` on. At a place where nobody has ever been there is nothing.
    fn rest(&self, position: u64) -> &[DirectoryEntry] {
        let Some(before) = position.checked_sub(1) else { return &self.entries };
        let name = usize::try_from(before).ok().and_then(|before| self.names.get(before));
        let from = name.map(|name| self.entries.partition_point(|entry| entry.name <= *name));
        from.and_then(|from| self.entries.get(from..)).unwrap_or_default()
    }

    /// What a call comes to that asks for `most` bytes of it from `position` on, of which `room` can be written: as many
    /// records as there is room for, or why there is no room for one. `None` where a record cannot be told.
    fn read(&self, position: u64, layout: DirectoryLayout, most: usize, room: usize) -> Option<(u64, i64, Vec<u8>)> {
        let (mut next, mut bytes) = (position, Vec::new());
        for entry in self.rest(position) {
            let place = *self.places.get(&entry.name)?;
            let record = layout.record(entry, place)?;
            let end = bytes.len() + record.len();
            if end > most.min(room) {
                let errno = if end > most { "EINVAL" } else { "EFAULT" };
                if bytes.is_empty() {
                    return Some((position, -i64::from(Errno::parse(errno)?.number()), bytes));
                }
                break;
            }
            bytes.extend(record);
            next = place;
        }
        Some((next, bytes.len() as i64, bytes))
    }
}

impl Directories {
    /// The directory that somebody reads from `position` on; whoever begins to, or comes back to one that was forgotten,
    /// has it looked at. `None` where that cannot be done.
    fn begun(
        &mut self,
        id: DirectoryId,
        position: u64,
        look: impl FnOnce() -> Option<Vec<DirectoryEntry>>,
    ) -> Option<&mut Directory> {
        if position == 0 || !self.known.contains_key(&id) {
            let entries = look()?;
            let directory = self.known.entry(id).or_default();
            directory.hold(entries);
            directory.readers += 1;
            self.forget_all_but(id);
        }
        self.known.get_mut(&id)
    }

    /// Where there are too many names, those are forgotten that nobody is about to read on at.
    fn forget_all_but(&mut self, id: DirectoryId) {
        let names: usize = self.known.values().map(|directory| directory.names.len()).sum();
        if names > NAMES_KEPT {
            self.known.retain(|other, directory| *other == id || directory.readers > 0);
        }
    }

    /// What a call comes to that reads a directory; `None` for any other, and where the directory cannot be looked at.
    fn list(
        &mut self,
        fd: i32,
        layout: DirectoryLayout,
        (addr, most): (Addr, usize),
        inspect: &dyn Inspect,
    ) -> Option<Listed> {
        let (id, position) = inspect.directory(fd)?;
        let directory = self.begun(id, position, || inspect.directory_entries(fd))?;
        let room = inspect.room(addr, most);
        let (next, result, bytes) = directory.read(position, layout, most, room)?;
        if result == 0 {
            directory.readers = directory.readers.saturating_sub(1);
        }
        let memory = if bytes.is_empty() { Vec::new() } else { vec![(addr, bytes)] };
        Some(Listed { next, answer: Answer { result: Some(result), memory } })
    }
}

impl Engine {
    /// A call that is about to read a directory whose names come in order: lseek(2) is made in its place.
    pub(in crate::engine) fn list_in_order(
        &mut self,
        sysno: Sysno,
        call: &mut InCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        // Those of 32-bit programs do not always stop.
        let is_sorted = self.fixed.plan.sorts_directories && call.raw.arch != Arch::I386 && !call.is_replaced();
        let Some(layout) = DirectoryLayout::of(sysno).filter(|_| is_sorted) else { return };
        let raw = call.changed();
        let seek = Sysno::parse("lseek").and_then(|lseek| tamper::substitute(lseek, &raw).ok());
        let Some(mut seek) = seek else { return };
        // The kernel takes an int and an unsigned int (getdents(2)).
        let room = (Addr(raw.args[1]), raw.args[2] as u32 as usize);
        let listed = self.fixed.directories.list(raw.args[0] as i32, layout, room, inspect);
        let Some(listed) = listed else { return };
        const SEEK_SET: u64 = 0;
        seek.is_same_call = true;
        seek.argument(&raw, 1, listed.next);
        seek.argument(&raw, 2, SEEK_SET);
        decision.edits.extend(seek.edits.iter().cloned());
        call.tampering.push(seek);
        call.listed = Some(listed);
    }

    /// A call that has read a directory of which rinject knows nothing: what it has got is in the order of the file system.
    pub(super) fn is_out_of_order(&mut self, name: TaskName, sysno: Sysno, call: &InCall, result: i64) {
        let is_sorted = self.fixed.plan.sorts_directories && call.raw.arch != Arch::I386;
        if is_sorted && DirectoryLayout::of(sysno).is_some() && result > 0 {
            self.note(format!(
                "`{}` reads a directory that rinject cannot read: its names are in the order of the file system",
                self.image_name(name)
            ));
        }
    }
}
