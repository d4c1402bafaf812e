//! What /proc tells of a task: its state, descriptors, mappings, image.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::{maps, shortage};
use crate::abi::{Addr, SignalSet, TaskId};

/// The state of a task, as far as the tracer tells states apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// On a processor or waiting for one.
    Running,
    /// Asleep, and a signal would wake it.
    Sleeping,
    /// Asleep in the kernel where no signal wakes it.
    Uninterruptible,
    /// In a ptrace stop or a group-stop.
    Stopped,
    /// Ended, not yet waited for.
    Zombie,
    /// There is no such task.
    Gone,
}

/// The state of a task.
pub fn run_state(task: TaskId) -> RunState {
    let Some((state, _)) = state_and_parent(task) else { return RunState::Gone };
    match state {
        b'R' => RunState::Running,
        b'S' | b'I' => RunState::Sleeping,
        b'D' => RunState::Uninterruptible,
        b't' | b'T' => RunState::Stopped,
        _ => RunState::Zombie,
    }
}

/// When a task was started, in ticks of the kernel's clock since it was (field 22 of proc_pid_stat(5)).
pub fn started(task: TaskId) -> Option<u64> {
    stat_behind_name(task)?.split(' ').nth(22 - 3)?.parse().ok()
}

/// How long a task has had a processor, in steps of the kernel's clock tick; `None` where it is gone.
pub fn processor_time(task: TaskId) -> Option<Duration> {
    // Fields 14 and 15 of proc_pid_stat(5); the first word is field 3.
    let stat = stat_behind_name(task)?;
    let mut words = stat.split(' ').skip(14 - 3).map(str::parse::<u64>);
    let ticks = words.next()?.ok()? + words.next()?.ok()?;
    let each = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok()??;
    Some(Duration::from_secs(ticks) / u32::try_from(each).ok()?)
}

fn state_and_parent(task: TaskId) -> Option<(u8, i32)> {
    let stat = stat_behind_name(task)?;
    let mut words = stat.split(' ');
    let state = *words.next()?.as_bytes().first()?;
    Some((state, words.next()?.parse().ok()?))
}

/// What stands behind the name in the `stat` of a task: the state first.
fn stat_behind_name(task: TaskId) -> Option<String> {
    // That of the process, which is one level up, adds up the times of all its threads.
    let stat = shortage::read_page(format!("/proc/{0}/task/{0}/stat", task.0)).ok()?;
    // The name in parentheses may hold anything, also parentheses: the last one ends it (proc_pid_stat(5)).
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    std::str::from_utf8(stat.get(end + 2..)?).ok().map(str::to_owned)
}

/// A field of `/proc/PID/status` (proc_pid_status(5)).
pub fn status_field(task: TaskId, field: &str) -> Option<String> {
    let status = shortage::read(format!("/proc/{}/status", task.0)).ok()?;
    let status = String::from_utf8_lossy(&status);
    // Newlines in the name are escaped there.
    status.lines().find_map(|line| Some(line.strip_prefix(field)?.strip_prefix(':')?.trim().to_owned()))
}

/// What a task calls itself, with whatever is no plain text in it escaped.
pub fn name(task: TaskId) -> Option<String> {
    let name = shortage::read(format!("/proc/{}/comm", task.0)).ok()?;
    Some(name.strip_suffix(b"\n").unwrap_or(&name).escape_ascii().to_string())
}

/// The kernel's flags of a task (`PF_*`, field 9 of proc_pid_stat(5)).
pub fn flags(task: TaskId) -> Option<u64> {
    stat_behind_name(task)?.split(' ').nth(9 - 3)?.parse().ok()
}

/// The text of a link below `/proc/PID`, such as `exe` or `ns/user`; `None` where it may not be read.
pub fn link(task: TaskId, name: &str) -> Option<String> {
    Some(fs::read_link(format!("/proc/{}/{name}", task.0)).ok()?.to_string_lossy().into_owned())
}

/// The number and the name of what a task sleeps in; `None` where that is not to be had.
pub fn call_in_progress(task: TaskId) -> Option<u64> {
    let text = shortage::read_to_string(format!("/proc/{}/syscall", task.0)).ok()?;
    text.split(' ').next()?.trim().parse().ok()
}

/// Whether a task that is marked as asleep has left its processor and waits for none: only then the kernel tells what it sleeps in,
/// and `0` else (proc_pid_wchan(5)), also to whom it tells nothing. `None` where that is not to be had.
pub fn names_its_sleep(task: TaskId) -> Option<bool> {
    Some(shortage::read_page(format!("/proc/{}/wchan", task.0)).ok()? != b"0")
}

/// The same for sure: the kernel tells where it sleeps only then, and says `running` else (proc_pid_syscall(5)). Of a task that
/// waits for a processor it says so after a tick of its clock. True where that is not to be had.
pub fn is_off_processor(task: TaskId) -> bool {
    !matches!(shortage::read_page(format!("/proc/{}/syscall", task.0)), Ok(text) if text == b"running\n")
}

