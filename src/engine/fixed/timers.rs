//! Timers that raise signals, where the run has a time of its own: none is set in the kernel, and rinject sends the signals.
//! It must not know how a signal is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Answer;
use super::clock::{Clock, FOREVER, can_be_slept_on};
use super::setting::Point;
use super::times::{Form, Setting, Written, word32, word64};
use crate::abi::{Addr, Arch, Errno, Signal, Sysno, TaskId};
use crate::engine::inspect::Inspect;
use crate::engine::stop::{RawCall, Ring};

/// `ITIMER_REAL` (setitimer(2)).
const ITIMER_REAL: u64 = 0;
/// `TIMER_ABSTIME` (timer_settime(2)).
const TIMER_ABSTIME: u64 = 1;
/// How a timer tells of its end (sigevent(3type)).
const SIGEV_SIGNAL: i32 = 0;
const SIGEV_THREAD_ID: i32 = 4;

/// Which timer of a process: the one of alarm(2), or one of timer_create(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Alarm,
    Made(i32),
}

/// A timer.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
    clock: i32,
    rings: Option<Ring>,
    /// When it goes off, on the counter of the run, and after that again and again.
    next: Option<Duration>,
    /// It was set to this time of its clock, and has not gone off since.
    point: Option<Point>,
    interval: Duration,
    /// Its signal was sent and has not been taken since: it is not sent again before.
    waits: bool,
    /// How often it has gone off meanwhile.
    overrun: u64,
}

/// The timers of all processes.
#[derive(Debug, Default)]
pub(super) struct Timers {
    all: BTreeMap<(u32, Id), Timer>,
}

/// A call by which a timer of the run is set or asked.
pub(super) fn is_answered(timers: &Timers, process: u32, sysno: Sysno, raw: &RawCall) -> bool {
    raw.arch != Arch::I386
        && match sysno.name() {
            "alarm" => true,
            "setitimer" | "getitimer" => raw.args[0] == ITIMER_REAL,
            "timer_settime" | "timer_gettime" | "timer_getoverrun" => {
                timers.all.contains_key(&(process, Id::Made(raw.args[0] as i32)))
            }
            _ => false,
        }
}

impl Timers {
    /// When the first one goes off.
    pub(super) fn first(&self) -> Option<Duration> {
        self.all
            .values()
            .filter(|timer| !timer.waits)
            .filter_map(|timer| timer.next)
            .min()
            .filter(|next| *next < FOREVER)
    }

    /// The process whose timer goes off first, and what happens then.
    pub(super) fn go_off(&mut self) -> Option<(u32, Ring)> {
        let first = self.first()?;
        let is_first = |timer: &Timer| !timer.waits && timer.next == Some(first);
        let ((process, _), timer) = self.all.iter_mut().find(|(_, timer)| is_first(timer))?;
        timer.next = (!timer.interval.is_zero()).then(|| first.saturating_add(timer.interval));
        timer.point = None;
        timer.waits = timer.rings.is_some() && timer.next.is_some();
        Some((*process, timer.rings?))
    }

    /// A process has taken a signal, or may have taken any: timers that have sent it go on, and know how often they have
    /// gone off meanwhile.
    pub(super) fn taken(&mut self, process: u32, signal: Option<Signal>, now: Duration) {
        for ((owner, _), timer) in &mut self.all {
            let is_its = timer.rings.is_some_and(|ring| signal.is_none_or(|signal| ring.signal == signal));
            if *owner != process || !timer.waits || !is_its {
                continue;
            }
            timer.waits = false;
            let Some(next) = timer.next else { continue };
            let (late, next) = missed(next, timer.interval, now);
            (timer.overrun, timer.next) = (late, Some(next));
        }
    }

    /// The time of day was set.
    pub(super) fn clock_was_set(&mut self, clock: &Clock, now: Duration) {
        for timer in self.all.values_mut() {
            timer.next = timer.point.and_then(|point| point.moved(clock, now)).or(timer.next);
        }
    }

    /// A process has ended.
    pub(super) fn process_gone(&mut self, process: u32) {
        self.all.retain(|(owner, _), _| *owner != process);
    }

