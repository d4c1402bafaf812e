//! A spec of a file or of a text, to be run by a test.

use std::path::Path;

use super::error::{Error, Result, is_without_verdict};
use super::outcome::Outcome;
use crate::cases::{self, Case, SpecFile};
use crate::report::CaseResult;
use crate::run::{self, Options};
use crate::snapshot::Update;
use crate::tracer::Stopper;

/// A spec, with all cases that its matrix and its lists make.
#[derive(Clone, Debug)]
pub struct Spec {
    cases: Vec<Case>,
    options: Options,
}

/// Ends the runs of a [`Spec`] from another thread.
#[derive(Clone, Debug)]
pub struct Handle(Stopper);

impl Handle {
    /// Kills what runs now; runs that have not begun do not begin. They end with an error that says so.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Spec {
    /// The spec of a file, and the files that it adds to. What is wrong with their keys is told when it is run.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no text.
    pub fn load(path: impl AsRef<Path>) -> Result<Spec> {
        let case = cases::load(&SpecFile::Path(path.as_ref().to_owned()));
        case.map(Spec::of).map_err(|error| Error::new(error.to_string()))
    }

    /// A spec that stands in no file: there is no snapshot of it, and paths in it are relative to the current folder.
    /// `name` is what messages call it.
    pub fn of_text(name: &str, text: impl Into<String>) -> Spec {
        Spec::of(Case::of_text(name, text.into()))
    }

    fn of(case: Case) -> Spec {
        Spec { cases: case.cells(), options: options() }
    }

    /// What `${bin.NAME}` means: a relative path is one of the current folder.
    #[must_use]
    pub fn bin(mut self, name: &str, path: impl AsRef<Path>) -> Spec {
        let here = std::env::current_dir().unwrap_or_default();
        self.options.bins.insert(name.to_owned(), here.join(path).to_string_lossy().into_owned());
        self
    }

    /// Instead of the spec's own seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Spec {
        self.options.seed = Some(seed);
        self
    }

    /// Gives whatever has a time limit so many times as long: for a machine that is slow or busy. Zero is as one.
    #[must_use]
    pub fn timeout_multiplier(mut self, times: u32) -> Spec {
        self.options.timeout_multiplier = times.max(1);
        self
    }

    /// Writes no snapshot, and leaves none to be accepted: one that is new or differs only fails it.
    #[must_use]
    pub fn writing_nothing(mut self) -> Spec {
        self.options.update = Update::No;
        self
    }

    /// What ends its runs from another thread.
    pub fn handle(&self) -> Handle {
        Handle(self.options.stopper.clone())
    }

    /// The ids of its cases: its path, and what was chosen of each list.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| case.id.as_str())
    }

    /// Runs its cases, one after the other, on this thread.
    ///
    /// # Errors
    ///
    /// One came to no verdict: the spec is invalid, it could not be set up, this machine refuses
    /// ([`Error::is_unable`]), or it was stopped. What was not as expected is no error here: [`Outcome::assert`] tells it.
    pub fn run(&self) -> Result<Outcome> {
        let mut results = Vec::new();
        for case in &self.cases {
            let end = run::run(case, &self.options);
            let is_error = is_without_verdict(&end);
            let result = CaseResult::of(case, end);
            if is_error {
                return Err(Error::of(&result));
            }
            results.push(result);
        }
        Ok(Outcome::new(results))
    }
}

/// As the command line has them: nothing is written in CI, and INSTA_UPDATE says what may be written elsewhere.
pub(super) fn options() -> Options {
    let is_ci = std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    let update =
        std::env::var("INSTA_UPDATE").ok().and_then(|word| Update::from_insta(&word)).unwrap_or(Update::Auto);
    Options { update, is_ci, ..Options::default() }
}
