//! A run that came to an end, or what is said where it did not.

use super::args::Global;
use super::check::invalid;
use super::exit_status::ExitStatus;
use super::terminal::{complain, error_style, talk};
use crate::diagnostic::Diagnostics;
use crate::run::{End, Judged};

/// What was judged. Where nothing was, says why, and gives the status of that.
pub(super) fn judged(end: End, global: &Global) -> Result<Box<Judged>, ExitStatus> {
    match end {
        End::Judged(judged) => Ok(judged),
        End::Invalid(problems) => {
            talk(format!("{}\n", problems.render(error_style(global))));
            Err(invalid(&problems))
        }
        End::NotSetUp(problem) => {
            talk(format!("{}\n", Diagnostics::from(*problem).render(error_style(global))));
            Err(ExitStatus::NotSetUp)
        }
        End::Unable(refusal) => {
            complain(&refusal, Some(&refusal.help()));
            Err(ExitStatus::Unable)
        }
        End::Interrupted => Err(ExitStatus::Interrupted),
    }
}

/// Says what failed.
pub(super) fn complain_of(judged: &Judged) {
    for failure in &judged.outcome.failures {
        complain(&failure.message, failure.help.as_deref());
    }
}
