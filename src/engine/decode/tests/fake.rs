//! A scripted task: some memory, some descriptors, a working directory.

use std::sync::Arc;

use crate::abi::Addr;
use crate::engine::{Descriptor, Inspect, Region};

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
    fn read(&self, addr: Addr, buffer: &mut [u8]) -> usize {
        let found = self.memory.iter().find(|(at, bytes)| (*at..at + bytes.len() as u64).contains(&addr.0));
        let Some((at, bytes)) = found else { return 0 };
        let rest = &bytes[(addr.0 - at) as usize..];
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        read
    }

    fn room(&self, addr: Addr, most: usize) -> usize {
        self.read(addr, &mut vec![0; most])
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

    fn region(&self, addr: Addr) -> Option<Region> {
        match addr.0 {
            HEAP..0x60_0000 => Some(Region::Heap),
            LIBRARY..0x7f00_0001_0000 => Some(Region::Module("libc.so.6".into())),
            0x7fff_0000_0000.. => Some(Region::Stack),
            DATA..0x3000 => Some(Region::Anonymous),
            _ => None,
        }
    }

    fn open_descriptors(&self) -> Vec<i32> {
        (0..5).collect()
    }

    fn may_set_clock(&self) -> bool {
        true
    }
}
