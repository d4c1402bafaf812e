//! Files whose content is not the kernel's: while some may be open, all calls stop and it is looked who reads them.
//! It must not know what they hold.

use std::collections::BTreeMap;

use crate::engine::inspect::{Descriptor, Inspect};
use crate::plan;

/// What is read in place of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// `/dev/random`, `/dev/urandom` (random(4)).
    Random,
    /// Lists of processors below `/sys/devices/system/cpu` (sysfs(5)).
    Processors,
}

/// What is read from a descriptor in place of its file's content, if anything is.
pub(super) fn source(fixed: &plan::Fixed, fd: i32, inspect: &dyn Inspect) -> Option<Source> {
    let Some(Descriptor::Path(path)) = inspect.descriptor(fd) else { return None };
    match &*path {
        "/dev/random" | "/dev/urandom" => fixed.random.map(|_| Source::Random),
        "/sys/devices/system/cpu/online" | "/sys/devices/system/cpu/possible" | "/sys/devices/system/cpu/present" => {
            fixed.cpus.map(|_| Source::Processors)
        }
        _ => None,
    }
}

/// The descriptors of such files, by process, and how far each has been read.
#[derive(Debug, Default)]
pub(in crate::engine) struct Files {
    open: BTreeMap<(u32, i32), usize>,
    /// Other descriptors may be of such files, too.
    is_spread: bool,
}

impl Files {
    /// Whether there may be such descriptors.
    pub(in crate::engine) fn are_open(&self) -> bool {
        self.is_spread || !self.open.is_empty()
    }

    /// A descriptor was opened.
    pub(super) fn opened(&mut self, process: u32, fd: i32) {
        self.open.insert((process, fd), 0);
    }

    /// How far a descriptor has been read; `None` where that is not known.
    pub(super) fn position(&mut self, process: u32, fd: i32) -> Option<&mut usize> {
        self.open.get_mut(&(process, fd))
    }

    /// A descriptor was closed.
    pub(super) fn closed(&mut self, process: u32, fd: i32) {
        self.open.remove(&(process, fd));
    }

    /// A descriptor has got another number, too; where each is read on is kept for itself.
    pub(super) fn duplicated(&mut self, process: u32, fd: i32, copy: i32) {
        match self.open.get(&(process, fd)).copied() {
            Some(position) => self.open.insert((process, copy), position),
            None => self.open.remove(&(process, copy)),
        };
    }

    /// A new process has the descriptors of the one that made it.
    pub(in crate::engine) fn forked(&mut self, parent: u32, child: u32) {
        let same = self.open.range((parent, i32::MIN)..=(parent, i32::MAX));
        let copies: Vec<_> = same.map(|((_, fd), position)| ((child, *fd), *position)).collect();
        self.open.extend(copies);
    }

    /// Somebody may have been handed a descriptor.
    pub(super) fn spread(&mut self) {
        self.is_spread |= !self.open.is_empty();
    }

    /// A process has ended.
    pub(super) fn process_gone(&mut self, process: u32) {
        self.open.retain(|(owner, _), _| *owner != process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_closed_is_not_looked_at_any_more() {
        let mut files = Files::default();
        files.spread();
        assert!(!files.are_open(), "nothing was there to be spread");
        files.opened(1, 3);
        files.closed(2, 3);
        assert!(files.are_open());
        files.closed(1, 3);
        assert!(!files.are_open());
    }

    #[test]
    fn copies_are_looked_at_as_long_as_they_are_open() {
        let mut files = Files::default();
        files.opened(1, 3);
        files.duplicated(1, 3, 0);
        files.closed(1, 3);
        *files.position(1, 0).unwrap() += 2;
        files.forked(1, 2);
        files.duplicated(1, 9, 0);
        assert_eq!(files.position(1, 0), None, "it is another file now");
        assert_eq!(files.position(2, 0), Some(&mut 2));
        files.process_gone(2);
        assert!(!files.are_open());
    }

    #[test]
    fn what_others_may_have_got_is_looked_at_for_ever() {
        let mut files = Files::default();
        files.opened(1, 3);
        files.spread();
        files.process_gone(1);
        assert!(files.are_open());
    }
}
