//! Answers the engine's questions about a stopped task from the kernel.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::images::Images;
use super::links::{Answers, Links};
use super::modules::{Modules, executed_as};
use super::timers::Timers;
use crate::abi::{Addr, DirectoryEntry, Register, RegisterClass, Registers, SignalSet, TaskId, Word};
use crate::engine::{
    Descriptor, DirectoryId, FileFound, FileId, FilePlace, FileStatus, Gone, Image, Inspect, Landmarks, Location,
    Moved, Region, Resolved, Stamps, TimerFile,
};
use crate::faults;
use crate::image;
use crate::plan::Place;
use crate::sys::maps::{self, Mapping};
use crate::sys::{self, noted, procfs};

/// Auxiliary vector entries (getauxval(3)).
const AT_ENTRY: u64 = 9;
/// To set the clock (capabilities(7)).
const CAP_SYS_TIME: u32 = 25;

/// The stopped task, to be asked.
#[derive(Debug)]
pub(super) struct Inspector {
    task: TaskId,
    process: TaskId,
    registers: Cell<Option<Registers>>,
    images: Rc<Images>,
    /// What the process has mapped, which stays while the task stands still: both are asked for at each frame of a stack.
    modules: OnceCell<Rc<Modules>>,
    mappings: OnceCell<Vec<Mapping>>,
    timers: Rc<Timers>,
    links: Rc<Links>,
    /// What was answered of descriptors and the working directory, and stands at least for this stop.
    answers: OnceCell<Rc<Answers>>,
    /// Memory may have to be waited for, by its page.
    pages_wait: bool,
    /// What will stand in memory.
    painted: RefCell<Vec<(Addr, Box<[u8]>)>>,
}

impl Inspector {
    pub(super) fn new(
        (task, process): (TaskId, TaskId),
        images: Rc<Images>,
        timers: Rc<Timers>,
        links: Rc<Links>,
    ) -> Inspector {
        Inspector {
            task,
            process,
            registers: Cell::default(),
            images,
            modules: OnceCell::default(),
            mappings: OnceCell::default(),
            timers,
            links,
            answers: OnceCell::new(),
            pages_wait: false,
            painted: RefCell::default(),
        }
    }

    /// The same where a page of memory may be one that somebody has to provide, who is stopped meanwhile.
    pub(super) fn of_pages_that_wait(self, pages_wait: bool) -> Inspector {
        Inspector { pages_wait, ..self }
    }

    fn modules(&self) -> &Rc<Modules> {
        self.modules.get_or_init(|| self.images.modules(self.process, self.task))
    }

    fn mappings(&self) -> &[Mapping] {
        self.mappings.get_or_init(|| maps::mappings(self.task))
    }

    /// Writes memory; false if not all of it could be.
    pub(super) fn write(&self, addr: Addr, bytes: &[u8]) -> bool {
        let write = if self.pages_wait { sys::write_memory_unwaiting } else { sys::write_memory };
        write(self.task, addr, bytes)
    }

    /// Whether the directory behind `fd` was removed. Some file systems (overlayfs) keep counting a link to it; its name
    /// then says so, unless it is just the name of one that is there.
    fn was_removed(&self, fd: i32, data: &Metadata) -> bool {
        let link = procfs::descriptor_link(self.task, fd).unwrap_or_default();
        let is_there = || {
            let path = [format!("/proc/{}/root", self.task.0).as_bytes(), &link].concat();
            let there = std::fs::metadata(OsStr::from_bytes(&path));
            there.is_ok_and(|there| (there.dev(), there.ino()) == (data.dev(), data.ino()))
        };
        data.nlink() == 0 || link.ends_with(b" (deleted)") && !is_there()
    }

    /// The registers, if they were read already.
    pub(super) fn known_registers(&self) -> Option<Registers> {
        self.registers.get()
    }

    /// The registers have changed since they were read.
    pub(super) fn forget_registers(&self) {
        self.registers.set(None);
    }