    /// A process has a new image, which has no timers of timer_create(2) (execve(2)).
    pub(super) fn executed(&mut self, process: u32) {
        self.all.retain(|(owner, id), _| *owner != process || *id == Id::Alarm);
    }

    /// timer_create(2) has made one; `None` for a clock that is not the run's, or an answer that cannot be read.
    pub(super) fn made(&mut self, process: u32, raw: &RawCall, inspect: &dyn Inspect) -> Option<()> {
        let of = raw.args[0] as i32;
        if !can_be_slept_on(of) {
            return None;
        }
        let id = word32(Addr(raw.args[2]), inspect)?;
        let event = Addr(raw.args[1]);
        let rings = if event.0 == 0 {
            Some(Ring { signal: Signal::parse("SIGALRM")?, thread: None, timer: Some((id, id as u64)) })
        } else {
            let value = word64(event, inspect)?;
            let [signal, notify, thread] = [8, 12, 16].map(|at| word32(event.plus(at), inspect));
            let thread = (notify? == SIGEV_THREAD_ID).then(|| thread.map(TaskId)).flatten();
            let is_sent = matches!(notify?, SIGEV_SIGNAL | SIGEV_THREAD_ID);
            let signal = Signal::new(signal?.into()).filter(|_| is_sent);
            signal.map(|signal| Ring { signal, thread, timer: Some((id, value)) })
        };
        let timer = Timer { clock: of, rings, ..Timer::default() };
        self.all.insert((process, Id::Made(id)), timer);
        Some(())
    }

    /// timer_delete(2) has taken one away.
    pub(super) fn deleted(&mut self, process: u32, raw: &RawCall) {
        self.all.remove(&(process, Id::Made(raw.args[0] as i32)));
    }

    /// What a call comes to that sets a timer or asks for it.
    pub(super) fn answer(
        &mut self,
        process: u32,
        sysno: Sysno,
        raw: &RawCall,
        clock: &Clock,
        now: Duration,
        inspect: &dyn Inspect,
    ) -> Option<Answer> {
        let done = |memory: Vec<(Addr, Vec<u8>)>| Answer { result: Some(0), memory };
        let errno = |name| Errno::parse(name).map(|errno| failed(&errno));
        let id = if sysno.name().contains("itimer") || sysno.name() == "alarm" {
            Id::Alarm
        } else {
            Id::Made(raw.args[0] as i32)
        };
        let alarm = Timer {
            clock: 1,
            rings: Some(Ring { signal: Signal::parse("SIGALRM")?, thread: None, timer: None }),
            ..Timer::default()
        };
        let mut timer = self.all.get(&(process, id)).copied().unwrap_or(alarm);
        let rest = timer.next.map(|next| next.saturating_sub(now).max(Duration::from_nanos(1))).unwrap_or_default();
        let before = Setting { interval: timer.interval, value: rest };
        // A structure where one is wanted; EFAULT where it cannot be put.
        let told = |at: Addr, bytes: Vec<u8>| match at.0 {
            0 => Some(done(Vec::new())),
            _ if inspect.is_writable(at, bytes.len()) => Some(done(vec![(at, bytes)])),
            _ => errno("EFAULT"),
        };
        let answer = match sysno.name() {
            "alarm" => {
                let seconds = Duration::from_secs(u64::from(raw.args[0] as u32));
                (timer.next, timer.interval) =
                    ((!seconds.is_zero()).then(|| now.saturating_add(seconds)), Duration::ZERO);
                // The next second that is not over, and never 0 while one is set.
                Answer { result: Some(rest.as_millis().div_ceil(1000) as i64), memory: Vec::new() }
            }
            "getitimer" => return told(Addr(raw.args[1]), before.bytes(Form::Timeval)),
            "timer_gettime" => return told(Addr(raw.args[1]), before.bytes(Form::Timespec)),
            // The kernel tells no more than fit (timer_getoverrun(2), DELAYTIMER_MAX).
            "timer_getoverrun" => {
                let overrun = timer.overrun.min(i32::MAX as u64) as i64;
                return Some(Answer { result: Some(overrun), memory: Vec::new() });
            }
            "setitimer" => {
                let new = Addr(raw.args[1]);
                let set = match new.0 {
                    0 => Ok(Setting::default()),
                    _ => Setting::read(Form::Timeval, new, inspect),
                };
                let Setting { interval, value } = match set {
                    Ok(set) => set,
                    Err(wrong) => return errno(name_of(wrong)),
                };
                let answer = told(Addr(raw.args[2]), before.bytes(Form::Timeval))?;
                (timer.next, timer.interval) = ((!value.is_zero()).then(|| now.saturating_add(value)), interval);
                answer
            }
            "timer_settime" => {
                let new = Addr(raw.args[2]);
                let Setting { interval, value } = match Setting::read(Form::Timespec, new, inspect) {
                    Ok(set) => set,
                    Err(_) if new.0 == 0 => return errno("EINVAL"),
                    Err(wrong) => return errno(name_of(wrong)),
                };
                let is_point = raw.args[1] & TIMER_ABSTIME != 0 && !value.is_zero();
                let next = match value {
                    Duration::ZERO => None,
                    _ if is_point => Some(clock.when(timer.clock, value, now)?),
                    _ => Some(now.saturating_add(value)),
                };
                timer.point = is_point.then_some(Point { clock: timer.clock, shown: value });
                let answer = told(Addr(raw.args[3]), before.bytes(Form::Timespec))?;
                (timer.next, timer.interval) = (next, interval);
                answer
            }
            _ => return None,
        };
        (timer.waits, timer.overrun) = (false, 0);
        self.all.insert((process, id), timer);
        Some(answer)
    }
}

