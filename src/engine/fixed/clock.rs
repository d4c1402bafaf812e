//! The time of a run that has its own: it stands still but for a small step each time somebody looks, and for what sleeps
//! and time limits take. It must not know who sleeps.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Answer;
use super::day::Day;
use super::times::Form;
use crate::abi::{Addr, Arch, Sysno};
use crate::engine::stop::RawCall;
use crate::transcript::TaskName;

/// What passes each time somebody looks at a clock: who waits in a loop until it is later does not wait for ever.
pub(super) const LOOK: Duration = Duration::from_micros(100);
/// What is later than this never comes (the kernel's KTIME_MAX, 292 years).
pub(super) const FOREVER: Duration = Duration::from_nanos(i64::MAX as u64);
/// How long the machine is up when a run begins.
const UPTIME: Duration = Duration::from_secs(1000);
/// Ticks of times(2) in a second (`sysconf(_SC_CLK_TCK)`).
const TICKS: u128 = 100;

/// Clocks of clock_gettime(2) (`linux/time.h`).
const REALTIME: i32 = 0;
const PROCESS_CPUTIME: i32 = 2;
const THREAD_CPUTIME: i32 = 3;
const REALTIME_COARSE: i32 = 5;
const REALTIME_ALARM: i32 = 8;
const TAI: i32 = 11;
/// In the number of a clock that is of a process, or of a thread: it is of a descriptor instead.
const OF_DESCRIPTOR: i32 = 3;
const OF_THREAD: i32 = 4;

/// Whether the kernel lets any task sleep on a clock, and it is the run's.
pub(super) fn can_be_slept_on(clock: i32) -> bool {
    // CLOCK_MONOTONIC, CLOCK_BOOTTIME
    matches!(clock, REALTIME | 1 | 7 | TAI)
}

/// Whether a timer can be set by a clock, and it is the run's: also by those that wake the machine.
pub(super) fn can_be_set_by(clock: i32) -> bool {
    // CLOCK_BOOTTIME_ALARM
    can_be_slept_on(clock) || matches!(clock, REALTIME_ALARM | 9)
}

/// Whether a clock shows the time of day.
pub(super) fn is_of_day(clock: i32) -> bool {
    matches!(clock, REALTIME | REALTIME_COARSE | REALTIME_ALARM | TAI)
}

/// What the clocks of a run show.
#[derive(Debug)]
pub(super) struct Clock {
    /// The time of day.
    pub(super) day: Day,
    /// What each task has computed, as far as it is counted.
    computed: BTreeMap<TaskName, Duration>,
}

impl Clock {
    pub(super) fn new(start: Duration) -> Clock {
        Clock { day: Day::new(start), computed: BTreeMap::new() }
    }

    /// A task looks at a clock.
    pub(super) fn look(&mut self, name: TaskName) {
        *self.computed.entry(name).or_default() += LOOK;
    }

    /// What a clock shows when the counter of the run says `now`; `None` for one that is not the run's.
    pub(super) fn shows(&self, clock: i32, name: TaskName, now: Duration) -> Option<Duration> {
        Some(match clock {
            clock if is_of_day(clock) => self.day.shows(now),
            // CLOCK_MONOTONIC, _RAW, _COARSE, CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM
            1 | 4 | 6 | 7 | 9 => UPTIME.saturating_add(now),
            THREAD_CPUTIME => self.computed.get(&name).copied().unwrap_or_default(),
            PROCESS_CPUTIME => self.of_process(name),
            clock if clock < 0 && clock & OF_DESCRIPTOR == OF_DESCRIPTOR => return None,
            clock if clock < 0 && clock & OF_THREAD != 0 => self.shows(THREAD_CPUTIME, name, now)?,
            clock if clock < 0 => self.of_process(name),
            _ => return None,
        })
    }

    /// How long the machine is up when the counter of the run says `now`.
    pub(super) fn up(&self, now: Duration) -> Duration {
        UPTIME.saturating_add(now)
    }

    /// What the counter of the run says, from `now` on, when this clock shows `shown`; `None` for clocks that count
    /// something else.
    pub(super) fn when(&self, clock: i32, shown: Duration, now: Duration) -> Option<Duration> {
        let zero = match clock {
            PROCESS_CPUTIME | THREAD_CPUTIME => return None,
            clock if clock < 0 => return None,
            clock if is_of_day(clock) => return Some(self.day.when(shown, now)),
            clock => self.shows(clock, TaskName { process: 0, thread: 0 }, Duration::ZERO)?,
        };
        Some(shown.saturating_sub(zero))
    }

