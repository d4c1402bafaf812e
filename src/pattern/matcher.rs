//! Matches patterns against events, and remembers for `after` and `before` what has happened.
//! It must not know where events come from.

use super::ast::{Alt, Comparison, Head, Noun, Order, Pattern, Pred, ResultTest, Test, Value};
use super::bindings::Bindings;
use super::names::constant;
use super::subject::{Operand, ResultView, Subject, SubjectKind};
use crate::abi::flags::FlagSet;
use crate::abi::{On, Operation, Sysno};

/// A pattern together with what it has to remember.
#[derive(Clone, Debug)]
pub struct Matcher {
    pattern: Pattern,
    /// For each alternative, and each event that it says it comes after or before: whether that has happened.
    happened: Vec<Vec<bool>>,
    relates: bool,
}

impl Matcher {
    /// A matcher before the first event.
    pub fn new(pattern: Pattern) -> Matcher {
        let happened = pattern.alts.iter().map(|alt| vec![false; alt.chain().count() - 1]).collect();
        let relates = pattern.has_relation();
        Matcher { pattern, happened, relates }
    }

    /// The pattern.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Whether it is about a call, whatever the arguments and the result.
    pub fn is_about(&self, call: Sysno) -> bool {
        self.pattern.alts.iter().any(|alt| head_heeds(&alt.head, SubjectKind::Call(Some(call)), false))
    }

    /// Whether an event of this kind, on which rules have fired or not, can be anything to it: be what it means, or what
    /// that is to come after or before.
    pub fn heeds(&self, kind: SubjectKind, is_fired_on: bool) -> bool {
        self.pattern.alts.iter().flat_map(Alt::chain).any(|alt| head_heeds(&alt.head, kind, is_fired_on))
    }

    /// Whether `subject`, with its result, matches. Variables are bound only if it does.
    pub fn matches(&self, subject: &dyn Subject, bindings: &mut Bindings) -> bool {
        self.any_alt(subject, bindings, true)
    }

    /// Whether `subject`, a call whose result is not known yet, matches: what the pattern says of results is left out.
    #[inline]
    pub fn matches_entry(&self, subject: &dyn Subject, known: &Bindings) -> bool {
        self.any_alt(subject, &mut known.clone(), false)
    }

    /// Takes note of a finished event, after it was matched, so that `after` and `before` know of it.
    pub fn note(&mut self, subject: &dyn Subject) {
        if !self.relates {
            return;
        }
        for (alt, happened) in self.pattern.alts.iter().zip(&mut self.happened) {
            for (at, other) in alt.chain().skip(1).enumerate() {
                // Outer events are looked at before inner ones: an event does not come after itself.
                if !happened[at] && in_order(other, &happened[at + 1..]) {
                    happened[at] = alt_matches(other, subject, &Bindings::new(), &mut Bindings::new(), true);
                }
            }
        }
    }

    fn any_alt(&self, subject: &dyn Subject, bindings: &mut Bindings, with_result: bool) -> bool {
        self.pattern.alts.iter().zip(&self.happened).any(|(alt, happened)| {
            let mut fresh = Bindings::new();
            let matches = in_order(alt, happened) && alt_matches(alt, subject, bindings, &mut fresh, with_result);
            if matches {
                bindings.extend(fresh);
            }
            matches
        })
    }
}

impl Pred {
    /// Whether it holds of `subject`. It must have no variables.
    pub fn matches(&self, subject: &dyn Subject) -> bool {
        pred_matches(self, subject, &Bindings::new(), &mut Bindings::new())
    }
}

/// Whether what `alt` comes after has happened, and what it comes before has not.
fn in_order(alt: &Alt, happened: &[bool]) -> bool {
    match &alt.relation {
        None => true,
        Some(relation) => happened.first().copied().unwrap_or(false) == (relation.order == Order::After),
    }
}

