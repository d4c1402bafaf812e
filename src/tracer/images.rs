//! The files that processes have mapped, read and parsed once each. It decides nothing about places in them.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;

use foldhash::HashMap;

use super::modules::Modules;
use crate::abi::{Addr, TaskId};
use crate::image::{Content, Elf};
use crate::sys::maps::{self, Mapping, Maps};
use crate::sys::{is_short, noted, procfs, read_memory};

/// Where distributions keep separate debug information (GDB manual, "Separate Debug Files").
const DEBUG_FOLDER: &str = "/usr/lib/debug";

/// What the kernel tells a file apart by, and when it last changed.
type FileId = (u64, u64, i64, i64);

/// Files by identity.
type Files = RefCell<HashMap<FileId, Option<Rc<Elf>>>>;

/// So many bytes of files are kept from one run to the next: most programs with their libraries are smaller.
const KEPT: usize = 16 << 20;

/// So many files are read as they are needed, each with the one that holds its debug information; others at once.
const OPEN: usize = 16;

thread_local! {
    /// Runs on one thread come one after the other, and most of them are of the same program and libraries.
    static FILES: Rc<Files> = Rc::default();
}

/// Files by identity, and the modules of each process as they were when last asked for.
#[derive(Debug)]
pub(super) struct Images {
    files: Rc<Files>,
    vdso: RefCell<Option<Rc<Elf>>>,
    processes: RefCell<HashMap<TaskId, Mapped>>,
    /// The memory of the process that was asked last: to open it takes longer than to ask.
    latest: RefCell<Option<(TaskId, Maps)>>,
}

/// What a process had mapped when it was last asked for: the text that told so, and what it is.
type Mapped = (Vec<u8>, Rc<Modules>);

impl Default for Images {
    fn default() -> Images {
        let files = FILES.with(Rc::clone);
        let size: usize = files.borrow().values().flatten().map(|file| file.size()).sum();
        if size > KEPT {
            files.borrow_mut().clear();
        }
        Images { files, vdso: RefCell::default(), processes: RefCell::default(), latest: RefCell::default() }
    }
}

impl Images {
    /// The modules that a process has mapped now, by one of its threads: a first thread that has ended shows none any
    /// more. What has not changed since the last time is not looked at again.
    pub(super) fn modules(&self, process: TaskId, task: TaskId) -> Rc<Modules> {
        let maps = maps::maps_text(task);
        if let Some((known, modules)) = self.processes.borrow().get(&process)
            && *known == maps
        {
            return modules.clone();
        }
        let mut modules = Rc::new(Modules::of(&maps::parse_mappings(&maps)));
        let mut processes = self.processes.borrow_mut();
        if let Some((_, before)) = processes.get(&process) {
            if before.is_of(&modules) {
                modules = before.clone();
            } else {
                modules.know(before);
            }
        }
        processes.insert(process, (maps, modules.clone()));
        modules
    }

    /// The mapping that an address of a process lies in, by one of its threads; `None` where nothing is mapped.
    pub(super) fn mapping_at(&self, process: TaskId, task: TaskId, addr: Addr) -> Option<Mapping> {
        let mut latest = self.latest.borrow_mut();
        if latest.as_ref().is_none_or(|(known, _)| *known != process) {
            *latest = Some((process, Maps::of(task)?));
        }
        latest.as_ref()?.1.mapping_at(task, addr)
    }

    /// A process has another image, or has ended: its memory is not what it was.
    pub(super) fn replaced(&self, process: TaskId) {
        self.latest.borrow_mut().take_if(|(known, _)| *known == process);
    }

    /// The file behind a mapping; `None` where it cannot be read, or is no program or library.
    pub(super) fn image(&self, task: TaskId, mapping: &Mapping) -> Option<Rc<Elf>> {
        if mapping.name == "[vdso]" {
            return self.vdso(task, mapping);
        }
        let file = open(task, mapping)?;
        let data = file.metadata().ok()?;
        let id = (data.dev(), data.ino(), data.ctime(), data.ctime_nsec());
        if let Some(known) = self.files.borrow().get(&id) {
            return known.clone();
        }
        // Where there was no room for one, the run is about to end.
        if is_short() {
            return None;
        }
        // What is read bit by bit stays open.
        let is_one_of_many = self.files.borrow().len() >= OPEN;
        let content = data.is_file().then(|| content(file, is_one_of_many)).flatten();
        let debug = |build_id: Option<&[u8]>, link: Option<&str>| {
            debug_file(&mapping.name, build_id, link).and_then(|file| self::content(file, is_one_of_many))
        };
        let elf = content.and_then(|content| Elf::with_debug(content, debug)).map(Rc::new);
        self.files.borrow_mut().insert(id, elf.clone());
        elf
    }

    /// The kernel maps the same one into every 64-bit process (vdso(7)).
    fn vdso(&self, task: TaskId, mapping: &Mapping) -> Option<Rc<Elf>> {
        if self.vdso.borrow().is_none() {
            let mut bytes = vec![0; (mapping.end.0 - mapping.start.0) as usize];
            let got = read_memory(task, mapping.start, &mut bytes);
            bytes.truncate(got);
            *self.vdso.borrow_mut() = Elf::parse(bytes).map(Rc::new);
        }
        self.vdso.borrow().clone()
    }
}

/// Opens the file behind a mapping as the task sees it. One that was deleted or replaced is had through the kernel's
/// own links: the program's without privilege, others with CAP_CHECKPOINT_RESTORE (proc_pid_map_files(5)).
fn open(task: TaskId, mapping: &Mapping) -> Option<File> {
    let by_path = || noted(File::open(format!("/proc/{}/root{}", task.0, mapping.name))).ok();
    let is_deleted = mapping.name.ends_with(" (deleted)");
    if let Some(file) = by_path().filter(|_| !is_deleted) {
        return Some(file);
    }
    let range = format!("{:x}-{:x}", mapping.start.0, mapping.end.0);
    noted(File::open(format!("/proc/{}/map_files/{range}", task.0))).ok().or_else(|| {
        let is_program = procfs::executable(task).is_some_and(|path| path == mapping.name);
        let path = format!("/proc/{}/exe", task.0);
        is_program.then(|| noted(File::open(path)).ok()).flatten()
    })
}

/// The bytes of a file, all of them at once or as they are needed.
fn content(mut file: File, at_once: bool) -> Option<Content> {
    if !at_once {
        return Some(Content::of(file));
    }
    let mut bytes = Vec::new();
    noted(file.read_to_end(&mut bytes)).ok()?;
    Some(Content::from(bytes))
}

/// The separate file with debug information of the file at `path`.
fn debug_file(path: &str, build_id: Option<&[u8]>, link: Option<&str>) -> Option<File> {
    let by_id = build_id.filter(|id| id.len() > 1).map(|id| {
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{DEBUG_FOLDER}/.build-id/{}/{}.debug", &hex[..2], &hex[2..])
    });
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let by_link = link.into_iter().flat_map(|link| {
        [format!("{folder}/{link}"), format!("{folder}/.debug/{link}"), format!("{DEBUG_FOLDER}{folder}/{link}")]
    });
    by_id
        .into_iter()
        .chain(by_link)
        .filter(|candidate| candidate != path)
        .find_map(|path| noted(File::open(path)).ok())
}
