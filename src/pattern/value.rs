//! Reads single values of the pattern grammar: numbers, flags, strings, variables, globs, regular expressions.
//! It must not know which test a value belongs to.

use std::ops::Range;

use regex::Regex;

use super::PathGlob;
use super::ast::{Comparison, Value};
use super::cursor::Cursor;
use super::names::Kinds;
use super::problem::PatternProblem;
use crate::diagnostic::Code;

fn problem(
    code: Code,
    range: Range<usize>,
    message: impl Into<String>,
    label: &str,
    help: Option<&str>,
) -> PatternProblem {
    PatternProblem::new(code, range, message).label(label).help(help.map(str::to_owned))
}

/// A bare word, with the offset of a real-time signal: `SIGRTMIN+3`.
pub(super) fn word<'t>(cursor: &mut Cursor<'t>) -> (&'t str, Range<usize>) {
    let mut end = cursor.clone();
    let (name, range) = end.name();
    if matches!(name, "SIGRTMIN" | "RTMIN" | "SIGRTMAX" | "RTMAX") && (end.eat("+") || end.eat("-")) {
        let (_, digits) = end.name();
        *cursor = end;
        let range = range.start..digits.end;
        return (cursor.slice(&range), range);
    }
    *cursor = end;
    (name, range)
}

/// A number: decimal, `0x` hexadecimal, or octal with a leading `0` as transcripts print modes.
pub(super) fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i128::from(u64::from_str_radix(hex, 16).ok()?)
    } else if digits.len() > 1 && digits.starts_with('0') {
        let octal = digits.strip_prefix("0o").unwrap_or(digits);
        i128::from(u64::from_str_radix(octal, 8).ok()?)
    } else {
        i128::from(digits.parse::<u64>().ok()?)
    };
    Some(if negative { -value } else { value })
}

/// The value that is next.
pub(super) fn read(cursor: &mut Cursor<'_>, kinds: &Kinds, arg: &str) -> Result<Value, PatternProblem> {
    match cursor.peek() {
        Some('\'' | '"') => quoted(cursor).map(|(text, _)| Value::Text(text.to_owned())),
        Some('$') => variable(cursor).map(Value::Use),
        Some('?') => variable(cursor).map(Value::Bind),
        Some(c) if c.is_ascii_digit() || c == '-' => number(cursor),
        Some(c) if c.is_ascii_alphabetic() || c == '_' => flags(cursor, kinds, arg),
        _ => Err(problem(
            Code::PATTERN_SYNTAX,
            cursor.word_range(),
            "a value is missing",
            "expected a value",
            Some("write a number, a flag, a quoted string, `$name` or `?name`"),
        )),
    }
}

fn number(cursor: &mut Cursor<'_>) -> Result<Value, PatternProblem> {
    let start = cursor.at();
    cursor.eat("-");
    let (_, range) = cursor.name();
    let range = start..range.end;
    let text = cursor.slice(&range);
    integer(text).map(Value::Int).ok_or_else(|| {
        let digits = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
        let label = if digits && !text.starts_with('0') { "does not fit into 64 bits" } else { "not a number" };
        problem(
            Code::BAD_NUMBER,
            range,
            format!("`{text}` is not a number"),
            label,
            Some("decimal, or hexadecimal as `0x1f`, or octal as `0644`"),
        )
    })
}

fn flags(cursor: &mut Cursor<'_>, kinds: &Kinds, arg: &str) -> Result<Value, PatternProblem> {
    let mut names = Vec::new();
    let mut wrong = None;
    loop {
        let (name, range) = word(cursor);
        if name.is_empty() {
            let range = cursor.word_range();
            return Err(problem(Code::PATTERN_SYNTAX, range, "a flag is missing after `|`", "expected a flag", None));
        }
        if let Err(problem) = kinds.flag(arg, name, range) {
            wrong.get_or_insert(problem);
        }
        names.push(name.to_owned());
        let mut ahead = cursor.clone();
        ahead.skip_space();
        if !ahead.eat("|") {
            break;
        }
        ahead.skip_space();
        *cursor = ahead;
    }
    wrong.map_or(Ok(Value::Flags(names)), Err)
}

fn variable(cursor: &mut Cursor<'_>) -> Result<String, PatternProblem> {
    let start = cursor.at();
    let sign = cursor.bump();
    let (name, range) = cursor.name();
    if !name.is_empty() {
        return Ok(name.to_owned());
    }
    let help = if sign == Some('$') { "write `$name`" } else { "write `?name`" };
    Err(problem(Code::PATTERN_SYNTAX, start..range.end, "a variable has no name", "expected a name", Some(help)))
}

