//! Everything that is decided at the end: how processes ended, what was printed, what is left.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::abi::Ending;
use crate::diagnostic::Span;
use crate::plan::{Check, ExitExpect, Invariant, OutputExpect, Plan, TextTest};
use crate::transcript::{Abandoned, Hang, Record};

use super::judge::ByEvents;
use super::met::{Expectation, Match, Met, Role};
use super::outcome::{Failure, FailureKind, Outcome, Verdict};
use super::vacuity;

/// Of how many tasks, or groups of them, is told where they were when time was up.
const MOST_HANGS: usize = 16;

/// What a run left behind.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What the run came to.
    pub record: Record,
    /// Standard output, as far as `limits.output` lets it be kept.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
    /// The contents of files that expectations name.
    pub files: BTreeMap<PathBuf, Result<Vec<u8>, String>>,
    /// Files in the case's folder that were not there before the run, relative to it.
    pub leftovers: Vec<String>,
    /// The `[[check]]` commands, in order.
    pub checks: Vec<CheckResult>,
}

/// What a `[[check]]` command came to.
#[derive(Clone, Debug)]
pub struct CheckResult {
    /// How it ended; `None` if its time was up.
    pub ending: Option<Ending>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Evidence {
    /// Judges a run: `by_events` is what a [`super::Judge`] found.
    pub fn judge(self, plan: &Plan, by_events: ByEvents) -> Outcome {
        let mut failures = Vec::new();
        let mut met = Vec::new();
        failures.extend(limit(&self.record));
        let abandoned = self.record.abandoned.is_some();
        if !abandoned {
            let failure = exit(plan, &self.record);
            met.extend(met_exit(plan, &self.record, &by_events, failure.is_none()));
            failures.extend(failure);
        }
        failures.extend(output("stdout", &plan.expect.stdout, FailureKind::Stdout, &self.stdout, &self.files));
        failures.extend(output("stderr", &plan.expect.stderr, FailureKind::Stderr, &self.stderr, &self.files));
        failures.extend(by_events.failures);
        met.extend(by_events.met);
        failures.extend(self.invariants(plan));
        failures.extend(vacuity::failures(plan, &self.record));
        for (check, result) in plan.checks.iter().zip(&self.checks) {
            failures.extend(self.check(check, result));
        }
        // The folder of a case has another name in every run: what is said of it must not.
        for failure in &mut failures {
            failure.message = plan.renamed(&failure.message);
            failure.label = plan.renamed(&failure.label);
            failure.notes = failure.notes.iter().map(|note| plan.renamed(note)).collect();
        }
        met.iter_mut().for_each(|met| met.rename(|text| plan.renamed(text)));
        let timed_out = matches!(self.record.abandoned, Some(Abandoned::Timeout(_)));
        let verdict = match failures.is_empty() {
            true => Verdict::Pass,
            false if timed_out => Verdict::Timeout,
            false => Verdict::Fail,
        };
        let rules = plan.rules.iter().map(|rule| rule.name.to_string()).collect();
        Outcome { verdict, failures, met, record: self.record, rules }
    }

    fn invariants(&self, plan: &Plan) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (invariant, span) in &plan.expect.invariants {
            let found: Vec<String> = match invariant {
                Invariant::NoOrphans => self.record.orphans.iter().map(ToString::to_string).collect(),
                Invariant::NoZombies => self.record.zombies.iter().map(ToString::to_string).collect(),
                Invariant::NoFdLeak => self.record.leaks.clone(),
                Invariant::NoLeftovers => self.leftovers.clone(),
            };
            if found.is_empty() {
                continue;
            }
            let what = match invariant {
                Invariant::NoOrphans => "outlived the first process",
                Invariant::NoZombies => "ended and was never waited for",
                Invariant::NoFdLeak => "was left open",
                Invariant::NoLeftovers => "was left behind",
            };
            let message = format!("{} {what}", found.join(", "));
            failures.push(Failure::new(FailureKind::Invariant, message).at(*span, what));
        }
        failures
    }

