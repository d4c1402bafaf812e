//! `rinject check`: parses and resolves without running.

use super::args::{Check, Global};
use super::exit_status::ExitStatus;
use super::select::{binaries, select};
use super::terminal::{error_style, print, talk};
use crate::diagnostic::{Code, Diagnostics};
use crate::run::{self, Options};

pub(super) fn main(words: &Check, global: &Global) -> ExitStatus {
    check(words, global).unwrap_or_else(|status| status)
}

fn check(words: &Check, global: &Global) -> Result<ExitStatus, ExitStatus> {
    let selected = select(&words.select)?;
    let bins_of_project = global.project.bins.clone();
    let bins = binaries(&words.select.bin)?;
    let options = Options { seed: words.select.seed, bins, bins_of_project, ..Options::default() };
    let mut status = selected.status;
    let mut told = String::new();
    for case in &selected.cases {
        match run::resolve(case, &options) {
            Ok(plan) => {
                if !plan.warnings.is_empty() {
                    talk(format!("{}\n", plan.warnings.render(error_style(global))));
                }
                if !global.quiet {
                    print(format!("ok {}\n", case.id))?;
                }
            }
            Err(problems) => {
                // The cases of one spec have most of their problems in common.
                let text = format!("{}\n", problems.render(error_style(global)));
                if text != told {
                    talk(&text);
                    told = text;
                }
                status = status.and(invalid(&problems));
            }
        }
    }
    Ok(status)
}

/// The status of an invalid spec: one that lacks only its binaries cannot be set up yet.
pub(super) fn invalid(problems: &Diagnostics) -> ExitStatus {
    if problems.errors_are_all(Code::UNRESOLVED_BIN) { ExitStatus::NotSetUp } else { ExitStatus::InvalidSpec }
}
