//! Faults in a recovery: checks are run on what a fault has left of the program, and one of them meets a fault itself; then they
//! are run again, and what they say must hold. It must not know how any of them is run.

use std::collections::BTreeSet;
use std::fmt;

use super::cell::{Cell, cells};
use super::evidence::{Evidence, how_ended, shows};
use super::facts::{Difference, Facts, Stuck};
use super::fault::Fault;
use super::point::{Called, Point};
use super::steady::Golden;
use super::verdict::{ENOUGH, Outcome, Verdict};
use crate::plan::{FaultKind, Mode, Sweep};

/// Lines of what a check says that are shown.
const LINES: usize = 6;

/// What was done to the program before, and in which check a fault is then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct After {
    /// What was called when the program met its fault.
    pub called: Called,
    /// Which of the calls of that name it was, from 1.
    pub nth: u64,
    /// What was done.
    pub fault: Fault,
    /// For how many calls.
    pub mode: Mode,
    /// The check that meets a fault, by its position, from 1.
    pub check: usize,
}

/// As it stands before the name of the fault in the check: `write#3:kill-after/1.`.
impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.", self.first(), self.check)
    }
}

impl After {
    /// A fault in a check, on what a run of `cell` has left.
    pub fn of(cell: &Cell, check: usize) -> After {
        After { called: cell.called, nth: cell.nth, fault: cell.fault, mode: cell.mode, check }
    }

    /// The run that has left what is recovered, by its name: its point is not known.
    pub fn first(&self) -> Cell {
        let After { called, nth, fault, mode, .. } = *self;
        Cell { point: 0, called, nth, fault, mode, after: None }
    }
}

/// The faults in a check that has these points, which come behind so many others: kills, and what the sweep does to the program.
pub fn recovery_cells(points: &[Point], others: usize, sweep: &Sweep, after: After) -> Vec<Cell> {
    let own = sweep.faults.iter().copied().filter(|kind| !matches!(kind, FaultKind::Kill | FaultKind::States));
    let faults = [FaultKind::Kill].into_iter().chain(own).collect();
    let found = cells(points, &Sweep { faults, ..sweep.clone() });
    found.into_iter().map(|cell| Cell { point: cell.point + others, after: Some(after), ..cell }).collect()
}

/// What a recovery that is left alone comes to, and what it follows.
#[derive(Clone, Debug, Default)]
pub struct Undisturbed {
    /// What was done to the program, in words.
    pub after: String,
    /// Names in the folder when it is over.
    pub names: BTreeSet<String>,
}

impl Undisturbed {
    /// Names of what a recovery that met a fault leaves, and neither one that met none nor the program does.
    pub fn left_more(&self, golden: &Golden, facts: &Facts) -> Vec<String> {
        let extra = golden.differences(facts).into_iter().filter_map(|difference| match difference {
            Difference::Extra { name, was_there: false } => Some(name),
            _ => None,
        });
        extra.filter(|name| !self.names.contains(name)).collect()
    }
}

/// Judges a recovery that met a fault, by what the checks say when they are run once more. `facts` are those of the check
/// `name` that met it; its checks and files are those of the end.
pub fn judge_recovery(
    golden: &Golden,
    undisturbed: &Undisturbed,
    facts: &Facts,
    name: &str,
    fault: Fault,
) -> Outcome {
    let mut evidence = Evidence {
        how: format!("check \"{name}\" {}", how_ended(facts)),
        at: facts.at.clone(),
        after: Some(undisturbed.after.clone()),
        used: facts.used.clone(),
        ..Evidence::default()
    };
    let verdict = verdict(golden, undisturbed, facts, fault, &mut evidence);
    evidence.shows = shows(verdict, facts, &[], &evidence.leftovers, true);
    Outcome { verdict, evidence }
}

fn verdict(
    golden: &Golden,
    undisturbed: &Undisturbed,
    facts: &Facts,
    fault: Fault,
    evidence: &mut Evidence,
) -> Verdict {
    match &facts.stuck {
        Some(Stuck::Busy { .. }) => return Verdict::BusyRetry,
        Some(Stuck::Hang(whereabouts) | Stuck::Slow(whereabouts)) => {
            evidence.notes.clone_from(whereabouts);
            return Verdict::Hang;
        }
        None => {}
    }
    if facts.fired == 0 {
        evidence.notes.extend(facts.prevented.clone());
        if facts.used.is_some() && facts.prevented.is_none() {
            evidence.notes.push(ENOUGH.to_owned());
        }
        return Verdict::NotFired;
    }
    if let Some(check) = facts.checks.iter().find(|check| !check.failed.is_empty()) {
        evidence.notes = facts.broken(false).iter().map(|why| format!("run once more, {why}")).collect();
        let said = String::from_utf8_lossy(&check.printed);
        evidence.message = said.lines().take(LINES).map(str::to_owned).collect();
        return Verdict::Broken;
    }
    let said = String::from_utf8_lossy(&facts.stderr);
    evidence.message = said.lines().take(LINES).map(str::to_owned).collect();
    if !fault.kills() && !facts.crashed.is_empty() {
        evidence.notes.push(format!("crashed: {}", facts.crashed.join(", ")));
        return Verdict::Crash;
    }
    evidence.leftovers = undisturbed.left_more(golden, facts);
    match facts.disturbed.is_empty() || fault.kills() {
        _ if !evidence.leftovers.is_empty() => Verdict::Leftover,
        true => Verdict::Masked,
        false => Verdict::Reported,
    }
}