    fn auxiliary(&self, key: u64) -> Option<Addr> {
        procfs::auxiliary_vector(self.task).into_iter().find(|(k, _)| *k == key).map(|(_, value)| Addr(value))
    }
}

#[deny(clippy::missing_trait_methods)]
impl Inspect for Inspector {
    fn registers(&self) -> Result<Registers, Gone> {
        if let Some(known) = self.registers.get() {
            return Ok(known);
        }
        let read = sys::registers(self.task).map_err(|_| Gone)?;
        self.registers.set(Some(read));
        Ok(read)
    }

    fn register(&self, register: Register) -> Option<Word> {
        match register.class() {
            RegisterClass::General => self.registers().ok()?.get(register),
            _ => sys::register(self.task, register).ok(),
        }
    }

    fn rewound_to(&self, addr: Addr) {
        if let Ok(registers) = self.registers() {
            self.registers.set(Some(Registers { rip: addr.0, ..registers }));
        }
    }

    fn descriptor_slots(&self) -> usize {
        procfs::status_field(self.task, "FDSize").and_then(|slots| slots.parse().ok()).unwrap_or(0)
    }

    fn will_hold(&self, addr: Addr, bytes: &[u8]) {
        self.painted.borrow_mut().push((addr, bytes.into()));
    }

    fn read(&self, addr: Addr, buffer: &mut [u8]) -> usize {
        let read = if self.pages_wait { sys::read_memory_unwaiting } else { sys::read_memory };
        let got = read(self.task, addr, buffer);
        for (painted, bytes) in self.painted.borrow().iter() {
            paint(addr, &mut buffer[..got], *painted, bytes);
        }
        got
    }

    fn room(&self, addr: Addr, most: usize) -> usize {
        let end = Addr(addr.0.saturating_add(most as u64));
        let mut at = addr;
        for map in self.mappings() {
            if map.start <= at && at < map.end && map.writable {
                at = map.end.min(end);
            }
        }
        (at.0 - addr.0) as usize
    }

    fn is_writable(&self, addr: Addr, len: usize) -> bool {
        let end = addr.plus(len as u64);
        let mut at = addr;
        for map in self.mappings() {
            if map.start <= at && at < map.end && (map.writable || !map.shared) {
                at = map.end;
            }
        }
        at >= end
    }

    fn descriptor(&self, fd: i32) -> Option<Descriptor> {
        if fd < 0 {
            return None;
        }
        self.answers.get_or_init(Rc::default).descriptor(fd, || {
            let link = procfs::descriptor_link(self.task, fd)?;
            Some(descriptor(&String::from_utf8_lossy(&link), || procfs::descriptor_writes(self.task, fd)))
        })
    }

    fn directory(&self, fd: i32) -> Option<(DirectoryId, u64)> {
        let data = std::fs::metadata(format!("/proc/{}/fd/{fd}", self.task.0)).ok()?;
        // Of one that was removed the kernel tells that it is gone (getdents(2), ENOENT).
        if !data.is_dir() || self.was_removed(fd, &data) {
            return None;
        }
        let made = data.created().ok().and_then(|made| made.duration_since(SystemTime::UNIX_EPOCH).ok());
        let id = DirectoryId { device: data.dev(), inode: data.ino(), made: made.unwrap_or(Duration::ZERO) };
        Some((id, procfs::descriptor_position(self.task, fd)?))
    }

    fn directory_entries(&self, fd: i32) -> Option<Vec<DirectoryEntry>> {
        sys::directory_entries(self.process, self.task, fd)
    }

    fn file(&self, place: &FilePlace) -> FileFound {
        let data = match place {
            FilePlace::Descriptor(fd) => noted(std::fs::metadata(format!("/proc/{}/fd/{fd}", self.task.0))),
            FilePlace::Path { folder, path, follows } => sys::status_at(self.task, *folder, path, *follows),
        };
        let data = match data {
            Ok(data) => data,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return FileFound::Nothing,
            Err(_) => return FileFound::Unknown,
        };
        FileFound::File(FileStatus {
            id: FileId { device: data.dev(), inode: data.ino() },
            holds_data: data.is_file() || data.is_dir(),
            stamps: Stamps {
                accessed: since_1970(data.atime(), data.atime_nsec()),
                modified: since_1970(data.mtime(), data.mtime_nsec()),
                changed: since_1970(data.ctime(), data.ctime_nsec()),
            },
        })
    }