fn failed(errno: &Errno) -> Answer {
    Answer { result: Some(-i64::from(errno.number())), memory: Vec::new() }
}

/// The errno for what stands where a setting is wanted.
fn name_of(wrong: Written) -> &'static str {
    if wrong == Written::Nothing { "EFAULT" } else { "EINVAL" }
}

/// How often a timer has gone off again since it did at `next`, that time among them, and when it does the next time.
pub(super) fn missed(next: Duration, interval: Duration, now: Duration) -> (u64, Duration) {
    let late = now.checked_sub(next).map_or(0, |late| late.as_nanos() / interval.as_nanos().max(1) + 1);
    let skipped = interval.as_nanos().saturating_mul(late);
    (u64::try_from(late).unwrap_or(u64::MAX), next.saturating_add(nanoseconds(skipped)))
}

fn nanoseconds(number: u128) -> Duration {
    let seconds = u64::try_from(number / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (number % 1_000_000_000) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A timer that goes off after one second, and each second from then on.
    fn every_second() -> (Timers, Signal) {
        let signal = Signal::parse("SIGALRM").unwrap();
        let rings = Some(Ring { signal, thread: None, timer: Some((0, 0)) });
        let timer = Timer { clock: 1, rings, next: Some(seconds(1)), interval: seconds(1), ..Timer::default() };
        (Timers { all: [((1, Id::Made(0)), timer)].into() }, signal)
    }

    #[test]
    fn a_signal_that_waits_is_not_sent_again() {
        let (mut timers, signal) = every_second();
        assert_eq!(timers.first(), Some(seconds(1)));
        assert!(timers.go_off().is_some());
        assert_eq!(timers.first(), None);
        timers.taken(2, None, seconds(3));
        timers.taken(1, Signal::parse("SIGUSR1"), seconds(3));
        assert_eq!(timers.first(), None, "it is somebody else's signal");
        timers.taken(1, Some(signal), Duration::from_millis(4500));
        assert_eq!(timers.all[&(1, Id::Made(0))].overrun, 3, "at 2, 3 and 4 seconds");
        assert_eq!(timers.first(), Some(seconds(5)));
    }

    #[test]
    fn a_signal_that_is_taken_at_once_leaves_no_overrun() {
        let (mut timers, signal) = every_second();
        assert!(timers.go_off().is_some());
        timers.taken(1, Some(signal), seconds(1));
        assert_eq!((timers.all[&(1, Id::Made(0))].overrun, timers.first()), (0, Some(seconds(2))));
    }

    #[test]
    fn an_interval_without_end_is_none() {
        let (mut timers, signal) = every_second();
        timers.all.values_mut().for_each(|timer| timer.interval = Duration::MAX);
        assert!(timers.go_off().is_some());
        timers.taken(1, Some(signal), Duration::MAX);
    }
}
