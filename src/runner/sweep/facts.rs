//! What a run came to, as a sweep looks at it.
//! It must not know what that is worth.

use std::time::Duration;

use super::timed::Timed;
use crate::run::{End, Played, Stage};
use crate::sweep::{Facts, Stuck, Watch};
use crate::transcript::{Abandoned, Hang};

/// What a run without a fault came to.
pub(super) fn facts(played: &Played) -> Facts {
    let record = &played.record;
    Facts {
        ended: record.ending.filter(|_| record.abandoned.is_none()),
        stuck: record.abandoned.as_ref().map(|abandoned| stuck(abandoned, Vec::new())),
        stdout: played.stdout.clone(),
        stderr: played.stderr.clone(),
        files: played.files(),
        before: played.before(),
        ..Facts::default()
    }
}

/// What a run with a fault came to. Processes that outlive the first one are left behind where nothing is seen of them for longer
/// than `grace`, or they do not come to their end in time.
pub(super) fn facts_of(played: &Played, timed: &Timed<Watch>, grace: Duration) -> Facts {
    let (record, watch) = (&played.record, &timed.sink);
    // The fault is the last of the rules.
    let rule = record.rules.last();
    // Whose end is not waited for any more is left behind, not stuck.
    let is_left = record.ending.is_some() && matches!(record.abandoned, Some(Abandoned::Timeout(_)));
    let abandoned = record.abandoned.as_ref().filter(|_| !is_left);
    Facts {
        ended: record.ending.filter(|_| abandoned.is_none()),
        stuck: watch
            .busy()
            .or_else(|| Some(stuck(abandoned?, watch.tail().iter().map(|line| played.renamed(line)).collect()))),
        orphans: if is_left || timed.silence() > grace { record.orphans.len() } else { 0 },
        crashed: watch.crashed.clone(),
        fired: rule.map_or(0, |rule| rule.fired),
        at: watch.at.as_ref().map(|at| played.renamed(at)),
        kept: watch.kept.iter().filter_map(|path| played.name_of(path)).collect(),
        is_mute: watch.is_mute,
        used: rule.and_then(|rule| rule.used.clone()),
        prevented: rule.and_then(|rule| Some(rule.prevented.first()?.0.clone())),
        ..facts(played)
    }
}

/// Runs the checks; what is left is what they leave: the next opening of a file may be what takes a journal up.
pub(super) fn check(facts: &mut Facts, played: &Played, stage: &Stage) -> Result<(), Box<End>> {
    facts.made = facts.files.keys().cloned().collect();
    facts.checks = played.checks(stage)?;
    if !facts.checks.is_empty() {
        facts.files = played.files();
    }
    Ok(())
}

/// Why a run was given up.
fn stuck(abandoned: &Abandoned, tail: Vec<String>) -> Stuck {
    let is_timeout = matches!(abandoned, Abandoned::Timeout(_));
    let mut whereabouts = match abandoned {
        Abandoned::Timeout(hangs) => hangs.iter().map(whereabouts).collect(),
        Abandoned::Deadlock(hangs) => {
            let mut all = vec!["every task waits for another one".to_owned()];
            all.extend(hangs.iter().map(whereabouts));
            all
        }
        Abandoned::Tasks(most) => vec![format!("there were more than {most} tasks at a time")],
        Abandoned::Events(most) => vec![format!("there were more than {most} events")],
        Abandoned::Output(most) => vec![format!("it printed more than {most} bytes")],
        Abandoned::NoMain(image) => vec![format!("`{image}` has no `main` that can be found")],
        Abandoned::Unwritten | Abandoned::Shortage(_) | Abandoned::Stopped => vec!["it was ended".to_owned()],
    };
    if !tail.is_empty() {
        whereabouts.push("the last events were:".to_owned());
        whereabouts.extend(tail.iter().map(|line| format!("  {line}")));
    }
    if is_timeout { Stuck::Slow(whereabouts) } else { Stuck::Hang(whereabouts) }
}

fn whereabouts(hang: &Hang) -> String {
    match &hang.call {
        Some(call) => format!("{} is in {call}", hang.task),
        None => format!("{} computes", hang.task),
    }
}
