//! Everything that is decided event by event: sequences, what must never happen, how often things happen.

use crate::diagnostic::Span;
use crate::pattern::{Audience, Bindings, Matcher, Ranges, Subject, SubjectKind};
use crate::plan::{CountExpect, NeverExpect, Plan};
use crate::transcript::{Event, EventKind, Part, Sink, TaskName};

use super::met::{At, Expectation, Match, Met, Role};
use super::miss::{Miss, Nearness};
use super::outcome::{Failure, FailureKind};
use super::sequence::SequenceMachine;

/// The first process, by its first thread.
const FIRST: TaskName = TaskName { process: 1, thread: 1 };

/// The expectations of one run, fed with its events.
#[derive(Debug)]
pub struct Judge {
    lines: u64,
    never: Vec<Forbidden>,
    counts: Vec<Counted>,
    /// Those of `never` and of `counts` that have to see an event.
    audiences: [Audience; 2],
    sequences: Vec<SequenceMachine>,
    /// Where the first process ended.
    end: Option<At>,
    /// What rules have captured so far.
    captured: Bindings,
}

/// What events alone have decided.
#[derive(Debug, Default)]
pub struct ByEvents {
    /// What was not as expected.
    pub failures: Vec<Failure>,
    /// Each expectation about events, and where it was met or broken.
    pub met: Vec<Met>,
    /// Where the first process ended.
    pub(super) end: Option<At>,
}

#[derive(Debug)]
struct Forbidden {
    matcher: Matcher,
    span: Span,
    met: Met,
}

#[derive(Debug)]
struct Counted {
    matcher: Matcher,
    is: Ranges,
    span: Span,
    is_span: Span,
    count: u64,
    last: Option<u64>,
    /// The nearest miss since then.
    miss: Miss,
    met: Met,
}

impl Forbidden {
    fn new(never: &NeverExpect) -> Forbidden {
        let expectation = Expectation::Never { event: never.pattern.to_string() };
        let met = Met::new(expectation, Some(never.span));
        Forbidden { matcher: Matcher::new(never.pattern.clone()), span: never.span, met }
    }

    fn heeds(&self, kind: SubjectKind, is_fired_on: bool) -> bool {
        self.matcher.heeds(kind, is_fired_on)
    }

    fn event(&mut self, event: &Event, at: At, captured: &Bindings) {
        if self.matcher.matches(event, &mut captured.clone()) {
            self.met.push(Match::new(at, Role::Breaks, Some(self.span)));
        }
        self.matcher.note(event);
    }

    fn finish(mut self) -> (Option<Failure>, Met) {
        let failure = self.met.matches.first().map(|first| {
            let message = format!("`{}` happened, and must never", self.matcher.pattern());
            Failure::new(FailureKind::Never, message).at(self.span, "happened").near(Some(first.line))
        });
        self.met.holds = failure.is_none();
        (failure, self.met)
    }
}

impl Counted {
    fn new(count: &CountExpect) -> Counted {
        let expectation = Expectation::Count { event: count.pattern.to_string(), is: count.is.to_string() };
        Counted {
            matcher: Matcher::new(count.pattern.clone()),
            is: count.is.clone(),
            span: count.span,
            is_span: count.is_span,
            count: 0,
            last: None,
            miss: Miss::default(),
            met: Met::new(expectation, Some(count.span)),
        }
    }

    fn heeds(&self, kind: SubjectKind, is_fired_on: bool) -> bool {
        self.matcher.heeds(kind, is_fired_on)
    }

    fn event(&mut self, event: &Event, at: At, captured: &Bindings) {
        if self.matcher.matches(event, &mut captured.clone()) {
            self.count += 1;
            self.last = Some(at.line);
            self.miss = Miss::default();
            let is_too_many = self.is.max().is_some_and(|max| self.count > max);
            let role = if is_too_many { Role::Breaks } else { Role::Meets };
            self.met.push(Match { nth: Some(self.count), ..Match::new(at, role, Some(self.span)) });
        } else if self.count < self.is.min() {
            self.miss.see(Nearness::of(event, &self.matcher, captured), at);
        }
        self.matcher.note(event);
    }

    fn finish(mut self) -> (Option<Failure>, Met) {
        if self.is.is_satisfied_by(self.count) {
            return (None, self.met);
        }
        let times = if self.count == 1 { "once".to_owned() } else { format!("{} times", self.count) };
        let message = format!("`{}` happened {times}, not {}", self.matcher.pattern(), self.is);
        let mut failure =
            Failure::new(FailureKind::Count, message).at(self.is_span, format!("happened {times}")).near(self.last);
        self.met.holds = false;
        if let Some(named) = self.matcher.pattern().named_stream().filter(|_| self.count == 0) {
            failure = failure.help(named.help());
        }
        if let Some(miss) = self.miss.at() {
            self.met.push_last(Match::new(miss, Role::Misses, Some(self.span)));
            if self.last.is_none() {
                failure = failure.near(Some(miss.line)).note("the nearest miss is shown below");
            }
        }
        (Some(failure), self.met)
    }
}

impl Judge {
    /// A judge of one run of `plan`.
    pub fn new(plan: &Plan) -> Judge {
        let expect = &plan.expect;
        let mut judge = Judge {
            lines: 0,
            never: expect.never.iter().map(Forbidden::new).collect(),
            counts: expect.count.iter().map(Counted::new).collect(),
            audiences: Default::default(),
            sequences: (1..).zip(&expect.sequences).map(|(at, it)| SequenceMachine::new(at, it)).collect(),
            end: None,
            captured: Bindings::new(),
        };
        let all = judge.never.len() + judge.counts.len() + judge.sequences.len();
        let never = judge.never.iter_mut().map(|never| &mut never.met);
        let counts = judge.counts.iter_mut().map(|counted| &mut counted.met);
        let sequences = judge.sequences.iter_mut().map(|sequence| &mut sequence.met);
        never.chain(counts).chain(sequences).for_each(|met| met.one_of(all));
        judge
    }

    /// What was as expected and what was not, now that all events have come.
    pub fn finish(self) -> ByEvents {
        let never = self.never.into_iter().map(Forbidden::finish);
        let counts = self.counts.into_iter().map(Counted::finish);
        let sequences = self.sequences.into_iter().map(SequenceMachine::finish);
        let mut all = ByEvents { end: self.end, ..ByEvents::default() };
        for (failure, met) in never.chain(counts).chain(sequences) {
            all.failures.extend(failure);
            all.met.push(met);
        }
        all
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
        let at = At { line, is_written: event.written };
        self.lines += if event.written { event.lines() } else { 0 };
        match &event.kind {
            EventKind::Call(call) if call.part == Part::Started => return,
            EventKind::Exit { .. } | EventKind::Killed(_) if event.task == FIRST => self.end = Some(at),
            _ => {}
        }
        let (kind, is_fired_on) = (event.kind(), !event.fired.is_empty());
        let [never, counts] = &mut self.audiences;
        for heeding in never.of(kind, is_fired_on, &self.never, Forbidden::heeds) {
            self.never[*heeding].event(event, at, &self.captured);
        }
        for heeding in counts.of(kind, is_fired_on, &self.counts, Counted::heeds) {
            self.counts[*heeding].event(event, at, &self.captured);
        }
        for sequence in &mut self.sequences {
            sequence.event(event, at);
        }
        self.captured.capture(event);
    }
}
