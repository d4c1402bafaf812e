//! Times of files by the clock of the run: when a file was read, changed and made, as far as that was done in the run.
//! It must not know which calls do that.

use std::collections::HashMap;
use std::time::Duration;

use super::clock::LOOK;
use super::file_calls::{Before, Change, Changed, Given, changes};
use super::times::Form;
use super::{Answer, Engine};
use crate::abi::{Addr, Arch, Sysno};
use crate::engine::inspect::{FileId, FileStatus, Inspect, Stamps};
use crate::engine::task::InCall;

/// A file that was read so long ago is seen to be read again (mount(2), MS_RELATIME).
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A time of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stamp {
    /// Nobody in the run has changed it.
    #[default]
    Untouched,
    /// It is this time of day, or what the program has set.
    At(Duration),
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
    /// The same by the clock of the machine: what has changed since then was made for the run.
    begun: Duration,
}

impl FileTimes {
    pub(super) fn new(start: Duration, begun: Duration) -> FileTimes {
        FileTimes { known: HashMap::new(), start, begun }
    }

    /// What is told of a time. No file of the run is older than the run, and none is of the future.
    fn told(&self, stamp: Stamp, real: Duration) -> Duration {
        match stamp {
            Stamp::At(time) => time,
            Stamp::Untouched if real >= self.start.min(self.begun) => self.start,
            Stamp::Untouched => real,
        }
    }

    /// What is told of when a file was read. Of one that was there before each run would find when the last one has read it:
    /// such a file was not read since it was changed.
    fn told_accessed(&self, times: &Times, real: &Stamps) -> Duration {
        if times.accessed == Stamp::Untouched && real.changed < self.begun {
            return self.told(times.modified, real.modified);
        }
        self.told(times.accessed, real.accessed)
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
                if given == [Given::Nothing; 2] {
                    return;
                }
                let Some(status) = status else { return };
                let stamps =
                    [(&mut times.accessed, status.stamps.accessed), (&mut times.modified, status.stamps.modified)];
                for ((stamp, real), given) in stamps.into_iter().zip(given) {
                    match given {
                        Given::Now => *stamp = now,
                        // What the kernel makes of it later goes by the clock of the machine.
                        Given::Time => *stamp = Stamp::At(real),
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
        let real = &status.stamps;
        let accessed = self.told_accessed(times, real);
        let late = [(times.modified, real.modified), (times.changed, real.changed)];
        let is_behind = late.iter().any(|(stamp, real)| accessed <= self.told(*stamp, *real));
        is_behind || matches!(now, Stamp::At(now) if now.saturating_sub(accessed) >= DAY)
    }

    /// What a call has to tell that has put the status of a file into memory, and whether that has changed just `now`;
    /// `None` where it has told nothing.
    fn tell(&self, sysno: Sysno, call: &InCall, now: Duration, inspect: &dyn Inspect) -> Option<(Answer, bool)> {
        let (layout, addr) = Layout::of(sysno, call)?;
        let mut bytes = vec![0; layout.len];
        if inspect.read(addr, &mut bytes) < bytes.len() {
            return None;
        }
        let times = self.known.get(&layout.file(&bytes)?).copied().unwrap_or_default();
        let found = layout.times.map(|(at, _)| at.and_then(|at| time(&bytes, at)));
        let [accessed, modified, changed, made] = found.map(Option::unwrap_or_default);
        let told = [
            self.told_accessed(&times, &Stamps { accessed, modified, changed }),
            self.told(times.modified, modified),
            self.told(times.changed, changed),
            self.told(times.made, made),
        ];
        let mut memory = Vec::new();
        for ((told, found), (at, bit)) in told.into_iter().zip(found).zip(layout.times) {
            if let Some(at) = at.filter(|_| found.is_some_and(|real| real != told) && layout.tells(&bytes, bit)) {
                memory.push((addr.plus(at as u64), Form::Timespec.bytes(told)));
            }
        }
        let is_new = [times.modified, times.changed].contains(&Stamp::At(now));
        Some((Answer { result: None, memory }, is_new))
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
        if self.fixed.file_times.is_some() && call.raw.arch != Arch::I386 && !call.is_replaced() {
            call.before = Before::look(sysno.name(), &call.changed(), inspect);
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
                    if let Some(status) = inspect.file(&place).status() {
                        times.change(status.id, change, Some(&status), now);
                    }
                }
            }
        }
    }

