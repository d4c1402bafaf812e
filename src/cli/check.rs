//! `rinject check`: parses and resolves without running.

use std::io::{self, BufWriter, Stdout};
use std::time::Duration;

use super::args::{Check, CheckFormat, Global};
use super::exit_status::ExitStatus;
use super::reports::{self, Kind};
use super::select::{binaries, select};
use super::terminal::{error_style, print, talk, written};
use crate::cases::{Case, SpecFile};
use crate::diagnostic::{Code, Diagnostics};
use crate::report::{Github, Json, Report, Sarif};
use crate::run::{self, Options};
use crate::spec::{self, Spec};

pub(super) fn main(words: &Check, global: &Global) -> ExitStatus {
    check(words, global).unwrap_or_else(|status| status)
}

fn check(words: &Check, global: &Global) -> Result<ExitStatus, ExitStatus> {
    let mut sarifs = Vec::new();
    for (_, path) in reports::read(&words.report, &[Kind::Sarif])? {
        let file = reports::create(&path).map_err(|error| reports::unwritten(&path, &error))?;
        sarifs.push((path, Sarif::new(BufWriter::new(file))));
    }
    let selected = select(&words.select)?;
    let bins_of_project = global.project.bins.clone();
    let bins = binaries(&words.select.bin)?;
    let options = Options { seed: words.select.seed, bins, bins_of_project, ..Options::default() };
    let mut status = selected.status;
    let mut told = Told::new(words, global);
    let mut before = (SpecFile::Stdin, String::new());
    for case in &selected.cases {
        let (problems, is_valid) = match run::resolve(case, &options) {
            Ok(plan) => (plan.warnings.clone(), true),
            Err(problems) => {
                status = status.and(invalid(&problems));
                (problems, false)
            }
        };
        // The cases of one spec have most of their problems in common.
        let text = problems.render(error_style(global));
        let is_news = text.is_empty() || (&case.file, &text) != (&before.0, &before.1);
        if is_news {
            sarifs.iter_mut().for_each(|(_, sarif)| sarif.checked(&case.id, &problems));
        }
        told.case(case, &problems, is_valid, is_news)?;
        before = (case.file.clone(), text);
    }
    for (path, mut sarif) in sarifs {
        sarif.finish(Duration::ZERO).map_err(|error| reports::unwritten(&path, &error))?;
    }
    Ok(status)
}

/// What is told on standard output and standard error.
struct Told<'g> {
    format: CheckFormat,
    global: &'g Global,
    /// Whether each case is printed as one spec, and whether one has been.
    print: bool,
    printed: bool,
    json: Json<Stdout>,
    github: Github<Stdout>,
}

impl Told<'_> {
    fn new<'g>(words: &Check, global: &'g Global) -> Told<'g> {
        let usual = || if reports::is_github() { CheckFormat::Github } else { CheckFormat::Human };
        Told {
            format: words.format.unwrap_or_else(usual),
            global,
            print: words.print,
            printed: false,
            json: Json::new(io::stdout()),
            github: Github::new(io::stdout(), false, global.quiet, reports::job()),
        }
    }

    fn case(&mut self, case: &Case, problems: &Diagnostics, is_valid: bool, is_news: bool) -> Result<(), ExitStatus> {
        if self.format == CheckFormat::Json {
            return written(self.json.checked(&case.id, &case.source, problems));
        }
        if is_news && !problems.is_empty() {
            talk(format!("{}\n", problems.render(error_style(self.global))));
            if self.format == CheckFormat::Github {
                written(self.github.checked(&case.id, problems))?;
            }
        }
        if self.print {
            return match &case.spec {
                Ok(spec) => self.merged(case, spec),
                // What is wrong with its text has been told.
                Err(_) => Ok(()),
            };
        }
        if is_valid && !self.global.quiet { print(format!("ok {}\n", case.id)) } else { Ok(()) }
    }

    /// The case as one spec.
    fn merged(&mut self, case: &Case, spec: &Spec) -> Result<(), ExitStatus> {
        let text = spec::merged(&case.source, spec, &case.cell).unwrap_or_default();
        let gap = if self.printed { "\n" } else { "" };
        self.printed = true;
        print(format!("{gap}# {}\n{text}", case.id))
    }
}

/// The status of an invalid spec: one that lacks only its binaries cannot be set up yet.
pub(super) fn invalid(problems: &Diagnostics) -> ExitStatus {
    if problems.errors_are_all(Code::UNRESOLVED_BIN) { ExitStatus::NotSetUp } else { ExitStatus::InvalidSpec }
}
