//! Canonical names: tasks, descriptors and directories, the same on every host and in every run.
//! It must not know where tasks and descriptors come from, nor which events are written.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::HashMap;
use memchr::memchr;

use super::Descriptor;
use crate::abi::TaskId;
use crate::transcript::{Call, CallResult, TaskName, Value, escape};

/// A descriptor table (`struct files_struct`): shared by the threads of a process, copied by fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TableId(pub(super) u32);

/// How many ended tasks keep their names: the kernel's default for `pid_max`, after which numbers are used again.
const GONE_KEPT: usize = 32_768;

/// The names given so far in a run.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Host directories and what they are shown as, longest first.
    dirs: Vec<(String, String)>,
    tasks: HashMap<TaskId, TaskName>,
    gone: VecDeque<TaskId>,
    tables: HashMap<TableId, HashMap<i32, Named>>,
    descriptors: u32,
    objects: u64,
    pipes: HashMap<u64, usize>,
    sockets: HashMap<u64, usize>,
}

#[derive(Clone, Debug)]
struct Named {
    /// Its number, for counting: never shown, never used again.
    object: u64,
    /// `None` where the event that gave it was not written.
    name: Option<Arc<str>>,
    what: Descriptor,
    introduced: bool,
}

impl Names {
    /// Names with `dirs`: host directories and what stands for them, such as `/tmp/rinject-x/data` and `${var.data}`.
    pub(super) fn new(dirs: Vec<(String, String)>) -> Names {
        let mut dirs: Vec<(String, String)> = dirs
            .into_iter()
            .map(|(host, shown)| (host.trim_end_matches('/').to_owned(), shown))
            .filter(|(host, _)| host.starts_with('/'))
            .collect();
        // Stable: of two names for one directory the first given wins.
        dirs.sort_by_key(|(host, _)| std::cmp::Reverse(host.len()));
        Names { dirs, ..Names::default() }
    }

