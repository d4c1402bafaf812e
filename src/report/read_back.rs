//! Results as a report of JSON lines tells them: for whoever joins the reports of several machines.
//! What such a report does not hold (transcripts, outputs, the text of the spec) the results do not have either.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::json::VERSION;
use super::result::{CaseResult, Status};
use crate::cases::Shard;
use crate::diagnostic::{Code, Diagnostic, Level, Source};

/// A share of the cases of a run, and how many there were in all shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which one.
    pub shard: Shard,
    /// How many cases all of them have together.
    pub of: usize,
}

/// A line of a report.
#[derive(Debug)]
pub enum Line {
    /// A case that has ended.
    Case(Box<CaseResult>),
    /// The last line: which share of the cases it was, if it was not all.
    Summary(Option<Share>),
    /// One of a kind that came later, or says nothing of a case that was run.
    Other,
}

#[derive(Deserialize)]
struct Head {
    r#type: String,
    version: u32,
    #[serde(default)]
    shard: Option<String>,
    #[serde(default)]
    of: usize,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    file: String,
    status: String,
    #[serde(default)]
    reason: String,
    duration_ms: u64,
    #[serde(default)]
    failed_before: u32,
    again: String,
    failures: Vec<Problem>,
    diagnostics: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    level: Option<String>,
    code: String,
    message: String,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    column: Option<u64>,
    #[serde(default)]
    help: Option<String>,
    #[serde(default)]
    notes: Vec<String>,
}

impl Line {
    /// Reads one line; `Err` says what is wrong with it.
    pub fn read(text: &str) -> Result<Line, String> {
        let head: Head = serde_json::from_str(text).map_err(|error| format!("no line of a report: {error}"))?;
        if head.version != VERSION {
            return Err(format!("version {} of the report is not known", head.version));
        }
        match head.r#type.as_str() {
            "case" => {
                let case: Case = serde_json::from_str(text).map_err(|error| error.to_string())?;
                Ok(Line::Case(Box::new(case.result()?)))
            }
            "summary" => {
                let shard: Option<Shard> = head.shard.map(|shard| shard.parse()).transpose()?;
                Ok(Line::Summary(shard.map(|shard| Share { shard, of: head.of })))
            }
            _ => Ok(Line::Other),
        }
    }
}

impl Case {
    fn result(self) -> Result<CaseResult, String> {
        let status = Status::ALL.into_iter().find(|status| status.name() == self.status);
        let status = status.ok_or_else(|| format!("`{}` is no status of a case", self.status))?;
        let source = Arc::new(Source::new(self.file, ""));
        let problems = self.failures.iter().chain(&self.diagnostics);
        let diagnostics = problems.map(|problem| problem.diagnostic(&source)).collect::<Result<Vec<_>, _>>()?;
        let mut result = CaseResult::new(self.id, source, status);
        result.diagnostics.extend(diagnostics);
        result.again = self.again;
        result.reason = self.reason;
        result.failed_before = self.failed_before;
        result.took = Duration::from_millis(self.duration_ms);
        Ok(result)
    }
}

impl Problem {
    fn diagnostic(&self, source: &Arc<Source>) -> Result<Diagnostic, String> {
        let code = Code::parse(&self.code).ok_or_else(|| format!("`{}` is no code of a problem", self.code))?;
        let mut diagnostic = Diagnostic::error(source, code, self.message.clone()).help(self.help.clone());
        if self.level.as_deref() == Some("warning") {
            diagnostic.level = Level::Warning;
        }
        diagnostic.notes.clone_from(&self.notes);
        if let (Some(line), Some(column)) = (self.line, self.column) {
            let file = self.file.as_deref().unwrap_or(&source.name);
            diagnostic.notes.insert(0, format!("at {file}:{line}:{column}"));
        }
        Ok(diagnostic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_none_of_a_report_are_refused() {
        let wrong = |text: &str| Line::read(text).unwrap_err();
        assert!(wrong("{").starts_with("no line of a report: "));
        assert_eq!(wrong(r#"{"type":"summary","version":2}"#), "version 2 of the report is not known");
        let case = r#"{"type":"case","version":1,"id":"x","file":"x","status":"good","duration_ms":1,"again":"",
            "failures":[],"diagnostics":[]}"#;
        assert_eq!(wrong(case), "`good` is no status of a case");
        assert!(wrong(r#"{"type":"case","version":1,"id":"x"}"#).contains("missing field"));
        assert!(matches!(Line::read(r#"{"type":"later","version":1}"#), Ok(Line::Other)));
        let share = Line::read(r#"{"type":"summary","version":1,"shard":"2/8","of":9}"#);
        let shard = Shard { index: 2, count: 8 };
        assert!(matches!(share, Ok(Line::Summary(Some(found))) if found == Share { shard, of: 9 }));
    }
}
