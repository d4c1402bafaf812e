//! Which of those who sleep are to be asked whether they have been woken.
//! It must not know what has woken them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Schedule, State};
use crate::engine::effects::Reach;
use crate::engine::sleep::{SleepsOn, Word};
use crate::engine::wake::{Asked, HowMany};
use crate::transcript::TaskName;

impl Schedule {
    /// Tasks that may have been woken, in logical order.
    pub(in crate::engine) fn sleepers(&mut self, asked: &Asked) -> Vec<TaskName> {
        self.counted.clear();
        if self.nobody_sleeps() {
            return Vec::new();
        }
        let mut names: Vec<TaskName> = match asked {
            Asked::All => {
                let words = self.words.values().flat_map(BTreeMap::values).copied();
                self.reached(Reach::Children).chain(words).collect()
            }
            Asked::Some { reach, words } => {
                let mut names: Vec<TaskName> = self.reached(*reach).collect();
                for (addr, many) in words {
                    names.extend(self.waiters(*addr, *many));
                }
                names
            }
        };
        names.sort_unstable();
        names
    }

    /// Whether there is none to be asked, as where somebody is alone.
    fn nobody_sleeps(&self) -> bool {
        self.words.is_empty() && self.reached(Reach::Children).next().is_none()
    }

    /// Those who wait for something else than a number, as far as that reaches.
    fn reached(&self, reach: Reach) -> impl Iterator<Item = TaskName> {
        let shelves =
            [(Reach::Anything, &self.sleepers), (Reach::Streams, &self.at_streams), (Reach::Children, &self.parents)];
        shelves.into_iter().filter(move |(least, _)| reach >= *least).flat_map(|(_, shelf)| shelf.iter())
    }

    /// Those who wait for a number: all of them, or as many as have been woken, who are counted on then.
    fn waiters(&mut self, addr: u64, many: HowMany) -> Vec<TaskName> {
        let Some(all) = self.words.get(&addr) else { return Vec::new() };
        let HowMany::First(many) = many else { return all.values().copied().collect() };
        let first: Vec<TaskName> = all.values().take(many).copied().collect();
        // Whoever waits no longer than some time may be awake by itself, and then somebody else was woken.
        let may_stir = |task: &TaskName| self.word(*task).is_none_or(|word| word.is_limited);
        if first.iter().any(may_stir) {
            return all.values().copied().collect();
        }
        self.counted.extend(first.iter().map(|task| (addr, *task)));
        first
    }

    /// Those who may have been woken in place of others who were counted on and sleep still, in logical order.
    pub(in crate::engine) fn overlooked(&mut self) -> Vec<TaskName> {
        if self.counted.is_empty() {
            return Vec::new();
        }
        let counted = std::mem::take(&mut self.counted);
        let sleeps = |(addr, task): &&(u64, TaskName)| {
            let entry = self.entries.get(task);
            let sleeps = entry.is_some_and(|entry| matches!(entry.state, State::Blocked | State::Sleeping(_)));
            sleeps && self.word(*task).is_some_and(|word| word.addr == *addr)
        };
        let numbers: BTreeSet<u64> = counted.iter().filter(sleeps).map(|(addr, _)| *addr).collect();
        let waiters = numbers.iter().filter_map(|addr| self.words.get(addr)).flat_map(BTreeMap::values);
        let mut names: Vec<TaskName> = waiters.copied().collect();
        names.retain(|task| !counted.iter().any(|(_, asked)| asked == task));
        names.sort_unstable();
        names
    }

    /// The number in memory that a task sleeps on, or slept on last.
    fn word(&self, task: TaskName) -> Option<Word> {
        match self.entries.get(&task)?.on {
            SleepsOn::Word(word) => Some(word),
            SleepsOn::Stream | SleepsOn::Child | SleepsOn::Anything => None,
        }
    }
}