    fn check(&self, check: &Check, result: &CheckResult) -> Vec<Failure> {
        let span = check.command.span;
        let mut failures = Vec::new();
        match result.ending {
            None => {
                let limit = check.command.timeout;
                let message = format!("check \"{}\" did not end within {limit:?}", check.name);
                failures.push(Failure::new(FailureKind::Check, message).at(span, "still ran"));
            }
            Some(ending) if !is_expected(&check.exit, ending) => {
                let message = format!("check \"{}\" {}, expected {}", check.name, told(ending), wanted(&check.exit));
                let mut failure = Failure::new(FailureKind::Check, message).at(span, told(ending));
                failure.notes.extend(tail("its stdout", &result.stdout));
                failure.notes.extend(tail("its stderr", &result.stderr));
                failures.push(failure);
            }
            Some(_) => {}
        }
        for (name, expect, bytes) in
            [("stdout", &check.stdout, &result.stdout), ("stderr", &check.stderr, &result.stderr)]
        {
            let stream = format!("{name} of check \"{}\"", check.name);
            failures.extend(output(&stream, expect, FailureKind::Check, bytes, &self.files));
        }
        failures
    }
}

/// What a check of a plan found wrong, by what it came to: one sentence each.
pub fn failed_check(plan: &Plan, check: &Check, result: &CheckResult) -> Vec<String> {
    let failures = Evidence::default().check(check, result);
    failures.iter().map(|failure| plan.renamed(&failure.message)).collect()
}

fn limit(record: &Record) -> Option<Failure> {
    let reason = record.abandoned.as_ref()?;
    let failure = |message: String| Failure::new(FailureKind::Limit, message);
    Some(match reason {
        Abandoned::Timeout(hangs) => {
            let mut timeout = failure("the run did not end within its time limit".into())
                .help("`[target] timeout` sets the limit, and `--timeout-multiplier` all of them; the transcript shows how far it came");
            timeout.notes.extend(whereabouts(hangs));
            timeout
        }
        Abandoned::Deadlock(hangs) => {
            let mut deadlock = Failure::new(FailureKind::Deadlock, "every task waits for another one")
                .help("nobody can go on; the transcript shows how it came to that");
            deadlock.notes.extend(whereabouts(hangs));
            deadlock
        }
        Abandoned::Tasks(limit) => failure(format!("there were more than {limit} tasks at a time"))
            .help("`[target] limits.tasks` sets the limit"),
        Abandoned::Events(limit) => failure(format!("the transcript has more than {limit} lines"))
            .help("`[target] limits.events` sets the limit; `[trace] drop` leaves events out"),
        Abandoned::Output(limit) => {
            failure(format!("an output is longer than {limit} bytes")).help("`[target] limits.output` sets the limit")
        }
        Abandoned::NoMain(image) => {
            Failure::new(FailureKind::Start, format!("`{image}` has no `main` that can be found"))
                .help("`start = \"entry\"` starts where the loader hands over")
        }
        Abandoned::Unwritten => failure("the transcript could not be written on".into()),
        Abandoned::Shortage(errno) => {
            failure(format!("rinject ran out: {}", std::io::Error::from_raw_os_error(*errno)))
        }
        Abandoned::Stopped => failure("the run was stopped from outside".into()),
    })
}

