//! What is wrong as SARIF 2.1.0, for viewers of code: of specs, and of cases that failed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::Report;
use super::result::{CaseResult, Status};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Level, Source, Span, visible};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes what is wrong as one SARIF run.
#[derive(Debug)]
pub struct Sarif<W: Write> {
    out: W,
    codes: BTreeMap<Code, Level>,
    log: Log,
}

/// What a SARIF run has, whoever has found it.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// By their ids.
    pub(super) rules: BTreeMap<String, Value>,
    /// Each with the id of its rule; `ruleIndex` is added.
    pub(super) results: Vec<Value>,
    /// Files that are named, each with the language that it is in, where that is known.
    pub(super) files: BTreeMap<String, Option<&'static str>>,
    /// It did not come to its end.
    pub(super) interrupted: bool,
}

impl Log {
    /// Writes it as a file.
    pub(super) fn write(mut self, mut out: impl Write) -> io::Result<()> {
        let at = |id: &Value| self.rules.keys().position(|known| id == known);
        for result in &mut self.results {
            if let Some(index) = at(&result["ruleId"]) {
                result["ruleIndex"] = index.into();
            }
        }
        let artifact = |(file, language): (&String, &Option<&str>)| {
            let mut artifact = json!({"location": location(file)});
            if let Some(language) = language {
                artifact["sourceLanguage"] = (*language).into();
            }
            artifact
        };
        let artifacts: Vec<Value> = self.files.iter().map(artifact).collect();
        let run = json!({
            "tool": {"driver": {
                "name": "rinject",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": self.rules.values().collect::<Vec<&Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": !self.interrupted}],
            "artifacts": artifacts,
            "results": self.results,
        });
        let log = json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]});
        serde_json::to_writer_pretty(&mut out, &log)?;
        writeln!(out)?;
        out.flush()
    }
}

impl<W: Write> Sarif<W> {
    /// Writes to `out`, at the end.
    pub fn new(out: W) -> Sarif<W> {
        Sarif { out, codes: BTreeMap::new(), log: Log::default() }
    }

    /// Tells what is to be said of a spec that is not run; [`Report::finish`] writes it.
    pub fn checked(&mut self, id: &str, diagnostics: &Diagnostics) {
        diagnostics.iter().for_each(|diagnostic| self.problem(id, diagnostic, None));
    }

    /// One result; a known failure is suppressed, for the reason given.
    fn problem(&mut self, id: &str, problem: &Diagnostic, known: Option<&str>) {
        let level = match problem.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let source = &problem.source;
        let help = problem.help.iter().map(|help| format!("help: {help}"));
        let labels = problem.labels.first().map(|label| label.text.clone()).filter(|text| !text.is_empty());
        let words = std::iter::once(problem.message.clone()).chain(labels).chain(problem.notes.iter().cloned());
        let text = words.chain(help).collect::<Vec<_>>().join("\n");
        // What a spec extends has lines of its own.
        let file = source.piece_at(problem.labels.first().map_or(0, |label| label.span.start)).name;
        let mut physical = json!({"artifactLocation": location(file)});
        if let Some(label) = problem.labels.first() {
            physical["region"] = region(source, label.span);
        }
        let more: Vec<Value> =
            problem.labels.iter().skip(1).map(|label| related(source, label.span, &label.text)).collect();
        let mut result = json!({
            "ruleId": problem.code.to_string(),
            "level": level,
            "message": {"text": visible(&text)},
            "locations": [place(id, physical)],
        });
        if !more.is_empty() {
            result["relatedLocations"] = more.into();
        }
        if let Some(reason) = known {
            result["suppressions"] = json!([{"kind": "inSource", "justification": visible(reason)}]);
        }
        self.codes.insert(problem.code, problem.level);
        self.log.files.insert(file.to_owned(), Some("toml"));
        self.log.results.push(result);
    }
}

impl<W: Write> Report for Sarif<W> {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.log.interrupted |= result.status == Status::Interrupted;
        let known = (result.status == Status::Xfail).then_some(result.reason.as_str());
        result.problems().for_each(|problem| self.problem(&result.id, &problem, known));
        let warnings = result.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Warning);
        warnings.for_each(|warning| self.problem(&result.id, warning, None));
        if result.status == Status::Xpass {
            let why = result.why().unwrap_or_default();
            // No code tells of it: there is no mistake in the spec.
            self.log.results.push(json!({
                "level": "error",
                "message": {"text": why},
                "locations": [place(&result.id, json!({"artifactLocation": location(&result.source.name)}))],
            }));
            self.log.files.insert(result.source.name.clone(), Some("toml"));
        }
        Ok(())
    }

    fn finish(&mut self, _: Duration) -> io::Result<()> {
        let mut log = std::mem::take(&mut self.log);
        log.rules = self.codes.iter().map(|(code, level)| (code.to_string(), rule(*code, *level))).collect();
        log.write(&mut self.out)
    }
}

fn rule(code: Code, level: Level) -> Value {
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    json!({
        "id": code.to_string(),
        "shortDescription": {"text": code.title()},
        "fullDescription": {"text": code.title()},
        "help": {"text": code.explanation(), "markdown": code.explanation()},
        "defaultConfiguration": {"level": level},
    })
}

/// Where it is, in the file and among the cases.
fn place(id: &str, physical: Value) -> Value {
    json!({"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": id, "kind": "member"}]})
}

/// A file as a URI: relative ones are below the working directory.
pub(super) fn location(name: &str) -> Value {
    let path = Path::new(name);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    let uri: String = name
        .trim_start_matches("./")
        .bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    if path.is_absolute() { json!({"uri": format!("file://{uri}")}) } else { json!({"uri": uri}) }
}

fn region(source: &Source, span: Span) -> Value {
    let ((line, column), (end_line, end_column)) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
        "snippet": {"text": source.slice(span)},
    })
}

fn related(source: &Source, span: Span, text: &str) -> Value {
    let physical =
        json!({"artifactLocation": location(source.piece_at(span.start).name), "region": region(source, span)});
    json!({"physicalLocation": physical, "message": {"text": visible(text)}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_uris() {
        assert_eq!(location("./specs/a b#1.toml"), json!({"uri": "specs/a%20b%231.toml"}));
        assert_eq!(location("/x/é.toml"), json!({"uri": "file:///x/%C3%A9.toml"}));
        assert_eq!(location("<stdin>"), json!({"uri": "%3Cstdin%3E"}));
    }
}
