//! What would pass by accident: rules that did not fire, a start that was never reached, an empty transcript.

use crate::abi::Operation;
use crate::pattern::NamedStream;
use crate::plan::{DescriptorTest, Plan, Rule, Start};
use crate::transcript::{Record, RuleRecord};

use super::outcome::{Failure, FailureKind};

/// Whatever makes the rest of the verdict worth nothing.
pub(super) fn failures(plan: &Plan, record: &Record) -> Vec<Failure> {
    let mut failures: Vec<Failure> =
        plan.rules.iter().zip(&record.rules).filter_map(|(rule, record)| fires(rule, record)).collect();
    if record.abandoned.is_some() {
        return failures;
    }
    // Of a process that is let go in the midst of a call the rule is told, and not the call.
    let has_fired = plan.rules.iter().zip(&record.rules).any(|(rule, record)| !rule.quiet && record.fired > 0);
    if !record.started {
        failures.push(start(plan));
    } else if record.events == 0 && !has_fired && !plan.trace.written.is_empty() {
        let calls: Vec<&str> = plan.trace.written.iter().map(|call| call.name()).take(6).collect();
        let message = "nothing that is traced happened: the transcript is empty but for the life cycle";
        failures.push(
            Failure::new(FailureKind::Empty, message)
                .at(plan.target.program_span, "made none of the traced calls")
                .note(format!("traced: {}{}", calls.join(", "), if calls.len() == 6 { ", ..." } else { "" }))
                .help("trace something the program is known to do, such as `[trace] syscalls = [\"%file\"]`"),
        );
    }
    failures
}

fn start(plan: &Plan) -> Failure {
    let what = match &plan.trace.start {
        Start::Main { .. } => "`main` was never reached".to_owned(),
        Start::Entry => "the entry point was never reached".to_owned(),
        Start::Exec => "the target was never executed".to_owned(),
        Start::Place { text, .. } => format!("no task ever got to `{text}`, so tracing never started"),
        Start::Event(pattern) => format!("`{pattern}` never happened, so tracing never started"),
    };
    let named = match &plan.trace.start {
        Start::Event(pattern) => pattern.named_stream(),
        _ => None,
    };
    let help = named.map_or_else(|| "nothing was traced, and no rule could fire".to_owned(), |named| named.help());
    let failure = Failure::new(FailureKind::Start, what).help(help);
    failure.at(plan.trace.start_span.unwrap_or(plan.target.program_span), "never reached")
}

fn fires(rule: &Rule, record: &RuleRecord) -> Option<Failure> {
    if rule.fires.is_satisfied_by(record.fired) {
        return None;
    }
    let times = |count: u64| match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        many => format!("{many} times"),
    };
    let name = &rule.name;
    let pattern = &rule.trigger;
    let message = if rule.fires_span.is_some() {
        format!("rule `{name}` fired {}, not {}", times(record.fired), rule.fires)
    } else {
        format!("rule `{name}` never fired")
    };
    let budget = record.used.as_ref().filter(|_| record.fired == 0 && record.armed);
    let by_chance = rule.probability.filter(|_| record.fired == 0 && record.matched > 0);
    let why = if let Some((reason, count)) = record.prevented.first() {
        let count =
            if record.prevented.len() == 1 && *count == 1 { String::new() } else { format!("{}: ", times(*count)) };
        format!("could not fire: {count}{reason}")
    } else if let Some(used) = budget {
        format!("was never used up: at most {used}")
    } else if record.fired > 0 {
        format!("fired {}", times(record.fired))
    } else if let Some(missing) = &record.missing {
        missing.clone()
    } else if !record.armed {
        "its `after` event never happened".to_owned()
    } else if record.seen == 0 {
        format!("`{pattern}` never happened")
    } else if record.matched == 0 {
        format!("`{pattern}` happened {}, but never where its conditions hold", times(record.seen))
    } else if record.overruled > 0 {
        "another rule decided the call each time".to_owned()
    } else if by_chance.is_some() {
        format!("`{pattern}` happened {}, and chance was against it each time", times(record.matched))
    } else {
        format!("`{pattern}` happened {}, `when` asks for {}", times(record.matched), rule.when)
    };
    let failure = Failure::new(FailureKind::Fires, message).at(rule.fires_span.unwrap_or(rule.on_span), why);
    if let Some(named) = named_stream(rule, record) {
        return Some(failure.help(named.help()));
    }
    match instead(record) {
        Some((calls, job)) if record.matched == 0 => {
            Some(failure.help(format!("the program used {calls} instead: `on = \"{job}\"` covers both")))
        }
        _ => Some(match by_chance.and_then(|chance| chance.seed_that_fires(name, record.matched)) {
            Some(seed) => failure.help(format!("with `seed = {seed}` it fires within so many events")),
            None => failure.help("`fires = \"0..\"` lets a rule go unused"),
        }),
    }
}

/// The name of a standard stream that a test waits for in vain: of the rule's event, of what arms it, or of its `where`.
fn named_stream(rule: &Rule, record: &RuleRecord) -> Option<NamedStream> {
    let is_in_wait = rule.after.as_ref().filter(|_| !record.armed);
    if let Some(after) = is_in_wait {
        return after.named_stream();
    }
    if record.matched > 0 {
        return None;
    }
    let of_filter = || match rule.filter.fd.as_ref()? {
        DescriptorTest::Target(glob) => NamedStream::of_filter(glob),
        DescriptorTest::Number(_) => None,
    };
    rule.trigger.pattern.named_stream().or_else(of_filter)
}

/// The calls that were used instead of the rule's own, and the first job that they did.
fn instead(record: &RuleRecord) -> Option<(String, Operation)> {
    let (job, _) = *record.instead.first()?;
    let calls = record.instead.iter().filter(|(other, _)| *other == job).map(|(_, call)| format!("`{call}`"));
    Some((calls.collect::<Vec<String>>().join(" and "), job))
}
