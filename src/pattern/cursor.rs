//! The words of the pattern grammar: moving over its text.
//! It must not know what a word means.

use std::ops::Range;

/// A place in a text, moving forward.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Cursor<'t> {
        Cursor { text, at: 0 }
    }

    /// The place, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The text of a range.
    pub(super) fn slice(&self, range: &Range<usize>) -> &'t str {
        &self.text[range.clone()]
    }

    /// The next character, if there is one.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Moves over the next character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Moves over `word` if it is next.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        if there {
            self.at += word.len();
        }
        there
    }

    /// Moves over `word` if it is next and the word ends there.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let there = self.peek_name() == word;
        if there {
            self.at += word.len();
        }
        there
    }

    /// The name that is next, empty if there is none: `[A-Za-z0-9_.-]`, not ending in `-`.
    pub(super) fn peek_name(&self) -> &'t str {
        let rest = self.rest();
        let len = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        rest[..len].trim_end_matches('-')
    }

    /// Moves over the name that is next.
    pub(super) fn name(&mut self) -> (&'t str, Range<usize>) {
        let name = self.peek_name();
        let start = self.at;
        self.at += name.len();
        (name, start..self.at)
    }

    /// What comes up to the first of `ends`, without the space before it.
    pub(super) fn raw_until(&mut self, ends: &[char]) -> (&'t str, Range<usize>) {
        let rest = self.rest();
        let raw = rest[..rest.find(ends).unwrap_or(rest.len())].trim_end();
        let start = self.at;
        self.at += raw.len();
        (raw, start..self.at)
    }

    /// The range of the word that is next, for pointing at it; empty at the end.
    pub(super) fn word_range(&self) -> Range<usize> {
        let len = self.peek_name().len().max(self.peek().map_or(0, char::len_utf8));
        self.at..self.at + len
    }

    /// Moves to the next comma outside of strings that is `depth` parentheses out, or to the end.
    /// With `depth` 1 it stops at the closing parenthesis too.
    pub(super) fn skip_to_comma(&mut self, depth: usize) {
        let mut open = depth;
        while let Some(next) = self.peek() {
            match next {
                '\'' | '"' => {
                    self.bump();
                    let rest = self.rest();
                    self.at += rest.find(next).map_or(rest.len(), |end| end + 1);
                    continue;
                }
                '(' => open += 1,
                ')' if depth == 1 && open == 1 => return,
                ')' => open = open.saturating_sub(1),
                ',' if open == depth => return,
                _ => {}
            }
            self.bump();
        }
    }
}

pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}
