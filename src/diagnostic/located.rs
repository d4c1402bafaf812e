//! A text whose every byte knows where in the source it comes from, through TOML's escapes and through expansion.
//! It must not know what is expanded.

use std::ops::Range;

use super::{Source, Span};

/// A text made from a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    text: String,
    /// For each byte of `text` the bytes of the source that it comes from.
    origins: Vec<Span>,
    /// All of it in the source.
    whole: Span,
}

impl Located {
    /// The text of the TOML string that stands at `span`, quotes included; `value` is what the parser made of it.
    pub fn of_toml_string(source: &Source, span: Span, value: &str) -> Located {
        let decoded = Decoder::new(source.slice(span), span.start).decode();
        match decoded {
            Some(located) if located.text == value => located,
            // Nothing that the parser accepts comes here; pointing at the whole string is still right.
            _ => {
                let mut located = Located { whole: span, ..Located::default() };
                located.push(value, span);
                located
            }
        }
    }

    /// An empty text that stands at `whole`.
    pub fn at(whole: Span) -> Located {
        Located { whole, ..Located::default() }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All of it in the source, without quotes.
    pub fn whole(&self) -> Span {
        self.whole
    }

    /// The place of a range of the text. An empty range is the place before the byte that follows it.
    pub fn span(&self, range: Range<usize>) -> Span {
        let first = self.origins.get(range.start);
        if range.is_empty() {
            let at = first.map_or(self.whole.end, |origin| origin.start);
            return Span { start: at, end: at };
        }
        let start = first.map_or(self.whole.start, |origin| origin.start);
        let last = self.origins.get(range.end - 1);
        Span { start, end: last.map_or(self.whole.end, |origin| origin.end) }
    }

    /// Adds text that comes as a whole from `origin`.
    pub fn push(&mut self, text: &str, origin: Span) {
        self.text.push_str(text);
        self.origins.resize(self.text.len(), origin);
    }

    /// Adds a range of another text, each byte with its own origin.
    pub fn push_part(&mut self, other: &Located, range: Range<usize>) {
        self.text.push_str(&other.text[range.clone()]);
        self.origins.extend_from_slice(&other.origins[range]);
    }
}

/// Reads a TOML string once more, for the places of its characters.
struct Decoder<'s> {
    raw: &'s str,
    at: usize,
    offset: usize,
    located: Located,
}

impl<'s> Decoder<'s> {
    fn new(raw: &'s str, offset: usize) -> Decoder<'s> {
        Decoder { raw, at: 0, offset, located: Located::default() }
    }

    fn decode(mut self) -> Option<Located> {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| self.raw.starts_with(quote))?;
        let end = self.raw.len().checked_sub(quote.len()).filter(|end| *end >= quote.len())?;
        self.at = quote.len();
        if quote.len() == 3 {
            self.skip_newline();
        }
        self.located.whole = Span { start: self.offset + self.at, end: self.offset + end };
        while self.at < end {
            let start = self.at;
            let c = self.bump()?;
            if c == '\\' && quote.starts_with('"') {
                self.escape(start, end)?;
            } else {
                self.push(c, start);
            }
        }
        Some(self.located)
    }

    fn escape(&mut self, start: usize, end: usize) -> Option<()> {
        let digits = match self.bump()? {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            c if c.is_whitespace() => {
                // A backslash at the end of a line takes the line's end and the space of the next with it.
                while self.at < end && self.raw[self.at..].starts_with(char::is_whitespace) {
                    self.bump()?;
                }
                return Some(());
            }
            c => {
                let decoded = match c {
                    'b' => '\u{8}',
                    't' => '\t',
                    'n' => '\n',
                    'f' => '\u{c}',
                    'r' => '\r',
                    'e' => '\u{1b}',
                    c => c,
                };
                self.push(decoded, start);
                return Some(());
            }
        };
        let hex = self.raw.get(self.at..self.at + digits)?;
        self.at += digits;
        self.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, start);
        Some(())
    }

    fn push(&mut self, c: char, start: usize) {
        let origin = Span { start: self.offset + start, end: self.offset + self.at };
        self.located.push(c.encode_utf8(&mut [0; 4]), origin);
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.raw[self.at..].chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip_newline(&mut self) {
        let rest = &self.raw[self.at..];
        self.at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds `word` in the decoded string and shows what the source has there.
    fn check(toml: &str, word: &str, expected: &str) {
        let text = format!("key = {toml}");
        let value: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let value = value["key"].as_str().unwrap_or_else(|| panic!("{text} is no string"));
        let source = Source::new("x", text.clone());
        let located = Located::of_toml_string(&source, Span { start: 6, end: text.len() }, value);
        assert_eq!(located.text(), value);
        let at = value.find(word).unwrap_or_else(|| panic!("no {word} in {value}"));
        assert_eq!(source.slice(located.span(at..at + word.len())), expected, "{text}");
    }

    #[test]
    fn words_are_found_again_through_escapes() {
        check("'opnat(x)'", "opnat", "opnat");
        check(r#""opnat(x)""#, "opnat", "opnat");
        check(r#""\"a\" opnat""#, "opnat", "opnat");
        check(r#""\u00e9\t opnat""#, "opnat", "opnat");
        check(r#""op\u006eat""#, "opnat", r"op\u006eat");
        check("\"\"\"\nfirst\nopnat\"\"\"", "opnat", "opnat");
        check("'''\nfirst\nopnat'''", "opnat", "opnat");
        check("\"\"\"a \\\n   opnat\"\"\"", "opnat", "opnat");
        check("\"\"\"op\\\n   nat\"\"\"", "opnat", "op\\\n   nat");
        check("\"é opnat\"", "opnat", "opnat");
        check("'''a''b'''", "b", "b");
        check("\"\"\"x\"\"\"\"", "\"", "\"");
    }

    #[test]
    fn expanded_text_points_at_what_was_expanded() {
        let source = Source::new("x", "'${tmp}/a*'");
        let written = Located::of_toml_string(&source, Span { start: 0, end: 11 }, "${tmp}/a*");
        let mut expanded = Located::at(written.whole());
        expanded.push("/tmp/x", written.span(0..6));
        expanded.push_part(&written, 6..9);
        assert_eq!(expanded.text(), "/tmp/x/a*");
        assert_eq!(source.slice(expanded.span(2..4)), "${tmp}");
        assert_eq!(source.slice(expanded.span(7..9)), "a*");
        assert_eq!(source.slice(expanded.span(9..9)), "");
    }
}
