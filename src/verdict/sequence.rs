//! One `[[expect.sequence]]`, matched greedily as events come.

use crate::diagnostic::Span;
use crate::pattern::{Bindings, Matcher, Ranges};
use crate::plan::{EventExpect, Item, Sequence, View};
use crate::transcript::{Event, EventKind, Part};

use super::outcome::{Failure, FailureKind};

/// A sequence on its way through the events.
#[derive(Debug)]
pub(super) struct SequenceMachine {
    name: Option<String>,
    span: Span,
    view: View,
    items: Vec<State>,
    /// The item that is waited for.
    at: usize,
    bindings: Bindings,
    failure: Option<Failure>,
    /// Line of the last event that an item matched.
    matched: Option<u64>,
    /// Line of the last event since then that the item waited for is about, but that it does not match.
    miss: Option<u64>,
    /// How many events of the view there were.
    seen: u64,
}

#[derive(Debug)]
struct Wanted {
    matcher: Matcher,
    span: Span,
    injected: Option<String>,
}

#[derive(Debug)]
enum State {
    Event(Wanted),
    Next(Wanted),
    Not(Wanted),
    AnyOrder(Vec<Wanted>),
    Optional(Wanted),
    Count(Wanted, Ranges, u64),
    Last(Wanted, Option<u64>),
}

impl State {
    /// Whether the sequence could end before this item.
    fn is_fulfilled(&self) -> bool {
        match self {
            State::Not(_) | State::Optional(_) | State::Last(_, Some(_)) => true,
            State::Count(_, range, count) => range.is_satisfied_by(*count),
            State::Event(_) | State::Next(_) | State::AnyOrder(_) | State::Last(_, None) => false,
        }
    }
}

/// What an item makes of an event.
enum Step {
    /// It is not for this item.
    Pass,
    /// It is, and the item is done.
    Done,
    /// It is, and the item wants more.
    More,
}

impl Wanted {
    fn new(expect: &EventExpect) -> Wanted {
        let matcher = Matcher::new(expect.pattern.clone());
        Wanted { matcher, span: expect.span, injected: expect.injected.clone() }
    }

    fn matches(&self, event: &Event, bindings: &mut Bindings) -> bool {
        let by_rule = |rule: &String| event.fired.iter().any(|fired| *fired.rule == **rule);
        self.injected.as_ref().is_none_or(by_rule) && self.matcher.matches(event, bindings)
    }

    /// Whether the event is of the kind that is wanted, whatever its arguments.
    fn is_about(&self, event: &Event) -> bool {
        match &event.kind {
            EventKind::Call(call) => call.sysno.is_some_and(|call| self.matcher.pattern().calls().contains(call)),
            _ => false,
        }
    }

    fn text(&self) -> String {
        self.matcher.pattern().to_string()
    }
}

impl State {
    fn new(item: &Item) -> State {
        match item {
            Item::Event(event) => State::Event(Wanted::new(event)),
            Item::Next(event) => State::Next(Wanted::new(event)),
            Item::Not(event) => State::Not(Wanted::new(event)),
            Item::AnyOrder(events) => State::AnyOrder(events.iter().map(Wanted::new).collect()),
            Item::Optional(event) => State::Optional(Wanted::new(event)),
            Item::Count(event, range) => State::Count(Wanted::new(event), range.clone(), 0),
            Item::Last(event) => State::Last(Wanted::new(event), None),
        }
    }

    fn wanted(&self) -> Vec<&Wanted> {
        match self {
            State::Event(wanted)
            | State::Next(wanted)
            | State::Not(wanted)
            | State::Optional(wanted)
            | State::Count(wanted, _, _)
            | State::Last(wanted, _) => vec![wanted],
            State::AnyOrder(wanted) => wanted.iter().collect(),
        }
    }

    fn wanted_mut(&mut self) -> Vec<&mut Wanted> {
        match self {
            State::Event(wanted)
            | State::Next(wanted)
            | State::Not(wanted)
            | State::Optional(wanted)
            | State::Count(wanted, _, _)
            | State::Last(wanted, _) => vec![wanted],
            State::AnyOrder(wanted) => wanted.iter_mut().collect(),
        }
    }
}

impl SequenceMachine {
    pub(super) fn new(sequence: &Sequence) -> SequenceMachine {
        SequenceMachine {
            name: sequence.name.clone(),
            span: sequence.span,
            view: sequence.view.clone(),
            items: sequence.items.iter().map(State::new).collect(),
            at: 0,
            bindings: Bindings::default(),
            failure: None,
            matched: None,
            miss: None,
            seen: 0,
        }
    }

    /// Takes the next event, which stands on `line` of the transcript.
    pub(super) fn event(&mut self, event: &Event, line: u64) {
        let is_start = matches!(&event.kind, EventKind::Call(call) if call.part == Part::Started);
        if self.failure.is_some() || is_start {
            return;
        }
        if in_view(&self.view, event) {
            self.see(event, line);
        }
        self.bindings.capture(event);
    }

    fn see(&mut self, event: &Event, line: u64) {
        self.seen += 1;
        self.advance(event, line);
        for item in &mut self.items {
            item.wanted_mut().into_iter().for_each(|wanted| wanted.matcher.note(event));
        }
    }