/// The text of a descriptor's link; `None` where it is not open.
pub fn descriptor_link(task: TaskId, fd: i32) -> Option<Vec<u8>> {
    let link = fs::read_link(format!("/proc/{}/fd/{fd}", task.0)).ok()?;
    Some(link.as_os_str().as_bytes().to_vec())
}

/// Whether a descriptor is open for writing only or for both, from its flags.
pub fn descriptor_writes(task: TaskId, fd: i32) -> bool {
    descriptor_flags(task, fd) & libc::O_ACCMODE != libc::O_RDONLY
}

/// The flags that a descriptor was opened with, and that `fcntl` has set since; 0 where it is not open.
pub fn descriptor_flags(task: TaskId, fd: i32) -> i32 {
    let Ok(info) = shortage::read_to_string(format!("/proc/{}/fdinfo/{fd}", task.0)) else { return 0 };
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|octal| i32::from_str_radix(octal.trim(), 8).ok()).unwrap_or(0)
}

/// Where a descriptor is read or written next.
pub fn descriptor_position(task: TaskId, fd: i32) -> Option<u64> {
    let info = shortage::read_to_string(format!("/proc/{}/fdinfo/{fd}", task.0)).ok()?;
    info.lines().find_map(|line| line.strip_prefix("pos:"))?.trim().parse().ok()
}

/// The clock that a timer goes by (timerfd_create(2), proc_pid_fdinfo(5)).
pub fn timer_clock(task: TaskId, fd: i32) -> Option<i32> {
    let info = shortage::read_to_string(format!("/proc/{}/fdinfo/{fd}", task.0)).ok()?;
    info.lines().find_map(|line| line.strip_prefix("clockid:"))?.trim().parse().ok()
}

/// Whether a thread has this capability (capabilities(7)).
pub fn has_capability(task: TaskId, number: u32) -> bool {
    let set = status_field(task, "CapEff").and_then(|set| u64::from_str_radix(&set, 16).ok());
    set.is_some_and(|set| set >> number & 1 == 1)
}

