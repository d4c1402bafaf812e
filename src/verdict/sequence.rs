//! One `[[expect.sequence]]`, matched greedily as events come.

use crate::diagnostic::Span;
use crate::pattern::{Bindings, Matcher, Ranges};
use crate::plan::{EventExpect, Item, Sequence, View};
use crate::transcript::{Event, EventKind, Part};

use super::met::{At, Expectation, Match, Met, Role};
use super::miss::{Miss, Nearness};
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
    /// The nearest miss of the item waited for, since then.
    miss: Miss,
    /// How many events of the view there were.
    seen: u64,
    /// Where items matched.
    pub(super) met: Met,
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
    Last(Wanted, Option<At>),
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
    /// It is, as this place of the spec says, and the item is done.
    Done(Span),
    /// It is, and the item wants more.
    More(Span),
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

    /// How near an event comes that does not match.
    fn nearness(&self, event: &Event, known: &Bindings) -> Option<Nearness> {
        let nearness = Nearness::of(event, &self.matcher, known)?;
        let by_another = self.injected.is_some() && self.matcher.matches(event, &mut known.clone());
        Some(if by_another { Nearness::Result } else { nearness })
    }

    /// The failure that it did not happen, with what to write where it never could.
    fn hint(&self, failure: Failure) -> Failure {
        match self.matcher.pattern().named_stream() {
            Some(named) => failure.help(named.help()),
            None => failure,
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
    /// The `number`-th sequence of the spec.
    pub(super) fn new(number: usize, sequence: &Sequence) -> SequenceMachine {
        let expectation = Expectation::Sequence { name: sequence.name.clone(), number, steps: sequence.items.len() };
        SequenceMachine {
            name: sequence.name.clone(),
            span: sequence.span,
            view: sequence.view.clone(),
            items: sequence.items.iter().map(State::new).collect(),
            at: 0,
            bindings: Bindings::default(),
            failure: None,
            matched: None,
            miss: Miss::default(),
            seen: 0,
            met: Met::new(expectation, Some(sequence.span)),
        }
    }

    /// Takes the next event, which is `here` in the transcript.
    pub(super) fn event(&mut self, event: &Event, here: At) {
        let is_start = matches!(&event.kind, EventKind::Call(call) if call.part == Part::Started);
        if self.failure.is_some() || is_start {
            return;
        }
        if in_view(&self.view, event) {
            self.see(event, here);
        }
        self.bindings.capture(event);
    }

    fn see(&mut self, event: &Event, here: At) {
        self.seen += 1;
        self.advance(event, here);
        for item in &mut self.items {
            item.wanted_mut().into_iter().for_each(|wanted| wanted.matcher.note(event));
        }
    }

    fn advance(&mut self, event: &Event, here: At) {
        let mut at = self.at;
        let mut broke_next = None;
        while at < self.items.len() {
            match self.offer(at, event, here) {
                Step::Done(span) => return self.step(at, at + 1, span, here),
                Step::More(span) => return self.step(at, at, span, here),
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
            self.fail_next(at, here);
        }
        self.check_nots(event, here);
        if let Some(item) = self.items.get(at) {
            let nearest = item.wanted().iter().filter_map(|wanted| wanted.nearness(event, &self.bindings)).max();
            self.miss.see(nearest, here);
        }
    }

    fn offer(&mut self, at: usize, event: &Event, here: At) -> Step {
        let bindings = &mut self.bindings;
        match &mut self.items[at] {
            State::Event(wanted) | State::Next(wanted) | State::Optional(wanted) => {
                if wanted.matches(event, bindings) { Step::Done(wanted.span) } else { Step::Pass }
            }
            State::Not(_) => Step::Pass,
            State::AnyOrder(wanted) => match wanted.iter().position(|wanted| wanted.matches(event, bindings)) {
                None => Step::Pass,
                Some(found) => {
                    let span = wanted.remove(found).span;
                    if wanted.is_empty() { Step::Done(span) } else { Step::More(span) }
                }
            },
            State::Count(wanted, range, count) => {
                let full = range.max().is_some_and(|max| *count >= max);
                if !full && wanted.matches(event, bindings) {
                    *count += 1;
                    Step::More(wanted.span)
                } else {
                    Step::Pass
                }
            }
            State::Last(wanted, found) => {
                // Only the end tells: a later event of the view undoes it.
                *found = wanted.matches(event, bindings).then_some(here);
                Step::Pass
            }
        }
    }

    /// The item `at` has matched; the one at `next` is waited for.
    fn step(&mut self, at: usize, next: usize, span: Span, here: At) {
        let nth = match &self.items[at] {
            State::Count(_, _, count) => Some(*count),
            _ => None,
        };
        self.met.push(Match { nth, ..found(at, Role::Meets, Some(span), here) });
        self.at = next;
        self.matched = Some(here.line);
        self.miss = Miss::default();
    }

    /// The `not` items that stand directly before the item waited for.
    fn check_nots(&mut self, event: &Event, here: At) {
        let left = self.items.iter().enumerate().skip(self.at);
        let active = left.take_while(|(_, item)| matches!(item, State::Not(_) | State::Optional(_)));
        let mut scratch = self.bindings.clone();
        let broken = active
            .filter_map(|(at, item)| match item {
                State::Not(wanted) => Some((at, wanted)),
                _ => None,
            })
            .find(|(_, wanted)| wanted.matches(event, &mut scratch));
        if let Some((at, wanted)) = broken {
            self.met.push_last(found(at, Role::Breaks, Some(wanted.span), here));
            let message = format!("{}`{}` happened where it must not", self.prefix(), wanted.text());
            self.failure =
                Some(Failure::new(FailureKind::Sequence, message).at(wanted.span, "happened").near(Some(here.line)));
        }
    }

    fn fail_next(&mut self, at: usize, here: At) {
        let State::Next(wanted) = &self.items[at] else { return };
        self.met.push_last(found(at, Role::Breaks, Some(wanted.span), here));
        let message = format!("{}the very next event is not `{}`", self.prefix(), wanted.text());
        let failure = Failure::new(FailureKind::Sequence, message)
            .at(wanted.span, "must come next")
            .near(Some(here.line))
            .help("drop `next` if other events may come between");
        self.failure = Some(wanted.hint(failure));
    }

    fn prefix(&self) -> String {
        self.name.as_ref().map_or_else(String::new, |name| format!("in \"{name}\": "))
    }

    /// Whether nothing is missing; more events may still spoil it.
    pub(super) fn is_complete(&self) -> bool {
        self.failure.is_none() && self.items.get(self.at..).is_none_or(|left| left.iter().all(State::is_fulfilled))
    }

    /// What is missing now that all events have come, and where items matched.
    pub(super) fn finish(mut self) -> (Option<Failure>, Met) {
        let failure = self.failure.take().or_else(|| self.unfinished());
        self.met.holds = failure.is_none();
        (failure, self.met)
    }

    fn unfinished(&mut self) -> Option<Failure> {
        if self.seen == 0 && !self.items.is_empty() {
            let message = format!("{}the view has no event at all", self.prefix());
            return Some(Failure::new(FailureKind::Sequence, message).at(self.span, "looks at nothing"));
        }
        let mut left = self.items.iter().enumerate().skip(self.at);
        let missing = left.find_map(|(at, item)| Some((at, self.missing(item)?)));
        let last = self.items.len().saturating_sub(1);
        match (&missing, self.miss.at(), self.items.last()) {
            (Some((at, failure)), Some(miss), _) => {
                self.met.push_last(found(*at, Role::Misses, failure.span, miss));
            }
            (None, _, Some(State::Last(wanted, Some(here)))) => {
                self.met.push_last(found(last, Role::Meets, Some(wanted.span), *here));
            }
            _ => {}
        }
        missing.map(|(_, failure)| failure)
    }

    fn missing(&self, item: &State) -> Option<Failure> {
        let near = self.miss.at().map(|miss| miss.line).or(self.matched);
        let fail = |wanted: &Wanted, message: String, label: &str| {
            let seen = match (self.miss.at(), self.matched) {
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
                Some(wanted.hint(fail(wanted, format!("`{}` did not happen", wanted.text()), "did not happen")))
            }
            State::AnyOrder(wanted) => {
                let names: Vec<String> = wanted.iter().map(|wanted| format!("`{}`", wanted.text())).collect();
                let first = wanted.first()?;
                Some(first.hint(fail(first, format!("{} did not happen", names.join(" and ")), "did not happen")))
            }
            State::Count(_, range, count) if range.is_satisfied_by(*count) => None,
            State::Count(wanted, range, count) => {
                let message = format!("`{}` happened {count} times, not {range}", wanted.text());
                let failure = fail(wanted, message, "happened another number of times");
                Some(if *count == 0 { wanted.hint(failure) } else { failure })
            }
            State::Last(_, Some(_)) => None,
            State::Last(wanted, None) => Some(wanted.hint(fail(
                wanted,
                format!("`{}` is not the last event", wanted.text()),
                "is not the last event",
            ))),
        }
    }
}

/// What an event is to the item `at`.
fn found(at: usize, role: Role, span: Option<Span>, here: At) -> Match {
    Match { step: Some(at + 1), ..Match::new(here, role, span) }
}

fn in_view(view: &View, event: &Event) -> bool {
    let process = view.process.as_ref().is_none_or(|test| test.is(event.task.process, &event.image));
    process && view.thread.is_none_or(|thread| event.task.thread == thread)
}
