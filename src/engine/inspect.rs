//! What the engine may ask of the task that is stopped; the tracer answers, tests answer from a script.

use std::sync::Arc;
use std::time::Duration;

use super::location::{Location, Resolved};
use crate::abi::{Addr, DirectoryEntry, Register, Registers, SignalSet, TaskId, Word};
use crate::faults;
use crate::plan::Place;

/// The task is gone: killed between its stop and the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The stopped task, to be asked; it can change nothing. What is not answered is answered as if it could not be seen, which
/// is for tests and measurements: the tracer answers everything.
pub trait Inspect {
    /// General registers.
    fn registers(&self) -> Result<Registers, Gone> {
        Err(Gone)
    }
    /// One register of any kind; `None` where this processor has none such or the task is gone.
    fn register(&self, register: Register) -> Option<Word> {
        self.registers().ok()?.get(register)
    }
    /// From now on the task is taken to stand at `addr`, where it will be put: a breakpoint stops it one byte later.
    fn rewound_to(&self, _addr: Addr) {}
    /// From now on these bytes are taken to stand at `addr`, where they will be put.
    fn will_hold(&self, _addr: Addr, _bytes: &[u8]) {}
    /// Reads memory from `addr`; the number of bytes that could be read, which is less than asked for at the
    /// end of a mapping, and 0 where nothing is mapped or the task is gone.
    fn read(&self, _addr: Addr, _buffer: &mut [u8]) -> usize {
        0
    }
    /// Whether `len` bytes from `addr` could be written to: all of them are mapped, and those that are read-only are
    /// the process's own copy.
    fn is_writable(&self, _addr: Addr, _len: usize) -> bool {
        false
    }
    /// How many of `most` bytes from `addr` on the task itself could write.
    fn room(&self, _addr: Addr, _most: usize) -> usize {
        0
    }
    /// What descriptor `fd` of the task refers to; `None` when it is not open.
    fn descriptor(&self, _fd: i32) -> Option<Descriptor> {
        None
    }
    /// Which directory `fd` is, and where it is read next; `None` for anything else, also for one that was removed.
    fn directory(&self, _fd: i32) -> Option<(DirectoryId, u64)> {
        None
    }
    /// All that is in the directory `fd`, in the order of its file system; `None` where it cannot be read, or not be
    /// read on at so many entries.
    fn directory_entries(&self, _fd: i32) -> Option<Vec<DirectoryEntry>> {
        None
    }
    /// The file that the task means by a descriptor or a path.
    fn file(&self, _place: &FilePlace) -> FileFound {
        FileFound::Unknown
    }
    /// The working directory of the task, absolute.
    fn working_directory(&self) -> Option<Arc<str>> {
        None
    }
    /// What was answered of descriptors and working directories at earlier stops still holds, but for what has moved.
    /// Where it is not told, all that is asked at a stop is found out anew.
    fn answers_stand(&self, _moved: Moved) {}
    /// The name of the mapping that `addr` lies in; `None` when nothing is mapped there.
    fn region(&self, _addr: Addr) -> Option<Region> {
        None
    }
    /// All addresses that a place stands for in what is mapped now.
    fn resolve(&self, _place: &Place) -> Resolved {
        Resolved::NoModule
    }
    /// The file and the symbol that an address lies in; `None` where no file is mapped.
    fn locate(&self, _addr: Addr) -> Option<Location> {
        None
    }
    /// Where the C library keeps the task's `errno`; `None` where that cannot be found out.
    fn errno_location(&self) -> Option<Addr> {
        None
    }
    /// The instruction pointer and the return addresses above it, innermost first, `most` at most.
    fn backtrace(&self, _most: usize) -> Vec<Addr> {
        Vec::new()
    }
    /// Where `main` is, and the entry point, of the image that was just executed.
    fn landmarks(&self) -> Landmarks {
        Landmarks::default()
    }
    /// The image's path and its argument count, just after an exec.
    fn image(&self) -> Option<Image> {
        None
    }
    /// Children of this process that have ended and that it has not waited for.
    fn zombie_children(&self) -> Vec<TaskId> {
        Vec::new()
    }
    /// Whether descriptor `fd` is a FIFO with a name.
    fn is_fifo(&self, _fd: i32) -> bool {
        false
    }
    /// What kind of thing descriptor `fd` refers to, and whether it has O_NONBLOCK; `None` when it is not open.
    fn open_file(&self, _fd: i32) -> Option<faults::Descriptor> {
        None
    }
    /// Whether `fd` is a socket with a time limit, for what it sends (SO_SNDTIMEO) or else for what it receives
    /// (SO_RCVTIMEO).
    fn time_limit(&self, _fd: i32, _sends: bool) -> bool {
        false
    }
    /// Whether `fd` and the descriptor `other_fd` of the task `other` are one open file: by dup(2), fork(2) or over a
    /// socket. `None` where the kernel does not tell.
    fn is_same_file(&self, _fd: i32, _other: TaskId, _other_fd: i32) -> Option<bool> {
        None
    }
    /// The timer behind descriptor `fd` (timerfd_create(2)); `None` for anything else, and where the kernel does not let
    /// it be shared (before 5.6, or without rights to pidfd_getfd(2)).
    fn timer_file(&self, _fd: i32) -> Option<TimerFile> {
        None
    }
    /// Whether the size of the files that this process writes is limited (RLIMIT_FSIZE).
    fn size_limit(&self) -> bool {
        false
    }
    /// How many descriptors the table of this process has room for (`FDSize`, proc_pid_status(5)).
    fn descriptor_slots(&self) -> usize {
        64
    }
    /// The descriptors that this process has open, in the order of their numbers.
    fn open_descriptors(&self) -> Vec<i32> {
        Vec::new()
    }
    /// Bytes of the regular file behind `fd` from `offset` on, or from where it is read next; `None` for anything else.
    fn rest_of_file(&self, _fd: i32, _offset: Option<u64>) -> Option<u64> {
        None
    }
    /// Bytes of private writable memory of a process, as RLIMIT_DATA counts them (`VmData`, proc_pid_status(5)).
    fn data_memory(&self, _process: TaskId) -> u64 {
        0
    }
    /// How many of `length` bytes from `addr` on are private memory that cannot be written to, as it is mapped.
    fn private_unwritable(&self, _addr: Addr, _length: u64) -> u64 {
        0
    }
    /// The end of the heap that brk(2) moves.
    fn program_break(&self) -> Option<Addr> {
        None
    }
    /// The number by which the programs of the run know a task: the last of `NSpid` (proc_pid_status(5)).
    fn number(&self, task: TaskId) -> Option<TaskId> {
        Some(task)
    }
    /// Whether this thread may set the clock of the machine (CAP_SYS_TIME).
    fn may_set_clock(&self) -> bool {
        false
    }
    /// Signals that this thread keeps blocked.
    fn blocked_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }
    /// Signals that wait to be delivered to this thread, blocked ones among them.
    fn pending_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }
    /// Signals that this process has handlers for.
    fn caught_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }
    /// Signals that this process ignores.
    fn ignored_signals(&self) -> SignalSet {
        SignalSet::EMPTY
    }
    /// Whether the image is a set-user-id program of another user than the one that the process acts as.
    fn lost_rights(&self) -> bool {
        false
    }
}