    /// What a call tells of the times of a file.
    pub(super) fn tell_file_times(&mut self, sysno: Sysno, call: &InCall, inspect: &dyn Inspect) -> Option<Answer> {
        let times = self.fixed.file_times.as_ref().filter(|_| call.raw.arch != Arch::I386)?;
        let now = self.fixed.clock.as_ref()?.day.shows(self.schedule.now());
        let (answer, is_new) = times.tell(sysno, call, now, inspect)?;
        if is_new {
            // What is changed after somebody has looked has another time.
            self.schedule.spent(LOOK);
        }
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId { device: 1, inode: 2 };
    const START: Duration = Duration::from_secs(1000);
    const BEGUN: Duration = Duration::from_secs(2000);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn status(accessed: u64, modified: u64) -> FileStatus {
        let [accessed, modified] = [accessed, modified].map(seconds);
        FileStatus { id: FILE, holds_data: true, stamps: Stamps { accessed, modified, changed: modified } }
    }

    fn stamps(times: &FileTimes) -> [Stamp; 4] {
        let times = times.known.get(&FILE).copied().unwrap_or_default();
        [times.accessed, times.modified, times.changed, times.made]
    }

    #[test]
    fn what_is_told_of_a_time_hangs_on_who_has_changed_it() {
        let times = FileTimes::new(START, BEGUN);
        assert_eq!(times.told(Stamp::Untouched, seconds(999)), seconds(999), "before the run, by its own clock");
        assert_eq!(times.told(Stamp::Untouched, seconds(1500)), START, "nothing is of the future");
        assert_eq!(times.told(Stamp::Untouched, seconds(2001)), START, "made for the run");
        assert_eq!(times.told(Stamp::At(seconds(1001)), seconds(5000)), seconds(1001));
        let later = FileTimes::new(BEGUN, START);
        assert_eq!(later.told(Stamp::Untouched, seconds(1500)), BEGUN, "made for a run of the future");
    }

    #[test]
    fn each_change_changes_its_times() {
        let mut times = FileTimes::new(START, BEGUN);
        let [one, two, three, four] = [1001, 1002, 1003, 1004].map(|now| Stamp::At(seconds(now)));
        times.change(FILE, Change::Made, Some(&status(0, 0)), seconds(1001));
        assert_eq!(stamps(&times), [one, one, one, one]);
        times.change(FILE, Change::Content, Some(&status(0, 0)), seconds(1002));
        assert_eq!(stamps(&times), [one, two, two, one]);
        times.change(FILE, Change::Status, None, seconds(1003));
        assert_eq!(stamps(&times), [one, two, three, one]);
        times.change(FILE, Change::Set([Given::Time, Given::Nothing]), Some(&status(7, 8)), seconds(1004));
        assert_eq!(stamps(&times), [Stamp::At(seconds(7)), two, four, one]);
        times.change(FILE, Change::Set([Given::Nothing; 2]), Some(&status(7, 8)), seconds(1005));
        assert_eq!(stamps(&times), [Stamp::At(seconds(7)), two, four, one]);
        times.change(FILE, Change::Made, None, seconds(1001));
        assert_eq!(stamps(&times), [one, one, one, one], "another file has its inode now");
    }

    #[test]
    fn reading_is_noted_once_after_a_change_and_once_a_day() {
        let mut times = FileTimes::new(START, BEGUN);
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
    fn who_has_read_a_file_before_the_run_is_not_told() {
        let times = FileTimes::new(START, BEGUN);
        let told = |accessed, modified, changed| {
            let [accessed, modified, changed] = [accessed, modified, changed].map(seconds);
            times.told_accessed(&Times::default(), &Stamps { accessed, modified, changed })
        };
        assert_eq!(told(700, 600, 600), seconds(600), "it was there before");
        assert_eq!(told(700, 600, 2001), seconds(700), "it was made for the run, with times of its own");
        assert_eq!(told(2002, 600, 2001), START, "the same, and somebody has read it for the run");
    }

    #[test]
    fn a_device_keeps_no_data_and_has_no_times_of_its_own() {
        let mut times = FileTimes::new(START, BEGUN);
        let device = FileStatus { holds_data: false, ..status(0, 0) };
        times.change(FILE, Change::Content, Some(&device), seconds(1001));
        times.change(FILE, Change::Read, Some(&device), seconds(1001));
        assert_eq!(stamps(&times), [Stamp::Untouched; 4]);
    }
}
