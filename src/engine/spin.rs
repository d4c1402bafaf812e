//! Tasks that compute and compute while others wait for their turn. In the serial schedule one that waits in a loop
//! without calls for what another task does would never see it: after a while it is interrupted, and from there on the
//! order of events is not fixed, which the report says.

use std::time::Duration;

use super::Engine;
use crate::transcript::TaskName;

/// What a task may compute before it is interrupted: much more than anybody waits for another in a loop without calls.
const FIRST: Duration = Duration::from_secs(1);

/// The same once a task was interrupted: there is no fixed order any more that could be lost.
const LATER: Duration = Duration::from_millis(10);

impl Engine {
    /// How long a task may have a processor until its next stop.
    pub(super) fn patience(&self) -> Duration {
        if self.spins == 0 { FIRST } else { LATER }
    }

    /// A task stands still that may have been interrupted because it did not stop by itself: others have their turn.
    pub(super) fn has_spun(&mut self, name: TaskName) {
        if self.tasks.get(&name).is_some_and(|task| task.may_spin) {
            self.spins += 1;
            self.schedule.yielded(name);
            self.first_spinner.get_or_insert(name);
        }
    }

    /// Notes that the order of events was not fixed, if tasks had to be interrupted.
    pub(super) fn tell_spins(&mut self) {
        let Some(first) = self.first_spinner else { return };
        let (often, seconds) = (self.spins, FIRST.as_secs());
        let times = if often == 1 { "once".to_owned() } else { format!("{often} times") };
        self.note(format!(
            "{first} computed for {seconds} s without a call while other tasks waited for their turn: tasks were \
             interrupted {times}, and what came after that has no fixed order"
        ));
    }
}
