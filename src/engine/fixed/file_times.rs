//! Times of files by the clock of the run: when a file was read, changed and made, as far as that was done in the run.
//! It must not know which calls do that.

use std::collections::HashMap;
use std::time::Duration;

use super::file_calls::{Before, Change, Changed, Given, changes};
use super::times::Form;
use super::{Answer, Engine};
use crate::abi::{Addr, Arch, Sysno};
use crate::engine::inspect::{FileId, FileStatus, Inspect};
use crate::engine::task::InCall;

/// A file that was read so long ago is seen to be read again (mount(2), MS_RELATIME).
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A time of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stamp {
    /// Nobody in the run has changed it.
    #[default]
    Untouched,
    /// It is this time of day.
    At(Duration),
    /// The program has set it, and the file has it.
    Set,
}

/// All times of a file.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    accessed: Stamp,
    modified: Stamp,
    changed: Stamp,
    made: Stamp,
}

/// The files whose times were changed in the run.
#[derive(Debug)]
pub(super) struct FileTimes {
    known: HashMap<FileId, Times>,
    /// When the run begins, by its own clock.
    start: Duration,
    /// What has changed later than this was made for the run.
    newest: Duration,
}

impl FileTimes {
    pub(super) fn new(start: Duration, newest: Duration) -> FileTimes {
        FileTimes { known: HashMap::new(), start, newest }
    }

    /// What is told of a time.
    fn told(&self, stamp: Stamp, real: Duration) -> Duration {
        match stamp {
            Stamp::At(time) => time,
            Stamp::Untouched if real >= self.newest => self.start,
            Stamp::Untouched | Stamp::Set => real,
        }
    }

    /// Something has happened to a file.
    fn change(&mut self, file: FileId, change: Change, status: Option<&FileStatus>, now: Duration) {
        let holds_data = status.is_none_or(|status| status.holds_data);
        let mut times = self.known.get(&file).copied().unwrap_or_default();
        let now = Stamp::At(now);
        match change {
            Change::Made => times = Times { accessed: now, modified: now, changed: now, made: now },
            Change::Content if holds_data => (times.modified, times.changed) = (now, now),
            Change::Status => times.changed = now,
            Change::Read => {
                let is_seen = status.is_some_and(|status| holds_data && self.sees_reading(&times, status, now));
                if !is_seen {
                    return;
                }
                times.accessed = now;
            }
            Change::Set(given) => {
                for (stamp, given) in [&mut times.accessed, &mut times.modified].into_iter().zip(given) {
                    match given {
                        Given::Now => *stamp = now,
                        Given::Time => *stamp = Stamp::Set,
                        Given::Nothing => {}
                    }
                }
                times.changed = now;
            }
            Change::Content => return,
        }
        self.known.insert(file, times);
    }

    /// Whether it is noted that a file is read: once after each change, and once a day.
    fn sees_reading(&self, times: &Times, status: &FileStatus, now: Stamp) -> bool {
        let accessed = self.told(times.accessed, status.accessed);
        let late = [(times.modified, status.modified), (times.changed, status.changed)];
        let is_behind = late.iter().any(|(stamp, real)| accessed <= self.told(*stamp, *real));
        is_behind || matches!(now, Stamp::At(now) if now.saturating_sub(accessed) >= DAY)
    }

    /// What a call has to tell that has put the status of a file into memory; `None` where nothing has to be changed.
    fn tell(&self, sysno: Sysno, call: &InCall, inspect: &dyn Inspect) -> Option<Answer> {
        let (layout, addr) = Layout::of(sysno, call)?;
        let mut bytes = vec![0; layout.len];
        if inspect.read(addr, &mut bytes) < bytes.len() {
            return None;
        }
        let times = self.known.get(&layout.file(&bytes)?).copied().unwrap_or_default();
        let all = [times.accessed, times.modified, times.changed, times.made];
        let mut memory = Vec::new();
        for (stamp, (at, bit)) in all.into_iter().zip(layout.times) {
            let Some(at) = at.filter(|_| layout.tells(&bytes, bit)) else { continue };
            let Some(real) = time(&bytes, at) else { continue };
            let told = self.told(stamp, real);
            if told != real {
                memory.push((addr.plus(at as u64), Form::Timespec.bytes(told)));
            }
        }
        Some(Answer { result: None, memory })
    }
}

