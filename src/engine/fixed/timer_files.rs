//! Timers that are read (timerfd_create(2)), where the run has a time of its own: none is set in the kernel but for the
//! moment in which rinject lets it go off.
//! It must not know who waits for one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Answer;
use super::clock::{Clock, can_be_set_by};
use super::course::Course;
use super::times::{Form, Setting};
use crate::abi::Addr;
use crate::engine::inspect::{Descriptor, Inspect, TimerFile};
use crate::engine::stop::RawCall;
use crate::engine::tamper::Tampering;

/// `TFD_TIMER_ABSTIME` (timerfd_create(2)).
const TFD_TIMER_ABSTIME: u64 = 1;

/// A timer that is about to be set.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Set {
    number: u64,
    clock: i32,
    setting: Setting,
    is_point: bool,
}

/// A timer that is set.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    /// It does not go off again before it was looked at.
    course: Course,
    /// How often it has gone off since it was read.
    ticks: u64,
}

/// The timers, by the number of their open file.
#[derive(Debug, Default)]
pub(super) struct TimerFiles {
    all: BTreeMap<u64, Timer>,
}

impl TimerFiles {
    /// When the first one goes off.
    pub(super) fn first(&self) -> Option<Duration> {
        self.all.values().filter_map(|timer| timer.course.due()).min()
    }

    /// The one that goes off first.
    pub(super) fn go_off(&mut self) -> Option<u64> {
        let first = self.first()?;
        let (number, timer) = self.all.iter_mut().find(|(_, timer)| timer.course.due() == Some(first))?;
        timer.course.goes_off(true);
        timer.ticks = timer.ticks.saturating_add(1);
        Some(*number)
    }

    /// The time of day was set.
    pub(super) fn clock_was_set(&mut self, clock: &Clock, now: Duration) {
        for timer in self.all.values_mut() {
            timer.course.clock_was_set(clock, now);
        }
    }

    /// Whether the kernel keeps a timer that it does not let be shared: it goes by the real time then.
    pub(super) fn is_out_of_reach(fd: i32, inspect: &dyn Inspect) -> bool {
        let is_timer = matches!(inspect.descriptor(fd), Some(Descriptor::Anon { kind, .. }) if &*kind == "timerfd");
        is_timer && inspect.timer_file(fd).is_none()
    }

    /// What timerfd_settime(2) is about to set, and what has to be changed so that the kernel only checks it; `None`
    /// where the kernel refuses it, or it is no timer of the run.
    pub(super) fn set(raw: &RawCall, inspect: &dyn Inspect) -> Option<(Set, Tampering)> {
        let TimerFile { number, clock } = inspect.timer_file(raw.args[0] as i32)?;
        let new = Addr(raw.args[2]);
        let setting = Setting::read(Form::Timespec, new, inspect).ok().filter(|_| can_be_set_by(clock))?;
        let mut disarmed = Tampering::default();
        if !setting.value.is_zero() {
            disarmed.memory(new.plus(Form::LEN), vec![0; Form::LEN as usize], inspect).ok()?;
        }
        Some((Set { number, clock, setting, is_point: raw.args[1] & TFD_TIMER_ABSTIME != 0 }, disarmed))
    }

    /// It is set; what the call tells of how it was before.
    pub(super) fn was_set(&mut self, set: Set, raw: &RawCall, clock: &Clock, now: Duration) -> Option<Answer> {
        let answer = self.told(set.number, Addr(raw.args[3]), now);
        let course = Course::new(set.setting, set.clock, set.is_point, clock, now)?;
        self.all.insert(set.number, Timer { course, ticks: 0 });
        answer
    }

    /// What timerfd_gettime(2) tells.
    pub(super) fn asked(&mut self, raw: &RawCall, now: Duration, inspect: &dyn Inspect) -> Option<Answer> {
        let number = inspect.timer_file(raw.args[0] as i32)?.number;
        self.all.get_mut(&number)?.look(now);
        self.told(number, Addr(raw.args[1]), now)
    }

    fn told(&self, number: u64, at: Addr, now: Duration) -> Option<Answer> {
        let timer = self.all.get(&number).filter(|_| at.0 != 0)?;
        Some(Answer { result: None, memory: vec![(at, timer.course.left(now).bytes(Form::Timespec))] })
    }

    /// One is read, into these pieces of memory.
    pub(super) fn read(
        &mut self,
        fd: i32,
        pieces: impl FnOnce() -> Vec<(Addr, usize)>,
        now: Duration,
        inspect: &dyn Inspect,
    ) -> Option<Answer> {
        if self.all.values().all(|timer| timer.ticks == 0) {
            return None;
        }
        let timer = self.all.get_mut(&inspect.timer_file(fd)?.number)?;
        timer.look(now);
        let count = std::mem::take(&mut timer.ticks).to_ne_bytes();
        let mut rest = &count[..];
        let mut cut = |(addr, len): (Addr, usize)| {
            let (now, later) = rest.split_at(len.min(rest.len()));
            rest = later;
            (addr, now.to_vec())
        };
        Some(Answer { result: None, memory: pieces().into_iter().map(&mut cut).collect() })
    }
}

impl Timer {
    /// Somebody looks at it: it goes on, and has gone off meanwhile.
    fn look(&mut self, now: Duration) {
        self.ticks = self.ticks.saturating_add(self.course.noticed(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(next: u64, interval: u64) -> TimerFiles {
        let [value, interval] = [next, interval].map(Duration::from_secs);
        let clock = Clock::new(Duration::ZERO);
        let course = Course::new(Setting { interval, value }, 1, false, &clock, Duration::ZERO).unwrap();
        TimerFiles { all: [(1, Timer { course, ticks: 0 })].into() }
    }

    #[test]
    fn one_without_an_interval_goes_off_once() {
        let mut files = files(2, 0);
        assert_eq!(files.first(), Some(Duration::from_secs(2)));
        assert_eq!(files.go_off(), Some(1));
        assert_eq!((files.all[&1].ticks, files.first(), files.go_off()), (1, None, None));
    }

    #[test]
    fn all_times_that_it_has_gone_off_are_counted() {
        let mut files = files(1, 2);
        assert_eq!((files.go_off(), files.first()), (Some(1), None));
        files.all.get_mut(&1).unwrap().look(Duration::from_secs(6));
        assert_eq!(files.all[&1].ticks, 3, "at 1, 3 and 5 seconds");
    }
}