/// Where each task was; of many tasks how many were where, with the first of them.
fn whereabouts(hangs: &[Hang]) -> Vec<String> {
    let place = |hang: &Hang| match &hang.call {
        Some(call) => format!("in `{call}`"),
        None => "running outside of any traced call".to_owned(),
    };
    if hangs.len() <= MOST_HANGS {
        return hangs.iter().map(|hang| format!("{} was {}", hang.task, place(hang))).collect();
    }
    let mut places: Vec<(String, &Hang, usize)> = Vec::new();
    for hang in hangs {
        let place = place(hang);
        match places.iter_mut().find(|(known, ..)| *known == place) {
            Some((_, _, others)) => *others += 1,
            None => places.push((place, hang, 0)),
        }
    }
    let note = |(place, first, others): &(String, &Hang, usize)| match others {
        0 => format!("{} was {place}", first.task),
        _ => format!("{} and {others} more were {place}", first.task),
    };
    let left = places.len().saturating_sub(MOST_HANGS);
    let rest = (left > 0).then(|| format!("the others were in {left} more calls"));
    places.iter().take(MOST_HANGS).map(note).chain(rest).collect()
}

fn exit(plan: &Plan, record: &Record) -> Option<Failure> {
    let seen = record.ending;
    if seen.is_none() && plan.target.attach.is_some() && plan.expect.exit == ExitExpect::Any {
        return None;
    }
    if seen.is_some_and(|ending| is_expected(&plan.expect.exit, ending)) {
        return None;
    }
    let seen = seen.map_or_else(
        || match plan.target.attach {
            Some(_) => "had not ended when it was let go".to_owned(),
            None => "was killed with the run before it ended".to_owned(),
        },
        told,
    );
    let message = format!("the target {seen}, expected {}", wanted(&plan.expect.exit));
    let failure = Failure::new(FailureKind::Exit, message);
    Some(match plan.expect.exit_span {
        Some(span) => failure.at(span, seen),
        None => failure.at(plan.target.program_span, seen).help("`[expect] exit` is 0 where it is left out"),
    })
}

/// Where the first process came to the end that is expected of it, or to another one.
fn met_exit(plan: &Plan, record: &Record, by_events: &ByEvents, holds: bool) -> Option<Met> {
    // One that is let go alive, and may be, has come to no end.
    if record.ending.is_none() && holds {
        return None;
    }
    let span = plan.expect.exit_span;
    let role = if holds { Role::Meets } else { Role::Breaks };
    let mut met = Met::new(Expectation::Exit { is: wanted(&plan.expect.exit) }, span);
    met.holds = holds;
    met.matches.extend(by_events.end.map(|end| Match::new(end, role, span)));
    Some(met)
}

fn is_expected(expected: &ExitExpect, ending: Ending) -> bool {
    match (expected, ending) {
        (ExitExpect::Any, _) => true,
        (ExitExpect::Codes(codes), Ending::Exited(code)) => codes.contains(&code),
        (ExitExpect::Signal(wanted), Ending::Killed(signal)) => *wanted == signal,
        (ExitExpect::Codes(_), Ending::Killed(_)) | (ExitExpect::Signal(_), Ending::Exited(_)) => false,
    }
}

fn told(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("exited {code}"),
        Ending::Killed(signal) => format!("was killed by {signal}"),
    }
}

fn wanted(expected: &ExitExpect) -> String {
    match expected {
        ExitExpect::Any => "any ending".to_owned(),
        ExitExpect::Signal(signal) => format!("to be killed by {signal}"),
        ExitExpect::Codes(codes) => {
            let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
            format!("exit {}", codes.join(" or "))
        }
    }
}