    fn working_directory(&self) -> Option<Arc<str>> {
        self.answers.get_or_init(Rc::default).directory(|| procfs::working_directory(self.task).map(Arc::from))
    }

    fn answers_stand(&self, moved: Moved) {
        if let Some(answers) = self.links.stand(self.process, moved) {
            // Told at the beginning of a stop: nothing was asked yet.
            let _ = self.answers.set(answers);
        }
    }

    fn region(&self, addr: Addr) -> Option<Region> {
        let mapping = self.images.mapping_at(self.process, self.task, addr)?;
        Some(match mapping.name.as_str() {
            "[heap]" => Region::Heap,
            "[stack]" => Region::Stack,
            name if name.starts_with('/') => Region::Module(Arc::from(name.rsplit('/').next().unwrap_or(name))),
            name if name.starts_with('[') && !name.starts_with("[anon") => {
                Region::Module(Arc::from(name.trim_matches(['[', ']'])))
            }
            _ => Region::Anonymous,
        })
    }

    fn resolve(&self, place: &Place) -> Resolved {
        self.modules().resolve(self.task, &self.images, place)
    }

    fn locate(&self, addr: Addr) -> Option<Location> {
        self.modules().locate(self.task, &self.images, addr)
    }

    fn errno_location(&self) -> Option<Addr> {
        let place = Place::parse("__errno_location").ok()?;
        let Resolved::At(sites) = self.resolve(&place) else { return None };
        let start = sites.first()?.addr;
        let mut code = [0; 64];
        let got = self.read(start, &mut code);
        let word = |addr: u64| {
            let mut bytes = [0; 8];
            (self.read(Addr(addr), &mut bytes) == bytes.len()).then(|| u64::from_le_bytes(bytes))
        };
        let thread = self.registers().ok()?.fs_base;
        image::returned(&code[..got], start.0, thread, &word).map(Addr)
    }

    fn backtrace(&self, most: usize) -> Vec<Addr> {
        let Ok(registers) = self.registers() else { return Vec::new() };
        let unwinder = self.modules().unwinder(self.task, &self.images);
        unwinder.frames(&registers, most, |addr, bytes| self.read(addr, bytes))
    }

    fn landmarks(&self) -> Landmarks {
        let Some(entry) = self.auxiliary(AT_ENTRY) else { return Landmarks::default() };
        let places = noted(File::open(format!("/proc/{}/exe", self.task.0))).ok().and_then(|file| {
            let cache = object::ReadCache::new(file);
            image::places(&cache)
        });
        let main = places.and_then(|places| Some(entry.plus(places.main?.wrapping_sub(places.entry))));
        // Only an image of this machine's own kind can take an `int3` of ours and a register view as ours.
        Landmarks { main, entry: places.map(|_| entry) }
    }

    fn image(&self) -> Option<Image> {
        let path = executed_as(self.task).or_else(|| procfs::executable(self.task))?;
        Some(Image { path, argv: procfs::arguments(self.task) })
    }

    fn zombie_children(&self) -> Vec<TaskId> {
        procfs::zombie_children(self.process)
    }

    fn is_fifo(&self, fd: i32) -> bool {
        self.answers.get_or_init(Rc::default).is_fifo(fd, || {
            std::fs::metadata(format!("/proc/{}/fd/{fd}", self.task.0)).is_ok_and(|data| data.file_type().is_fifo())
        })
    }

    fn open_file(&self, fd: i32) -> Option<faults::Descriptor> {
        let data = std::fs::metadata(format!("/proc/{}/fd/{fd}", self.task.0)).ok()?;
        let non_blocking = procfs::descriptor_flags(self.task, fd) & libc::O_NONBLOCK != 0;
        Some(faults::Descriptor { kind: Some(kind(&data)), non_blocking })
    }