/// What a descriptor refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Descriptor {
    /// A file, directory or device, by its absolute path on the host.
    Path(Arc<str>),
    /// An end of a pipe; `inode` tells pipes apart.
    Pipe {
        /// The pipe's inode.
        inode: u64,
        /// Whether this is the writing end.
        writes: bool,
    },
    /// A socket; `inode` tells sockets apart.
    Socket {
        /// The socket's inode.
        inode: u64,
    },
    /// Something without a path: `eventfd`, `epoll`, `memfd`.
    Anon {
        /// Its kind, without brackets.
        kind: Arc<str>,
        /// The inode, where it tells objects apart; otherwise 0.
        inode: u64,
    },
}

/// What may be otherwise than it was answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Nothing.
    Nothing,
    /// This descriptor of the process of the task that is stopped.
    Descriptor(i32),
    /// Everything, of all processes, and what is answered at this very stop.
    All,
}

/// A timer that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerFile {
    /// The same for all descriptors of one open file, and of no other in the run.
    pub number: u64,
    /// The clock that it goes by (clock_gettime(2)).
    pub clock: i32,
}

/// How a task means a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FilePlace {
    /// By an open descriptor.
    Descriptor(i32),
    /// By a path.
    Path {
        /// The descriptor of the directory that it is relative to, or AT_FDCWD (openat(2)).
        folder: i32,
        /// The path; an empty one is the directory itself.
        path: Vec<u8>,
        /// Whether a symbolic link at its end is followed.
        follows: bool,
    },
}

/// What tells a file from all others that are there (stat(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Its file system, as `st_dev` holds it.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

impl FileId {
    /// `st_dev` of a file system with these numbers (makedev(3)).
    pub fn device_of(major: u64, minor: u64) -> u64 {
        (major & 0xffff_f000) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | minor & 0xff
    }
}

/// What is found where a task means a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFound {
    /// This one.
    File(FileStatus),
    /// There is none.
    Nothing,
    /// It cannot be found out.
    Unknown,
}

impl FileFound {
    /// The file, if one was found.
    pub fn status(self) -> Option<FileStatus> {
        match self {
            FileFound::File(status) => Some(status),
            FileFound::Nothing | FileFound::Unknown => None,
        }
    }
}

/// Times of a file, since 1970; those before are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// When it was read.
    pub accessed: Duration,
    /// When what is in it was changed.
    pub modified: Duration,
    /// When what is known of it was changed.
    pub changed: Duration,
}

/// What the file system tells of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// Which file it is.
    pub id: FileId,
    /// Whether what is written to it stays in it: a regular file or a directory.
    pub holds_data: bool,
    /// Its times.
    pub stamps: Stamps,
}

/// What tells a directory from all others, also from those that had its inode before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DirectoryId {
    /// Its file system.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
    /// When it was made, since 1970; nothing where the file system does not tell.
    pub made: Duration,
}

/// A mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Region {
    /// The heap below the program break.
    Heap,
    /// A stack that the kernel set up.
    Stack,
    /// A file, by the base name of its path.
    Module(Arc<str>),
    /// Anonymous memory.
    Anonymous,
}

/// Places in a fresh image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landmarks {
    /// The address of `main`, if it could be found.
    pub main: Option<Addr>,
    /// The entry point of the program (not of the loader).
    pub entry: Option<Addr>,
}

/// A fresh image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The file executed, as the kernel resolved it.
    pub path: String,
    /// The arguments, as bytes.
    pub argv: Vec<Vec<u8>>,
}