fn output(
    stream: &str,
    expect: &OutputExpect,
    kind: FailureKind,
    bytes: &[u8],
    files: &BTreeMap<PathBuf, Result<Vec<u8>, String>>,
) -> Vec<Failure> {
    let text = String::from_utf8_lossy(bytes);
    let mut failures = Vec::new();
    for (test, span) in &expect.tests {
        let differs = |expected: &str| {
            let mut failure = Failure::new(kind, format!("{stream} is not as expected")).at(*span, "differs");
            failure.diff = Some((expected.to_owned(), text.to_string()));
            // Nobody sees that in the lines.
            let note = match (text.strip_suffix('\n'), expected.strip_suffix('\n')) {
                (Some(text), _) if text == expected => Some("it ends with a line end, and none is expected"),
                (_, Some(expected)) if text == expected => Some("it ends without a line end, and one is expected"),
                _ => None,
            };
            failure.notes.extend(note.map(str::to_owned));
            failure
        };
        let failure = match test {
            TextTest::Equals(expected) => (text != expected.as_str()).then(|| differs(expected)),
            TextTest::File(path) => match files.get(path) {
                Some(Ok(expected)) if expected == bytes => None,
                Some(Ok(expected)) => Some(differs(&String::from_utf8_lossy(expected))),
                Some(Err(error)) => Some(unreadable(kind, path, error, *span)),
                None => Some(unreadable(kind, path, "it was not read", *span)),
            },
            TextTest::Contains(part) => (!text.contains(part.as_str())).then(|| {
                shown(format!("{stream} does not contain {part:?}"), (stream, kind), *span, "not found", bytes)
            }),
            TextTest::Matches(regex) => (!regex.is_match(&text)).then(|| {
                shown(format!("{stream} does not match /{regex}/"), (stream, kind), *span, "matches nothing", bytes)
            }),
            TextTest::NeverMatches(regex) => regex.find(&text).map(|found| {
                shown(
                    format!("{stream} matches /{regex}/: {:?}", found.as_str()),
                    (stream, kind),
                    *span,
                    "matches",
                    bytes,
                )
            }),
            TextTest::IsEmpty(true) => (!bytes.is_empty())
                .then(|| shown(format!("{stream} is not empty"), (stream, kind), *span, "is not", bytes)),
            TextTest::IsEmpty(false) => bytes
                .is_empty()
                .then(|| Failure::new(kind, format!("{stream} is empty")).at(*span, "something is expected")),
        };
        failures.extend(failure);
    }
    failures
}

fn unreadable(kind: FailureKind, path: &std::path::Path, error: &str, span: Span) -> Failure {
    Failure::new(kind, format!("cannot read `{}`: {error}", path.display())).at(span, "cannot be read")
}

fn shown(message: String, (stream, kind): (&str, FailureKind), span: Span, label: &str, bytes: &[u8]) -> Failure {
    let mut failure = Failure::new(kind, message).at(span, label);
    failure.notes.extend(tail(stream, bytes));
    failure
}

/// The last lines of an output, for a failure's notes.
fn tail(name: &str, bytes: &[u8]) -> Vec<String> {
    const LINES: usize = 8;
    let text = String::from_utf8_lossy(bytes);
    if text.is_empty() {
        return vec![format!("{name} is empty")];
    }
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES);
    let head = if from == 0 { format!("{name}:") } else { format!("{name}, its last {LINES} lines:") };
    std::iter::once(head).chain(lines[from..].iter().map(|line| format!("  {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::TaskName;

    /// That many threads; the second one reads, the others wait in futex.
    fn hangs(threads: u32) -> Vec<Hang> {
        let hang = |thread| Hang {
            task: TaskName { process: 1, thread },
            call: Some(if thread == 2 { "read" } else { "futex" }.to_owned()),
        };
        (1..=threads).map(hang).collect()
    }

    #[test]
    fn a_few_tasks_are_told_one_by_one_and_many_by_where_they_were() {
        assert_eq!(whereabouts(&hangs(2)), ["P1 was in `futex`", "P1.T2 was in `read`"]);
        assert_eq!(whereabouts(&hangs(MOST_HANGS as u32)).len(), MOST_HANGS);
        assert_eq!(whereabouts(&hangs(1000)), ["P1 and 998 more were in `futex`", "P1.T2 was in `read`"]);
        let everywhere: Vec<Hang> =
            hangs(100).into_iter().map(|hang| Hang { call: Some(hang.task.to_string()), ..hang }).collect();
        let told = whereabouts(&everywhere);
        assert_eq!(told.len(), MOST_HANGS + 1);
        assert_eq!(told[MOST_HANGS], "the others were in 84 more calls");
    }
}
