//! Timers that are read (timerfd_create(2)): a descriptor of our own for each, by which it is known again and let go off.
//! It must not know when.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use crate::abi::TaskId;
use crate::engine::TimerFile;
use crate::sys::{self, OwnFile, procfs};

/// As many are kept before it is looked whether the program has closed them.
const MANY: usize = 64;

/// The timers that the run has asked for.
#[derive(Debug)]
pub(super) struct Timers {
    held: RefCell<Vec<Held>>,
    /// How many there have been.
    born: Cell<u64>,
    /// So many are kept before it is looked again.
    enough: Cell<usize>,
}

#[derive(Debug)]
struct Held {
    file: OwnFile,
    timer: TimerFile,
    /// Where it was found.
    place: (TaskId, i32),
}

impl Default for Timers {
    fn default() -> Timers {
        Timers { held: RefCell::default(), born: Cell::new(0), enough: Cell::new(MANY) }
    }
}

impl Held {
    /// Whether it is this descriptor's. Where the kernel does not compare, it is where it was found.
    fn is(&self, process: TaskId, fd: i32) -> bool {
        self.file.is(process, fd).unwrap_or(self.place == (process, fd))
    }
}

impl Timers {
    /// The timer behind a descriptor.
    pub(super) fn of(&self, process: TaskId, fd: i32) -> Option<TimerFile> {
        if !is_timer(process, fd) {
            return None;
        }
        if let Some(held) = self.held.borrow().iter().find(|held| held.is(process, fd)) {
            return Some(held.timer);
        }
        let clock = procfs::timer_clock(process, fd)?;
        let file = OwnFile::shared(process, fd)?;
        let timer = TimerFile { number: self.born.get(), clock };
        self.born.set(timer.number + 1);
        self.held.borrow_mut().push(Held { file, timer, place: (process, fd) });
        Some(timer)
    }

    /// Lets one go off.
    pub(super) fn expire(&self, number: u64) {
        if let Some(held) = self.held.borrow().iter().find(|held| held.timer.number == number) {
            sys::expire(&held.file);
        }
    }

    /// Gives back those that none of these processes has open any more, once there are many.
    pub(super) fn tidy(&self, processes: impl FnOnce() -> BTreeSet<TaskId>) {
        if self.held.borrow().len() >= self.enough.get() {
            let processes = processes();
            self.held.borrow_mut().retain(|held| held.is_open(&processes));
            self.enough.set(MANY.max(2 * self.held.borrow().len()));
        }
    }
}

impl Held {
    fn is_open(&self, processes: &BTreeSet<TaskId>) -> bool {
        processes.iter().any(|process| {
            let mut open = procfs::open_descriptors(*process).into_iter();
            open.any(|fd| is_timer(*process, fd) && self.is(*process, fd))
        })
    }
}

fn is_timer(process: TaskId, fd: i32) -> bool {
    procfs::descriptor_link(process, fd).is_some_and(|link| link.starts_with(b"anon_inode:[timerfd]"))
}
