//! Which of several tasks that could go on does: the one that the serial order names, or another one.
//! It must not know what tasks do.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Chance, Policy, Switch};
use crate::transcript::TaskName;

/// Who chooses, and what was chosen.
#[derive(Debug)]
pub(super) struct Picker {
    way: Way,
    /// Choices among several tasks so far.
    choices: u64,
    /// Those that were not the serial order's.
    switches: Vec<(u64, TaskName)>,
}

#[derive(Debug)]
enum Way {
    Serial,
    Replay(BTreeMap<u64, TaskName>),
    /// The task goes on, or with 1 chance in so many another one does, any of them.
    Sticky(Chance, u64),
    Priorities(Priorities),
}

/// Each task has a random priority, and the highest goes on; at a few choices that were drawn before it falls to the
/// lowest. A bug that needs so many changes is met with a probability that is known ("A randomized scheduler with
/// probabilistic guarantees of finding bugs", Burckhardt and others, 2010).
#[derive(Debug)]
struct Priorities {
    chance: Chance,
    tasks: BTreeMap<TaskName, u64>,
    changes: BTreeSet<u64>,
    /// What the next task that falls gets: less than all before.
    lowest: u64,
}

impl Picker {
    pub(super) fn new(policy: &Policy) -> Picker {
        let way = match policy {
            Policy::Serial | Policy::Free => Way::Serial,
            Policy::Random { seed } => drawn(*seed),
            Policy::Replay(switches) => Way::Replay(switches.iter().map(|it| (it.choice, named(it))).collect()),
        };
        Picker { way, choices: 0, switches: Vec::new() }
    }

    /// Who goes on of `ready`, one of whom is `serial`, who would in the serial order.
    pub(super) fn pick(&mut self, serial: TaskName, ready: impl Iterator<Item = TaskName>) -> TaskName {
        if matches!(self.way, Way::Serial) {
            return serial;
        }
        let ready: Vec<TaskName> = ready.collect();
        if ready.len() < 2 {
            return serial;
        }
        self.choices += 1;
        let chosen = match &mut self.way {
            Way::Serial => serial,
            Way::Replay(switches) => {
                switches.remove(&self.choices).filter(|task| ready.contains(task)).unwrap_or(serial)
            }
            Way::Sticky(chance, among) => match chance.below(*among) {
                0 => ready[chance.below(ready.len() as u64) as usize],
                _ => serial,
            },
            Way::Priorities(priorities) => priorities.pick(self.choices, &ready).unwrap_or(serial),
        };
        if chosen != serial {
            self.switches.push((self.choices, chosen));
        }
        chosen
    }

    /// Choices among several tasks so far.
    pub(super) fn choices(&self) -> u64 {
        self.choices
    }

    /// Where another task went on than in the serial order.
    pub(super) fn switches(&self) -> &[(u64, TaskName)] {
        &self.switches
    }
}

fn named(switch: &Switch) -> TaskName {
    TaskName { process: switch.process, thread: switch.thread }
}

/// The way that a seed stands for: no single one finds every kind of bug.
fn drawn(seed: u64) -> Way {
    let mut chance = Chance::new(seed, "schedule", 0);
    match chance.below(6) {
        0 => Way::Sticky(chance, 2),
        1 => Way::Sticky(chance, 8),
        2 => Way::Sticky(chance, 32),
        depth => {
            // How long the run will be nobody knows: short ones and long ones are taken turns with.
            let length = 1 << (3 + chance.below(9));
            let changes = (3..depth).map(|_| 1 + chance.below(length)).collect();
            Way::Priorities(Priorities { chance, tasks: BTreeMap::new(), changes, lowest: 1 << 32 })
        }
    }
}

impl Priorities {
    fn pick(&mut self, choice: u64, ready: &[TaskName]) -> Option<TaskName> {
        for task in ready {
            let Priorities { chance, tasks, .. } = self;
            tasks.entry(*task).or_insert_with(|| (1 << 32) + (chance.next_value() >> 1));
        }
        let highest = |tasks: &BTreeMap<TaskName, u64>| ready.iter().copied().max_by_key(|task| tasks.get(task));
        let first = highest(&self.tasks)?;
        if !self.changes.remove(&choice) {
            return Some(first);
        }
        self.lowest -= 1;
        self.tasks.insert(first, self.lowest);
        highest(&self.tasks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TaskName = TaskName { process: 1, thread: 1 };
    const B: TaskName = TaskName { process: 1, thread: 2 };
    const C: TaskName = TaskName { process: 2, thread: 1 };

    fn replay(switches: &[(u64, TaskName)]) -> Policy {
        let switch =
            |(choice, task): &(u64, TaskName)| Switch { choice: *choice, process: task.process, thread: task.thread };
        Policy::Replay(switches.iter().map(switch).collect())
    }

    /// What a hundred choices among three come to, the last one chosen being the serial one.
    fn chosen(policy: &Policy) -> (Vec<TaskName>, Vec<(u64, TaskName)>) {
        let mut picker = Picker::new(policy);
        let mut current = A;
        let mut all = Vec::new();
        for _ in 0..100 {
            current = picker.pick(current, [A, B, C].into_iter());
            all.push(current);
        }
        (all, picker.switches().to_vec())
    }

    #[test]
    fn the_serial_order_has_no_switches() {
        let (all, switches) = chosen(&Policy::Serial);
        assert!(all.iter().all(|task| *task == A) && switches.is_empty());
    }

    #[test]
    fn a_seed_stands_for_one_order_and_its_switches_bring_it_back() {
        let mut orders = BTreeSet::new();
        for seed in 0..100 {
            let random = Policy::Random { seed };
            let (all, switches) = chosen(&random);
            assert_eq!(chosen(&random), (all.clone(), switches.clone()));
            assert_eq!(chosen(&replay(&switches)), (all.clone(), switches));
            orders.insert(all);
        }
        assert!(orders.len() > 50, "{} orders", orders.len());
    }

    #[test]
    fn nothing_is_drawn_where_there_is_no_choice() {
        for seed in 0..20 {
            let mut picker = Picker::new(&Policy::Random { seed });
            let mut other = Picker::new(&Policy::Random { seed });
            for _ in 0..50 {
                assert_eq!(other.pick(B, [B].into_iter()), B);
                let all = || [A, B, C].into_iter();
                assert_eq!(picker.pick(A, all()), other.pick(A, all()));
            }
        }
    }

    #[test]
    fn a_switch_to_a_task_that_cannot_go_on_is_left_out() {
        let mut picker = Picker::new(&replay(&[(1, C), (2, B)]));
        assert_eq!(picker.pick(A, [A, B].into_iter()), A);
        assert_eq!(picker.pick(A, [A, B].into_iter()), B);
        assert_eq!(picker.switches(), [(2, B)]);
    }
}