    /// `path` with its host directory renamed, and task numbers under `/proc` as tasks.
    pub(super) fn rename_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        for (host, shown) in &self.dirs {
            if let Some(rest) = path.strip_prefix(host.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return Cow::Owned(format!("{shown}{rest}"));
            }
        }
        match path.strip_prefix("/proc/") {
            Some(rest) => Cow::Owned(format!("/proc/{}", self.rename_proc(rest))),
            None => Cow::Borrowed(path),
        }
    }

    /// `/proc/12/task/13/stat` is `/proc/P1/task/P1.T2/stat`.
    fn rename_proc(&self, rest: &str) -> String {
        let mut parts: Vec<Cow<'_, str>> = rest.split('/').map(Cow::Borrowed).collect();
        for at in [0, 2] {
            let is_task = at == 0 || parts.get(1).is_some_and(|part| part == "task");
            let Some(number) = parts.get(at).and_then(|part| part.parse::<i32>().ok()).filter(|_| is_task) else {
                break;
            };
            parts[at] = self.task(TaskId(number)).map_or(Cow::Borrowed("_"), |task| Cow::Owned(task.to_string()));
        }
        parts.join("/")
    }

    /// `bytes` with every host directory in it renamed, where no longer name goes on after it.
    pub(super) fn rename_bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut out: Vec<u8> = Vec::new();
        let mut copied = 0;
        let mut at = 0;
        while let Some(slash) = memchr(b'/', &bytes[at..]) {
            at += slash;
            let found = self.dirs.iter().find(|(host, _)| {
                bytes[at..].starts_with(host.as_bytes()) && !name_goes_on(&bytes[at + host.len()..])
            });
            match found {
                Some((host, shown)) => {
                    out.extend_from_slice(&bytes[copied..at]);
                    out.extend_from_slice(shown.as_bytes());
                    at += host.len();
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return Cow::Borrowed(bytes);
        }
        out.extend_from_slice(&bytes[copied..]);
        Cow::Owned(out)
    }

    /// A task was born; its number may have been another task's before.
    pub(super) fn task_born(&mut self, task: TaskId, name: TaskName) {
        self.gone.retain(|gone| *gone != task);
        self.tasks.insert(task, name);
    }

    /// A task is gone. Its number still means it until the kernel uses it again: `wait4` returns it later.
    pub(super) fn task_gone(&mut self, task: TaskId) {
        self.gone.push_back(task);
        if self.gone.len() > GONE_KEPT
            && let Some(oldest) = self.gone.pop_front()
        {
            self.tasks.remove(&oldest);
        }
    }

    /// The task with this number, alive or gone.
    pub(super) fn task(&self, task: TaskId) -> Option<TaskName> {
        self.tasks.get(&task).copied()
    }

    /// Registers one of the first process's standard streams: `stdin`, `stdout` or `stderr` while `fd` is on `what`.
    pub(super) fn standard(&mut self, table: TableId, fd: i32, what: &Descriptor) {
        let name = match fd {
            0 => "stdin",
            1 => "stdout",
            2 => "stderr",
            _ => return,
        };
        self.objects += 1;
        let named = Named { object: self.objects, name: Some(name.into()), what: what.clone(), introduced: true };
        self.tables.entry(table).or_default().insert(fd, named);
    }

    /// The name of an open descriptor; a new one where the number is on another object than it was.
    pub(super) fn descriptor(&mut self, table: TableId, fd: i32, what: &Descriptor) -> Value {
        let known = self.tables.entry(table).or_default().get_mut(&fd).filter(|named| same(&named.what, what));
        let Some(named) = known else { return self.opened(table, fd, what) };
        // Kept up to date: a file that was removed has another link text from then on.
        named.what = what.clone();
        let object = named.object;
        let Some(name) = named.name.clone() else { return self.introduced(table, fd, what, object) };
        let introduce = !std::mem::replace(&mut named.introduced, true);
        let introduced = introduce.then(|| self.describe(what));
        Value::Descriptor { name, introduced, host: host(what), object }
    }

    /// The name of a descriptor that a call has just made: always a new one.
    pub(super) fn opened(&mut self, table: TableId, fd: i32, what: &Descriptor) -> Value {
        self.objects += 1;
        self.introduced(table, fd, what, self.objects)
    }

    fn introduced(&mut self, table: TableId, fd: i32, what: &Descriptor, object: u64) -> Value {
        self.descriptors += 1;
        let name: Arc<str> = format!("fd#{}", self.descriptors).into();
        let named = Named { object, name: Some(Arc::clone(&name)), what: what.clone(), introduced: true };
        self.tables.entry(table).or_default().insert(fd, named);
        Value::Descriptor { name, introduced: Some(self.describe(what)), host: host(what), object }
    }

    /// The name of an open descriptor, if it has one, with what it is; no name is given for it.
    pub(super) fn told(&mut self, table: TableId, fd: i32, what: &Descriptor) -> String {
        let known = self.tables.get(&table).and_then(|table| table.get(&fd)).filter(|named| same(&named.what, what));
        let name = known.and_then(|named| named.name.clone()).unwrap_or_else(|| "fd".into());
        format!("{name}<{}>", escape(&self.describe(what)))
    }

    /// A descriptor was closed.
    pub(super) fn closed(&mut self, table: TableId, fd: i32) {
        if let Some(table) = self.tables.get_mut(&table) {
            table.remove(&fd);
        }
    }

    /// Every descriptor from `first` to `last` was closed (`close_range`).
    pub(super) fn closed_range(&mut self, table: TableId, first: u32, last: u32) {
        if let Some(table) = self.tables.get_mut(&table) {
            table.retain(|fd, _| !u32::try_from(*fd).is_ok_and(|fd| (first..=last).contains(&fd)));
        }
    }

    /// A table was copied by fork: the names stay.
    pub(super) fn forked(&mut self, from: TableId, to: TableId) {
        let copy = self.tables.get(&from).cloned().unwrap_or_default();
        self.tables.insert(to, copy);
    }

    /// A file or directory was renamed: descriptors on it, or under it, are on the same objects as before.
    pub(super) fn renamed(&mut self, from: &str, to: &str) {
        for named in self.tables.values_mut().flat_map(HashMap::values_mut) {
            if let Descriptor::Path(path) = &mut named.what
                && let Some(rest) = path.strip_prefix(from)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                *path = format!("{to}{rest}").into();
            }
        }
    }

    /// `call` is not going to be written: what it introduced is introduced at the next sight, and the numbers it
    /// took last are free again, so that names count what is in the transcript.
    pub(super) fn unwritten(&mut self, call: &Call) {
        let mut names: Vec<&Arc<str>> = Vec::new();
        for arg in &call.args {
            introductions(&arg.value, &mut names);
        }
        if let Some(CallResult::Value { value, .. }) = &call.result {
            introductions(value, &mut names);
        }
        if names.is_empty() {
            return;
        }
        loop {
            let free: Arc<str> = format!("fd#{}", self.descriptors).into();
            if !names.contains(&&free) {
                break;
            }
            for named in self.tables.values_mut().flat_map(HashMap::values_mut) {
                named.name.take_if(|name| **name == *free);
            }
            self.descriptors -= 1;
        }
        for named in self.tables.values_mut().flat_map(HashMap::values_mut) {
            named.introduced &= !named.name.as_ref().is_some_and(|name| names.contains(&name));
        }
    }

    /// What a descriptor is, as shown at its first sight.
    fn describe(&mut self, what: &Descriptor) -> Arc<str> {
        fn number(seen: &mut HashMap<u64, usize>, inode: u64) -> usize {
            let next = seen.len() + 1;
            *seen.entry(inode).or_insert(next)
        }
        match what {
            Descriptor::Path(path) => self.rename_path(alive(path)).into(),
            Descriptor::Pipe { inode, writes } => {
                let end = if *writes { 'w' } else { 'r' };
                format!("pipe#{}:{end}", number(&mut self.pipes, *inode)).into()
            }
            Descriptor::Socket { inode } => format!("socket#{}", number(&mut self.sockets, *inode)).into(),
            Descriptor::Anon { kind, .. } => format!("anon:{kind}").into(),
        }
    }
}

