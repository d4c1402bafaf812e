//! Surroundings that are the same on every run: what the kernel answers is replaced before anybody sees it.
//! It must not know rules, nor who runs.

mod clock;
mod counter;
mod course;
mod day;
mod directories;
mod file_calls;
mod file_times;
mod files;
mod limit;
mod machine;
mod random;
mod setting;
mod sockets;
mod timer_files;
mod timers;
mod times;

use std::time::Duration;

use super::Engine;
use super::inspect::Inspect;
use super::stop::{Decision, Edit, Next, Ring};
use super::tamper::{self, Tampering};
use super::task::InCall;
use super::vdso;
use crate::abi::{Addr, Arch, CallSet, Signal, Sysno};
use crate::plan;
use crate::transcript::TaskName;

use clock::{Clock, LOOK};
use directories::Directories;
pub(super) use directories::Listed;
pub(super) use file_calls::Before;
use file_times::FileTimes;
use files::{Files, Source, source};
pub(super) use limit::Limit;
use random::{Random, Way};
use setting::sets_day;
use sockets::Sockets;
use timer_files::TimerFiles;
use timers::Timers;
pub(super) use times::{Form, word64};

const SETITIMER: Sysno = Sysno::named("setitimer");
const SETSOCKOPT: Sysno = Sysno::named("setsockopt");
const TIMERFD_SETTIME: Sysno = Sysno::named("timerfd_settime");

/// Commands of fcntl(2) that make another descriptor.
const F_DUPFD: u64 = 0;
const F_DUPFD_CLOEXEC: u64 = 1030;

/// What is told in place of what the kernel says.
#[derive(Debug)]
pub(super) struct Fixed {
    plan: plan::Fixed,
    calls: CallSet,
    pub(super) random: Random,
    pub(super) files: Files,
    directories: Directories,
    /// The time of the run, if it has its own.
    clock: Option<Clock>,
    timers: Timers,
    timer_files: TimerFiles,
    sockets: Sockets,
    /// Times of files, if they go by the time of the run.
    file_times: Option<FileTimes>,
}

impl Fixed {
    pub(super) fn new(plan: &plan::Fixed) -> Fixed {
        Fixed {
            plan: plan.clone(),
            calls: plan.calls(),
            random: Random::new(plan.random),
            files: Files::default(),
            directories: Directories::default(),
            clock: plan.clock.map(Clock::new),
            timers: Timers::default(),
            timer_files: TimerFiles::default(),
            sockets: Sockets::default(),
            file_times: plan.clock.zip(plan.file_times).map(|(start, newest)| FileTimes::new(start, newest)),
        }
    }

    /// Whether this call stops for the sake of what is fixed.
    pub(super) fn is_about(&self, sysno: Sysno) -> bool {
        self.calls.contains(sysno)
    }

    /// Whether the exit of this call has to be seen.
    pub(super) fn concerns(&self, sysno: Sysno) -> bool {
        self.is_about(sysno) || self.files.are_open()
    }
}

/// What a call sets for the run, once the kernel has found nothing wrong with it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sets {
    /// timerfd_settime(2).
    Timer(timer_files::Set),
    /// setsockopt(2).
    SocketLimit(sockets::Set),
}

/// What a call answers in place of what the kernel has answered.
#[derive(Debug, Default)]
struct Answer {
    /// Its result, where that is another one.
    result: Option<i64>,
    /// What stands in memory then.
    memory: Vec<(Addr, Vec<u8>)>,
}

impl Answer {
    /// What has to be changed so that it stands in memory.
    fn put(&self, inspect: &dyn Inspect) -> Vec<Edit> {
        let put = |(addr, bytes): &(Addr, Vec<u8>)| {
            inspect.will_hold(*addr, bytes);
            Edit::Write { addr: *addr, bytes: bytes.as_slice().into() }
        };
        self.memory.iter().map(put).collect()
    }
}

