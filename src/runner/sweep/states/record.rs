//! Whoever looks on at a run and records what it does to the files in its folder: calls tell where, and what is there then is
//! read while the task stands still. It must not know what a loss of power makes of it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::calls::{
    AT_SYMLINK_NOFOLLOW, FULL_SYNC, MS_SYNC, O_APPEND, O_DSYNC, RWF_DSYNC, RWF_SYNC, makes_file, path, raw,
    written_to,
};
use super::files::Files;
use super::maps::Maps;
use super::task::Still;
use crate::abi::{Changes, Sysno, TaskId};
use crate::sweep::states::{Change, Node, Op, Sync};
use crate::sweep::{Called, Circumstances, Point};
use crate::transcript::{Call, CallResult, Event, EventKind, Part, Sink, TaskName, Value};

/// Who records.
#[derive(Debug)]
pub(super) struct Recorder<'f> {
    folder: &'f OnceCell<PathBuf>,
    files: Option<Files>,
    maps: Maps,
    task: Option<Still>,
    counts: HashMap<Sysno, u64>,
    /// Calls whose start was shown, with their numbers.
    begun: BTreeMap<TaskName, Vec<(Sysno, u64)>>,
    /// What standard output is.
    stdout: Option<(u64, u64)>,
    printed: u64,
    /// Files outside of the folder that were written to.
    outside: BTreeSet<String>,
    /// Ways to write that are not seen.
    unseen: BTreeSet<&'static str>,
    trouble: Option<io::Error>,
}

/// What was recorded.
pub(super) struct Recorded {
    pub(super) files: Files,
    /// What is not seen, or not modelled.
    pub(super) notes: Vec<String>,
}

