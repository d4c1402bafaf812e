//! How long others were silent when the first process had ended.
//! It must not know whether that is too long.

use std::time::{Duration, Instant};

use crate::abi::TaskId;
use crate::transcript::{Event, EventKind, Sink, TaskName};

/// The process that a run is about.
const FIRST: TaskName = TaskName { process: 1, thread: 1 };

/// Whoever looks on at a run, and at the clock.
#[derive(Debug)]
pub(super) struct Timed<S> {
    /// Who looks on.
    pub(super) sink: S,
    has_ended: bool,
    last: Option<Instant>,
    /// The longest time in which nothing happened since the end of the first process.
    silence: Duration,
}

impl<S> Timed<S> {
    pub(super) fn new(sink: S) -> Timed<S> {
        Timed { sink, has_ended: false, last: None, silence: Duration::ZERO }
    }

    /// The longest time in which nothing happened when the first process had ended, and others had not: who still does something
    /// comes to its end, sooner or later, as the machine has time for it.
    pub(super) fn silence(&self) -> Duration {
        self.silence
    }

    /// How long ago the last thing happened.
    pub(super) fn quiet(&self) -> Duration {
        self.last.map_or(Duration::MAX / 4, |last| last.elapsed())
    }
}

impl<S> Timed<S> {
    fn saw(&mut self, event: &Event, now: Instant) {
        if let Some(last) = self.last.filter(|_| self.has_ended) {
            self.silence = self.silence.max(now.saturating_duration_since(last));
        }
        self.last = Some(now);
        self.has_ended |= event.task == FIRST && matches!(event.kind, EventKind::Exit { .. } | EventKind::Killed(_));
    }
}

impl<S: Sink> Sink for Timed<S> {
    fn event(&mut self, event: &Event) {
        self.saw(event, Instant::now());
        self.sink.event(event);
    }

    fn stands_still(&mut self, task: TaskId) {
        self.sink.stands_still(task);
    }

    fn is_content(&self) -> bool {
        self.sink.is_content()
    }

    fn is_broken(&self) -> bool {
        self.sink.is_broken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::EventKind::{Exit, Note};

    #[test]
    fn who_still_does_something_is_not_silent() {
        let begun = Instant::now();
        let mut timed = Timed::new(());
        let mut saw = |kind: EventKind, process, at| {
            let task = TaskName { process, thread: 1 };
            let event = Event::new(task, "kv", kind);
            timed.saw(&event, begun + Duration::from_millis(at));
            timed.silence().as_millis()
        };
        assert_eq!(saw(Note(String::new()), 2, 0), 0);
        assert_eq!(saw(Exit { code: 0 }, 1, 900), 0);
        assert_eq!([1000, 1100, 1250, 1300].map(|at| saw(Note(String::new()), 2, at)), [100, 100, 150, 150]);
        assert_eq!(saw(Exit { code: 0 }, 2, 2300), 1000);
    }
}