    fn time_limit(&self, fd: i32, sends: bool) -> bool {
        sys::socket_time_limit(self.process, fd, sends)
    }

    fn is_same_file(&self, fd: i32, other: TaskId, other_fd: i32) -> Option<bool> {
        sys::is_same_open_file((self.task, fd), (other, other_fd))
    }

    fn timer_file(&self, fd: i32) -> Option<TimerFile> {
        self.timers.of(self.process, fd)
    }

    fn size_limit(&self) -> bool {
        procfs::has_limit(self.task, "Max file size")
    }

    fn open_descriptors(&self) -> Vec<i32> {
        procfs::open_descriptors(self.task)
    }

    fn rest_of_file(&self, fd: i32, offset: Option<u64>) -> Option<u64> {
        let data = std::fs::metadata(format!("/proc/{}/fd/{fd}", self.task.0)).ok()?;
        let from = offset.or_else(|| procfs::descriptor_position(self.task, fd))?;
        data.file_type().is_file().then(|| data.len().saturating_sub(from))
    }

    fn data_memory(&self, process: TaskId) -> u64 {
        // A first thread that has ended has no memory any more, and its process has.
        procfs::data_memory(if process == self.process { self.task } else { process })
    }

    fn private_unwritable(&self, addr: Addr, length: u64) -> u64 {
        let end = addr.0.saturating_add(length);
        let meant = self.mappings().iter().filter(|map| !map.writable && !map.shared);
        meant.map(|map| map.end.0.min(end).saturating_sub(map.start.0.max(addr.0))).sum()
    }

    fn program_break(&self) -> Option<Addr> {
        procfs::program_break(self.task)
    }

    fn number(&self, task: TaskId) -> Option<TaskId> {
        let numbers = procfs::status_field(task, "NSpid")?;
        numbers.split_whitespace().last()?.parse().ok().map(TaskId)
    }

    fn may_set_clock(&self) -> bool {
        procfs::has_capability(self.task, CAP_SYS_TIME)
    }

    fn blocked_signals(&self) -> SignalSet {
        procfs::signal_mask(self.task, "SigBlk")
    }

    fn pending_signals(&self) -> SignalSet {
        let [own, shared] = ["SigPnd", "ShdPnd"].map(|what| procfs::signal_mask(self.task, what));
        SignalSet(own.0 | shared.0)
    }

    fn caught_signals(&self) -> SignalSet {
        procfs::signal_mask(self.task, "SigCgt")
    }

    fn ignored_signals(&self) -> SignalSet {
        procfs::signal_mask(self.task, "SigIgn")
    }

    fn lost_rights(&self) -> bool {
        procfs::lost_rights(self.task)
    }
}

/// What a file is by its inode. What has no type there (eventfd, epoll) is there to be waited for.
/// A time of a file; what is before 1970 is 1970.
fn since_1970(seconds: i64, nanoseconds: i64) -> Duration {
    match (u64::try_from(seconds), u32::try_from(nanoseconds)) {
        (Ok(seconds), Ok(nanoseconds)) => Duration::new(seconds, nanoseconds),
        _ => Duration::ZERO,
    }
}

fn kind(data: &Metadata) -> faults::Kind {
    /// Major numbers of terminals (Documentation/admin-guide/devices.txt): consoles, /dev/tty, pseudo-terminals.
    const TERMINALS: [u32; 4] = [4, 5, 136, 137];
    let file_type = data.file_type();
    if file_type.is_file() {
        faults::Kind::File
    } else if file_type.is_dir() {
        faults::Kind::Dir
    } else if file_type.is_fifo() {
        faults::Kind::Pipe
    } else if file_type.is_socket() {
        faults::Kind::Socket
    } else if file_type.is_char_device() && TERMINALS.contains(&libc::major(data.rdev())) {
        faults::Kind::Terminal
    } else if file_type.is_char_device() || file_type.is_block_device() {
        faults::Kind::Device
    } else {
        faults::Kind::Event
    }
}

