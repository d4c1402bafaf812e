//! A scripted task: some memory, some descriptors, a working directory.

use std::sync::Arc;

use crate::abi::{Addr, DirectoryEntry, Register, Registers, SignalSet, TaskId, Word};
use crate::engine::{
    Descriptor, DirectoryId, FileFound, FilePlace, Gone, Image, Inspect, Landmarks, Location, Moved, Region, Resolved,
};
use crate::plan::Place;

/// Where the scripted memory of a test begins.
pub(super) const DATA: u64 = 0x1000;
/// An address in the heap.
pub(super) const HEAP: u64 = 0x50_0000;
/// Addresses at which there are strings.
pub(super) const PATH: u64 = 0x2000;
pub(super) const RELATIVE: u64 = 0x2100;
pub(super) const TEXT: u64 = 0x2200;
pub(super) const EMPTY: u64 = 0x2300;
/// A mapped address with nothing readable.
pub(super) const LIBRARY: u64 = 0x7f00_0000_0000;
/// Nothing is mapped here.
pub(super) const NOWHERE: u64 = 0x6666_0000_0000;

pub(super) struct Fake {
    memory: Vec<(u64, Vec<u8>)>,
}

impl Default for Fake {
    fn default() -> Fake {
        Fake::with(&[])
    }
}

impl Fake {
    /// A task with `data` at [`DATA`].
    pub(super) fn with(data: &[u8]) -> Fake {
        let strings = [(PATH, &b"/tmp/r/0.wal\0"[..]), (RELATIVE, b"../x/./y\0"), (TEXT, b"hello\0"), (EMPTY, b"\0")];
        let mut memory: Vec<_> = strings.map(|(at, bytes)| (at, bytes.to_vec())).to_vec();
        memory.push((DATA, data.to_vec()));
        Fake { memory }
    }
}

impl Inspect for Fake {
    fn registers(&self) -> Result<Registers, Gone> {
        Err(Gone)
    }

    fn register(&self, register: Register) -> Option<Word> {
        self.registers().ok()?.get(register)
    }

    fn read(&self, addr: Addr, buffer: &mut [u8]) -> usize {
        let found = self.memory.iter().find(|(at, bytes)| (*at..at + bytes.len() as u64).contains(&addr.0));
        let Some((at, bytes)) = found else { return 0 };
        let rest = &bytes[(addr.0 - at) as usize..];
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        read
    }

    fn rewound_to(&self, _addr: Addr) {}

    fn descriptor_slots(&self) -> usize {
        64
    }

    fn will_hold(&self, _addr: Addr, _bytes: &[u8]) {}

    fn room(&self, addr: Addr, most: usize) -> usize {
        self.read(addr, &mut vec![0; most])
    }

    fn directory(&self, _fd: i32) -> Option<(DirectoryId, u64)> {
        None
    }

    fn file(&self, _place: &FilePlace) -> FileFound {
        FileFound::Unknown
    }

    fn directory_entries(&self, _fd: i32) -> Option<Vec<DirectoryEntry>> {
        None
    }

    fn is_writable(&self, _addr: Addr, _len: usize) -> bool {
        true
    }

    fn descriptor(&self, fd: i32) -> Option<Descriptor> {
        Some(match fd {
            3 => Descriptor::Path("/tmp/r/0.wal".into()),
            4 => Descriptor::Path("/tmp/r/dir".into()),
            5 => Descriptor::Pipe { inode: 99, writes: false },
            6 => Descriptor::Pipe { inode: 99, writes: true },
            7 => Descriptor::Socket { inode: 12 },
            8 => Descriptor::Anon { kind: "eventfd".into(), inode: 0 },
            _ => return None,
        })
    }

    fn working_directory(&self) -> Option<Arc<str>> {
        Some("/tmp/r/work".into())
    }

    fn answers_stand(&self, _moved: Moved) {}

    fn region(&self, addr: Addr) -> Option<Region> {
        match addr.0 {
            HEAP..0x60_0000 => Some(Region::Heap),
            LIBRARY..0x7f00_0001_0000 => Some(Region::Module("libc.so.6".into())),
            0x7fff_0000_0000.. => Some(Region::Stack),
            DATA..0x3000 => Some(Region::Anonymous),
            _ => None,
        }
    }

    fn resolve(&self, _place: &Place) -> Resolved {
        Resolved::NoModule
    }

    fn locate(&self, _addr: Addr) -> Option<Location> {
        None
    }

    fn errno_location(&self) -> Option<Addr> {
        None
    }

    fn backtrace(&self, _most: usize) -> Vec<Addr> {
        Vec::new()
    }

    fn landmarks(&self) -> Landmarks {
        Landmarks::default()
    }

    fn image(&self) -> Option<Image> {
        None
    }

    fn zombie_children(&self) -> Vec<TaskId> {
        Vec::new()
    }

    fn is_fifo(&self, _fd: i32) -> bool {
        false
    }

    fn open_file(&self, _: i32) -> Option<crate::faults::Descriptor> {
        None
    }

    fn time_limit(&self, _fd: i32, _sends: bool) -> bool {
        false
    }

    fn is_same_file(&self, _fd: i32, _other: TaskId, _other_fd: i32) -> Option<bool> {
        None
    }

    fn timer_file(&self, _fd: i32) -> Option<crate::engine::TimerFile> {
        None
    }

    fn size_limit(&self) -> bool {
        false
    }

    fn open_descriptors(&self) -> Vec<i32> {
        (0..5).collect()
    }

    fn rest_of_file(&self, _fd: i32, _offset: Option<u64>) -> Option<u64> {
        None
    }

    fn data_memory(&self, _process: TaskId) -> u64 {
        0
    }

    fn program_break(&self) -> Option<Addr> {
        None
    }

    fn number(&self, task: TaskId) -> Option<TaskId> {
        Some(task)
    }

    fn may_set_clock(&self) -> bool {
        true
    }

    fn pending_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }

    fn blocked_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }

    fn caught_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }

    fn ignored_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }

    fn lost_rights(&self) -> bool {
        false
    }
}
