//! Calls that sleep for some time, or no longer than some time, where the run has a time of its own: in the kernel they
//! sleep without a limit, and once it is their turn they are woken and say that the time is up.
//! It must not know who else sleeps.

use std::time::Duration;

use super::Engine;
use super::clock::{self, Clock, FOREVER};
use super::setting::Point;
use super::times::Form;
use crate::abi::{Addr, Arch, Errno, Sysno};
use crate::engine::futex;
use crate::engine::inspect::Inspect;
use crate::engine::stop::{Decision, Edit};
use crate::engine::tamper::{self, Tampering};
use crate::engine::task::InCall;
use crate::transcript::TaskName;

/// The limit of a call.
#[derive(Debug)]
pub(in crate::engine) struct Limit {
    /// When its time is up, on the counter of the run.
    pub(in crate::engine) deadline: Duration,
    /// It waits for this time of a clock.
    point: Option<Point>,
    /// What it returns then.
    outcome: i64,
    /// It was woken for that.
    is_up: bool,
    /// Where it says how much of the time was left.
    rest: Option<(Addr, Form)>,
    /// It says so only where a signal interrupts it.
    rest_if_interrupted: bool,
    /// Where a handler has run, it does not go on to wait, whatever the handler says (SA_RESTART): without a limit it does.
    ends_at_handlers: bool,
    /// What it clears when its time is up: sets of descriptors.
    clears: Vec<(Addr, usize)>,
}

/// Where a call says how long it sleeps.
enum Written {
    /// Milliseconds in an argument; negative for ever.
    Milliseconds(usize),
    /// A structure that an argument leads to; for ever without one.
    Length(usize, Form),
    /// A point in time of this clock.
    Point(usize, i32),
    /// Nowhere: it is known already.
    Known(Duration),
}

/// `TIMER_ABSTIME` (clock_nanosleep(2)).
const TIMER_ABSTIME: u64 = 1;
/// In a futex operation: the point in time is one of CLOCK_REALTIME.
const FUTEX_CLOCK_REALTIME: u64 = 256;
/// How calls that a signal cuts short say whether they go on after a handler: as SA_RESTART says, or not.
const RESTARTSYS: i64 = -512;
const RESTARTNOHAND: i64 = -514;
const CLOCK_REALTIME: i32 = 0;
const CLOCK_MONOTONIC: i32 = 1;

/// Where a call has its limit, and the errno with which it ends when the time is up; without one it returns 0.
fn written(sysno: Sysno, args: &[u64; 6]) -> Option<(Written, Option<&'static str>)> {
    use Written::{Length, Milliseconds, Point};
    Some(match sysno.name() {
        "nanosleep" => (Length(0, Form::Timespec), None),
        // Of others the kernel says itself that nobody can sleep on them.
        "clock_nanosleep" if !clock::can_be_slept_on(args[0] as i32) => return None,
        "clock_nanosleep" if args[1] & TIMER_ABSTIME != 0 => (Point(2, args[0] as i32), None),
        "clock_nanosleep" => (Length(2, Form::Timespec), None),
        "poll" => (Milliseconds(2), None),
        "epoll_wait" | "epoll_pwait" => (Milliseconds(3), None),
        "ppoll" => (Length(2, Form::Timespec), None),
        "select" => (Length(4, Form::LooseTimeval), None),
        "pselect6" => (Length(4, Form::Timespec), None),
        "epoll_pwait2" => (Length(3, Form::Timespec), None),
        "io_getevents" | "io_pgetevents" => (Length(4, Form::Timespec), None),
        "rt_sigtimedwait" => (Length(2, Form::Timespec), Some("EAGAIN")),
        "semtimedop" => (Length(3, Form::Timespec), Some("EAGAIN")),
        "mq_timedsend" | "mq_timedreceive" => (Point(4, CLOCK_REALTIME), Some("ETIMEDOUT")),
        "futex_wait" => (Point(4, args[5] as i32), Some("ETIMEDOUT")),
        "futex_waitv" => (Point(3, args[4] as i32), Some("ETIMEDOUT")),
        "futex" => {
            let clock = if args[1] & FUTEX_CLOCK_REALTIME != 0 { CLOCK_REALTIME } else { CLOCK_MONOTONIC };
            let point = match futex::command(args[1]) {
                futex::WAIT => Length(3, Form::Timespec),
                futex::WAIT_BITSET | futex::WAIT_REQUEUE_PI | futex::LOCK_PI2 => Point(3, clock),
                futex::LOCK_PI => Point(3, CLOCK_REALTIME),
                _ => return None,
            };
            (point, Some("ETIMEDOUT"))
        }
        _ => return None,
    })
}

