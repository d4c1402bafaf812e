//! Which sleepers something may have woken: they are asked before anybody else goes on. To ask all of them at every stop
//! would make calls dear in proportion to how many sleep. A task that is woken and not asked comes to the exit of its call
//! and waits there: it is late, but nothing of it is seen before its turn.
//! It must not know how somebody is asked.

use std::collections::BTreeMap;

use super::Engine;
use super::effects::{Reach, Wakes};
use super::futex::{Operation, futex};
use super::stop::{Observation, Stop};
use super::task::InCall;
use crate::abi::TaskId;
use crate::transcript::TaskName;

/// After so many calls all sleepers are asked: what comes from outside of the run wakes them unasked.
const ALL_AFTER: u32 = 16_384;

/// Who may have been woken since the sleepers were last asked.
#[derive(Debug)]
pub(super) struct Woken {
    /// Everybody.
    all: bool,
    /// Those who wait for something else than a number in memory, as far as this.
    reach: Reach,
    /// Those who wait for these numbers.
    words: BTreeMap<u64, HowMany>,
    /// Waiters were moved from one number to another: which ones they wait for is not known any more.
    requeued: bool,
    calls: u32,
}

impl Woken {
    pub(super) fn new() -> Woken {
        Woken { all: true, reach: Reach::Nobody, words: BTreeMap::new(), requeued: false, calls: 0 }
    }

    /// Something that is no call may have woken anybody.
    pub(super) fn everybody(&mut self) {
        self.all = true;
    }

    /// Takes in what was seen of a task that is in `call`, if it is in one.
    #[inline]
    pub(super) fn note(&mut self, observation: &Observation, call: Option<&InCall>) {
        // Whether a sleeper is seen to sleep may hang on the machine; how many calls there were does not.
        self.calls += u32::from(matches!(observation, Observation::Stop { stop: Stop::Exit(_), .. }));
        match wakes(observation, call) {
            Wakes::Nobody => {}
            Wakes::Those(reach) => self.reach = self.reach.max(reach),
            Wakes::Word { .. } if self.requeued => self.all = true,
            Wakes::Word { addr, is_shared, all } => {
                let many = self.words.entry(addr).or_insert(HowMany::First(0));
                *many = match (*many, observation) {
                    (HowMany::First(before), Observation::Stop { stop: Stop::Exit(result), .. }) if !all => {
                        HowMany::First(before + usize::try_from(*result).unwrap_or(0))
                    }
                    _ => HowMany::All,
                };
                if is_shared {
                    self.reach = self.reach.max(Reach::Anything);
                }
            }
            Wakes::All => self.all = true,
        }
        self.requeued |= call.and_then(futex).is_some_and(|futex| futex.operation == Operation::Other);
        self.all |= self.calls >= ALL_AFTER;
    }

    /// Who is to be asked now: everybody, or some of the others and those who wait for the numbers.
    pub(super) fn take(&mut self) -> Asked {
        if self.all {
            (self.all, self.reach, self.calls) = (false, Reach::Nobody, 0);
            self.words.clear();
            return Asked::All;
        }
        let reach = std::mem::replace(&mut self.reach, Reach::Nobody);
        Asked::Some { reach, words: std::mem::take(&mut self.words) }
    }
}

impl Engine {
    /// Tasks that are asleep and that something may have woken since this was last asked, in logical order.
    pub fn sleepers(&mut self) -> Vec<TaskId> {
        let names = self.schedule.sleepers(&self.woken.take());
        self.ids_of(&names)
    }

    /// Those who may have been woken in place of [`Engine::sleepers`] that were found asleep, in logical order.
    pub fn overlooked(&mut self) -> Vec<TaskId> {
        let names = self.schedule.overlooked();
        self.ids_of(&names)
    }

    fn ids_of(&self, names: &[TaskName]) -> Vec<TaskId> {
        names.iter().filter_map(|name| self.tasks.get(name)).map(|task| task.id).collect()
    }

    /// Notes whom an observation may have woken.
    pub(super) fn note_wakes(&mut self, observation: &Observation) {
        let task = match observation {
            // It is told each time that it is looked at, and nothing comes of it any more.
            Observation::ZombieLeader { task }
                if self.ids.get(task).is_some_and(|name| self.schedule.is_zombie(*name)) =>
            {
                return;
            }
            Observation::Stop { task, .. } | Observation::Asleep { task } => self.ids.get(task),
            _ => None,
        };
        let call = task.and_then(|name| self.tasks.get(name)?.call.as_deref());
        self.woken.note(observation, call);
    }
}

/// Sleepers that are to be asked.
#[derive(Debug)]
pub(super) enum Asked {
    All,
    Some { reach: Reach, words: BTreeMap<u64, HowMany> },
}

/// How many of those are to be asked who wait for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HowMany {
    /// So many, in the order in which they fell asleep. If they are not awake, all.
    First(usize),
    All,
}