/// The working directory.
pub fn working_directory(task: TaskId) -> Option<String> {
    let link = fs::read_link(format!("/proc/{}/cwd", task.0)).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// The path of the file that is executed.
pub fn executable(task: TaskId) -> Option<String> {
    let link = fs::read_link(format!("/proc/{}/exe", task.0)).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// The bytes of the file that is executed, through the task's own link, so that a replaced file is no matter.
pub fn executable_bytes(task: TaskId) -> Option<Vec<u8>> {
    shortage::read(format!("/proc/{}/exe", task.0)).ok()
}

/// The arguments of a task.
pub fn arguments(task: TaskId) -> Vec<Vec<u8>> {
    let Ok(text) = shortage::read(format!("/proc/{}/cmdline", task.0)) else { return Vec::new() };
    let text = text.strip_suffix(b"\0").unwrap_or(&text);
    if text.is_empty() { Vec::new() } else { text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect() }
}

/// The auxiliary vector as pairs of words (getauxval(3)).
pub fn auxiliary_vector(task: TaskId) -> Vec<(u64, u64)> {
    let Ok(bytes) = shortage::read(format!("/proc/{}/auxv", task.0)) else { return Vec::new() };
    let word = |part: &[u8]| part.try_into().map(u64::from_ne_bytes).unwrap_or(0);
    bytes.chunks_exact(16).map(|pair| (word(&pair[..8]), word(&pair[8..]))).collect()
}

/// Children of a process that have ended and were not waited for.
pub fn zombie_children(process: TaskId) -> Vec<TaskId> {
    let Ok(tasks) = shortage::read_dir(format!("/proc/{}/task", process.0)) else { return Vec::new() };
    let children = tasks.flatten().filter_map(|task| shortage::read_to_string(task.path().join("children")).ok());
    let numbers: Vec<i32> = children
        .flat_map(|list| list.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>())
        .collect();
    numbers.into_iter().map(TaskId).filter(|child| run_state(*child) == RunState::Zombie).collect()
}

/// The processes that a task has made and that still are its children.
pub fn children_of(task: TaskId) -> Vec<TaskId> {
    let list = shortage::read_to_string(format!("/proc/{0}/task/{0}/children", task.0)).unwrap_or_default();
    list.split_whitespace().filter_map(|word| word.parse().ok().map(TaskId)).collect()
}

/// Whether the image of a process has a set-user-id bit whose owner the process does not act as.
pub fn lost_rights(process: TaskId) -> bool {
    use std::os::unix::fs::MetadataExt;
    const SET_USER_ID: u32 = 0o4000;
    let Ok(image) = fs::metadata(format!("/proc/{}/exe", process.0)) else { return false };
    if image.mode() & SET_USER_ID == 0 {
        return false;
    }
    let status = shortage::read_to_string(format!("/proc/{}/status", process.0)).unwrap_or_default();
    // Real, effective, saved and file system user (proc_pid_status(5)).
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let effective = users.and_then(|users| users.split_whitespace().nth(1)?.parse::<u32>().ok());
    effective.is_some_and(|effective| effective != image.uid())
}

/// One of the signal masks of `/proc/PID/status` (`SigIgn`, `SigCgt`, `SigBlk`).
pub fn signal_mask(task: TaskId, field: &str) -> SignalSet {
    let status = shortage::read_to_string(format!("/proc/{}/status", task.0)).unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(":\t"))
        .and_then(|hex| u64::from_str_radix(hex, 16).ok());
    SignalSet(mask.unwrap_or(0))
}

/// Whether a resource is limited: a line of /proc/PID/limits by its name (proc_pid_limits(5)).
pub fn has_limit(task: TaskId, resource: &str) -> bool {
    let limits = shortage::read_to_string(format!("/proc/{}/limits", task.0)).unwrap_or_default();
    let soft = limits.lines().find_map(|line| line.strip_prefix(resource)?.split_whitespace().next());
    soft.is_some_and(|soft| soft != "unlimited")
}

/// The numbers of the open descriptors, ascending.
pub fn open_descriptors(task: TaskId) -> Vec<i32> {
    let Ok(entries) = shortage::read_dir(format!("/proc/{}/fd", task.0)) else { return Vec::new() };
    let mut numbers: Vec<i32> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// The process that holds a lock of flock(2) on a file (proc_locks(5)); `None` where it cannot be told, as from another
/// namespace.
pub fn holder_of_lock(file: &File) -> Option<u32> {
    let data = file.metadata().ok()?;
    let (major, minor) = (libc::major(data.dev()), libc::minor(data.dev()));
    let id = format!("{major:02x}:{minor:02x}:{}", data.ino());
    let locks = shortage::read_to_string("/proc/locks").ok()?;
    // `1: FLOCK  ADVISORY  WRITE 1234 fe:01:56 0 EOF`; one that waits for another has `->` behind the number.
    let holder = locks
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|words| words.get(5) == Some(&&*id))?;
    holder.get(4)?.parse().ok().filter(|process| *process > 0)
}

/// `VmData` of `/proc/PID/status`, in bytes.
pub fn data_memory(task: TaskId) -> u64 {
    let status = shortage::read_to_string(format!("/proc/{}/status", task.0)).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Where the heap ends: after its mapping, or where it would begin (`start_brk`, proc_pid_stat(5)).
pub fn program_break(task: TaskId) -> Option<Addr> {
    /// Field 47; the state, the first after the name, is field 3.
    const START_BRK: usize = 47 - 3;
    if let Some(heap) = maps::mappings(task).into_iter().find(|map| map.name == "[heap]") {
        return Some(heap.end);
    }
    stat_behind_name(task)?.split(' ').nth(START_BRK)?.trim().parse().ok().map(Addr)
}

/// The threads of a process, in the order of their numbers; one that has ended and was not waited for is listed.
pub fn threads(process: TaskId) -> Vec<TaskId> {
    let Ok(tasks) = shortage::read_dir(format!("/proc/{}/task", process.0)) else { return Vec::new() };
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let mut threads: Vec<i32> = tasks.flatten().filter_map(number).collect();
    threads.sort_unstable();
    threads.into_iter().map(TaskId).collect()
}

/// The process a thread belongs to.
pub fn process_of(task: TaskId) -> Option<TaskId> {
    let status = shortage::read_to_string(format!("/proc/{}/status", task.0)).ok()?;
    let tgid = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    tgid.trim().parse().ok().map(TaskId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs() {
        let me = TaskId(std::process::id() as i32);
        assert!(matches!(run_state(me), RunState::Running | RunState::Sleeping));
        assert_eq!(process_of(me), Some(me));
    }

    #[test]
    fn a_task_that_computes_is_not_off_its_processor_and_one_that_waits_is() {
        let (says, hears) = std::sync::mpsc::channel();
        let (stop, is_over) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            says.send(TaskId(nix::unistd::gettid().as_raw())).unwrap();
            while is_over.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {}
            let _ = is_over.recv();
        });
        let task = hears.recv().unwrap();
        assert!((0..100).all(|_| !is_off_processor(task) && names_its_sleep(task) == Some(false)));
        stop.send(()).unwrap();
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while !is_off_processor(task) || names_its_sleep(task) != Some(true) {
            assert!(std::time::Instant::now() < until, "{:?}", run_state(task));
        }
        assert_eq!(names_its_sleep(TaskId(i32::MAX)), None);
    }
}
