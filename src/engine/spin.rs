//! Tasks that compute and compute. In the serial schedule one that waits in a loop without calls for what another task
//! does would never see it: after a while it is made to stop. Where another one goes on then, the order of events is not
//! fixed from there on, which the report says.

use std::time::Duration;

use super::Engine;
use crate::transcript::TaskName;

/// What a task may compute at a stretch: much more than anybody waits for another in a loop without calls.
const FIRST: Duration = Duration::from_secs(1);

/// The same once another one has gone on: there is no fixed order any more that could be lost.
const LATER: Duration = Duration::from_millis(10);

/// Who was made to stop.
#[derive(Debug, Default)]
pub(super) struct Spins {
    /// How often another one went on then.
    count: u64,
    /// The first for whom one did.
    first: Option<TaskName>,
    /// Who has just been made to stop.
    now: Option<TaskName>,
}

impl Spins {
    /// How long a task may have a processor until its next stop.
    pub(super) fn patience(&self) -> Duration {
        if self.count == 0 { FIRST } else { LATER }
    }

    /// It is a task's turn.
    pub(super) fn turn(&mut self, next: TaskName) {
        if let Some(spinner) = self.now.take().filter(|spinner| *spinner != next) {
            self.count += 1;
            self.first.get_or_insert(spinner);
        }
    }
}

impl Engine {
    /// A task was made to stop: others have their turn first, and those who sleep are so much nearer to it.
    pub(super) fn prodded(&mut self, name: TaskName) {
        self.schedule.spent(self.spins.patience());
        self.schedule.yielded(name);
        self.spins.now = Some(name);
    }

    /// Notes that the order of events was not fixed, if it was not.
    pub(super) fn tell_spins(&mut self) {
        let Some(first) = self.spins.first else { return };
        let seconds = FIRST.as_secs();
        let times = match self.spins.count {
            1 => "once".to_owned(),
            often => format!("{often} times"),
        };
        self.note(format!(
            "{first} computed for {seconds} s without a call while others could have gone on: tasks were interrupted \
             {times}, and what came after that has no fixed order"
        ));
    }
}