/// What the text of a link in /proc/PID/fd says (proc_pid_fd(5)). A file without a name left is known by the one
/// it had; one that never had any (O_TMPFILE), by its kind.
fn descriptor(link: &str, writes: impl FnOnce() -> bool) -> Descriptor {
    let inode = |text: &str| text.trim_matches(['[', ']']).parse().unwrap_or(0);
    let anon = |kind: &str| Descriptor::Anon { kind: Arc::from(kind), inode: 0 };
    let live = link.strip_suffix(" (deleted)").unwrap_or(link);
    if let Some(name) = live.strip_prefix("/memfd:") {
        // What the target prints is shown alike, whether it is in memory or on disk.
        return if sys::is_memory_file(name) { anon("tmpfile") } else { anon(&format!("memfd:{name}")) };
    }
    if live.starts_with('/') {
        let base = live.rsplit('/').next().unwrap_or(live);
        let is_nameless = live != link && base.strip_prefix('#').is_some_and(|rest| rest.parse::<u64>().is_ok());
        return if is_nameless { anon("tmpfile") } else { Descriptor::Path(Arc::from(live)) };
    }
    match link.split_once(':') {
        Some(("pipe", number)) => Descriptor::Pipe { inode: inode(number), writes: writes() },
        Some(("socket", number)) => Descriptor::Socket { inode: inode(number) },
        Some(("anon_inode", kind)) => anon(kind.trim_matches(['[', ']'])),
        Some((kind, number)) => Descriptor::Anon { kind: Arc::from(kind), inode: inode(number) },
        None => anon(link),
    }
}

/// Puts what of `bytes`, which stand at `from`, lies in `buffer`, which was read from `addr`.
fn paint(addr: Addr, buffer: &mut [u8], from: Addr, bytes: &[u8]) {
    let start = from.0.max(addr.0);
    let end = from.plus(bytes.len() as u64).0.min(addr.plus(buffer.len() as u64).0);
    if start < end {
        let part = &bytes[(start - from.0) as usize..(end - from.0) as usize];
        buffer[(start - addr.0) as usize..(end - addr.0) as usize].copy_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(link: &str, expected: Descriptor) {
        assert_eq!(descriptor(link, || true), expected);
    }

    #[test]
    fn links_say_what_descriptors_are() {
        let anon = |kind| Descriptor::Anon { kind: Arc::from(kind), inode: 0 };
        check("/tmp/a b", Descriptor::Path(Arc::from("/tmp/a b")));
        check("/tmp/a (deleted)", Descriptor::Path(Arc::from("/tmp/a")));
        check("/tmp/#123 (deleted)", anon("tmpfile"));
        check("/memfd:x (deleted)", anon("memfd:x"));
        check("/memfd:rinject (deleted)", anon("tmpfile"));
        check("pipe:[77]", Descriptor::Pipe { inode: 77, writes: true });
        check("socket:[78]", Descriptor::Socket { inode: 78 });
        check("anon_inode:[eventfd]", anon("eventfd"));
        check("anon_inode:inotify", anon("inotify"));
        check("net:[4026531840]", Descriptor::Anon { kind: Arc::from("net"), inode: 4026531840 });
    }

    #[test]
    fn what_will_be_put_somewhere_is_read_there() {
        let read = |addr: u64, len: usize, from: u64| {
            let mut buffer = vec![b'.'; len];
            paint(Addr(addr), &mut buffer, Addr(from), b"abcd");
            String::from_utf8(buffer).unwrap()
        };
        assert_eq!(read(100, 8, 102), "..abcd..");
        assert_eq!(read(100, 4, 98), "cd..");
        assert_eq!(read(100, 4, 103), "...a");
        assert_eq!(read(101, 2, 100), "bc");
        assert_eq!(read(100, 4, 104), "....");
        assert_eq!(read(104, 4, 100), "....");
    }
}
