//! How much of a resource the program can have before its calls fail.
//! It must not know how use of it is counted.

use std::fmt;

/// The amounts of one rule; at least one is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Bytes that can be written to regular files.
    pub disk: Option<u64>,
    /// Descriptors that a process can have open.
    pub fds: Option<u64>,
    /// Bytes by which private writable memory can grow.
    pub memory: Option<u64>,
    /// Tasks of the run that can be alive.
    pub processes: Option<u64>,
}

/// A resource that runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Space for the contents of files.
    Disk,
    /// Entries of a descriptor table.
    Fds,
    /// Private writable memory.
    Memory,
    /// Processes and threads.
    Processes,
}

/// Calls that write to files, and those that set space aside for it.
const WRITING: &str = "write, pwrite64, writev, pwritev, pwritev2, copy_file_range, sendfile, splice, fallocate";
/// Calls that make descriptors, by the manual pages that give EMFILE. `dup2` and `dup3` are none of them: their
/// caller chooses the number, and most often it is one that is open already.
const OPENING: &str = "open, openat, openat2, creat, open_by_handle_at, socket, socketpair, accept, accept4, pipe, \
     pipe2, dup, fcntl, epoll_create, epoll_create1, eventfd, eventfd2, memfd_create, inotify_init, inotify_init1, \
     signalfd, signalfd4, timerfd_create, fanotify_init, pidfd_open, pidfd_getfd, userfaultfd, perf_event_open";
/// Calls that make memory grow.
const GROWING: &str = "brk, mmap, mremap, mprotect, pkey_mprotect";
/// Calls that make tasks.
const SPAWNING: &str = "fork, vfork, clone, clone3";

impl Resource {
    /// Every resource, in the order of the keys.
    pub const ALL: [Resource; 4] = [Resource::Disk, Resource::Fds, Resource::Memory, Resource::Processes];

    /// Its key.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Disk => "disk",
            Resource::Fds => "fds",
            Resource::Memory => "memory",
            Resource::Processes => "processes",
        }
    }

    /// The names of the calls that need it, in the form of an event pattern.
    pub fn calls(self) -> &'static str {
        match self {
            Resource::Disk => WRITING,
            Resource::Fds => OPENING,
            Resource::Memory => GROWING,
            Resource::Processes => SPAWNING,
        }
    }

    /// Those calls, one by one.
    pub fn each_call(self) -> impl Iterator<Item = &'static str> {
        self.calls().split(", ")
    }

    /// The resource that the call of this name needs.
    pub fn of_call(name: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| resource.each_call().any(|call| call == name))
    }

    /// What an amount of it is counted in.
    fn unit(self) -> &'static str {
        match self {
            Resource::Disk => "bytes written to files",
            Resource::Fds => "open descriptors",
            Resource::Memory => "bytes of memory",
            Resource::Processes => "live tasks",
        }
    }
}

impl Budget {
    /// How much there is of a resource; `None` where the budget does not limit it.
    pub fn of(&self, resource: Resource) -> Option<u64> {
        match resource {
            Resource::Disk => self.disk,
            Resource::Fds => self.fds,
            Resource::Memory => self.memory,
            Resource::Processes => self.processes,
        }
    }

    /// The resources that it limits.
    pub fn resources(&self) -> impl Iterator<Item = Resource> + '_ {
        Resource::ALL.into_iter().filter(|resource| self.of(*resource).is_some())
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, resource) in self.resources().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", self.of(resource).unwrap_or_default(), resource.unit())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_needs_one_resource() {
        let check = |call, resource| assert_eq!(Resource::of_call(call), resource, "{call}");
        check("write", Some(Resource::Disk));
        check("fallocate", Some(Resource::Disk));
        check("pipe2", Some(Resource::Fds));
        check("mremap", Some(Resource::Memory));
        check("mprotect", Some(Resource::Memory));
        check("clone3", Some(Resource::Processes));
        check("clone", Some(Resource::Processes));
        check("dup2", None);
        check("read", None);
    }

    #[test]
    fn a_budget_is_told_in_units() {
        let budget = Budget { disk: Some(10), processes: Some(3), ..Budget::default() };
        assert_eq!(budget.to_string(), "10 bytes written to files, 3 live tasks");
    }
}
