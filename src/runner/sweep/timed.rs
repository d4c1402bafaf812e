//! How long others went on when the first process had ended.
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
    ended: Option<Instant>,
    last: Option<Instant>,
}

impl<S> Timed<S> {
    pub(super) fn new(sink: S) -> Timed<S> {
        Timed { sink, ended: None, last: None }
    }

    /// How long after the end of the first process the last thing happened.
    pub(super) fn outlived(&self) -> Duration {
        self.ended.zip(self.last).map_or(Duration::ZERO, |(ended, last)| last.saturating_duration_since(ended))
    }

    /// How long ago the last thing happened.
    pub(super) fn quiet(&self) -> Duration {
        self.last.map_or(Duration::MAX / 4, |last| last.elapsed())
    }
}

impl<S: Sink> Sink for Timed<S> {
    fn event(&mut self, event: &Event) {
        self.last = Some(Instant::now());
        if self.ended.is_none()
            && event.task == FIRST
            && matches!(event.kind, EventKind::Exit { .. } | EventKind::Killed(_))
        {
            self.ended = self.last;
        }
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
