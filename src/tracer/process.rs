//! A traced process: its threads, what it has mapped, and breakpoints that every thread of it can hit. It decides
//! nothing about when anybody runs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::errors::Unmapped;
use super::images::Images;
use super::task::{Running, Seen, Stopped};
use crate::abi::{Addr, Signal, TaskId};
use crate::engine::{Location, Resolved};
use crate::plan::Place;
use crate::sys::{self, procfs};

/// `int3`.
const BREAKPOINT: u8 = 0xcc;
/// The code of a SIGTRAP that `int3` raised (sigaction(2), `SI_KERNEL`); one that was sent has another.
const SI_KERNEL: i32 = 0x80;

/// A traced process. Every question takes one of its stopped tasks, through which it is asked.
#[derive(Debug)]
pub struct Process {
    id: TaskId,
    images: Images,
    /// The bytes that stood where breakpoints are.
    breakpoints: BTreeMap<Addr, u8>,
}

/// A program or library that a process has mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInfo {
    /// The name it gives itself for those who link to it, else the base name of its path.
    pub name: Arc<str>,
    /// Its path.
    pub path: String,
    /// The addresses it covers; the first is its base.
    pub range: Range<u64>,
}

impl Process {
    /// The process of a stopped task. After an exec it is a new one.
    pub fn of(stopped: &Stopped) -> Process {
        let id = stopped.process().unwrap_or(stopped.id());
        Process { id, images: Images::default(), breakpoints: BTreeMap::new() }
    }

    /// Its number.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Its tasks, traced or not, in the order of their numbers. A first thread that has ended is listed to the end.
    pub fn threads(&self) -> Vec<TaskId> {
        procfs::threads(self.id)
    }

    /// The programs and libraries that it has mapped and that can be read, in the order of their addresses.
    pub fn modules(&self, stopped: &Stopped) -> Vec<ModuleInfo> {
        let modules = self.images.modules(self.id, stopped.id());
        let info = |loaded: super::modules::Loaded<'_>| ModuleInfo {
            name: loaded.name(),
            path: loaded.module.path().to_owned(),
            range: loaded.module.range(),
        };
        modules.loaded(stopped.id(), &self.images).map(info).collect()
    }

    /// The entry point of the program: the loader has mapped its libraries when it gets there. `None` when it is gone.
    pub fn entry(&self, stopped: &Stopped) -> Option<Addr> {
        // getauxval(3)
        const AT_ENTRY: u64 = 9;
        procfs::auxiliary_vector(stopped.id()).into_iter().find(|(key, _)| *key == AT_ENTRY).map(|(_, at)| Addr(at))
    }

    /// What a module offers to others, with the addresses in this process, in the order of these.
    pub fn exports(&self, stopped: &Stopped, module: &str) -> Vec<(Arc<str>, Addr)> {
        let modules = self.images.modules(self.id, stopped.id());
        let meant = modules.loaded(stopped.id(), &self.images).filter(|loaded| &*loaded.name() == module);
        meant
            .flat_map(|loaded| {
                let exported = loaded.elf.symbols().iter().filter(|symbol| symbol.is_global);
                let place = |symbol: &crate::image::Symbol| {
                    (Arc::from(&*symbol.name), Addr(symbol.addr.wrapping_add(loaded.bias)))
                };
                exported.map(place).collect::<Vec<_>>()
            })
            .collect()
    }

    /// All addresses that a place stands for in what is mapped now.
    pub fn resolve(&self, stopped: &Stopped, place: &Place) -> Resolved {
        self.images.modules(self.id, stopped.id()).resolve(stopped.id(), &self.images, place)
    }

    /// The file and the symbol that an address lies in.
    pub fn locate(&self, stopped: &Stopped, addr: Addr) -> Option<Location> {
        self.images.modules(self.id, stopped.id()).locate(stopped.id(), &self.images, addr)
    }

    /// The instruction pointer of a task and the return addresses above it, `most` at most; none when it is gone.
    pub fn backtrace(&self, stopped: &Stopped, most: usize) -> Vec<Addr> {
        let Ok(registers) = stopped.registers() else { return Vec::new() };
        let modules = self.images.modules(self.id, stopped.id());
        let unwinder = modules.unwinder(stopped.id(), &self.images);
        unwinder.frames(&registers, most, |addr, bytes| sys::read_memory(stopped.id(), addr, bytes))
    }

    /// Reads memory as the program wrote it: without breakpoints.
    ///
    /// # Errors
    /// Those of [`Stopped::read`].
    pub fn read(&self, stopped: &Stopped, addr: Addr, buffer: &mut [u8]) -> Result<(), Unmapped> {
        stopped.read(addr, buffer)?;
        for (at, original) in self.breakpoints.range(addr..addr.plus(buffer.len() as u64)) {
            buffer[(at.0 - addr.0) as usize] = *original;
        }
        Ok(())
    }

    /// Sets a breakpoint; one that is set already stays.
    ///
    /// # Errors
    /// Nothing is mapped there.
    pub fn set_breakpoint(&mut self, stopped: &Stopped, addr: Addr) -> Result<(), Unmapped> {
        if self.breakpoints.contains_key(&addr) {
            return Ok(());
        }
        let mut original = [0];
        stopped.read(addr, &mut original)?;
        stopped.write(addr, &[BREAKPOINT])?;
        self.breakpoints.insert(addr, original[0]);
        Ok(())
    }

    /// Takes a breakpoint out; false where there is none.
    ///
    /// # Errors
    /// Nothing is mapped there any more; the breakpoint is forgotten.
    pub fn unset_breakpoint(&mut self, stopped: &Stopped, addr: Addr) -> Result<bool, Unmapped> {
        let Some(original) = self.breakpoints.remove(&addr) else { return Ok(false) };
        stopped.write(addr, &[original])?;
        Ok(true)
    }

    /// The breakpoint that a task has just hit, in its stop by SIGTRAP; its instruction pointer is put back to it. A
    /// SIGTRAP of the program's own making is none.
    pub fn hit(&self, stopped: &Stopped) -> Option<Addr> {
        let info = stopped.signal().ok()?;
        if info.signal != Signal::TRAP || info.code != SI_KERNEL {
            return None;
        }
        let mut registers = stopped.registers().ok()?;
        let addr = Addr(registers.rip.wrapping_sub(1));
        self.breakpoints.get(&addr)?;
        registers.rip = addr.0;
        stopped.set_registers(&registers).ok()?;
        Some(addr)
    }

    /// Runs the one instruction that a task stands at, past a breakpoint there. Its other threads have to be stopped:
    /// the breakpoint is away meanwhile. Comes back with the stop after the instruction, or with what came instead.
    pub fn step_over(&self, stopped: Stopped) -> Seen {
        let here = stopped.registers().ok().map(|registers| Addr(registers.rip));
        let planted = here.and_then(|addr| Some((addr, *self.breakpoints.get(&addr)?)));
        let task = stopped.id();
        if let Some((addr, original)) = planted {
            sys::write_memory(task, addr, &[original]);
        }
        let seen = wait_out(stopped.step(None));
        if let (Some((addr, _)), Seen::Stopped(..)) = (planted, &seen) {
            sys::write_memory(task, addr, &[BREAKPOINT]);
        }
        seen
    }
}

/// A wait that hangs never finds its task running.
fn wait_out(mut running: Running) -> Seen {
    loop {
        match running.wait() {
            Seen::Running(same) => running = same,
            other => return other,
        }
    }
}
