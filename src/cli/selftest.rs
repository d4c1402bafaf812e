//! `rinject selftest`: sweeps programs with a planted mistake each, and sees whether each is found on this very kernel.
//! It must not know how a sweep finds anything.

use super::args::Global;
use super::exit_status::ExitStatus;
use super::judged::judged;
use super::terminal::{complain, print};
use crate::cases::Case;
use crate::run::Options;
use crate::runner::sweep::{Base, Course, Refused, run_cells, settings};
use crate::sweep::Verdict;

/// One program for each verdict, one that a loss of power breaks, one whose recovery a kill does and one that only a full disk
/// misleads, for a shell: there may be no compiler here.
const PLANTED: [(Verdict, &str); 13] = [
    (Verdict::Masked, include_str!("selftest/masked.toml")),
    (Verdict::Reported, include_str!("selftest/reported.toml")),
    (Verdict::NotFired, include_str!("selftest/not-fired.toml")),
    (Verdict::NoMessage, include_str!("selftest/no-message.toml")),
    (Verdict::Leftover, include_str!("selftest/leftover.toml")),
    (Verdict::Broken, include_str!("selftest/broken.toml")),
    (Verdict::Broken, include_str!("selftest/power.toml")),
    (Verdict::Broken, include_str!("selftest/recovery.toml")),
    (Verdict::BusyRetry, include_str!("selftest/busy-retry.toml")),
    (Verdict::Hang, include_str!("selftest/hang.toml")),
    (Verdict::Crash, include_str!("selftest/crash.toml")),
    (Verdict::Silent, include_str!("selftest/silent.toml")),
    (Verdict::Silent, include_str!("selftest/budget.toml")),
];

pub(super) fn main(global: &Global) -> ExitStatus {
    PLANTED.iter().map(|(wanted, text)| planted(*wanted, text, global)).fold(ExitStatus::Passed, ExitStatus::and)
}

/// Sweeps one program, and tells whether what is planted in it was found.
fn planted(wanted: Verdict, text: &str, global: &Global) -> ExitStatus {
    let about = text.lines().next().unwrap_or_default().trim_start_matches("# ");
    match verdicts(wanted, text, global) {
        Err(status) => status,
        Ok(found) => {
            let is_found = found.contains(&wanted) && found.iter().all(|it| *it == wanted || !it.is_finding());
            let word = if is_found { "found " } else { "MISSED" };
            let told = print(format!("{word}  {:<10}  {about}\n", wanted.name()));
            let status = if is_found { ExitStatus::Passed } else { ExitStatus::Failed };
            if !is_found {
                let names: Vec<&str> = found.iter().map(|verdict| verdict.name()).collect();
                complain(
                    format!("a sweep of it shows {}", names.join(", ")),
                    Some("`rinject doctor` says what this machine allows"),
                );
            }
            told.err().unwrap_or(status)
        }
    }
}

/// What the runs of a sweep show. `Err` after saying why there were none.
fn verdicts(wanted: Verdict, text: &str, global: &Global) -> Result<Vec<Verdict>, ExitStatus> {
    let options = Options::default();
    let case = Case::of_text(&format!("<{wanted}>"), text.to_owned());
    let ours = |why: String| {
        complain(format!("the program planted for {wanted} cannot be swept: {why}"), None);
        ExitStatus::Internal
    };
    let base = Base::of(&case).map_err(|_| ours("its spec is invalid".to_owned()))?;
    let sweep = settings(&base, &toml::Table::new(), &options);
    let sweep = sweep.map_err(|_| ours("its spec is invalid".to_owned()))?;
    let ended = |end| judged(end, global).err().unwrap_or(ExitStatus::Internal);
    let mut course = Course::take(&base, &sweep, &options, 1).map_err(|refused| match refused {
        Refused::End(end) => ended(*end),
        Refused::Unsteady(why) => ours(why.join(", ")),
        Refused::Endless(how) => ours(how),
    })?;
    course.find_recoveries(1, &[]).map_err(|end| ended(*end))?;
    // What is planted needs no time: that it does not end is certain.
    course.patience = course.limit;
    let mut found = Vec::new();
    let lost = run_cells(&course, &course.cells(), 1, |_, ran| found.push(ran.outcome.verdict));
    match lost.map_err(|end| ended(*end))?.first() {
        Some(lost) => Err(ours(lost.why.clone())),
        None => Ok(found),
    }
}
