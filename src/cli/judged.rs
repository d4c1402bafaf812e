//! A run that came to an end, or what is said where it did not.

use super::args::Global;
use super::check::invalid;
use super::exit_status::ExitStatus;
use super::terminal::{complain, error_style, talk};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::run::{End, Judged};

/// What was judged. Where nothing was, says why, and gives the status of that.
pub(super) fn judged(end: End, global: &Global) -> Result<Box<Judged>, ExitStatus> {
    match end {
        End::Judged(judged) => Ok(judged),
        End::Invalid(problems) => {
            tell(&problems, global);
            Err(invalid(&problems))
        }
        End::NotSetUp(problem) => {
            tell(&Diagnostics::from(*problem), global);
            Err(ExitStatus::NotSetUp)
        }
        End::Unable(refusal) => {
            complain(&refusal, Some(&refusal.help()));
            Err(ExitStatus::Unable)
        }
        End::Interrupted => Err(ExitStatus::Interrupted),
    }
}

/// Says what is wrong. Nobody has written a spec that the command line has made: there are no places in it to look at.
pub(super) fn tell(problems: &Diagnostics, global: &Global) {
    let is_made = |problem: &Diagnostic| problem.source.name.starts_with('<');
    if !problems.iter().any(is_made) {
        return talk(format!("{}\n", problems.render(error_style(global))));
    }
    for problem in problems.iter() {
        // A path is one of the current folder, and not of a spec's.
        let help = problem.help.as_deref().filter(|_| problem.code != Code::TARGET_NOT_FOUND);
        complain(&problem.message, help);
        problem.notes.iter().for_each(|note| talk(format!("note: {note}\n")));
    }
}

/// Says what failed.
pub(super) fn complain_of(judged: &Judged) {
    for failure in &judged.outcome.failures {
        complain(&failure.message, failure.help.as_deref());
    }
}