impl Engine {
    /// What a call that is over has come to: the kernel's result, or what stands in its place.
    pub(super) fn fix(
        &mut self,
        name: TaskName,
        call: &mut InCall,
        result: i64,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> i64 {
        let Some(sysno) = call.sysno.filter(|sysno| result >= 0 && self.fixed.concerns(*sysno)) else {
            return result;
        };
        // What another call has returned says nothing of this one's memory.
        if call.is_replaced() {
            return result;
        }
        if matches!(sysno.name(), "rt_sigtimedwait" | "read" | "readv") {
            // By the last two from a signalfd(2).
            self.signal_taken(name.process, None);
        }
        self.files_changed(sysno, call, result, inspect);
        let answer = if let Some(listed) = call.listed.take() {
            listed.answer(result)
        } else if let Some(told) = self.tell_file_times(sysno, call, inspect) {
            Some(told)
        } else if let Some(told) = self.tell_time(name, sysno, call, result, inspect) {
            Some(told)
        } else {
            self.is_out_of_order(name, sysno, call, result);
            self.fixed.answer(name, sysno, call, result, inspect)
        };
        let Some(answer) = answer else { return result };
        decision.edits.extend(answer.put(inspect));
        decision.edits.extend(answer.result.map(Edit::Result));
        answer.result.unwrap_or(result)
    }

    /// What a call comes to whose exit will not be seen, where that is not what the kernel says: it is not made.
    pub(super) fn answer_at_entry(
        &mut self,
        name: TaskName,
        call: &mut InCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        let Some(sysno) = call.sysno.filter(|_| vdso::is_vsyscall(&call.raw) && call.skipped.is_none()) else {
            return;
        };
        let Some(answer) = self.tell_time(name, sysno, call, 0, inspect) else { return };
        decision.edits.extend(answer.put(inspect));
        let result = answer.result.unwrap_or(0);
        decision.edits.push(Edit::Skip(result));
        call.skipped = Some(result);
    }

    /// Whether the run has a time of its own.
    pub(super) fn has_clock(&self) -> bool {
        self.fixed.clock.is_some()
    }

    /// A call that is about to be made: one that sets a timer is answered by rinject, and another one made in its place.
    pub(super) fn keep_time(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        call: &mut InCall,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        if !self.has_clock() {
            return;
        }
        if timers::is_answered(&self.fixed.timers, name.process, sysno, &call.raw) || sets_day(sysno, &call.raw) {
            if call.is_replaced() {
                return;
            }
            let harmless = Sysno::parse("getpid").and_then(|getpid| tamper::substitute(getpid, &call.raw).ok());
            let Some(mut harmless) = harmless else { return };
            harmless.is_same_call = true;
            decision.edits.extend(harmless.edits.iter().cloned());
            call.tampering.push(harmless);
        } else {
            self.limit(name, sysno, call, inspect, decision);
        }
        if !matches!(sysno, SETITIMER | SETSOCKOPT | TIMERFD_SETTIME) {
            return;
        }
        let raw = call.changed();
        let set = match sysno {
            _ if raw.arch == Arch::I386 || call.is_replaced() => None,
            TIMERFD_SETTIME => TimerFiles::set(&raw, inspect).map(|(set, changes)| (Sets::Timer(set), changes)),
            SETSOCKOPT => Sockets::set(&raw, inspect).map(|(set, changes)| (Sets::SocketLimit(set), changes)),
            _ => None,
        };
        if let Some((sets, changes)) = set {
            decision.edits.extend(changes.edits.iter().cloned());
            call.tampering.push(Tampering { is_same_call: true, ..changes });
            call.sets = Some(sets);
        }
        let goes_by_real_time = match sysno {
            SETITIMER => raw.args[0] != 0,
            TIMERFD_SETTIME => raw.arch == Arch::I386 || TimerFiles::is_out_of_reach(raw.args[0] as i32, inspect),
            _ => false,
        };
        if goes_by_real_time {
            self.note(format!(
                "`{}` goes by the real time, which `time = \"virtual\"` does not change: {sysno}",
                self.image_name(name)
            ));
        }
    }

    fn tell_time(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        call: &InCall,
        result: i64,
        inspect: &dyn Inspect,
    ) -> Option<Answer> {
        if self.has_clock() && sets_day(sysno, &call.raw) {
            return self.set_day(sysno, &call.raw, inspect);
        }
        let now = self.schedule.now();
        let clock = self.fixed.clock.as_mut()?;
        let timers = &mut self.fixed.timers;
        if timers::is_answered(timers, name.process, sysno, &call.raw) {
            return timers.answer(name.process, sysno, &call.raw, clock, now, inspect);
        }
        let files = &mut self.fixed.timer_files;
        match (sysno.name(), call.sets) {
            (_, Some(Sets::Timer(set))) => return files.was_set(set, &call.raw, clock, now),
            (_, Some(Sets::SocketLimit(set))) => self.fixed.sockets.was_set(set),
            ("timerfd_gettime", _) => return files.asked(&call.raw, now, inspect),
            ("getsockopt", _) => return self.fixed.sockets.asked(&call.raw, inspect),
            ("accept" | "accept4", _) => self.fixed.sockets.accepted(call.raw.args[0], result as i32, inspect),
            ("read" | "readv", _) => {
                let pieces = || tamper::filled(sysno, &call.raw, result as u64, inspect);
                return files.read(call.raw.args[0] as i32, pieces, now, inspect);
            }
            ("timer_create", _) => timers.made(name.process, &call.raw, inspect)?,
            ("timer_delete", _) => timers.deleted(name.process, &call.raw),
            _ => {
                let answer = clock.tells(name, sysno, &call.raw, now)?;
                clock.look(name);
                self.schedule.spent(LOOK);
                self.schedule.is_at_choice();
                return Some(answer);
            }
        }
        None
    }

    /// A process has taken a signal.
    pub(super) fn signal_taken(&mut self, process: u32, signal: Option<Signal>) {
        let now = self.schedule.now();
        self.fixed.timers.taken(process, signal, now);
    }

    /// When the first timer goes off that rinject keeps.
    pub(super) fn alarm(&self) -> Option<Duration> {
        // Without a clock of the run's own it keeps none.
        self.fixed.clock.as_ref()?;
        match (self.fixed.timers.first(), self.fixed.timer_files.first()) {
            (Some(signal), Some(file)) => Some(signal.min(file)),
            (one, other) => one.or(other),
        }
    }

    /// The first timer goes off.
    pub(super) fn go_off(&mut self) -> Option<Next> {
        self.woken.everybody();
        let (signal, file) = (self.fixed.timers.first(), self.fixed.timer_files.first());
        if file.is_some_and(|file| signal.is_none_or(|signal| file < signal)) {
            return Some(Next::Expire { timer: self.fixed.timer_files.go_off()? });
        }
        let (process, ring) = self.fixed.timers.go_off()?;
        // By the number that the kernel knows.
        let thread = ring.thread.and_then(|thread| Some(self.tasks.get(&self.names.task(thread)?)?.id));
        let ring = Ring { thread: thread.or(ring.thread), ..ring };
        Some(Next::Ring { process: self.processes.get(&process)?.id, ring })
    }
}

impl Fixed {
    /// Whether descriptor `fd` is a socket with a time limit for what it sends, or else for what it receives.
    pub(super) fn is_limited(&self, fd: i32, sends: bool, inspect: &dyn Inspect) -> bool {
        self.sockets.is_limited(fd, sends, inspect)
    }