#[cfg(test)]
mod tests {
    use super::super::left::tests::file;
    use super::super::point::tests::point;
    use super::*;
    use crate::abi::{Ending, Errno, Signal};
    use crate::plan::Compare;
    use crate::sweep::{Checked, settle};

    fn check(failed: &[&str]) -> Vec<Checked> {
        let failed = failed.iter().map(|why| (*why).to_owned()).collect();
        vec![Checked { name: "whole".to_owned(), failed, printed: b"lost\n".to_vec(), ..Checked::default() }]
    }

    fn facts(names: &[&str], failed: &[&str]) -> Facts {
        Facts {
            ended: Some(Ending::Exited(0)),
            files: names.iter().map(|name| ((*name).to_owned(), file("text"))).collect(),
            checks: check(failed),
            fired: 1,
            ..Facts::default()
        }
    }

    fn judged(facts: &Facts, fault: Fault) -> Outcome {
        let all = Compare { exit: true, stdout: true, files: true };
        let golden = settle(&[self::facts(&["kept"], &[])], all).expect("one run agrees with itself");
        let names = ["kept", "old"].map(str::to_owned).into();
        let undisturbed = Undisturbed { after: "write#1:kill-after".to_owned(), names };
        judge_recovery(&golden, &undisturbed, facts, "whole", fault)
    }

    #[test]
    fn a_recovery_is_judged_by_the_one_that_follows_it() {
        let eio = Fault::Error(Errno::parse("EIO").unwrap());
        let of = |facts: &Facts, fault| judged(facts, fault).verdict;
        let fine = facts(&["kept", "old"], &[]);
        assert_eq!(of(&fine, Fault::KillAfter), Verdict::Masked);
        let failed = Facts { disturbed: vec!["check \"whole\" exits 1".to_owned()], ..fine.clone() };
        assert_eq!([of(&failed, Fault::Torn), of(&failed, eio)], [Verdict::Masked, Verdict::Reported]);
        assert_eq!(of(&Facts { fired: 0, ..fine.clone() }, eio), Verdict::NotFired);
        assert_eq!(of(&Facts { stuck: Some(Stuck::Hang(Vec::new())), ..fine.clone() }, eio), Verdict::Hang);
        let crashed = Facts { crashed: vec!["kv by SIGSEGV".to_owned()], ..fine };
        assert_eq!([of(&crashed, eio), of(&crashed, Fault::KillBefore)], [Verdict::Crash, Verdict::Masked]);
        let more = judged(&facts(&["kept", "new"], &[]), eio);
        assert_eq!((more.verdict, more.evidence.shows), (Verdict::Leftover, vec!["new".to_owned()]));
        let killed = Some(Ending::Killed(Signal::parse("SIGKILL").unwrap()));
        let lost =
            judged(&Facts { ended: killed, ..facts(&["kept"], &["check \"whole\" exits 1"]) }, Fault::KillAfter);
        assert_eq!(lost.verdict, Verdict::Broken);
        let evidence = lost.evidence;
        assert_eq!(evidence.how, "check \"whole\" was killed by SIGKILL");
        assert_eq!(evidence.after.as_deref(), Some("write#1:kill-after"));
        assert_eq!(evidence.notes, ["run once more, check \"whole\" exits 1"]);
        assert_eq!((evidence.message, evidence.shows), (vec!["lost".to_owned()], vec!["check \"whole\"".to_owned()]));
    }

    #[test]
    fn a_recovery_is_killed_and_meets_what_the_sweep_does() {
        let points = [point("rename", 2, &["kv!recover+0x8"])];
        let first = Cell::parse("write#3:kill-after").unwrap();
        let names = |faults: &[FaultKind]| {
            let sweep = Sweep { faults: faults.to_vec(), ..Sweep::default() };
            let found = recovery_cells(&points, 5, &sweep, After::of(&first, 1));
            assert!(found.iter().all(|cell| cell.point == 5));
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let kills = ["write#3:kill-after/1.rename#2:kill-before", "write#3:kill-after/1.rename#2:kill-after"];
        assert_eq!(names(&[FaultKind::Kill]), kills);
        assert_eq!(names(&[FaultKind::States]), kills);
        let all = names(&[FaultKind::Errors, FaultKind::Kill]);
        assert_eq!(all[..2], kills);
        assert!(all[2..].contains(&"write#3:kill-after/1.rename#2:ENOSPC".to_owned()), "{all:?}");
    }
}
