//! Streams events as lines of text, so that memory does not grow with the run.
//! It must not know what it writes to.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use super::text::{self, Unbroken};
use super::{Event, Sink};

/// Where the frames of an event stand: to the right of its task, below what happened.
const FRAME: usize = 9;

/// Writes events as lines, up to a number of events.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: BufWriter<W>,
    /// The event that is being written, whole.
    text: String,
    lines: u64,
    events: u64,
    most: u64,
    refused: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Writer<W> {
    /// A writer of at most `most` events to `out`.
    pub fn new(out: W, most: u64) -> Writer<W> {
        Writer {
            out: BufWriter::new(out),
            text: String::new(),
            lines: 0,
            events: 0,
            most,
            refused: false,
            failed: None,
        }
    }

    /// How many lines were written.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether a line was left out because there were too many.
    pub fn is_full(&self) -> bool {
        self.refused
    }

    /// Writes out what is buffered and gives back what was written to, with the first error of writing: after it no line
    /// was written.
    pub fn finish(mut self) -> (W, Option<io::Error>) {
        let failed = self.failed.take().or_else(|| self.out.flush().err());
        (self.out.into_parts().0, failed)
    }
}

impl<W: Write> Sink for Writer<W> {
    fn event(&mut self, event: &Event) {
        if !event.written || self.failed.is_some() {
            return;
        }
        if self.events == self.most {
            self.refused = true;
            return;
        }
        self.text.clear();
        // Writing to a String cannot fail.
        let _ = text::line(&mut self.text, event);
        self.text.push('\n');
        for frame in &event.frames {
            let _ = writeln!(self.text, "{:FRAME$}at {}", "", Unbroken(frame));
        }
        match self.out.write_all(self.text.as_bytes()) {
            Ok(()) => {
                self.events += 1;
                self.lines += event.lines();
            }
            Err(error) => self.failed = Some(error),
        }
    }

    fn is_broken(&self) -> bool {
        self.failed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{EventKind, TaskName};

    fn event(written: bool) -> Event {
        let task = TaskName { process: 1, thread: 1 };
        Event { written, ..Event::new(task, "kv", EventKind::Exit { code: 1 }) }
    }

    #[test]
    fn written_events_are_lines() {
        let mut writer = Writer::new(Vec::new(), 10);
        writer.event(&event(true));
        writer.event(&event(false));
        assert_eq!((writer.lines(), writer.is_full()), (1, false));
        assert_eq!(writer.finish().0, b"P1     +++ exited 1\n");
    }

    #[test]
    fn frames_stand_below_their_event() {
        let mut writer = Writer::new(Vec::new(), 1);
        writer.event(&Event { frames: vec!["kv!commit+0x1c".into(), "kv!main+0x8".into()], ..event(true) });
        assert_eq!(writer.lines(), 3);
        let expected = b"P1     +++ exited 1\n         at kv!commit+0x1c\n         at kv!main+0x8\n";
        assert_eq!(writer.finish().0, expected);
    }

    #[test]
    fn no_more_lines_than_asked_for() {
        let mut writer = Writer::new(Vec::new(), 2);
        (0..3).for_each(|_| writer.event(&event(true)));
        assert_eq!((writer.lines(), writer.is_full()), (2, true));
    }

    #[test]
    fn an_error_of_writing_comes_out_at_the_end() {
        let mut space = [0; 4];
        let mut writer = Writer::new(&mut space[..], u64::MAX);
        (0..10_000).for_each(|_| writer.event(&event(true)));
        assert!(writer.finish().1.is_some());
    }
}