fn alt_matches(alt: &Alt, subject: &dyn Subject, known: &Bindings, fresh: &mut Bindings, with_result: bool) -> bool {
    head_matches(&alt.head, subject)
        && alt.preds.iter().all(|pred| match (&alt.head, &pred.test) {
            (Head::Noun(Noun::Inject), Test::Compare(_, Value::Text(rule))) => {
                subject.fired().any(|fired| fired == rule)
            }
            (Head::Operation(operation), test) => {
                let operand = pred.arg.as_deref().and_then(|name| argument(*operation, name, subject));
                operand.is_some_and(|operand| test_matches(test, &operand, known, fresh))
            }
            (Head::Noun(Noun::Hit | Noun::Watch | Noun::Step), Test::Compare(_, Value::Text(place)))
                if pred.arg.is_none() =>
            {
                let there = subject.first().and_then(|operand| operand.text);
                there.is_some_and(|there| {
                    there == *place || there.split_once('!').is_some_and(|(_, rest)| rest == *place)
                })
            }
            _ => pred_matches(pred, subject, known, fresh),
        })
        && (!with_result
            || alt.result.as_ref().is_none_or(|result| result_matches(&result.test, subject, known, fresh)))
}

fn head_matches(head: &Head, subject: &dyn Subject) -> bool {
    match (head, subject.kind()) {
        (Head::Operation(operation), SubjectKind::Call(Some(call))) => does_job(*operation, call, subject),
        (Head::Noun(Noun::Inject), _) => subject.fired().next().is_some(),
        (head, kind) => head_heeds(head, kind, false),
    }
}

/// Whether an event of this kind, on which rules have fired or not, can be what `head` means.
fn head_heeds(head: &Head, kind: SubjectKind, is_fired_on: bool) -> bool {
    match (head, kind) {
        (Head::Call(call), SubjectKind::Call(Some(other))) => *call == other,
        (Head::Class { calls, .. }, SubjectKind::Call(Some(call))) => calls.contains(call),
        (Head::Operation(operation), SubjectKind::Call(Some(call))) => operation.member(call).is_some(),
        (Head::Noun(Noun::Inject), _) => is_fired_on,
        (Head::Noun(Noun::Signal), SubjectKind::Signal)
        | (Head::Noun(Noun::Hit), SubjectKind::Hit)
        | (Head::Noun(Noun::Watch), SubjectKind::Watch)
        | (Head::Noun(Noun::Step), SubjectKind::Step)
        | (Head::Noun(Noun::Exec), SubjectKind::Exec)
        | (Head::Noun(Noun::Exit), SubjectKind::Exit)
        | (Head::Noun(Noun::Killed), SubjectKind::Killed)
        | (Head::Noun(Noun::Clone), SubjectKind::Clone) => true,
        _ => false,
    }
}

/// Whether `call` does the job here: its side must refer to what the job is about, as far as that is known.
fn does_job(operation: Operation, call: Sysno, subject: &dyn Subject) -> bool {
    let Some(member) = operation.member(call) else { return false };
    let is = |side: &&str| {
        subject.arg(side).is_some_and(|operand| operand.text.as_deref().is_some_and(|text| member.on.is(text)))
    };
    member.on == On::Anything || member.sides.iter().any(is)
}

/// The argument that `name` means in an operation.
fn argument<'s>(operation: Operation, name: &str, subject: &'s dyn Subject) -> Option<Operand<'s>> {
    let SubjectKind::Call(Some(call)) = subject.kind() else { return None };
    subject.arg(operation.argument(call, name)?)
}

fn pred_matches(pred: &Pred, subject: &dyn Subject, known: &Bindings, fresh: &mut Bindings) -> bool {
    let operand = match &pred.arg {
        Some(name) => subject.arg(name),
        None => subject.first(),
    };
    operand.is_some_and(|operand| test_matches(&pred.test, &operand, known, fresh))
}

