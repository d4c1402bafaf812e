//! A task that is made of what a test says of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::*;
use super::MAIN;
use crate::abi::{Addr, DirectoryEntry, Registers, SignalSet};
use crate::engine::inspect::{FileFound, FilePlace, FileStatus};
use crate::faults;
use crate::plan::{self, Place};

/// A task as the script has it.
#[derive(Default)]
pub(in crate::engine) struct Script {
    pub(in crate::engine) memory: BTreeMap<u64, Vec<u8>>,
    pub(super) rip: u64,
    /// The call that the task is in, and what it has come to.
    pub(super) in_call: Option<(u64, i64)>,
    pub(super) caught: SignalSet,
    pub(super) files: BTreeMap<i32, faults::Descriptor>,
    /// Files that a task may mean.
    pub(in crate::engine) placed: Vec<(FilePlace, FileStatus)>,
    pub(super) rsp: u64,
    /// Sockets with a time limit, and whether it is one for sending.
    pub(super) timed: Vec<(i32, bool)>,
    /// Descriptors that are all one open file.
    pub(super) duplicates: Vec<i32>,
    /// A descriptor that is written to a pipe, and the pipe's inode.
    pub(super) pipe: Option<(i32, u64)>,
    /// How often all descriptors were asked for.
    pub(super) listed: std::cell::Cell<u32>,
    pub(super) size_limit: bool,
    pub(super) data_memory: u64,
    /// Private memory that is mapped and cannot be written to.
    pub(super) unwritable: std::ops::Range<u64>,
    pub(super) program_break: Option<Addr>,
    pub(super) sites: BTreeMap<String, Vec<Site>>,
    /// Where a breakpoint has put the task back to.
    pub(super) rewound: std::cell::Cell<Option<u64>>,
    /// What will stand in memory.
    pub(super) painted: std::cell::RefCell<BTreeMap<u64, Vec<u8>>>,
    /// What is in the directory that descriptor 5 is, in the order of its file system, and where it is read next.
    pub(super) folder: Option<(Vec<&'static str>, u64)>,
    /// What reads of memory at 0x2000 get, one after the other: another thread writes there.
    pub(super) fickle: std::cell::RefCell<Vec<&'static [u8]>>,
    /// What was told of answers that stand.
    pub(super) moved: std::cell::RefCell<Vec<Moved>>,
}

impl Inspect for Script {
    fn registers(&self) -> Result<Registers, Gone> {
        let rip = self.rewound.get().unwrap_or(self.rip);
        let (orig_rax, rax) = self.in_call.map_or((0, 0), |(number, result)| (number, result as u64));
        if self.rip == 0 {
            return Err(Gone);
        }
        Ok(Registers { rip, rsp: self.rsp, orig_rax, rax, ..Registers::default() })
    }

    fn read(&self, addr: Addr, buffer: &mut [u8]) -> usize {
        if addr == Addr(0x2000) {
            let now = self.fickle.borrow_mut().pop().unwrap_or_default();
            buffer[..now.len()].copy_from_slice(now);
            return now.len();
        }
        if let Some(painted) = self.painted.borrow().get(&addr.0) {
            let got = painted.len().min(buffer.len());
            buffer[..got].copy_from_slice(&painted[..got]);
            return got;
        }
        let Some((start, bytes)) = self.memory.range(..=addr.0).next_back() else { return 0 };
        let rest = bytes.get((addr.0 - start) as usize..).unwrap_or_default();
        let got = rest.len().min(buffer.len());
        buffer[..got].copy_from_slice(&rest[..got]);
        got
    }

    fn will_hold(&self, addr: Addr, bytes: &[u8]) {
        self.painted.borrow_mut().insert(addr.0, bytes.to_vec());
    }

    fn rewound_to(&self, addr: Addr) {
        self.rewound.set(Some(addr.0));
    }

    fn is_writable(&self, addr: Addr, len: usize) -> bool {
        self.read(addr, &mut vec![0; len]) == len
    }

    fn room(&self, addr: Addr, most: usize) -> usize {
        self.read(addr, &mut vec![0; most])
    }

    fn directory(&self, fd: i32) -> Option<(DirectoryId, u64)> {
        let (_, position) = self.folder.as_ref().filter(|_| fd == 5)?;
        Some((DirectoryId { device: 1, inode: 2, made: std::time::Duration::ZERO }, *position))
    }

    fn directory_entries(&self, _fd: i32) -> Option<Vec<DirectoryEntry>> {
        let (names, _) = self.folder.as_ref().filter(|(names, _)| !names.is_empty())?;
        let entry = |name: &&str| DirectoryEntry { name: name.as_bytes().into(), inode: 7, kind: 8 };
        Some(names.iter().map(entry).collect())
    }

    fn file(&self, place: &FilePlace) -> FileFound {
        let found = self.placed.iter().find(|(there, _)| there == place);
        found.map_or(FileFound::Nothing, |(_, status)| FileFound::File(*status))
    }

    fn descriptor(&self, fd: i32) -> Option<Descriptor> {
        match fd {
            0..=2 => Some(Descriptor::Path(Arc::from("/dev/null"))),
            3 => Some(Descriptor::Path(Arc::from("/case/data"))),
            fd if self.duplicates.contains(&fd) => Some(Descriptor::Path(Arc::from("/case/data"))),
            4 => Some(Descriptor::Pipe { inode: 77, writes: false }),
            fd => {
                let (_, inode) = self.pipe.filter(|(known, _)| *known == fd)?;
                Some(Descriptor::Pipe { inode, writes: true })
            }
        }
    }

    fn working_directory(&self) -> Option<Arc<str>> {
        Some("/case".into())
    }

    fn answers_stand(&self, moved: Moved) {
        self.moved.borrow_mut().push(moved);
    }

    fn resolve(&self, place: &Place) -> Resolved {
        match &place.at {
            plan::PlaceAt::Symbol { name, .. } if self.sites.contains_key(name) => {
                Resolved::At(self.sites[name].clone())
            }
            _ => Resolved::NoModule,
        }
    }

    fn landmarks(&self) -> Landmarks {
        Landmarks { main: Some(MAIN), entry: Some(MAIN) }
    }

    fn image(&self) -> Option<Image> {
        Some(Image { path: "/usr/bin/kv".to_owned(), argv: vec![b"kv".to_vec()] })
    }

    fn open_file(&self, fd: i32) -> Option<faults::Descriptor> {
        self.files.get(&fd).copied()
    }

    fn time_limit(&self, fd: i32, sends: bool) -> bool {
        self.timed.contains(&(fd, sends))
    }

    fn is_same_file(&self, fd: i32, _other: TaskId, other_fd: i32) -> Option<bool> {
        Some(self.duplicates.contains(&fd) && self.duplicates.contains(&other_fd))
    }

    fn size_limit(&self) -> bool {
        self.size_limit
    }

    fn open_descriptors(&self) -> Vec<i32> {
        self.listed.set(self.listed.get() + 1);
        (0..5).collect()
    }

    fn data_memory(&self, _process: TaskId) -> u64 {
        self.data_memory
    }

    fn private_unwritable(&self, addr: Addr, length: u64) -> u64 {
        (addr.0 + length).min(self.unwritable.end).saturating_sub(addr.0.max(self.unwritable.start))
    }

    fn program_break(&self) -> Option<Addr> {
        self.program_break
    }

    fn may_set_clock(&self) -> bool {
        true
    }

    fn caught_signals(&self) -> SignalSet {
        self.caught
    }
}