fn wakes(observation: &Observation, call: Option<&InCall>) -> Wakes {
    match observation {
        Observation::Stop { stop, .. } => match stop {
            // A task that comes to the entry of a call has done nothing but compute, or made calls that touch nobody.
            Stop::Entry(_) | Stop::TheirFilter | Stop::Signal(_) => Wakes::Nobody,
            Stop::Born(_) | Stop::Started | Stop::VforkDone => Wakes::Nobody,
            Stop::Exit(_) => call.map_or(Wakes::All, Wakes::of),
            // It has its descriptors and locks still.
            Stop::Exiting => Wakes::Nobody,
            // Also whoever has made the process by vfork(2).
            Stop::Exec { .. } => Wakes::Those(Reach::Children),
            Stop::Group(_) | Stop::Prodded => Wakes::All,
            // Where others wait for their turn, only whoever sleeps is interrupted, for its time is up.
            Stop::Interrupted => Wakes::Nobody,
        },
        // What it has done before it fell asleep.
        Observation::Asleep { .. } => match call.map(Wakes::of) {
            Some(those @ Wakes::Those(_)) if call.is_some_and(gives) => those,
            Some(_) => Wakes::Nobody,
            None => Wakes::All,
        },
        Observation::Elapsed { .. } => Wakes::Nobody,
        // Whoever joins a thread waits as for a number that other memory may have, too.
        Observation::Ended { .. } => Wakes::Those(Reach::Children),
        Observation::ZombieLeader { .. } | Observation::Vanished { .. } | Observation::Idle => Wakes::All,
    }
}

/// Whether a call hands something on before it may have to wait.
fn gives(call: &InCall) -> bool {
    call.sysno.is_some_and(|sysno| {
        let name = sysno.name();
        name.contains("write")
            || name.contains("send")
            || name.contains("splice")
            || matches!(name, "connect" | "tee")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Arch, Sysno, TaskId};
    use crate::engine::stop::RawCall;

    const WAIT: u64 = 0;
    const WAKE: u64 = 1;
    const PRIVATE: u64 = 128;

    fn call(name: &str, args: [u64; 6], may_block: bool) -> InCall {
        let sysno = Sysno::parse(name).unwrap();
        let number = u64::from(sysno.number(Arch::X86_64).unwrap());
        InCall { may_block, ..InCall::new(RawCall { arch: Arch::X86_64, number, args, ip: 0 }, Some(sysno)) }
    }

    fn asked(calls: &[InCall]) -> Asked {
        let mut woken = Woken::new();
        let _ = woken.take();
        for call in calls {
            woken.note(&Observation::Stop { task: TaskId(1), stop: Stop::Exit(0) }, Some(call));
        }
        woken.take()
    }

    fn futex(operation: u64) -> InCall {
        call("futex", [0x1000, operation, 1, 0, 0x2000, 0], true)
    }

    #[test]
    fn who_is_asked_hangs_on_what_was_done() {
        let some = |calls: &[InCall]| match asked(calls) {
            Asked::All => panic!("all are asked"),
            Asked::Some { reach, words } => (reach, words.into_iter().collect::<Vec<_>>()),
        };
        assert_eq!(some(&[call("write", [1, 0, 0, 0, 0, 0], false)]), (Reach::Nobody, vec![]), "to a file");
        assert_eq!(some(&[call("write", [1, 0, 0, 0, 0, 0], true)]), (Reach::Streams, vec![]), "to a pipe");
        assert_eq!(some(&[futex(WAKE | PRIVATE)]), (Reach::Nobody, vec![(0x1000, HowMany::First(0))]));
        assert_eq!(
            some(&[futex(WAKE)]),
            (Reach::Anything, vec![(0x1000, HowMany::First(0))]),
            "another memory may have it elsewhere"
        );
        assert_eq!(some(&[futex(WAIT | PRIVATE), call("nanosleep", [0; 6], true)]), (Reach::Nobody, vec![]));
        for all in [vec![call("kill", [0; 6], false)], vec![futex(3 | PRIVATE)]] {
            assert!(matches!(asked(&all), Asked::All), "{all:?}");
        }
    }

    #[test]
    fn all_are_asked_now_and_then_and_after_waiters_were_moved() {
        let mut woken = Woken::new();
        let _ = woken.take();
        let quiet = call("getpid", [0; 6], false);
        let stop = Observation::Stop { task: TaskId(1), stop: Stop::Exit(0) };
        let many = (0..ALL_AFTER).filter(|_| {
            woken.note(&stop, Some(&quiet));
            matches!(woken.take(), Asked::All)
        });
        assert_eq!(many.count(), 1);
        woken.note(&stop, Some(&futex(3 | PRIVATE)));
        let _ = woken.take();
        woken.note(&stop, Some(&futex(WAKE | PRIVATE)));
        assert!(matches!(woken.take(), Asked::All));
    }
}