    fn of_process(&self, name: TaskName) -> Duration {
        let own = self.computed.iter().filter(|(task, _)| task.process == name.process);
        own.map(|(_, computed)| *computed).sum()
    }

    /// What a call says of the time; `None` where it says nothing, or not of a clock of the run.
    pub(super) fn tells(&mut self, name: TaskName, sysno: Sysno, raw: &RawCall, now: Duration) -> Option<Answer> {
        if raw.arch == Arch::I386 {
            return None;
        }
        let at = |at: usize| Some(Addr(raw.args[at])).filter(|addr| addr.0 != 0);
        let put = |addr: Option<Addr>, bytes: Vec<u8>| addr.map(|addr| (addr, bytes)).into_iter().collect();
        let is_of_day = match sysno.name() {
            "gettimeofday" | "time" => true,
            "clock_gettime" => is_of_day(raw.args[0] as i32),
            _ => false,
        };
        let day = if is_of_day { self.day.tell(now) } else { self.day.shows(now) };
        let (result, memory) = match sysno.name() {
            "clock_gettime" => (None, put(at(1), Form::Timespec.bytes(self.shows(raw.args[0] as i32, name, now)?))),
            "gettimeofday" => (None, put(at(0), Form::Timeval.bytes(day))),
            "time" => {
                let seconds = day.as_secs();
                (Some(seconds as i64), put(at(0), seconds.to_ne_bytes().to_vec()))
            }
            "times" => {
                let computed = (self.of_process(name).as_nanos() * TICKS / 1_000_000_000) as u64;
                // struct tms: what the process has computed, in the kernel, and its children so.
                let fields = [computed, 0, 0, 0].map(u64::to_ne_bytes).concat();
                let ticks = UPTIME.saturating_add(now).as_nanos() * TICKS / 1_000_000_000;
                (Some(ticks as i64), put(at(0), fields))
            }
            // struct rusage begins with the two times, struct sysinfo with how long the machine is up.
            "getrusage" => {
                let computed = Form::Timeval.bytes(self.of_process(name));
                (None, put(at(1), [computed, Form::Timeval.bytes(Duration::ZERO)].concat()))
            }
            "sysinfo" => (None, put(at(0), UPTIME.saturating_add(now).as_secs().to_ne_bytes().to_vec())),
            _ => return None,
        };
        Some(Answer { result, memory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TaskName = TaskName { process: 1, thread: 1 };
    const B: TaskName = TaskName { process: 1, thread: 2 };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn clocks_show_what_the_counter_says() {
        let clock = Clock::new(seconds(5000));
        let shows = |id| clock.shows(id, A, seconds(7));
        assert_eq!([0, 5, 8, 11].map(shows), [Some(seconds(5007)); 4]);
        assert_eq!([1, 4, 6, 7, 9].map(shows), [Some(seconds(1007)); 5]);
        assert_eq!([10, 12, 99].map(shows), [None; 3]);
        for id in [0, 1, 7] {
            assert_eq!(clock.when(id, shows(id).unwrap(), seconds(0)), Some(seconds(7)), "clock {id}");
        }
        assert_eq!(clock.when(0, seconds(4), seconds(3)), Some(seconds(3)), "it has passed");
        assert_eq!(clock.when(PROCESS_CPUTIME, seconds(1), seconds(0)), None);
    }

    #[test]
    fn a_task_computes_while_it_looks() {
        let mut clock = Clock::new(seconds(0));
        clock.look(A);
        clock.look(B);
        clock.look(B);
        assert_eq!(clock.shows(THREAD_CPUTIME, A, seconds(9)), Some(LOOK));
        assert_eq!(clock.shows(PROCESS_CPUTIME, A, seconds(9)), Some(LOOK * 3));
        // clock_getcpuclockid(3) and pthread_getcpuclockid(3) make such numbers.
        assert_eq!(clock.shows(!1234 << 3 | 2, A, seconds(9)), Some(LOOK * 3));
        assert_eq!(clock.shows(!1234 << 3 | 6, B, seconds(9)), Some(LOOK * 2));
    }
}
