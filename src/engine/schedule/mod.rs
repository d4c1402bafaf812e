//! Who may run. In the serial schedule one task does at a time, and who it is depends only on what has happened so
//! far; in the free one all do at once.
//!
//! Time in the serial schedule is a counter: sleeps and delays move it to their ends, and each turn by a fixed step, so
//! that somebody who sleeps has a turn at last beside others who are never done. Tasks that sleep wake in the order of
//! their deadlines on that counter, however long the others really took.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

mod asleep;
mod shelf;
mod turn;

use self::shelf::Shelf;
use super::pick::Picker;
use super::roster::Roster;
use super::sleep::SleepsOn;
use crate::plan::Policy;
use crate::transcript::TaskName;

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a stop; may be resumed.
    Ready,
    /// Resumed, not settled.
    Running,
    /// Asleep in a call that may block.
    Blocked,
    /// Asleep until a deadline and for nothing else.
    Sleeping(Duration),
    /// Its sleep is over; it goes on when its deadline's turn comes.
    Awake(Duration),
    /// Kept back by a rule until a deadline.
    Held(Duration),
    /// In a stop that is told once the others of its address space stand still (free schedule).
    Kept,
    /// In a group-stop.
    Listening,
    /// Let go: its end alone will be told.
    Away,
    /// An ended first thread whose process goes on.
    Zombie,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// This task's.
    Run(TaskName),
    /// This task's, whose time is up while it sleeps: it is to be woken.
    Rouse(TaskName),
    /// Nobody's: a timer goes off first.
    Alarm,
    /// This task's, whose sleep was over before: what it did was put off until now.
    Recall(TaskName),
    /// Nobody's, until a sleeper stirs or a held task's time is up.
    Wait {
        /// The held task whose deadline is first.
        timer: Option<(TaskName, Duration)>,
    },
    /// There is no task.
    Nobody,
}

impl State {
    /// When its turn comes at the latest.
    fn deadline(self) -> Option<Duration> {
        match self {
            State::Sleeping(at) | State::Awake(at) | State::Held(at) => Some(at),
            State::Ready
            | State::Running
            | State::Blocked
            | State::Kept
            | State::Listening
            | State::Zombie
            | State::Away => None,
        }
    }
}

#[derive(Debug)]
struct Task {
    state: State,
    /// Gave its turn away; it gets none before every other ready task had one.
    yielded: bool,
    /// For a held task, how long.
    held_for: Duration,
    /// The deadline of the sleep it is about to enter.
    sleep: Option<Duration>,
    /// What it sleeps on.
    on: SleepsOn,
    /// How many had fallen asleep when it did.
    since: u64,
}

/// What every task does.
#[derive(Debug)]
pub(super) struct Schedule {
    is_free: bool,
    /// Nobody really waits for time to pass: it is only counted.
    is_virtual: bool,
    picker: Picker,
    entries: Roster<TaskName, Task>,
    ready: Shelf,
    kept: Shelf,
    held: Shelf,
    /// Those who sleep on a number in memory, by its address, in the order in which they fell asleep.
    words: BTreeMap<u64, BTreeMap<u64, TaskName>>,
    /// Those on whom it is counted that enough of them were woken, by the number on which they sleep.
    counted: Vec<(u64, TaskName)>,
    /// How many have fallen asleep.
    slept: u64,
    /// Those who wait for a pipe or a socket.
    at_streams: Shelf,
    /// Those who wait for a child.
    parents: Shelf,
    /// Those who sleep otherwise.
    sleepers: Shelf,
    /// Deadlines of tasks that sleep, slept or are held.
    deadlines: BTreeSet<(Duration, TaskName)>,
    current: Option<TaskName>,
    /// The current task goes on without a choice, if it can.
    goes_on: bool,
    /// Who was roused last, and may not have stirred yet.
    roused: Option<TaskName>,
    /// Tasks on their way to their end, which may sleep in the kernel meanwhile.
    exiting: BTreeSet<TaskName>,
    /// How many turns the current task has had in a row while others could have gone on.
    streak: u32,
    now: Duration,
}

impl Schedule {
    pub(super) fn new(policy: &Policy, is_virtual: bool) -> Schedule {
        Schedule {
            is_free: policy.is_free(),
            is_virtual,
            picker: Picker::new(policy),
            entries: Roster::new(),
            ready: Shelf::default(),
            kept: Shelf::default(),
            held: Shelf::default(),
            words: BTreeMap::new(),
            counted: Vec::new(),
            slept: 0,
            at_streams: Shelf::default(),
            parents: Shelf::default(),
            sleepers: Shelf::default(),
            deadlines: BTreeSet::new(),
            current: None,
            goes_on: false,
            roused: None,
            exiting: BTreeSet::new(),
            streak: 0,
            now: Duration::ZERO,
        }
    }

