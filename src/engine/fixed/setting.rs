//! The clock of a run is set: by a rule, or by the program. Whoever waits for a time of day waits for the new one.
//! It must not know what the clock shows otherwise.

use std::time::Duration;

use super::clock::{Clock, is_of_day};
use super::times::{Form, Written};
use super::{Answer, Engine, Fixed};
use crate::abi::{Addr, Arch, Errno, Sysno};
use crate::engine::inspect::Inspect;
use crate::engine::stop::RawCall;

/// `CLOCK_REALTIME` (clock_settime(2)), the only clock that can be set.
const CLOCK_REALTIME: u64 = 0;

/// A time of a clock that somebody waits for.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Point {
    pub(super) clock: i32,
    pub(super) shown: Duration,
}

impl Point {
    /// When it is, on the counter of the run, now that the time of day was set; `None` where that changes nothing.
    pub(super) fn moved(self, clock: &Clock, now: Duration) -> Option<Duration> {
        is_of_day(self.clock).then(|| clock.when(self.clock, self.shown, now)).flatten()
    }
}

/// Whether a call sets the time of day.
pub(super) fn sets_day(sysno: Sysno, raw: &RawCall) -> bool {
    raw.arch != Arch::I386
        && match sysno.name() {
            "clock_settime" => raw.args[0] == CLOCK_REALTIME,
            "settimeofday" => raw.args[0] != 0,
            _ => false,
        }
}

impl Engine {
    /// Rules that are armed by now begin to change the clock.
    pub(in crate::engine) fn begin_clock_rules(&mut self) {
        let now = self.schedule.now();
        let Some(clock) = &mut self.fixed.clock else { return };
        let mut has_changed = false;
        for (at, rule) in self.plan.rules.iter().enumerate() {
            if let Some(fault) = rule.clock.as_ref().filter(|_| self.rules.is_armed(at))
                && !clock.day.is_changed_by(at)
            {
                clock.day.begin(at, fault, now);
                has_changed = true;
            }
        }
        if has_changed {
            self.clock_was_set();
        }
    }

    /// How many changes of a rule's somebody has just been told of for the first time.
    pub(in crate::engine) fn clock_changes_seen(&mut self, rule: usize) -> usize {
        self.fixed.clock.as_mut().map_or(0, |clock| clock.day.newly_seen(rule))
    }

    /// What a call comes to that sets the time of day.
    pub(super) fn set_day(&mut self, sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Option<Answer> {
        let form = if sysno.name() == "settimeofday" { Form::Timeval } else { Form::Timespec };
        let at = raw.args[if form == Form::Timeval { 0 } else { 1 }];
        let refused = match form.read(Addr(at), inspect) {
            Written::Nothing => Some("EFAULT"),
            Written::Nonsense => Some("EINVAL"),
            Written::Length(_) if !inspect.may_set_clock() => Some("EPERM"),
            Written::Length(to) => {
                let now = self.schedule.now();
                self.fixed.clock.as_mut()?.day.set(to, now);
                self.clock_was_set();
                None
            }
        };
        let result = match refused {
            Some(name) => -i64::from(Errno::parse(name)?.number()),
            None => 0,
        };
        Some(Answer { result: Some(result), memory: Vec::new() })
    }

    fn clock_was_set(&mut self) {
        let now = self.schedule.now();
        let Some(clock) = &self.fixed.clock else { return };
        for task in self.tasks.values_mut() {
            let limit = task.call.as_mut().and_then(|call| call.limit.as_mut());
            if let Some(deadline) = limit.and_then(|limit| limit.move_to(clock, now)) {
                self.schedule.sleeps_until(task.name, deadline);
            }
        }
        self.fixed.timers.clock_was_set(clock, now);
        self.fixed.timer_files.clock_was_set(clock, now);
    }
}

impl Fixed {
    /// Why a rule has not fired as often as it changes the clock; `None` where it has.
    pub(in crate::engine) fn clock_change_unseen(&self, rule: usize) -> Option<String> {
        let after = self.clock.as_ref()?.day.unseen(rule)?;
        Some(match after {
            Duration::ZERO => "nobody asked for the time of day".to_owned(),
            after => format!(
                "nobody asked for the time of day once the run had taken {}",
                humantime::format_duration(after)
            ),
        })
    }
}