/// What globs see of a descriptor.
fn host(what: &Descriptor) -> Arc<str> {
    match what {
        Descriptor::Path(path) => alive(path).into(),
        Descriptor::Pipe { .. } => "pipe:".into(),
        Descriptor::Socket { .. } => "socket:".into(),
        Descriptor::Anon { kind, .. } => format!("anon:[{kind}]").into(),
    }
}

/// The kernel marks the link of a removed file (`proc(5)`, /proc/pid/fd); it is the same object as before.
fn alive(path: &str) -> &str {
    path.strip_suffix(" (deleted)").unwrap_or(path)
}

fn same(a: &Descriptor, b: &Descriptor) -> bool {
    match (a, b) {
        (Descriptor::Path(a), Descriptor::Path(b)) => alive(a) == alive(b),
        _ => a == b,
    }
}

/// Whether the component that ends here goes on: `/tmp/data` is not in `/tmp/data2` and `/tmp/data.bak`.
fn name_goes_on(rest: &[u8]) -> bool {
    match rest {
        [b'.', next, ..] => next.is_ascii_alphanumeric(),
        [byte, ..] => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'~' | 0x80..),
        [] => false,
    }
}

fn introductions<'v>(value: &'v Value, names: &mut Vec<&'v Arc<str>>) {
    match value {
        Value::Descriptor { name, introduced: Some(_), .. } => names.push(name),
        Value::List { entries, .. } => entries.iter().for_each(|entry| introductions(entry, names)),
        Value::Struct(fields) => fields.iter().for_each(|(_, field)| introductions(field, names)),
        _ => {}
    }
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