    /// Whether tasks run at once.
    pub(super) fn is_free(&self) -> bool {
        self.is_free
    }

    fn put(&mut self, task: TaskName, state: State) {
        let Some(entry) = self.entries.get_mut(&task) else { return };
        let (before, on, since) = (entry.state, entry.on, entry.since);
        entry.state = state;
        // What happens at each stop comes first.
        match (before, state) {
            (State::Running, State::Ready) => return self.ready.insert(task),
            (State::Ready, State::Running) => return self.ready.remove(task),
            _ => self.take_off(task, before, on, since),
        }
        if let Some(deadline) = state.deadline() {
            self.deadlines.insert((deadline, task));
        }
        if let (State::Blocked | State::Sleeping(_), SleepsOn::Word(word)) = (state, on) {
            self.words.entry(word.addr).or_default().insert(since, task);
        } else if let Some(shelf) = self.shelf(state, on) {
            shelf.insert(task);
        }
    }

    /// Takes a task out of the sets of a state, in which it sleeps on that since then.
    fn take_off(&mut self, task: TaskName, state: State, on: SleepsOn, since: u64) {
        if let Some(deadline) = state.deadline() {
            self.deadlines.remove(&(deadline, task));
        }
        if let (State::Blocked | State::Sleeping(_), SleepsOn::Word(word)) = (state, on) {
            if let Entry::Occupied(mut shelf) = self.words.entry(word.addr) {
                shelf.get_mut().remove(&since);
                if shelf.get().is_empty() {
                    shelf.remove();
                }
            }
        } else if let Some(shelf) = self.shelf(state, on) {
            shelf.remove(task);
        }
    }

    /// The set in which tasks of a state are found without looking at all the others.
    fn shelf(&mut self, state: State, on: SleepsOn) -> Option<&mut Shelf> {
        match state {
            State::Blocked | State::Sleeping(_) if on == SleepsOn::Stream => Some(&mut self.at_streams),
            State::Blocked | State::Sleeping(_) if on == SleepsOn::Child => Some(&mut self.parents),
            State::Ready => Some(&mut self.ready),
            State::Kept => Some(&mut self.kept),
            State::Held(_) => Some(&mut self.held),
            State::Blocked | State::Sleeping(_) | State::Listening | State::Zombie => Some(&mut self.sleepers),
            State::Running | State::Awake(_) | State::Away => None,
        }
    }

    /// A new task, not stopped yet.
    pub(super) fn born(&mut self, task: TaskName) {
        let entry = Task {
            state: State::Running,
            yielded: false,
            held_for: Duration::ZERO,
            sleep: None,
            on: SleepsOn::Anything,
            since: 0,
        };
        self.entries.insert(task, entry);
    }

    /// A task is gone.
    pub(super) fn gone(&mut self, task: TaskName) {
        if let Some(entry) = self.entries.remove(&task) {
            self.take_off(task, entry.state, entry.on, entry.since);
        }
        self.exiting.remove(&task);
    }

    /// How many tasks there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A task stopped: it may go on.
    pub(super) fn stopped(&mut self, task: TaskName) {
        self.put(task, State::Ready);
    }

    /// A task goes on.
    pub(super) fn runs(&mut self, task: TaskName) {
        self.put(task, State::Running);
    }

    /// A task stopped, but what it did is told later.
    pub(super) fn keep(&mut self, task: TaskName) {
        self.put(task, State::Kept);
    }