/// Where things stand in the structure that a call tells the status of a file in.
struct Layout {
    len: usize,
    /// Of `struct statx`: a mask of what is told comes first.
    has_mask: bool,
    /// Where the times stand, and their bits in the mask: read, changed in content, changed, made.
    times: [(Option<usize>, u32); 4],
}

impl Layout {
    /// `struct stat` of stat(2), on 64-bit architectures.
    const STAT: Layout =
        Layout { len: 120, has_mask: false, times: [(Some(72), 0), (Some(88), 0), (Some(104), 0), (None, 0)] };
    /// `struct statx` of statx(2).
    const STATX: Layout = Layout {
        len: 144,
        has_mask: true,
        times: [(Some(64), 0x20), (Some(112), 0x40), (Some(96), 0x80), (Some(80), 0x800)],
    };

    /// By which structure a call tells, and where.
    fn of(sysno: Sysno, call: &InCall) -> Option<(Layout, Addr)> {
        let (layout, at) = match sysno.name() {
            "stat" | "lstat" | "fstat" => (Layout::STAT, 1),
            "newfstatat" => (Layout::STAT, 2),
            "statx" => (Layout::STATX, 4),
            _ => return None,
        };
        Some((layout, Addr(call.raw.args[at])))
    }

    /// Which file it is about.
    fn file(&self, bytes: &[u8]) -> Option<FileId> {
        if !self.has_mask {
            return Some(FileId { device: word(bytes, 0)?, inode: word(bytes, 8)? });
        }
        // Both halves of the device in one word: the major number first.
        let device = word(bytes, 136)?;
        let (major, minor) = (device & u64::from(u32::MAX), device >> 32);
        Some(FileId { device: FileId::device_of(major, minor), inode: word(bytes, 32)? })
    }