impl<'f> Recorder<'f> {
    /// For a run whose folder will be known when it begins.
    pub(super) fn new(folder: &'f OnceCell<PathBuf>) -> Recorder<'f> {
        Recorder {
            folder,
            files: None,
            maps: Maps::default(),
            task: None,
            counts: HashMap::new(),
            begun: BTreeMap::new(),
            stdout: None,
            printed: 0,
            outside: BTreeSet::new(),
            unseen: BTreeSet::new(),
            trouble: None,
        }
    }

    /// What was recorded, once the run is over and its folder is there still.
    pub(super) fn finish(mut self) -> io::Result<Recorded> {
        self.begin();
        if let Some(files) = &mut self.files
            && let Err(error) = self.maps.look(files, self.printed)
        {
            self.trouble.get_or_insert(error);
        }
        if let Some(trouble) = self.trouble {
            return Err(trouble);
        }
        let files = self.files.ok_or_else(|| io::Error::other("there was no event"))?;
        if files.is_too_much() {
            return Err(io::Error::other("the run has more than 512 MiB in its files, or writes more"));
        }
        let mut notes = self.maps.notes();
        notes.extend(self.unseen.iter().map(|call| format!("what is written by {call} is in no state")));
        if let Some(first) = self.outside.first() {
            let more = self.outside.len() - 1;
            let more = if more > 0 { format!(" and {more} more files") } else { String::new() };
            notes.push(format!("what is written outside of the folder of the run is in no state: `{first}`{more}"));
        }
        Ok(Recorded { files, notes })
    }

    /// Looks at the folder before the program does anything.
    fn begin(&mut self) {
        if self.files.is_none() && self.trouble.is_none() {
            match self.folder.get().map_or_else(|| Err(io::ErrorKind::NotFound.into()), |folder| Files::scan(folder))
            {
                Ok(files) => self.files = Some(files),
                Err(error) => self.trouble = Some(error),
            }
        }
        if self.stdout.is_none() {
            self.stdout = self.opened(1).map(|data| (data.dev(), data.ino()));
        }
    }

    fn call(&mut self, event: &Event, call: &Call) {
        let Some(sysno) = call.sysno else { return };
        if call.part == Part::Started {
            let nth = self.number(sysno);
            return self.begun.entry(event.task).or_default().push((sysno, nth));
        }
        let begun = self.begun.entry(event.task).or_default();
        let at = begun.iter().rposition(|(known, _)| *known == sysno).filter(|_| call.part == Part::Resumed);
        let nth = match at {
            Some(at) => begun.remove(at).1,
            None => self.number(sysno),
        };
        let Some(CallResult::Value { raw, .. }) = call.result else { return };
        let before = self.printed;
        let done = self.done(event, call, sysno, raw);
        if let Err(error) = done.and_then(|(changes, sync)| self.put(event, (sysno, nth), changes, sync, before)) {
            self.trouble.get_or_insert(error);
        }
    }

    fn number(&mut self, sysno: Sysno) -> u64 {
        let count = self.counts.entry(sysno).or_default();
        *count += 1;
        *count
    }

    /// Notes an operation, and before it what was stored in mapped files meanwhile.
    fn put(
        &mut self,
        event: &Event,
        (sysno, nth): (Sysno, u64),
        changes: Vec<Change>,
        sync: Option<Sync>,
        printed: u64,
    ) -> io::Result<()> {
        let Some(files) = &mut self.files else { return Ok(()) };
        if changes.is_empty() && sync.is_none() {
            return Ok(());
        }
        self.maps.look(files, printed)?;
        let point = Point {
            called: Called::Call(sysno),
            nth,
            times: 1,
            shown: event.kind.to_string(),
            frames: event.frames.clone(),
            source: None,
            path: None,
            circumstances: Circumstances::default(),
            amounts: Vec::new(),
        };
        let about = |change: &Change| match change {
            Change::Data { node, .. } | Change::Size { node, .. } | Change::Attribute { node, .. } => Some(*node),
            Change::Entry { .. } => None,
        };
        let synced = match sync {
            Some(Sync::One { node, .. }) => Some(node),
            Some(Sync::All) | None => None,
        };
        let file = changes.iter().find_map(about).or(synced).map(|node| files.name_of(node));
        files.recording.ops.push(Op { point, changes, sync, file, printed });
        Ok(())
    }

    /// What a call has changed, and what it has waited for.
    fn done(
        &mut self,
        event: &Event,
        call: &Call,
        sysno: Sysno,
        result: i64,
    ) -> io::Result<(Vec<Change>, Option<Sync>)> {
        let (none, name) = ((Vec::new(), None), sysno.name());
        let fd = raw(call, "fd").unwrap_or_default() as i32;
        if let Some(fd) = written_to(sysno, call) {
            return self.written(call, name, fd, result);
        }
        if sysno.does("file.open") {
            return Ok((self.made_open(result as i32)?, None));
        }
        match sysno.info().changes {
            Some(Changes::Names) => return Ok((self.named(call, makes_file(sysno))?, None)),
            Some(Changes::Attributes) => return Ok((self.attributes(call, name, fd)?, None)),
            Some(Changes::Content | Changes::Times) | None => {}
        }
        match name {
            "ftruncate" | "fallocate" => return Ok((self.resized(name, fd)?, None)),
            "truncate" => {
                let data = path(call).and_then(|path| fs::metadata(path).ok());
                let Some((data, files)) = data.zip(self.files.as_mut()) else { return Ok(none) };
                let node = files.node(&data);
                return Ok((node.and_then(|node| files.size(node, data.len())).into_iter().collect(), None));
            }
            "fsync" | "fdatasync" => {
                let sync = self.node(fd).map(|node| Sync::One { node, data_only: name == "fdatasync" });
                return Ok((Vec::new(), sync));
            }
            "sync" => return Ok((Vec::new(), Some(Sync::All))),
            "syncfs" => {
                let is_ours =
                    self.opened(fd).zip(self.files.as_ref()).is_some_and(|(data, files)| files.is_on(&data));
                return Ok((Vec::new(), is_ours.then_some(Sync::All)));
            }
            "msync" if raw(call, "flags").unwrap_or_default() & MS_SYNC != 0 => {
                let node = self.mapped_at(raw(call, "addr").unwrap_or_default()).map(|(node, _)| node);
                return Ok((Vec::new(), node.map(|node| Sync::One { node, data_only: true })));
            }
            "mmap" | "mprotect" => self.mapped(event, call, name, fd)?,
            "io_submit" => drop(self.unseen.insert("io_submit(2)")),
            "io_uring_setup" => drop(self.unseen.insert("an io_uring (io_uring_setup(2))")),
            _ => {}
        }
        Ok(none)
    }

    /// A call that has written so many bytes.
    fn written(&mut self, call: &Call, name: &str, fd: i32, count: i64) -> io::Result<(Vec<Change>, Option<Sync>)> {
        let none = (Vec::new(), None);
        let (Some(task), Some(data)) = (self.task, self.opened(fd)) else { return Ok(none) };
        let count = u64::try_from(count).unwrap_or_default();
        if self.stdout == Some((data.dev(), data.ino())) {
            // What was stored before is not stored behind what is printed.
            if let Some(files) = &mut self.files {
                self.maps.look(files, self.printed)?;
            }
            self.printed += count;
        }
        let Some(node) = self.file_of(fd, &data)? else {
            if data.is_file() && count > 0 && self.stdout != Some((data.dev(), data.ino())) {
                self.note_outside(fd);
            }
            return Ok(none);
        };
        let Some(files) = &mut self.files else { return Ok(none) };
        let flags = task.flags(fd);
        let more = raw(call, "flags").filter(|_| name == "pwritev2").unwrap_or_default();
        let sync = match () {
            () if flags & FULL_SYNC != 0 || more & RWF_SYNC != 0 => Some(Sync::One { node, data_only: false }),
            () if flags & O_DSYNC != 0 || more & RWF_DSYNC != 0 => Some(Sync::One { node, data_only: true }),
            () => None,
        };
        let own = task.open(fd)?;
        let end = match name {
            // It is written to the end of the file, whatever the call says (pwrite(2)).
            "write" | "writev" | "pwrite64" | "pwritev" if flags & O_APPEND != 0 => Some(data.len()),
            "write" | "writev" => task.position(fd),
            "pwrite64" | "pwritev" => raw(call, "offset").map(|offset| offset + count),
            _ => None,
        };
        let changes = match end {
            Some(end) => files.data(node, &own, end.saturating_sub(count)..end)?.into_iter().collect(),
            None => files.all_data(node, &own)?,
        };
        Ok((changes, sync.filter(|_| count > 0)))
    }

    /// A file was opened, made by that, or cut.
    fn made_open(&mut self, fd: i32) -> io::Result<Vec<Change>> {
        let (Some(data), Some(path)) = (self.opened(fd), self.path(fd)) else { return Ok(Vec::new()) };
        let Some(files) = &mut self.files else { return Ok(Vec::new()) };
        let mut changes: Vec<Change> = files.renamed(&path, true)?.into_iter().collect();
        if data.is_file()
            && let Some(node) = files.node(&data)
            && data.len() == 0
        {
            changes.extend(files.size(node, 0));
        }
        Ok(changes)
    }

    /// Names were made, moved or removed.
    fn named(&mut self, call: &Call, is_new: bool) -> io::Result<Vec<Change>> {
        let Some(files) = &mut self.files else { return Ok(Vec::new()) };
        let mut changes = Vec::new();
        for arg in &call.args {
            if let Value::Path(path) = &arg.value {
                changes.extend(files.renamed(Path::new(&path.host), is_new)?);
            }
        }
        // What a name no longer means goes first.
        changes.sort_by_key(|change| matches!(change, Change::Entry { to: Some(_), .. }));
        Ok(changes)
    }

    /// Mode, owner or extended attributes were set.
    fn attributes(&mut self, call: &Call, name: &str, fd: i32) -> io::Result<Vec<Change>> {
        let flags = raw(call, "flags").or_else(|| raw(call, "at_flags")).unwrap_or_default();
        let is_of_link = name.starts_with('l') || flags & AT_SYMLINK_NOFOLLOW != 0;
        let found = match path(call) {
            Some(path) if is_of_link => fs::symlink_metadata(&path).ok().map(|data| (path, data)),
            Some(path) => fs::metadata(&path).ok().map(|data| (path, data)),
            // Also one without a name: it may get one yet.
            None => self.task.and_then(|task| Some((task.link(fd), task.data(fd)?))),
        };
        let Some(((path, data), files)) = found.zip(self.files.as_mut()) else { return Ok(Vec::new()) };
        files.attributes(&path, &data)
    }

    fn resized(&mut self, name: &str, fd: i32) -> io::Result<Vec<Change>> {
        let (Some(task), Some(data)) = (self.task, self.opened(fd)) else { return Ok(Vec::new()) };
        let Some(node) = self.file_of(fd, &data)? else { return Ok(Vec::new()) };
        let Some(files) = &mut self.files else { return Ok(Vec::new()) };
        let mut changes: Vec<Change> = files.size(node, data.len()).into_iter().collect();
        if name == "fallocate" {
            // It may have put zeros, or moved what was there.
            changes.extend(files.all_data(node, &task.open(fd)?)?);
        }
        Ok(changes)
    }

    fn mapped(&mut self, event: &Event, call: &Call, name: &str, fd: i32) -> io::Result<()> {
        const PROT_WRITE: u64 = 2;
        const MAP_TYPE: u64 = 0xf;
        const MAP_PRIVATE: u64 = 2;
        if raw(call, "prot").unwrap_or_default() & PROT_WRITE == 0 {
            return Ok(());
        }
        let flags = raw(call, "flags").unwrap_or_default();
        let found = match name {
            "mmap" if flags & MAP_TYPE == MAP_PRIVATE => None,
            "mmap" => self.node(fd).zip(self.task.and_then(|task| task.open(fd).ok())),
            _ => self.mapped_at(raw(call, "addr").unwrap_or_default()),
        };
        if let (Some((node, file)), Some(files)) = (found, &self.files)
            && files.is_file(node)
        {
            self.maps.add(node, files.name_of(node), file, event.frames.clone());
        }
        Ok(())
    }

    /// The file of the folder that is mapped at this address.
    fn mapped_at(&self, addr: u64) -> Option<(Node, File)> {
        let file = self.task?.mapped(addr)?;
        Some((self.files.as_ref()?.node(&file.metadata().ok()?)?, file))
    }

    /// The file of the folder that a descriptor refers to; one without a name is known from now on.
    fn file_of(&mut self, fd: i32, data: &Metadata) -> io::Result<Option<Node>> {
        let path = self.path(fd);
        let link = self.task.map(|task| task.link(fd));
        let Some(files) = &mut self.files else { return Ok(None) };
        if !data.is_file() {
            return Ok(None);
        }
        if let Some(node) = files.node(data) {
            return Ok(Some(node));
        }
        match path.zip(link) {
            // O_TMPFILE: it may get a name yet (linkat(2)).
            Some((path, link)) if path.starts_with(files.folder()) => files.add(&link, data, false).map(Some),
            _ => Ok(None),
        }
    }

    fn note_outside(&mut self, fd: i32) {
        let is_kept = |path: &Path| !["/dev", "/proc", "/sys"].iter().any(|folder| path.starts_with(folder));
        if let Some(path) = self.path(fd).filter(|path| path.is_absolute() && is_kept(path)) {
            let path = path.to_string_lossy().into_owned();
            // What has no name is gone after any crash.
            if !path.ends_with(" (deleted)") {
                self.outside.insert(path);
            }
        }
    }

    fn node(&self, fd: i32) -> Option<Node> {
        self.files.as_ref()?.node(&self.opened(fd)?)
    }

    /// What a descriptor of the task refers to.
    fn opened(&self, fd: i32) -> Option<Metadata> {
        self.task?.data(fd)
    }

    fn path(&self, fd: i32) -> Option<PathBuf> {
        self.task?.path(fd)
    }
}

impl Sink for Recorder<'_> {
    fn event(&mut self, event: &Event) {
        self.begin();
        if let EventKind::Call(call) = &event.kind
            && event.written
        {
            self.call(event, call);
        }
    }

    fn stands_still(&mut self, task: TaskId) {
        self.task = Some(Still(task));
    }
}

/// Frames of a stack, as events have them.
pub(super) type Frames = Vec<Arc<str>>;