    /// Tasks that may go on, in logical order.
    pub(super) fn ready_ones(&self) -> impl Iterator<Item = TaskName> + '_ {
        self.ready.iter()
    }

    /// Tasks whose stop is told later, in logical order.
    pub(super) fn kept_ones(&self) -> impl Iterator<Item = TaskName> + '_ {
        self.kept.iter()
    }

    /// Whether a task was resumed and has not stopped since.
    pub(super) fn is_running(&self, task: TaskName) -> bool {
        self.entries.get(&task).is_some_and(|entry| entry.state == State::Running)
    }

    /// Whether a task is in a group-stop.
    pub(super) fn is_listening(&self, task: TaskName) -> bool {
        self.entries.get(&task).is_some_and(|entry| entry.state == State::Listening)
    }

    /// Whether a task is an ended first thread whose process goes on.
    pub(super) fn is_zombie(&self, task: TaskName) -> bool {
        self.entries.get(&task).is_some_and(|entry| entry.state == State::Zombie)
    }

    /// Tasks that rules keep back, and for how long.
    pub(super) fn held_ones(&self) -> impl Iterator<Item = (TaskName, Duration)> + '_ {
        self.held.iter().filter_map(|name| Some((name, self.entries.get(&name)?.held_for)))
    }

    /// The call that a task would have slept in is over.
    pub(super) fn slept(&mut self, task: TaskName) {
        if let Some(entry) = self.entries.get_mut(&task) {
            entry.sleep = None;
        }
    }

    /// The sleep of a task is over by itself. True if it has to wait for its deadline's turn: what it did is not to
    /// be seen before, since how long the others really took must not matter.
    pub(super) fn wake(&mut self, task: TaskName) -> bool {
        if self.alone() || self.is_virtual {
            return false;
        }
        let Some(entry) = self.entries.get(&task) else { return false };
        // A short sleep may be over before anybody has looked whether its task sleeps.
        let deadline = match entry.state {
            State::Sleeping(deadline) => Some(deadline),
            State::Running => entry.sleep,
            State::Ready
            | State::Blocked
            | State::Awake(_)
            | State::Held(_)
            | State::Kept
            | State::Listening
            | State::Zombie
            | State::Away => None,
        };
        let Some(deadline) = deadline else { return false };
        self.put(task, State::Awake(deadline));
        self.slept(task);
        true
    }

    /// What the counter of time says.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// The call that a task is about to make is a sleep of this length.
    pub(super) fn will_sleep(&mut self, task: TaskName, length: Duration) {
        self.will_sleep_until(task, self.now.saturating_add(length));
    }

    /// The call that a task is about to make sleeps until then at the latest.
    pub(super) fn will_sleep_until(&mut self, task: TaskName, deadline: Duration) {
        if let Some(entry) = self.entries.get_mut(&task) {
            entry.sleep = Some(deadline);
        }
    }

    /// A task that may sleep already does so until then at the latest.
    pub(super) fn sleeps_until(&mut self, task: TaskName, deadline: Duration) {
        self.will_sleep_until(task, deadline);
        if self.entries.get(&task).is_some_and(|entry| matches!(entry.state, State::Sleeping(_))) {
            self.put(task, State::Sleeping(deadline));
        }
    }

    /// A task fell asleep in its call.
    pub(super) fn asleep(&mut self, task: TaskName, on: SleepsOn) {
        self.put(task, State::Running);
        self.slept += 1;
        if let Some(entry) = self.entries.get_mut(&task) {
            (entry.on, entry.since) = (on, self.slept);
        }
        let sleep = self.entries.get(&task).and_then(|entry| entry.sleep);
        self.put(task, sleep.map_or(State::Blocked, State::Sleeping));
    }

    /// A rule keeps a task back.
    pub(super) fn hold(&mut self, task: TaskName, length: Duration) {
        let deadline = self.now.saturating_add(length);
        self.put(task, State::Held(deadline));
        if let Some(entry) = self.entries.get_mut(&task) {
            entry.held_for = length;
        }
    }

    /// The delay of a held task is over.
    pub(super) fn elapsed(&mut self, task: TaskName) {
        if let Some(Task { state: State::Held(deadline), .. }) = self.entries.get(&task) {
            self.now = self.now.max(*deadline);
            self.put(task, State::Ready);
        }
    }

    /// A task stays in its group-stop.
    pub(super) fn listening(&mut self, task: TaskName) {
        self.put(task, State::Listening);
    }

    /// A first thread ended while others go on.
    pub(super) fn zombie(&mut self, task: TaskName) {
        self.put(task, State::Zombie);
    }

    /// The current task is where no choice is made: what it has come to touches nobody else, and whether it stops there at
    /// all hangs on how calls are selected.
    pub(super) fn goes_on(&mut self) {
        self.goes_on = true;
    }

    /// The current task is at a choice after all.
    pub(super) fn is_at_choice(&mut self) {
        self.goes_on = false;
    }

    /// A task gives its turn away.
    pub(super) fn yielded(&mut self, task: TaskName) {
        if let Some(entry) = self.entries.get_mut(&task) {
            entry.yielded = true;
        }
    }

    /// A task has computed for long: so much has gone by for those who sleep.
    pub(super) fn spent(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    /// A task has been let go: nothing is known of it before its end.
    pub(super) fn away(&mut self, task: TaskName) {
        self.put(task, State::Away);
    }

    /// Whether every task sleeps until another one acts, as far as it is known; first threads that have ended do not count.
    pub(super) fn all_sleep(&self) -> bool {
        self.entries.values().all(|entry| matches!(entry.state, State::Blocked | State::Zombie))
    }

    /// Whether nobody waits for a turn while a task has it: there is one task, or all have theirs.
    pub(super) fn alone(&self) -> bool {
        self.entries.len() == 1 || self.is_free()
    }

    /// How many choices there were among several tasks, and where another one went on than in the serial order.
    pub(super) fn chosen(&self) -> (u64, &[(u64, TaskName)]) {
        (self.picker.choices(), self.picker.switches())
    }
}

#[cfg(test)]
mod tests;