    fn tells(&self, bytes: &[u8], bit: u32) -> bool {
        !self.has_mask || word(bytes, 0).is_some_and(|mask| mask & u64::from(bit) != 0)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A time in memory; `None` for one before 1970.
fn time(bytes: &[u8], at: usize) -> Option<Duration> {
    let seconds = word(bytes, at).filter(|seconds| *seconds <= i64::MAX as u64)?;
    // Of struct statx_timestamp the upper half is not used.
    Some(Duration::new(seconds, word(bytes, at + 8)? as u32))
}

impl Engine {
    /// A call that is about to be made: which file loses its name, and whether one is made.
    pub(in crate::engine) fn look_at_files(&self, sysno: Sysno, call: &mut InCall, inspect: &dyn Inspect) {
        let raw = call.changed();
        if self.fixed.file_times.is_some() && raw.arch != Arch::I386 && !call.is_replaced() {
            call.before = Before::look(sysno.name(), &raw, inspect);
        }
    }

    /// A call that has succeeded: what it has done to the times of files.
    pub(super) fn files_changed(&mut self, sysno: Sysno, call: &mut InCall, result: i64, inspect: &dyn Inspect) {
        let (Some(clock), Some(times)) = (&self.fixed.clock, &mut self.fixed.file_times) else { return };
        let raw = call.changed();
        if raw.arch == Arch::I386 {
            return;
        }
        let now = clock.day.shows(self.schedule.now());
        let before = call.before.take().unwrap_or_default();
        for (file, change) in changes(sysno.name(), &raw, result, &before, inspect) {
            match file {
                Changed::Known(id) => times.change(id, change, None, now),
                Changed::At(place) => {
                    if let Some(status) = inspect.file(&place) {
                        times.change(status.id, change, Some(&status), now);
                    }
                }
            }
        }
    }

    /// What a call tells of the times of a file.
    pub(super) fn tell_file_times(&self, sysno: Sysno, call: &InCall, inspect: &dyn Inspect) -> Option<Answer> {
        let times = self.fixed.file_times.as_ref().filter(|_| call.raw.arch != Arch::I386)?;
        times.tell(sysno, call, inspect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId { device: 1, inode: 2 };
    const START: Duration = Duration::from_secs(1000);
    const NEWEST: Duration = Duration::from_secs(900);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn status(accessed: u64, modified: u64) -> FileStatus {
        let [accessed, modified] = [accessed, modified].map(seconds);
        FileStatus { id: FILE, holds_data: true, accessed, modified, changed: modified }
    }

    fn stamps(times: &FileTimes) -> [Stamp; 4] {
        let times = times.known.get(&FILE).copied().unwrap_or_default();
        [times.accessed, times.modified, times.changed, times.made]
    }

    #[test]
    fn what_is_told_of_a_time_hangs_on_who_has_changed_it() {
        let times = FileTimes::new(START, NEWEST);
        assert_eq!(times.told(Stamp::Untouched, seconds(899)), seconds(899), "before anybody thought of the run");
        assert_eq!(times.told(Stamp::Untouched, seconds(900)), START, "made for the run");
        assert_eq!(times.told(Stamp::Set, seconds(5000)), seconds(5000), "as the program wants it");
        assert_eq!(times.told(Stamp::At(seconds(1001)), seconds(5000)), seconds(1001));
    }

    #[test]
    fn each_change_changes_its_times() {
        let mut times = FileTimes::new(START, NEWEST);
        let [one, two, three, four] = [1001, 1002, 1003, 1004].map(|now| Stamp::At(seconds(now)));
        times.change(FILE, Change::Made, Some(&status(0, 0)), seconds(1001));
        assert_eq!(stamps(&times), [one, one, one, one]);
        times.change(FILE, Change::Content, Some(&status(0, 0)), seconds(1002));
        assert_eq!(stamps(&times), [one, two, two, one]);
        times.change(FILE, Change::Status, None, seconds(1003));
        assert_eq!(stamps(&times), [one, two, three, one]);
        times.change(FILE, Change::Set([Given::Time, Given::Nothing]), None, seconds(1004));
        assert_eq!(stamps(&times), [Stamp::Set, two, four, one]);
        times.change(FILE, Change::Made, None, seconds(1001));
        assert_eq!(stamps(&times), [one, one, one, one], "another file has its inode now");
    }

    #[test]
    fn reading_is_noted_once_after_a_change_and_once_a_day() {
        let mut times = FileTimes::new(START, NEWEST);
        times.change(FILE, Change::Made, None, seconds(1001));
        let read = |times: &mut FileTimes, now| {
            times.change(FILE, Change::Read, Some(&status(0, 0)), seconds(now));
            stamps(times)[0]
        };
        assert_eq!(read(&mut times, 1002), Stamp::At(seconds(1002)));
        assert_eq!(read(&mut times, 1003), Stamp::At(seconds(1002)), "nothing has changed since");
        times.change(FILE, Change::Status, None, seconds(1004));
        assert_eq!(read(&mut times, 1005), Stamp::At(seconds(1005)));
        assert_eq!(read(&mut times, 1005 + 24 * 3600), Stamp::At(seconds(1005 + 24 * 3600)));
    }

    #[test]
    fn a_device_keeps_no_data_and_has_no_times_of_its_own() {
        let mut times = FileTimes::new(START, NEWEST);
        let device = FileStatus { holds_data: false, ..status(0, 0) };
        times.change(FILE, Change::Content, Some(&device), seconds(1001));
        times.change(FILE, Change::Read, Some(&device), seconds(1001));
        assert_eq!(stamps(&times), [Stamp::Untouched; 4]);
    }
}
