//! What a test can ask about runs: verdicts, rules, outputs, the transcript.

use super::error::{Error, Result};
use crate::abi::Ending;
use crate::report::CaseResult;
use crate::transcript::{EventLine, Line};

/// What the cases of a spec came to. Most specs have one; what is asked of "the run" is asked of the first.
#[derive(Debug)]
pub struct Outcome {
    results: Vec<CaseResult>,
}

/// The lines of a transcript, as they stand in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    lines: Vec<String>,
}

impl Outcome {
    /// Of one case at least.
    pub(super) fn new(results: Vec<CaseResult>) -> Outcome {
        Outcome { results }
    }

    /// Fails where something was not as the spec expects it.
    ///
    /// # Errors
    ///
    /// What `rinject run` prints of the cases that failed: what was expected, the transcript around it, how to run it again.
    pub fn assert(&self) -> Result<()> {
        let bad: Vec<String> = self
            .results
            .iter()
            .filter(|result| result.status.is_bad())
            .map(|result| Error::of(result).to_string())
            .collect();
        if bad.is_empty() { Ok(()) } else { Err(Error::new(bad.join("\n\n"))) }
    }

    /// Whether everything was as the spec expects it.
    pub fn passed(&self) -> bool {
        self.results.iter().all(|result| !result.status.is_bad())
    }

    /// Why it was skipped, if it was: a requirement of the spec is not met here.
    pub fn skipped(&self) -> Option<&str> {
        let skipped = |result: &&CaseResult| result.status == crate::report::Status::Skip;
        self.results.iter().find(skipped).map(|result| result.reason.as_str())
    }

    /// How often a rule fired, in all cases together.
    ///
    /// # Panics
    ///
    /// The spec has no rule of that name: a test that asks for one is wrong.
    pub fn fired(&self, rule: &str) -> u64 {
        let rules = || self.results.iter().flat_map(CaseResult::rules);
        assert!(
            self.skipped().is_some() || rules().any(|(name, _)| name == rule),
            "there is no rule `{rule}`; there are: {}",
            rules().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
        );
        rules().filter(|(name, _)| *name == rule).map(|(_, record)| record.fired).sum()
    }

    /// How the program ended; `None` where it had to be killed, or did not run.
    pub fn ending(&self) -> Option<Ending> {
        self.results.first()?.outcome.as_ref()?.record.ending
    }

    /// What the program wrote to its standard output.
    pub fn stdout(&self) -> &[u8] {
        self.results.first().map_or(&[], |result| &result.stdout)
    }

    /// What the program wrote to its standard error.
    pub fn stderr(&self) -> &[u8] {
        self.results.first().map_or(&[], |result| &result.stderr)
    }

    /// The transcript of the run.
    ///
    /// # Errors
    ///
    /// It is on disk, and cannot be read.
    pub fn transcript(&self) -> Result<Transcript> {
        let Some(result) = self.results.first() else { return Ok(Transcript::default()) };
        let lines = result.transcript.range(1, u64::MAX).map_err(|error| Error::new(error.to_string()))?;
        Ok(Transcript { lines: lines.into_iter().map(|(_, line)| line).collect() })
    }

    /// Each case with all that is known of it.
    pub fn cases(&self) -> &[CaseResult] {
        &self.results
    }
}

impl Transcript {
    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// What happened, line by line: who, what, which rules fired.
    pub fn events(&self) -> impl Iterator<Item = EventLine<'_>> {
        self.lines.iter().filter_map(|line| match Line::read(line) {
            Line::Event(event) => Some(event),
            Line::Frame(_) => None,
        })
    }
}