fn test_matches(test: &Test, operand: &Operand<'_>, known: &Bindings, fresh: &mut Bindings) -> bool {
    match test {
        Test::Compare(comparison, value) => compare(*comparison, value, operand, known, fresh),
        Test::Glob(glob) => operand
            .text
            .as_deref()
            .is_some_and(|text| if operand.is_path { glob.matches(text) } else { glob.matches_text(text) }),
        Test::Regex(regex) => operand.text.as_deref().is_some_and(|text| regex.is_match(text)),
        Test::Has(value) => operand.number.is_some_and(|number| has(number, value, operand.flags)),
    }
}

fn result_matches(test: &ResultTest, subject: &dyn Subject, known: &Bindings, fresh: &mut Bindings) -> bool {
    let Some(result) = subject.result() else { return false };
    match (test, &result) {
        (ResultTest::Ok, ResultView::Value(_)) | (ResultTest::Error, ResultView::Error(_)) => true,
        (ResultTest::Errno(errno), ResultView::Error(other)) => errno == other,
        (ResultTest::Ok | ResultTest::Errno(_) | ResultTest::Error, _) => false,
        (ResultTest::Compare(comparison, value), ResultView::Value(operand)) => {
            compare(*comparison, value, operand, known, fresh)
        }
        (ResultTest::Compare(..), ResultView::Error(_)) if binds(test) => false,
        (ResultTest::Compare(comparison, value), ResultView::Error(_)) => {
            let failure = Operand { number: Some(-1), ..Operand::default() };
            compare(*comparison, value, &failure, known, fresh)
        }
    }
}

/// A failed call has no value to bind.
fn binds(test: &ResultTest) -> bool {
    matches!(test, ResultTest::Compare(_, Value::Bind(_)))
}

fn compare(
    comparison: Comparison,
    value: &Value,
    operand: &Operand<'_>,
    known: &Bindings,
    fresh: &mut Bindings,
) -> bool {
    let wanted = match value {
        Value::Bind(name) => {
            fresh.bind(name, operand);
            return true;
        }
        Value::Use(name) => {
            let Some(bound) = fresh.get(name).or_else(|| known.get(name)) else { return false };
            match comparison {
                Comparison::Equal => return bound.is(operand),
                Comparison::NotEqual => return !bound.is(operand),
                _ => bound.number,
            }
        }
        Value::Text(text) => {
            let same = operand.text.as_deref() == Some(text);
            return same == (comparison == Comparison::Equal) && (same || operand.text.is_some());
        }
        Value::Flags(names) => bits(names, operand.flags),
        Value::Int(number) => Some(*number),
    };
    match (operand.number, wanted) {
        (Some(number), Some(wanted)) => comparison.holds(number, wanted),
        _ => false,
    }
}

impl Comparison {
    fn holds(self, left: i128, right: i128) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }
}

fn bits(names: &[String], flags: Option<&'static FlagSet>) -> Option<i128> {
    names.iter().map(|name| flag(name, flags)).try_fold(0, |bits, flag| Some(bits | flag?))
}

fn flag(name: &str, flags: Option<&'static FlagSet>) -> Option<i128> {
    flags.and_then(|set| set.value(name)).map(i128::from).or_else(|| constant(name))
}

/// Whether `number` has all the bits. A name of a value that some of the bits hold together (`O_RDWR` in O_ACCMODE)
/// must be that value.
fn has(number: i128, value: &Value, flags: Option<&'static FlagSet>) -> bool {
    match value {
        Value::Int(bits) => number & bits == *bits,
        Value::Flags(names) => names.iter().all(|name| {
            let Some(bits) = flag(name, flags) else { return false };
            let mask = flags.map_or(0, |set| i128::from(set.value_mask));
            let within = if bits & !mask == 0 { mask } else { bits };
            number & within == bits
        }),
        Value::Text(_) | Value::Use(_) | Value::Bind(_) => false,
    }
}