impl Limit {
    /// The time of day was set: when the time is up then, where that is another time.
    pub(super) fn move_to(&mut self, clock: &Clock, now: Duration) -> Option<Duration> {
        self.deadline = self.point?.moved(clock, now)?;
        Some(self.deadline)
    }
}

impl Engine {
    /// Takes the limit out of a call that is about to be made, and keeps it for the run.
    pub(in crate::engine) fn limit(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        call: &mut InCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        if self.fixed.clock.is_none() || call.raw.arch == Arch::I386 {
            return;
        }
        if call.is_replaced() {
            return;
        }
        let args = call.changed().args;
        let of_socket = || {
            let (limit, errno) = self.fixed.sockets.limit(sysno, &args, inspect)?;
            Some((Written::Known(limit), Some(errno)))
        };
        let Some((written, errno)) = written(sysno, &args).or_else(of_socket) else { return };
        let Some((length, at)) = self.length(&written, &args, inspect) else { return };
        if length >= FOREVER {
            return;
        }
        // Who does not wait at all is answered by the kernel; who sleeps for no time gives its turn away.
        let sleeps = matches!(sysno.name(), "nanosleep" | "clock_nanosleep");
        if length.is_zero() && !matches!(written, Written::Point(..)) && !sleeps {
            return;
        }
        let mut tampering = if sleeps {
            let Some(ppoll) = Sysno::parse("ppoll") else { return };
            let Ok(mut endless) = tamper::substitute(ppoll, &call.raw) else { return };
            (0..5).for_each(|at| endless.argument(&call.raw, at, 0));
            endless
        } else {
            let mut endless = Tampering::default();
            let forever = if matches!(written, Written::Milliseconds(_)) { u64::MAX } else { 0 };
            at.into_iter().for_each(|at| endless.argument(&call.raw, at, forever));
            endless
        };
        tampering.is_same_call = true;
        decision.edits.extend(tampering.edits.iter().cloned());
        call.tampering.push(tampering);
        let deadline = self.schedule.now().saturating_add(length);
        self.schedule.will_sleep_until(name, deadline);
        let rest = match sysno.name() {
            "nanosleep" => Some((Addr(args[1]), Form::Timespec)),
            "clock_nanosleep" if args[1] & TIMER_ABSTIME == 0 => Some((Addr(args[3]), Form::Timespec)),
            "select" => Some((Addr(args[4]), Form::Timeval)),
            "pselect6" => Some((Addr(args[4]), Form::Timespec)),
            "ppoll" => Some((Addr(args[2]), Form::Timespec)),
            _ => None,
        };
        let sets = matches!(sysno.name(), "select" | "pselect6");
        // As many words as hold a bit for each descriptor, and for no more than there can be (select(2)).
        let len = (args[0] as i32).max(0) as usize;
        let len = if sets { len.min(inspect.descriptor_slots()) } else { 0 };
        let len = len.div_ceil(64) * 8;
        let clears = args[1..4].iter().filter(|set| sets && **set != 0).map(|set| (Addr(*set), len));
        call.limit = Some(Limit {
            deadline,
            point: self.point(&written, &args, inspect),
            outcome: errno.and_then(Errno::parse).map_or(0, |errno| -i64::from(errno.number())),
            is_up: false,
            rest: rest.filter(|(addr, _)| addr.0 != 0),
            rest_if_interrupted: sleeps,
            ends_at_handlers: sysno.name().starts_with("futex") || matches!(written, Written::Known(_)),
            clears: clears.collect(),
        });
        (call.wants_exit, call.may_block) = (true, true);
    }

