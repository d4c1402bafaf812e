//! Everything that is decided event by event: sequences, what must never happen, how often things happen.

use crate::diagnostic::Span;
use crate::pattern::{Bindings, Matcher, Ranges};
use crate::plan::Plan;
use crate::transcript::{Event, EventKind, Part, Sink};

use super::outcome::{Failure, FailureKind};
use super::sequence::SequenceMachine;

/// The expectations of one run, fed with its events.
#[derive(Debug)]
pub struct Judge {
    lines: u64,
    never: Vec<(Matcher, Span, Option<u64>)>,
    counts: Vec<Counted>,
    sequences: Vec<SequenceMachine>,
    /// What rules have captured so far.
    captured: Bindings,
}

#[derive(Debug)]
struct Counted {
    matcher: Matcher,
    is: Ranges,
    is_span: Span,
    count: u64,
    last: Option<u64>,
}

impl Judge {
    /// A judge of one run of `plan`.
    pub fn new(plan: &Plan) -> Judge {
        let expect = &plan.expect;
        Judge {
            lines: 0,
            captured: Bindings::new(),
            never: expect.never.iter().map(|never| (Matcher::new(never.pattern.clone()), never.span, None)).collect(),
            counts: expect
                .count
                .iter()
                .map(|count| Counted {
                    matcher: Matcher::new(count.pattern.clone()),
                    is: count.is.clone(),
                    is_span: count.is_span,
                    count: 0,
                    last: None,
                })
                .collect(),
            sequences: expect.sequences.iter().map(SequenceMachine::new).collect(),
        }
    }

    /// What was not as expected, now that all events have come.
    pub fn finish(self) -> Vec<Failure> {
        let never = self.never.into_iter().filter_map(|(matcher, span, line)| {
            let message = format!("`{}` happened, and must never", matcher.pattern());
            Some(Failure::new(FailureKind::Never, message).at(span, "happened").near(Some(line?)))
        });
        let counts =
            self.counts.into_iter().filter(|counted| !counted.is.is_satisfied_by(counted.count)).map(|counted| {
                let times = if counted.count == 1 { "once".to_owned() } else { format!("{} times", counted.count) };
                let message = format!("`{}` happened {times}, not {}", counted.matcher.pattern(), counted.is);
                Failure::new(FailureKind::Count, message)
                    .at(counted.is_span, format!("happened {times}"))
                    .near(counted.last)
            });
        let sequences = self.sequences.into_iter().filter_map(SequenceMachine::finish);
        never.chain(counts).chain(sequences).collect()
    }
}

impl Sink for Judge {
    fn is_content(&self) -> bool {
        self.counts.iter().all(|counted| counted.count >= counted.is.min())
            && self.sequences.iter().all(SequenceMachine::is_complete)
    }

    fn event(&mut self, event: &Event) {
        // The event is shown by its own line, before those of its frames.
        let line = if event.written { self.lines + 1 } else { self.lines };
        self.lines += if event.written { event.lines() } else { 0 };
        if matches!(&event.kind, EventKind::Call(call) if call.part == Part::Started) {
            return;
        }
        for (matcher, _, found) in &mut self.never {
            if found.is_none() && matcher.matches(event, &mut self.captured.clone()) {
                *found = Some(line);
            }
            matcher.note(event);
        }
        for counted in &mut self.counts {
            if counted.matcher.matches(event, &mut self.captured.clone()) {
                counted.count += 1;
                counted.last = Some(line);
            }
            counted.matcher.note(event);
        }
        for sequence in &mut self.sequences {
            sequence.event(event, line);
        }
        self.captured.capture(event);
    }
}
