//! Timers that raise signals, where the run has a time of its own: none is set in the kernel, and rinject sends the signals.
//! It must not know how a signal is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Answer;
use super::clock::{Clock, can_be_set_by};
use super::course::Course;
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
    /// Its signal is not sent again before it was taken.
    course: Course,
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
        self.all.values().filter_map(|timer| timer.course.due()).min()
    }

    /// The process whose timer goes off first, and what happens then.
    pub(super) fn go_off(&mut self) -> Option<(u32, Ring)> {
        let first = self.first()?;
        let ((process, _), timer) = self.all.iter_mut().find(|(_, timer)| timer.course.due() == Some(first))?;
        timer.course.goes_off(timer.rings.is_some());
        Some((*process, timer.rings?))
    }

    /// A process has taken a signal, or may have taken any: timers that have sent it go on, and know how often they have
    /// gone off meanwhile.
    pub(super) fn taken(&mut self, process: u32, signal: Option<Signal>, now: Duration) {
        for ((owner, _), timer) in &mut self.all {
            let is_its = timer.rings.is_some_and(|ring| signal.is_none_or(|signal| ring.signal == signal));
            if *owner == process && timer.course.waits() && is_its {
                timer.overrun = timer.course.noticed(now);
            }
        }
    }

    /// The time of day was set.
    pub(super) fn clock_was_set(&mut self, clock: &Clock, now: Duration) {
        for timer in self.all.values_mut() {
            timer.course.clock_was_set(clock, now);
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
        if !can_be_set_by(of) {
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
        let before = timer.course.left(now);
        // A structure where one is wanted; EFAULT where it cannot be put.
        let told = |at: Addr, bytes: Vec<u8>| match at.0 {
            0 => Some(done(Vec::new())),
            _ if inspect.is_writable(at, bytes.len()) => Some(done(vec![(at, bytes)])),
            _ => errno("EFAULT"),
        };
        let answer = match sysno.name() {
            "alarm" => {
                let value = Duration::from_secs(u64::from(raw.args[0] as u32));
                let set = Setting { interval: Duration::ZERO, value };
                timer.course = Course::new(set, timer.clock, false, clock, now)?;
                // The next second that is not over, and never 0 while one is set.
                Answer { result: Some(before.value.as_millis().div_ceil(1000) as i64), memory: Vec::new() }
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
                let set = match set {
                    Ok(set) => set,
                    Err(wrong) => return errno(name_of(wrong)),
                };
                timer.course = Course::new(set, timer.clock, false, clock, now)?;
                told(Addr(raw.args[2]), before.bytes(Form::Timeval))?
            }
            "timer_settime" => {
                let new = Addr(raw.args[2]);
                let set = match Setting::read(Form::Timespec, new, inspect) {
                    Ok(set) => set,
                    Err(_) if new.0 == 0 => return errno("EINVAL"),
                    Err(wrong) => return errno(name_of(wrong)),
                };
                timer.course = Course::new(set, timer.clock, raw.args[1] & TIMER_ABSTIME != 0, clock, now)?;
                told(Addr(raw.args[3]), before.bytes(Form::Timespec))?
            }
            _ => return None,
        };
        timer.overrun = 0;
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
        let set = Setting { interval: seconds(1), value: seconds(1) };
        let course = Course::new(set, 1, false, &Clock::new(seconds(0)), seconds(0)).unwrap();
        let timer = Timer { clock: 1, rings, course, overrun: 0 };
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
}
