//! Single values: numbers, sizes, durations, ranges, globs, regular expressions, words from a list.
//! It must not know which key a value belongs to, but for its name in messages.

use std::time::Duration;

use regex::Regex;

use super::Lowering;
use crate::abi::{Errno, Signal};
use crate::diagnostic::{Code, Located, Span, did_you_mean, listed};
use crate::pattern::{PathGlob, RangeProblem, Ranges, signal_name};
use crate::spec::{At, Scalar, Text, keys};

/// The units of sizes and what they multiply with.
const UNITS: [(&str, u64); 5] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

impl Lowering<'_> {
    /// A number from 0 to 2^64 - 1; 0 where it is not, which has been reported.
    pub(super) fn unsigned(&mut self, number: &At<i128>, name: &str) -> u64 {
        self.within(number, name, 0, i128::from(u64::MAX)).unwrap_or(0) as u64
    }

    /// A number between two others, both included.
    pub(super) fn within(&mut self, number: &At<i128>, name: &str, least: i128, most: i128) -> Option<i128> {
        if (least..=most).contains(&number.value) {
            return Some(number.value);
        }
        let label = if number.value < least { format!("less than {least}") } else { format!("more than {most}") };
        let message = format!("`{name}` cannot be {}", number.value);
        self.error(Code::BAD_NUMBER, number.span, message, &label, None);
        None
    }

    /// One of a few words, which stand in the table of keys.
    pub(super) fn choice<T: Copy>(&mut self, text: &Text, name: &str, known: &[(&str, T)]) -> Option<T> {
        debug_assert!(
            known.iter().all(|(word, _)| keys::takes_word(name, word)),
            "the table of keys does not have each word of `{name}`"
        );
        let located = self.expand(text)?;
        let word = located.text();
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == word) {
            return Some(*value);
        }
        let words = || known.iter().map(|(name, _)| *name);
        let help = did_you_mean(word, words()).unwrap_or_else(|| format!("it is one of {}", listed(words())));
        let message = format!("`{name}` cannot be `{word}`");
        self.error(Code::BAD_CHOICE, shown(&located, text), message, "not one of its values", Some(help));
        None
    }

    /// A duration with its unit, longer than nothing.
    pub(super) fn duration(&mut self, text: &Text, name: &str) -> Option<Duration> {
        let located = self.expand(text)?;
        let word = located.text();
        let (message, label, help) = match humantime::parse_duration(word) {
            Ok(duration) if !duration.is_zero() => return Some(duration),
            Ok(_) => (format!("`{name}` cannot be zero"), "no time at all", None),
            Err(_) if word.trim().is_empty() => {
                (format!("`{name}` is empty"), "expected a duration", Some("write `10s`".to_owned()))
            }
            Err(_) if word.trim().parse::<f64>().is_ok() => (
                format!("`{word}` has no unit"),
                "seconds, or milliseconds?",
                Some(format!("write `{}s` or `{}ms`", word.trim(), word.trim())),
            ),
            Err(_) => (
                format!("`{word}` is not a duration"),
                "expected a number with a unit",
                Some("durations are written `50ms`, `10s`, `1m 30s`".to_owned()),
            ),
        };
        self.error(Code::BAD_DURATION, shown(&located, text), message, label, help);
        None
    }

    /// A number of bytes.
    pub(super) fn size(&mut self, scalar: &At<Scalar>, name: &str) -> Option<u64> {
        let text = match &scalar.value {
            Scalar::Int(number) => {
                return self
                    .within(&At { value: *number, span: scalar.span }, name, 0, u64::MAX.into())
                    .map(|size| size as u64);
            }
            Scalar::Text(text) => Text { value: text.clone(), span: scalar.span },
        };
        let located = self.expand(&text)?;
        let word = located.text().trim();
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = (&word[..digits], word[digits..].trim_start());
        let factor = if unit.is_empty() {
            Some(1)
        } else {
            UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
        };
        if let (Ok(number), Some(factor)) = (number.parse::<u64>(), factor) {
            if let Some(size) = number.checked_mul(factor) {
                return Some(size);
            }
            self.error(
                Code::BAD_SIZE,
                shown(&located, &text),
                format!("`{word}` is too large a size"),
                "does not fit into 64 bits",
                None,
            );
            return None;
        }
        let iec = unit
            .chars()
            .next()
            .filter(|_| digits > 0)
            .map(|letter| letter.to_ascii_uppercase())
            .filter(|letter| "KMGT".contains(*letter));
        let ambiguous = unit.len() <= 2 || unit.eq_ignore_ascii_case(&format!("{}iB", iec.unwrap_or('?')));
        let (label, help) = match iec {
            Some(letter) if ambiguous => {
                let label = if unit.len() <= 2 { "a power of 1000, or of 1024?" } else { "not a unit" };
                (label, format!("write `{number}{letter}iB`: `{letter}B` is ambiguous, so sizes have IEC units only"))
            }
            _ => (
                "expected a number with an IEC unit",
                "sizes are written `4096`, `\"4KiB\"`, `\"1MiB\"`, `\"2GiB\"`".to_owned(),
            ),
        };
        self.error(Code::BAD_SIZE, shown(&located, &text), format!("`{word}` is not a size"), label, Some(help));
        None
    }

    /// A range; `ordinals` begin at 1.
    pub(super) fn ranges(&mut self, scalar: &At<Scalar>, ordinals: bool) -> Option<Ranges> {
        let read = if ordinals { Ranges::parse_ordinals } else { Ranges::parse };
        let (result, located) = match &scalar.value {
            Scalar::Int(number) => (read(&number.to_string()), None),
            Scalar::Text(text) => {
                let located = self.expand(&Text { value: text.clone(), span: scalar.span })?;
                (read(located.text()), Some(located))
            }
        };
        result.map_err(|problem| self.range_problem(problem, scalar.span, located.as_ref())).ok()
    }

    fn range_problem(&mut self, problem: RangeProblem, whole: Span, located: Option<&Located>) {
        let span = match located {
            Some(located) if !located.text().is_empty() => located.span(problem.range),
            _ => whole,
        };
        self.error(Code::BAD_RANGE, span, problem.message, "", problem.help);
    }

    /// An errno by name or number.
    pub(super) fn errno(&mut self, scalar: &At<Scalar>) -> Option<Errno> {
        let (word, span) = match &scalar.value {
            Scalar::Int(number) => (number.to_string(), scalar.span),
            Scalar::Text(text) => {
                let text = Text { value: text.clone(), span: scalar.span };
                let located = self.expand(&text)?;
                (located.text().to_owned(), shown(&located, &text))
            }
        };
        if let Some(errno) = Errno::parse(&word) {
            return Some(errno);
        }
        if word.parse::<i128>().is_ok() {
            let help = match word.strip_prefix('-') {
                Some(positive) if Errno::parse(positive).is_some() => {
                    Some(format!("write `{positive}`, without the sign"))
                }
                _ => Some("use `retval` for a call that returns a number".to_owned()),
            };
            self.error(
                Code::BAD_ERRNO,
                span,
                format!("there is no errno {word}"),
                "errors are numbered 1 to 4095",
                help,
            );
        } else if word.is_empty() {
            let help = Some("write `error = \"EIO\"`".to_owned());
            self.error(Code::UNKNOWN_ERRNO, span, "the errno is missing", "empty", help);
        } else {
            let help = did_you_mean(&word, Errno::names());
            self.error(Code::UNKNOWN_ERRNO, span, format!("unknown errno `{word}`"), "no such errno", help);
        }
        None
    }

    /// A signal by name or number.
    pub(super) fn signal(&mut self, text: &Text) -> Option<Signal> {
        let located = self.expand(text)?;
        if located.text().is_empty() {
            let help = Some("write `SIGTERM`, or a number".to_owned());
            self.error(Code::UNKNOWN_SIGNAL, text.span, "the signal is missing", "empty", help);
            return None;
        }
        match signal_name(located.text(), 0..located.text().len()) {
            Ok(signal) => Some(signal),
            Err(problem) => {
                self.error(problem.code, shown(&located, text), problem.message, &problem.label, problem.help);
                None
            }
        }
    }

    /// A glob over paths. `whole` says that the glob is matched against whole paths only.
    pub(super) fn glob(&mut self, text: &Text) -> Option<PathGlob> {
        let located = self.expand(text)?;
        let word = located.text();
        if word.is_empty() {
            let help = Some("`*` matches everything".to_owned());
            self.error(Code::BAD_GLOB, text.span, "the glob is empty", "matches nothing", help);
            return None;
        }
        match PathGlob::parse(word) {
            Ok(glob) if glob.is_relative() => {
                let help = Some(format!(
                    "write `**/{word}`, or an absolute path; a glob without `/` matches the last component"
                ));
                let message = "a glob with `/` is matched against the whole path";
                self.error(Code::BAD_GLOB, located.whole(), message, "no absolute path begins so", help);
                None
            }
            Ok(glob) => Some(glob),
            Err(reason) => {
                self.error(Code::BAD_GLOB, located.whole(), format!("`{word}` is not a glob"), &reason, None);
                None
            }
        }
    }

    /// A regular expression.
    pub(super) fn regex(&mut self, text: &Text) -> Option<Regex> {
        let located = self.expand(text)?;
        match Regex::new(located.text()) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let message = format!("`{}` is not a regular expression", located.text());
                self.error(Code::BAD_REGEX, shown(&located, text), message, &reason, None);
                None
            }
        }
    }

    /// A text that is handed to the kernel: it must not contain a zero byte.
    pub(super) fn argument(&mut self, text: &Text) -> Option<String> {
        let located = self.expand(text)?;
        if let Some(at) = located.text().find('\0') {
            let message = "a zero byte cannot be passed to a program";
            self.error(Code::BAD_TEXT, located.span(at..at + 1), message, "zero byte", None);
            return None;
        }
        Some(located.text().to_owned())
    }
}

/// Where to point: inside the quotes, or at them when nothing is inside.
pub(super) fn shown(located: &Located, text: &Text) -> Span {
    if text.value.is_empty() { text.span } else { located.whole() }
}
