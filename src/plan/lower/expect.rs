//! `[expect]` and `[snapshot]`: how the program ends, what it writes, what must not happen, what is compared.
//! It must not know how any of it is judged.

use super::Lowering;
use super::values::shown;
use crate::diagnostic::{Code, Span};
use crate::pattern::PathGlob;
use crate::plan::{
    CountExpect, ExitExpect, Expect, FileExpect, Invariant, NeverExpect, OutputExpect, Redaction, SnapshotPlan,
    TextTest,
};
use crate::spec::{At, Ending, Exit, OutputTests, Text};

impl Lowering<'_> {
    pub(super) fn expect(&mut self) -> Expect {
        let written = &self.spec.expect;
        let (mut exit, stdout, stderr) = self.ending(&written.ending);
        if self.attaches() && written.ending.exit.is_none() {
            // It goes on when the run is over.
            exit = ExitExpect::Any;
        }
        Expect {
            exit,
            exit_span: written.ending.exit.as_ref().map(exit_span),
            stdout,
            stderr,
            never: self.never(&written.never),
            count: self.counts(),
            invariants: self.invariants(&written.invariants),
            sequences: self.sequences(),
        }
    }

    /// How a program ends, and what it writes; the status is 0 unless the spec says otherwise.
    pub(super) fn ending(&mut self, written: &Ending) -> (ExitExpect, OutputExpect, OutputExpect) {
        let exit = written.exit.as_ref().and_then(|exit| self.exit(exit));
        let stdout = self.output_tests(&written.stdout);
        let stderr = self.output_tests(&written.stderr);
        (exit.unwrap_or(ExitExpect::Codes(vec![0])), stdout, stderr)
    }

    fn exit(&mut self, written: &Exit) -> Option<ExitExpect> {
        match written {
            Exit::Status(status) => Some(ExitExpect::Codes(vec![self.status(status)?])),
            Exit::Signal(name) => self.signal(name).map(ExitExpect::Signal),
            Exit::Word(word) => {
                let located = self.expand(word)?;
                match located.text() {
                    "any" => Some(ExitExpect::Any),
                    // A placeholder can only stand in quotes.
                    text if text != word.value && text.parse::<i128>().is_ok() => {
                        let status = At { value: text.parse().ok()?, span: word.span };
                        Some(ExitExpect::Codes(vec![self.status(&status)?]))
                    }
                    text => {
                        let help = if text.parse::<i64>().is_ok() {
                            format!("write the status without quotes: `exit = {text}`")
                        } else if crate::abi::Signal::parse(text).is_some() {
                            format!("write `exit = {{ signal = \"{text}\" }}`")
                        } else {
                            "write a status, `{ signal = \"SIGABRT\" }`, `{ any-of = [0, 3] }` or `\"any\"`"
                                .to_owned()
                        };
                        let message = format!("`exit` cannot be `{text}`");
                        self.error(
                            Code::BAD_STATUS,
                            shown(&located, word),
                            message,
                            "neither a status nor `any`",
                            Some(help),
                        );
                        None
                    }
                }
            }
            Exit::AnyOf(statuses) => {
                if statuses.value.is_empty() {
                    let help = Some("name a status, or write `exit = \"any\"`".to_owned());
                    self.error(Code::EMPTY_VALUE, statuses.span, "`any-of` is empty", "no status is right", help);
                }
                Some(ExitExpect::Codes(statuses.value.iter().filter_map(|status| self.status(status)).collect()))
            }
        }
    }

    fn status(&mut self, status: &At<i128>) -> Option<i32> {
        if (0..=255).contains(&status.value) {
            return Some(status.value as i32);
        }
        let help = Some("a process that a signal ends is written `exit = { signal = \"SIGABRT\" }`".to_owned());
        let message = format!("no process ends with status {}", status.value);
        self.error(Code::BAD_STATUS, status.span, message, "statuses are 0 to 255", help);
        None
    }

    fn output_tests(&mut self, written: &OutputTests) -> OutputExpect {
        let mut tests = Vec::new();
        if let Some(text) = &written.equals {
            tests.extend(self.string(text).map(|equal| (TextTest::Equals(equal), text.span)));
        }
        for text in &written.contains {
            if text.value.is_empty() {
                let help = Some(
                    "every output contains the empty text; `is-empty = true` says that there is none".to_owned(),
                );
                self.error(Code::EMPTY_VALUE, text.span, "`contains` is empty", "always holds", help);
            }
            tests.extend(self.string(text).map(|part| (TextTest::Contains(part), text.span)));
        }
        for text in &written.matches {
            tests.extend(self.regex(text).map(|regex| (TextTest::Matches(regex), text.span)));
        }
        for text in &written.never_matches {
            tests.extend(self.regex(text).map(|regex| (TextTest::NeverMatches(regex), text.span)));
        }
        if let Some(empty) = &written.is_empty {
            let other = written.equals.as_ref().filter(|text| !text.value.is_empty()).or(written.contains.first());
            if let Some(other) = other.filter(|_| empty.value) {
                let help = Some("an empty output has nothing in it: keep one of the two".to_owned());
                self.error(
                    Code::CONFLICTING_KEYS,
                    other.span,
                    "`is-empty` says that there is no output",
                    "asks for output",
                    help,
                );
            }
            tests.push((TextTest::IsEmpty(empty.value), empty.span));
        }
        if let Some(text) = &written.file {
            tests.extend(
                self.argument(text)
                    .map(|path| (TextTest::File(self.beside_spec(&path, text.span).into()), text.span)),
            );
        }
        OutputExpect { tests }
    }

    fn never(&mut self, texts: &[Text]) -> Vec<NeverExpect> {
        let mut never = Vec::new();
        for text in texts {
            let Some(placed) = self.lone_pattern(text) else { continue };
            self.name_calls(&placed);
            never.push(NeverExpect { span: placed.span(), pattern: placed.pattern });
        }
        never
    }

    fn counts(&mut self) -> Vec<CountExpect> {
        let mut counts = Vec::new();
        for written in &self.spec.expect.count {
            let is = self.ranges(&written.is, false);
            let Some(placed) = self.lone_pattern(&written.event) else { continue };
            self.name_calls(&placed);
            let Some(is) = is else { continue };
            counts.push(CountExpect { span: placed.span(), pattern: placed.pattern, is, is_span: written.is.span });
        }
        counts
    }

    fn invariants(&mut self, texts: &[Text]) -> Vec<(Invariant, Span)> {
        let known = [
            ("no-orphans", Invariant::NoOrphans),
            ("no-zombies", Invariant::NoZombies),
            ("no-leftovers", Invariant::NoLeftovers),
            ("no-fd-leak", Invariant::NoFdLeak),
        ];
        let invariant = |text: &Text| Some((self.choice(text, "invariants", &known)?, text.span));
        texts.iter().filter_map(invariant).collect()
    }

    pub(super) fn snapshot(&mut self) -> SnapshotPlan {
        let written = &self.spec.snapshot;
        let mut redact = Vec::new();
        for rule in &written.redact {
            let Some(regex) = self.regex(&rule.regex) else { continue };
            if regex.is_match("") {
                let help = Some("make it match at least one character".to_owned());
                self.error(
                    Code::BAD_REGEX,
                    rule.regex.span,
                    "the expression matches the empty text",
                    "matches everywhere",
                    help,
                );
            }
            redact.push(Redaction { regex, with: rule.with.value.clone() });
        }
        SnapshotPlan {
            transcript: written
                .transcript
                .as_ref()
                .map_or(self.context.is_file && !self.attaches(), |transcript| transcript.value),
            stdout: written.stdout.as_ref().is_some_and(|stdout| stdout.value),
            files: written.files.iter().filter_map(|text| self.snapshot_files(text)).collect(),
            redact,
        }
    }

    fn snapshot_files(&mut self, text: &Text) -> Option<FileExpect> {
        let word = self.string(text)?;
        if word.is_empty() {
            self.error(Code::BAD_GLOB, text.span, "the glob is empty", "matches nothing", None);
            return None;
        }
        let whole = if word.starts_with('/') { word } else { format!("{}/{word}", self.context.tmp) };
        match PathGlob::parse(&whole) {
            Ok(glob) => Some(FileExpect { glob, span: text.span }),
            Err(reason) => {
                self.error(Code::BAD_GLOB, text.span, format!("`{}` is not a glob", text.value), &reason, None);
                None
            }
        }
    }
}

/// Where an `exit` stands.
fn exit_span(exit: &Exit) -> Span {
    match exit {
        Exit::Status(status) => status.span,
        Exit::Word(text) | Exit::Signal(text) => text.span,
        Exit::AnyOf(statuses) => statuses.span,
    }
}
