//! Descriptors that a process has opened and not closed: the kernel's own table is compared with what the process was
//! given. It must not know which calls open and close.

use std::collections::BTreeMap;

use super::Engine;
use super::inspect::{Descriptor, Inspect};
use crate::plan::Invariant;
use crate::transcript::TaskName;

/// Standard input, output and error: a program may put there what it likes.
const STANDARD: i32 = 2;

/// What a process got from its parent or from the image before.
#[derive(Debug, Default)]
pub(super) struct Given {
    descriptors: BTreeMap<i32, Descriptor>,
    /// What it has opened and not closed, as far as its end has shown.
    open: Vec<String>,
}

impl Engine {
    /// A child has the descriptors that its parent has now (fork(2)).
    pub(super) fn inherits(&mut self, child: TaskName, inspect: &dyn Inspect) {
        if self.wants(Invariant::NoFdLeak)
            && let Some(process) = self.processes.get_mut(&child.process)
        {
            process.given.descriptors = open(inspect).collect();
        }
    }

    /// A new image has what is not close-on-exec; of what the old one has opened itself that is a leak, if it
    /// `counts`.
    pub(super) fn passed_on(&mut self, name: TaskName, counts: bool, inspect: &dyn Inspect) {
        if !self.wants(Invariant::NoFdLeak) {
            return;
        }
        if counts {
            let leaks = self.own(name, inspect);
            self.record.leaks.extend(leaks);
        }
        self.inherits(name, inspect);
    }

    /// A process is about to end.
    pub(super) fn left_open(&mut self, name: TaskName, inspect: &dyn Inspect) {
        if self.wants(Invariant::NoFdLeak) {
            let open = self.own(name, inspect);
            if let Some(process) = self.processes.get_mut(&name.process) {
                process.given.open = open;
            }
        }
    }

    /// A task has ended of its own accord: who is killed leaks nothing.
    pub(super) fn leaked(&mut self, name: TaskName) {
        if let Some(process) = self.processes.get_mut(&name.process) {
            self.record.leaks.append(&mut process.given.open);
        }
    }

    /// What a process has open that it was not given.
    fn own(&mut self, name: TaskName, inspect: &dyn Inspect) -> Vec<String> {
        let Some(process) = self.processes.get(&name.process) else { return Vec::new() };
        let (table, given) = (process.table, &process.given.descriptors);
        let own = open(inspect).filter(|(fd, what)| *fd > STANDARD && given.get(fd) != Some(what));
        let own: Vec<(i32, Descriptor)> = own.collect();
        let task = TaskName { process: name.process, thread: 1 };
        own.iter().map(|(fd, what)| format!("{task} {}", self.names.told(table, *fd, what))).collect()
    }
}

fn open(inspect: &dyn Inspect) -> impl Iterator<Item = (i32, Descriptor)> + '_ {
    inspect.open_descriptors().into_iter().filter_map(|fd| Some((fd, inspect.descriptor(fd)?)))
}