fn quoted<'t>(cursor: &mut Cursor<'t>) -> Result<(&'t str, Range<usize>), PatternProblem> {
    let start = cursor.at();
    let quote = cursor.bump().unwrap_or('\'');
    let rest = cursor.rest();
    let Some(len) = rest.find(quote) else {
        let range = start..start + quote.len_utf8() + rest.len();
        let help = format!("add `{quote}` at the end");
        return Err(problem(Code::PATTERN_SYNTAX, range, "a string is not closed", "begins here", Some(&help)));
    };
    let range = cursor.at()..cursor.at() + len;
    while cursor.at() <= range.end {
        cursor.bump();
    }
    Ok((&rest[..len], range))
}

/// The quoted glob after `~`.
pub(super) fn glob(cursor: &mut Cursor<'_>, arg: &str, is_path: bool) -> Result<PathGlob, PatternProblem> {
    if !matches!(cursor.peek(), Some('\'' | '"')) {
        let (raw, range) = cursor.raw_until(&[',', ')']);
        let help = format!("write `{arg} ~ '{}'`", if raw.is_empty() { "*.txt" } else { raw });
        return Err(problem(Code::PATTERN_SYNTAX, range, "`~` takes a quoted glob", "not quoted", Some(&help)));
    }
    let (text, range) = quoted(cursor)?;
    if text.is_empty() {
        let range = range.start - 1..range.end + 1;
        return Err(problem(
            Code::BAD_GLOB,
            range,
            "the glob is empty",
            "matches nothing",
            Some("`'*'` matches everything"),
        ));
    }
    let glob = PathGlob::parse(text)
        .map_err(|reason| problem(Code::BAD_GLOB, range.clone(), format!("`{text}` is not a glob"), &reason, None))?;
    if is_path && glob.is_relative() {
        let help = format!("write `**/{text}`, or an absolute path; a glob without `/` matches the last component");
        let message = "a glob with `/` is matched against the whole path";
        return Err(problem(Code::BAD_GLOB, range, message, "no absolute path begins so", Some(&help)));
    }
    Ok(glob)
}

/// The regular expression after `matches`, between slashes; `\/` is a slash in it.
pub(super) fn regex(cursor: &mut Cursor<'_>) -> Result<Regex, PatternProblem> {
    let start = cursor.at();
    if !cursor.eat("/") {
        let help = Some("write `matches /^ab+c$/`");
        return Err(problem(
            Code::PATTERN_SYNTAX,
            cursor.word_range(),
            "`matches` takes a regular expression between slashes",
            "expected `/`",
            help,
        ));
    }
    let mut text = String::new();
    loop {
        match cursor.bump() {
            Some('/') => break,
            Some('\\') if cursor.eat("/") => text.push('/'),
            Some('\\') => {
                text.push('\\');
                text.extend(cursor.bump());
            }
            Some(c) => text.push(c),
            None => {
                let range = start..cursor.at();
                return Err(problem(
                    Code::PATTERN_SYNTAX,
                    range,
                    "a regular expression is not closed",
                    "begins here",
                    Some("add `/` at the end"),
                ));
            }
        }
    }
    Regex::new(&text).map_err(|error| {
        let reason = regex_reason(&error);
        problem(
            Code::BAD_REGEX,
            start + 1..cursor.at() - 1,
            format!("`{text}` is not a regular expression"),
            &reason,
            None,
        )
    })
}

/// The reason alone, without the drawing that the regex library makes.
fn regex_reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// `<` and its like need numbers, and only `=` binds.
pub(super) fn check_comparison(
    comparison: Comparison,
    value: &Value,
    range: Range<usize>,
) -> Result<(), PatternProblem> {
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    match value {
        Value::Bind(name) if comparison != Comparison::Equal => {
            let help = format!("write `= ?{name}` to bind, `{comparison} ${name}` to compare");
            Err(problem(Code::BAD_TEST, range, "only `=` binds a variable", "cannot bind", Some(&help)))
        }
        Value::Text(_) | Value::Flags(_) if !equality => {
            let help = Some("use `=`, `!=` or `~` with names and strings");
            Err(problem(Code::BAD_TEST, range, format!("`{comparison}` compares numbers"), "not a number", help))
        }
        _ => Ok(()),
    }
}
