//! What the TOML parser reports, in our words, and what it accepts although TOML 1.0 does not have it.
//! It must not know any key.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic, Source, Span};

/// A syntax error of the parser.
pub(super) fn syntax_error(source: &Arc<Source>, message: &str, range: Option<Range<usize>>) -> Diagnostic {
    let span = Span::from(range.unwrap_or(0..0));
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let expected = if expected.is_empty() { String::new() } else { format!("expected {expected}") };
    let (what, label, help) = match what {
        "string values must be quoted" if span.start == span.end => {
            ("a value is missing", "nothing stands after `=`".to_owned(), None)
        }
        "string values must be quoted" => {
            ("a string stands without quotes", "not in quotes".to_owned(), Some("put it in quotes"))
        }
        "missing escaped value" => {
            let help = "write regular expressions and globs in '...', where a backslash is itself";
            ("a backslash begins an escape in \"...\"", "no such escape".to_owned(), Some(help))
        }
        "invalid basic string" | "invalid literal string" => ("a string is not closed", expected, None),
        "duplicate key" => ("a key is given twice", "given before".to_owned(), None),
        what => (what, expected, None),
    };
    Diagnostic::error(source, Code::SYNTAX, what).at(span, label).help(help.map(str::to_owned))
}

/// TOML 1.1 in the tree: editors and other parsers refuse it.
pub(super) fn newer_syntax(source: &Arc<Source>, table: &DeTable<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for value in table.values() {
        look(source, value.get_ref(), value.span().into(), &mut found);
    }
    found
}

fn look(source: &Arc<Source>, value: &DeValue<'_>, span: Span, found: &mut Vec<Diagnostic>) {
    match value {
        DeValue::Table(table) => {
            if let Some((at, what)) = inline_table(source.slice(span)) {
                let place = Span { start: span.start + at, end: span.start + at + 1 };
                found.push(newer(
                    source,
                    place,
                    what,
                    "write it on one line, or as a table with a `[header]` of its own",
                ));
            }
            found.extend(newer_syntax(source, table));
        }
        DeValue::Array(array) => {
            array.iter().for_each(|value| look(source, value.get_ref(), value.span().into(), found))
        }
        DeValue::String(_) => {
            if let Some(at) = newer_escape(source.slice(span)) {
                let place = Span { start: span.start + at, end: span.start + at + 2 };
                found.push(newer(source, place, "the escapes `\\e` and `\\x`", "write `\\u001b`, with four digits"));
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

fn newer(source: &Arc<Source>, place: Span, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error(source, Code::SYNTAX, format!("TOML 1.0 does not have {what}"))
        .at(place, "only in TOML 1.1")
        .help(Some(help.to_owned()))
}

/// A line break, or a comma before the closing brace, in an inline table.
fn inline_table(raw: &str) -> Option<(usize, &'static str)> {
    if !raw.starts_with('{') {
        return None;
    }
    let mut brackets = 0_usize;
    let mut comma = None;
    let mut at = 1;
    while at + 1 < raw.len() {
        let rest = &raw[at..];
        let next = rest.chars().next()?;
        match next {
            '"' | '\'' => {
                at += string_len(rest);
                comma = None;
                continue;
            }
            '#' => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            '[' | '{' => brackets += 1,
            ']' | '}' => brackets = brackets.saturating_sub(1),
            '\n' if brackets == 0 => return Some((0, "line breaks in `{ ... }`")),
            _ => {}
        }
        if brackets == 0 && !next.is_whitespace() {
            comma = (next == ',').then_some(at);
        }
        at += next.len_utf8();
    }
    comma.map(|at| (at, "a comma at the end of `{ ... }`"))
}

/// The length of the string that `raw` begins with.
fn string_len(raw: &str) -> usize {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| raw.starts_with(quote)).unwrap_or("\"");
    let mut at = quote.len();
    while at < raw.len() && !raw[at..].starts_with(quote) {
        let escape = quote.starts_with('"') && raw[at..].starts_with('\\');
        let mut chars = raw[at..].chars();
        at += chars.next().map_or(0, char::len_utf8);
        if escape {
            at += chars.next().map_or(0, char::len_utf8);
        }
    }
    // Up to two quotes may stand before the closing three.
    at += quote.len();
    while quote.len() == 3 && raw.get(at..at + 1) == Some(&quote[..1]) {
        at += 1;
    }
    at.min(raw.len())
}

fn newer_escape(raw: &str) -> Option<usize> {
    if !raw.starts_with('"') {
        return None;
    }
    let mut at = 0;
    while let Some(found) = raw[at..].find('\\') {
        at += found;
        if matches!(raw.as_bytes().get(at + 1), Some(b'e' | b'x')) {
            return Some(at);
        }
        at += 2;
        if !raw.is_char_boundary(at) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<usize>) {
        assert_eq!(inline_table(value).map(|(at, _)| at), expected, "{value}");
    }

    #[test]
    fn inline_tables_of_toml_one_stand_on_one_line() {
        check("{ a = 1 }", None);
        check("{ a = 1, }", Some(7));
        check("{\n a = 1 }", Some(0));
        check("{ a = [\n1,\n] }", None);
        check("{ a = '''\n''' }", None);
        check("{ a = \"}\\\",\" }", None);
        check("{}", None);
    }

    #[test]
    fn escapes_of_toml_one() {
        assert_eq!(newer_escape(r#""a\e""#), Some(2));
        assert_eq!(newer_escape(r#""a\\e""#), None);
        assert_eq!(newer_escape(r"'\e'"), None);
    }
}