    /// How long a call sleeps at most, and which argument says so; `None` without a limit, or for clocks of another kind.
    fn length(&self, written: &Written, args: &[u64; 6], inspect: &dyn Inspect) -> Option<(Duration, Option<usize>)> {
        let (length, at) = match *written {
            Written::Milliseconds(at) => (Duration::from_millis(u64::try_from(args[at] as i32).ok()?), at),
            Written::Length(at, form) => (form.read(Addr(args[at]), inspect).length()?, at),
            Written::Point(at, _) => {
                let Point { clock, shown } = self.point(written, args, inspect)?;
                let when = self.fixed.clock.as_ref()?.when(clock, shown, self.schedule.now())?;
                (when.saturating_sub(self.schedule.now()), at)
            }
            Written::Known(length) => return Some((length, None)),
        };
        Some((length, Some(at)))
    }

    /// The time of a clock that a call waits for, if it says so.
    fn point(&self, written: &Written, args: &[u64; 6], inspect: &dyn Inspect) -> Option<Point> {
        let Written::Point(at, clock) = *written else { return None };
        Some(Point { clock, shown: Form::Timespec.read(Addr(args[at]), inspect).length()? })
    }

    /// A task is held at the entry of its call: the call, and its limit, begin later.
    pub(in crate::engine) fn limit_later(&mut self, name: TaskName, by: Duration) {
        let call = self.tasks.get_mut(&name).and_then(|task| task.call.as_mut());
        if let Some(limit) = call.and_then(|call| call.limit.as_mut()) {
            limit.deadline = limit.deadline.saturating_add(by);
            self.schedule.will_sleep_until(name, limit.deadline);
        }
    }

    /// The time of a task that sleeps is up.
    pub(in crate::engine) fn time_is_up(&mut self, name: TaskName) {
        let call = self.tasks.get_mut(&name).and_then(|task| task.call.as_mut());
        if let Some(limit) = call.and_then(|call| call.limit.as_mut()) {
            limit.is_up = true;
        }
    }

    /// What a call has come to: if nothing but the end of its time has woken it, that.
    pub(in crate::engine) fn timed_out(
        &mut self,
        name: TaskName,
        result: i64,
        was_cut_short: bool,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> i64 {
        if !self.has_clock() {
            return result;
        }
        let call = self.tasks.get(&name).and_then(|task| task.call.as_ref());
        let Some(limit) = call.and_then(|call| call.limit.as_ref()) else { return result };
        let result = if limit.is_up && was_cut_short {
            for (addr, len) in &limit.clears {
                put(*addr, vec![0; *len], inspect, decision);
            }
            decision.edits.push(Edit::Result(limit.outcome));
            limit.outcome
        } else if was_cut_short {
            if result == RESTARTSYS && limit.ends_at_handlers {
                decision.edits.push(Edit::Result(RESTARTNOHAND));
                return RESTARTNOHAND;
            }
            return result;
        } else {
            result
        };
        if !limit.rest_if_interrupted {
            self.tell_rest(limit, inspect, decision);
        }
        result
    }

    /// A signal has interrupted a call for good.
    pub(in crate::engine) fn limit_interrupted(
        &mut self,
        name: TaskName,
        call: &InCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        self.schedule.slept(name);
        if let Some(limit) = &call.limit {
            self.tell_rest(limit, inspect, decision);
        }
    }

    fn tell_rest(&self, limit: &Limit, inspect: &dyn Inspect, decision: &mut Decision) {
        let Some((addr, form)) = limit.rest else { return };
        let rest = limit.deadline.saturating_sub(self.schedule.now());
        put(addr, form.bytes(rest), inspect, decision);
    }
}

/// Puts something into memory; where that is read-only, calls leave it out, too.
fn put(addr: Addr, bytes: Vec<u8>, inspect: &dyn Inspect, decision: &mut Decision) {
    if inspect.is_writable(addr, bytes.len()) {
        inspect.will_hold(addr, &bytes);
        decision.edits.push(Edit::Write { addr, bytes: bytes.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;

    #[test]
    fn a_call_with_a_limit_stops_where_the_run_has_a_time_of_its_own() {
        let fixed = plan::Fixed { clock: Some(Duration::ZERO), ..plan::Fixed::default() };
        let limited: Vec<Sysno> = Sysno::all().filter(|sysno| written(*sysno, &[0; 6]).is_some()).collect();
        assert!(limited.len() > 15, "{limited:?}");
        let unseen: Vec<&Sysno> = limited.iter().filter(|sysno| !fixed.calls().contains(**sysno)).collect();
        assert!(unseen.is_empty(), "{unseen:?}");
    }
}
