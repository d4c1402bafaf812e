//! Timers that are read (timerfd_create(2)), where the run has a time of its own: none is set in the kernel but for the
//! moment in which rinject lets it go off.
//! It must not know who waits for one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Answer;
use super::clock::{Clock, FOREVER, can_be_slept_on};
use super::setting::Point;
use super::timers::missed;
use super::times::{Form, Setting};
use crate::abi::Addr;
use crate::engine::inspect::{Descriptor, Inspect, TimerFile};
use crate::engine::stop::RawCall;
use crate::engine::tamper::Tampering;

/// `TFD_TIMER_ABSTIME` (timerfd_create(2)).
const TFD_TIMER_ABSTIME: u64 = 1;
/// `CLOCK_REALTIME_ALARM`, `CLOCK_BOOTTIME_ALARM`: such timers wake the machine, too.
const WAKING: [i32; 2] = [8, 9];

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
    /// When it goes off, on the counter of the run, and after that again and again.
    next: Option<Duration>,
    /// It was set to this time of its clock, and has not gone off since.
    point: Option<Point>,
    interval: Duration,
    /// It has gone off and nobody has looked since: it does not go off again before.
    waits: bool,
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
        let armed = self.all.values().filter(|timer| !timer.waits);
        armed.filter_map(|timer| timer.next).min().filter(|next| *next < FOREVER)
    }

    /// The one that goes off first.
    pub(super) fn go_off(&mut self) -> Option<u64> {
        let first = self.first()?;
        let is_first = |timer: &Timer| !timer.waits && timer.next == Some(first);
        let (number, timer) = self.all.iter_mut().find(|(_, timer)| is_first(timer))?;
        timer.next = (!timer.interval.is_zero()).then(|| first.saturating_add(timer.interval));
        timer.ticks = timer.ticks.saturating_add(1);
        timer.point = None;
        timer.waits = timer.next.is_some();
        Some(*number)
    }

    /// The time of day was set.
    pub(super) fn clock_was_set(&mut self, clock: &Clock, now: Duration) {
        for timer in self.all.values_mut() {
            timer.next = timer.point.and_then(|point| point.moved(clock, now)).or(timer.next);
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
        let setting = Setting::read(Form::Timespec, new, inspect)
            .ok()
            .filter(|_| can_be_slept_on(clock) || WAKING.contains(&clock))?;
        let mut disarmed = Tampering::default();
        if !setting.value.is_zero() {
            disarmed.memory(new.plus(Form::LEN), vec![0; Form::LEN as usize], inspect).ok()?;
        }
        Some((Set { number, clock, setting, is_point: raw.args[1] & TFD_TIMER_ABSTIME != 0 }, disarmed))
    }

    /// It is set; what the call tells of how it was before.
    pub(super) fn was_set(&mut self, set: Set, raw: &RawCall, clock: &Clock, now: Duration) -> Option<Answer> {
        let answer = self.told(set.number, Addr(raw.args[3]), now);
        let next = match set.setting.value {
            Duration::ZERO => None,
            value if set.is_point => Some(clock.when(set.clock, value, now)?),
            value => Some(now.saturating_add(value)),
        };
        let interval = set.setting.interval;
        let point = Point { clock: set.clock, shown: set.setting.value };
        let point = (set.is_point && !set.setting.value.is_zero()).then_some(point);
        self.all.insert(set.number, Timer { next, point, interval, ..Timer::default() });
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
        let rest = timer.next.map(|next| next.saturating_sub(now).max(Duration::from_nanos(1)));
        let setting = Setting { interval: timer.interval, value: rest.unwrap_or_default() };
        Some(Answer { result: None, memory: vec![(at, setting.bytes(Form::Timespec))] })
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
    /// Somebody looks at it: it goes on, and knows how often it has gone off meanwhile.
    fn look(&mut self, now: Duration) {
        if let Some(next) = self.next.filter(|_| std::mem::take(&mut self.waits)) {
            let (ticks, next) = missed(next, self.interval, now);
            (self.ticks, self.next) = (self.ticks.saturating_add(ticks), Some(next));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn files(next: u64, interval: u64) -> TimerFiles {
        let timer = Timer { next: Some(seconds(next)), interval: seconds(interval), ..Timer::default() };
        TimerFiles { all: [(1, timer)].into() }
    }

    #[test]
    fn one_without_an_interval_goes_off_once() {
        let mut files = files(2, 0);
        assert_eq!(files.first(), Some(seconds(2)));
        assert_eq!(files.go_off(), Some(1));
        assert_eq!((files.all[&1].ticks, files.first(), files.go_off()), (1, None, None));
    }

    #[test]
    fn one_that_nobody_looks_at_does_not_go_off_again() {
        let mut files = files(1, 2);
        assert_eq!((files.go_off(), files.first()), (Some(1), None));
        files.all.get_mut(&1).unwrap().look(seconds(6));
        assert_eq!((files.all[&1].ticks, files.first()), (3, Some(seconds(7))), "at 1, 3 and 5 seconds");
        files.all.get_mut(&1).unwrap().look(seconds(8));
        assert_eq!((files.all[&1].ticks, files.first()), (3, Some(seconds(7))), "it is about to");
    }
}
