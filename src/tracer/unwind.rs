//! Return addresses of a stopped task, from the unwind tables of what it has mapped: no frame pointers are needed.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, Module, Unwinder as _};

use super::modules::Loaded;
use crate::abi::{Addr, Registers};

/// The tables of all modules of a process.
pub(super) struct Unwinder {
    tables: UnwinderX86_64<Arc<[u8]>>,
    cache: RefCell<CacheX86_64>,
}

impl fmt::Debug for Unwinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwinder").finish_non_exhaustive()
    }
}

impl Unwinder {
    /// Reads where the tables are; the tables themselves are read as frames are unwound.
    pub(super) fn of<'m>(modules: impl Iterator<Item = Loaded<'m>>) -> Unwinder {
        let mut tables = UnwinderX86_64::new();
        for loaded in modules {
            let section = |name| loaded.elf.section(name);
            let split = |name| section(name).map(|section| (section.range, section.bytes)).unzip();
            let (eh_frame_svma, eh_frame) = split(".eh_frame");
            let (eh_frame_hdr_svma, eh_frame_hdr) = split(".eh_frame_hdr");
            let sections = ExplicitModuleSectionInfo {
                base_svma: 0,
                // What is in it is not looked at: the tables tell all.
                text_svma: loaded.elf.section_range(".text"),
                eh_frame_svma,
                eh_frame,
                eh_frame_hdr_svma,
                eh_frame_hdr,
                got_svma: loaded.elf.section_range(".got"),
                ..ExplicitModuleSectionInfo::default()
            };
            tables.add_module(Module::new(loaded.name().to_string(), loaded.module.range(), loaded.bias, sections));
        }
        Unwinder { tables, cache: RefCell::new(CacheX86_64::new()) }
    }

    /// The instruction pointer and the return addresses above it, innermost first, `most` at most. `read` reads memory
    /// as [`crate::sys::read_memory`] does.
    pub(super) fn frames(
        &self,
        registers: &Registers,
        most: usize,
        read: impl Fn(Addr, &mut [u8]) -> usize,
    ) -> Vec<Addr> {
        let mut stack = Stack { page: None, read };
        let mut word = |addr| stack.word(addr).ok_or(());
        let start = UnwindRegsX86_64::new(registers.rip, registers.rsp, registers.rbp);
        let mut cache = self.cache.borrow_mut();
        let mut frames = self.tables.iter_frames(registers.rip, start, &mut cache, &mut word);
        let mut found = Vec::new();
        while found.len() < most
            && let Ok(Some(frame)) = frames.next()
        {
            found.push(Addr(frame.address()));
        }
        found
    }
}

/// The stack, read page by page: a system call per word would cost more than the unwinding.
struct Stack<R> {
    page: Option<(u64, Vec<u8>)>,
    read: R,
}

impl<R: Fn(Addr, &mut [u8]) -> usize> Stack<R> {
    fn word(&mut self, addr: u64) -> Option<u64> {
        const PAGE: u64 = 4096;
        let start = addr / PAGE * PAGE;
        if self.page.as_ref().is_none_or(|(page, _)| *page != start) {
            let mut bytes = vec![0; PAGE as usize + 8];
            let got = (self.read)(Addr(start), &mut bytes);
            bytes.truncate(got);
            self.page = Some((start, bytes));
        }
        let (_, bytes) = self.page.as_ref()?;
        let at = (addr - start) as usize;
        Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
    }
}
