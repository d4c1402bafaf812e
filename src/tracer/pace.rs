//! How long to wait between two looks at a task that neither stops nor sleeps: each look takes a part of the processor on which
//! the task computes.
//! It must not know what is looked for.

use std::thread;
use std::time::{Duration, Instant};

/// One part in so many of the time that has passed may be lost between a stop and the look that finds it.
const LOST: u32 = 8;

/// What it takes to fall asleep and to be woken is a part of this.
const SHORTEST: Duration = Duration::from_micros(20);

/// So that nobody waits for long who wants the run to end.
const LONGEST: Duration = Duration::from_millis(2);

/// The pauses of one wait.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the first one began.
    since: Option<Instant>,
}

impl Pace {
    /// Sleeps until the next look. To give the processor away would not be enough: who had less of it than the other gets it back at
    /// once.
    pub(super) fn pause(&mut self) {
        thread::sleep(self.next(Instant::now()));
    }

    /// Lets a task come to rest that was just resumed, or seen to sleep. To give the processor away is enough where nobody has slept:
    /// the end of a pause may have driven the task from the processor on its way.
    pub(super) fn pause_briefly(&self) {
        if self.has_slept() {
            thread::sleep(SHORTEST);
        } else {
            // A refusal would only make the next look come sooner.
            let _ = nix::sched::sched_yield();
        }
    }

    /// Whether there was a pause before.
    pub(super) fn has_slept(&self) -> bool {
        self.since.is_some()
    }

    fn next(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(*self.since.get_or_insert(now));
        (passed / LOST).clamp(SHORTEST, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_become_longer_with_what_has_passed() {
        let begun = Instant::now();
        let mut pace = Pace::default();
        let mut after = |passed| pace.next(begun + passed);
        assert_eq!(after(Duration::ZERO), SHORTEST);
        assert_eq!(after(Duration::from_millis(1)), Duration::from_micros(125));
        assert_eq!(after(Duration::from_secs(1)), LONGEST);
    }
}