    fn advance(&mut self, event: &Event, line: u64) {
        let mut at = self.at;
        let mut broke_next = None;
        while at < self.items.len() {
            match self.offer(at, event, line) {
                Step::Done => return self.step_to(at + 1, line),
                Step::More => return self.step_to(at, line),
                Step::Pass => {}
            }
            match &self.items[at] {
                // What may be left out, or has happened often enough, lets the item behind it have the event.
                State::Not(_) | State::Optional(_) => at += 1,
                State::Count(_, range, count) if range.is_satisfied_by(*count) => at += 1,
                State::Next(_) => {
                    broke_next = Some(at);
                    break;
                }
                State::Count(..) | State::Event(_) | State::AnyOrder(_) | State::Last(..) => break,
            }
        }
        if let Some(at) = broke_next {
            self.fail_next(at, line);
        }
        self.check_nots(event, line);
        if self.items.get(at).is_some_and(|item| item.wanted().iter().any(|wanted| wanted.is_about(event))) {
            self.miss = Some(line);
        }
    }

    fn offer(&mut self, at: usize, event: &Event, line: u64) -> Step {
        let bindings = &mut self.bindings;
        match &mut self.items[at] {
            State::Event(wanted) | State::Next(wanted) | State::Optional(wanted) => {
                if wanted.matches(event, bindings) { Step::Done } else { Step::Pass }
            }
            State::Not(_) => Step::Pass,
            State::AnyOrder(wanted) => match wanted.iter().position(|wanted| wanted.matches(event, bindings)) {
                None => Step::Pass,
                Some(found) => {
                    wanted.remove(found);
                    if wanted.is_empty() { Step::Done } else { Step::More }
                }
            },
            State::Count(wanted, range, count) => {
                let full = range.max().is_some_and(|max| *count >= max);
                if !full && wanted.matches(event, bindings) {
                    *count += 1;
                    Step::More
                } else {
                    Step::Pass
                }
            }
            State::Last(wanted, found) => {
                // Only the end tells: a later event of the view undoes it.
                *found = wanted.matches(event, bindings).then_some(line);
                Step::Pass
            }
        }
    }

    fn step_to(&mut self, at: usize, line: u64) {
        self.at = at;
        self.matched = Some(line);
        self.miss = None;
    }

    /// The `not` items that stand directly before the item waited for.
    fn check_nots(&mut self, event: &Event, line: u64) {
        let active = self.items[self.at.min(self.items.len())..]
            .iter()
            .take_while(|item| matches!(item, State::Not(_) | State::Optional(_)));
        let mut scratch = self.bindings.clone();
        let broken = active
            .filter_map(|item| match item {
                State::Not(wanted) => Some(wanted),
                _ => None,
            })
            .find(|wanted| wanted.matches(event, &mut scratch));
        if let Some(wanted) = broken {
            let message = format!("{}`{}` happened where it must not", self.prefix(), wanted.text());
            self.failure =
                Some(Failure::new(FailureKind::Sequence, message).at(wanted.span, "happened").near(Some(line)));
        }
    }

    fn fail_next(&mut self, at: usize, line: u64) {
        let State::Next(wanted) = &self.items[at] else { return };
        let message = format!("{}the very next event is not `{}`", self.prefix(), wanted.text());
        self.failure = Some(
            Failure::new(FailureKind::Sequence, message)
                .at(wanted.span, "must come next")
                .near(Some(line))
                .help("drop `next` if other events may come between"),
        );
    }

    fn prefix(&self) -> String {
        self.name.as_ref().map_or_else(String::new, |name| format!("in \"{name}\": "))
    }

    /// Whether nothing is missing; more events may still spoil it.
    pub(super) fn is_complete(&self) -> bool {
        self.failure.is_none() && self.items.get(self.at..).is_none_or(|left| left.iter().all(State::is_fulfilled))
    }

    /// What is missing now that all events have come.
    pub(super) fn finish(mut self) -> Option<Failure> {
        if self.failure.is_some() {
            return self.failure;
        }
        if self.seen == 0 && !self.items.is_empty() {
            let message = format!("{}the view has no event at all", self.prefix());
            return Some(Failure::new(FailureKind::Sequence, message).at(self.span, "looks at nothing"));
        }
        let left = std::mem::take(&mut self.items);
        left[self.at.min(left.len())..].iter().find_map(|item| self.missing(item))
    }

    fn missing(&self, item: &State) -> Option<Failure> {
        let near = self.miss.or(self.matched);
        let fail = |wanted: &Wanted, message: String, label: &str| {
            let seen = match (self.miss, self.matched) {
                (Some(_), _) => "the nearest miss is shown below",
                (None, Some(_)) => "the last event that matched is shown below",
                (None, None) => "no item of the sequence matched any event",
            };
            let message = format!("{}{message}", self.prefix());
            Failure::new(FailureKind::Sequence, message).at(wanted.span, label).near(near).note(seen)
        };
        match item {
            State::Not(_) | State::Optional(_) => None,
            State::Event(wanted) | State::Next(wanted) => {
                Some(fail(wanted, format!("`{}` did not happen", wanted.text()), "did not happen"))
            }
            State::AnyOrder(wanted) => {
                let names: Vec<String> = wanted.iter().map(|wanted| format!("`{}`", wanted.text())).collect();
                let first = wanted.first()?;
                Some(fail(first, format!("{} did not happen", names.join(" and ")), "did not happen"))
            }
            State::Count(_, range, count) if range.is_satisfied_by(*count) => None,
            State::Count(wanted, range, count) => Some(fail(
                wanted,
                format!("`{}` happened {count} times, not {range}", wanted.text()),
                "happened another number of times",
            )),
            State::Last(_, Some(_)) => None,
            State::Last(wanted, None) => {
                Some(fail(wanted, format!("`{}` is not the last event", wanted.text()), "is not the last event"))
            }
        }
    }
}

fn in_view(view: &View, event: &Event) -> bool {
    let process = view.process.as_ref().is_none_or(|test| test.is(event.task.process, &event.image));
    process && view.thread.is_none_or(|thread| event.task.thread == thread)
}