    /// A process has ended.
    pub(super) fn process_gone(&mut self, process: u32) {
        self.files.process_gone(process);
        self.timers.process_gone(process);
    }

    /// A process has a new image.
    pub(super) fn executed(&mut self, process: u32) {
        self.timers.executed(process);
    }

    fn answer(
        &mut self,
        name: TaskName,
        sysno: Sysno,
        call: &InCall,
        result: i64,
        inspect: &dyn Inspect,
    ) -> Option<Answer> {
        let first = call.raw.args[0] as i32;
        match sysno.name() {
            "getrandom" => {
                return Some(self.random.fill(
                    name,
                    Way::Call(call.raw.args[2]),
                    &[(Addr(call.raw.args[0]), result as usize)],
                ));
            }
            "sched_getaffinity" => return Some(self.processors(call, result)),
            "uname" => return Some(self.machine(call)),
            "open" | "openat" | "openat2" if source(&self.plan, result as i32, inspect).is_some() => {
                self.files.opened(name.process, result as i32);
            }
            "close" => self.files.closed(name.process, first),
            "lseek" => {
                if let Some(position) = self.files.position(name.process, first) {
                    *position = result as usize;
                }
            }
            "dup" | "dup2" | "dup3" => self.files.duplicated(name.process, first, result as i32),
            "fcntl" if matches!(call.raw.args[1], F_DUPFD | F_DUPFD_CLOEXEC) => {
                self.files.duplicated(name.process, first, result as i32);
            }
            "sendmsg" | "sendmmsg" => self.files.spread(),
            "read" | "readv" | "pread64" | "preadv" | "preadv2" if self.files.are_open() => {
                return match source(&self.plan, first, inspect)? {
                    Source::Random => {
                        let pieces = tamper::filled(sysno, &call.raw, result as u64, inspect);
                        Some(self.random.fill(name, Way::Device, &pieces))
                    }
                    Source::Processors => Some(self.list_of_processors(name.process, sysno, call, result, inspect)),
                };
            }
            _ => {}
        }
        None
    }
}
