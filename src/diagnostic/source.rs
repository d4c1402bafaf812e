//! A source text with its name, and byte ranges in it.
//! It must not know what the text means.

use std::ops::Range;

/// A text that diagnostics point into: that of a file, and behind it those of the files that it adds to.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name shown: the path as the user wrote it, or `<stdin>`.
    pub name: String,
    /// The whole text. Each further file begins on a line of its own.
    pub text: String,
    /// The files behind the first.
    added: Vec<Added>,
}

/// A file behind the first.
#[derive(Clone, Debug)]
struct Added {
    name: String,
    /// Where it begins in the whole text.
    start: usize,
}

/// One file of a [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'s> {
    /// The name shown.
    pub name: &'s str,
    /// Its text.
    pub text: &'s str,
    /// Where that begins in the whole text.
    pub start: usize,
}

/// A range of bytes in a [`Source`], end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Source {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into(), added: Vec::new() }
    }

    /// Adds a file behind those that there are.
    pub fn add(&mut self, name: impl Into<String>, text: &str) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.added.push(Added { name: name.into(), start: self.text.len() });
        self.text.push_str(text);
    }

    /// The files, the first one first.
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = Piece<'_>> {
        (0..=self.added.len()).map(|at| self.piece(at))
    }

    /// The file that a byte belongs to.
    pub fn piece_at(&self, at: usize) -> Piece<'_> {
        self.piece(self.added.iter().take_while(|added| added.start <= at).count())
    }

    fn piece(&self, number: usize) -> Piece<'_> {
        let added = number.checked_sub(1).map(|before| &self.added[before]);
        let start = added.map_or(0, |added| added.start);
        let end = self.added.get(number).map_or(self.text.len(), |next| next.start);
        Piece { name: added.map_or(&self.name, |added| &added.name), text: &self.text[start..end], start }
    }

    /// The text of a span, as far as the source reaches.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end.min(self.text.len())).unwrap_or_default()
    }

    /// The line of its file and the column of a byte, both from 1; columns are characters.
    pub fn position(&self, at: usize) -> (usize, usize) {
        let Piece { text, start, .. } = self.piece_at(at);
        let before = &text[..boundary(text, at.saturating_sub(start))];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// The last boundary between characters that is not behind this byte.
pub(super) fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Span {
        Span { start: range.start, end: range.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = Source::new("x", "a\n\u{e9}b\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(4), (2, 2));
        assert_eq!(source.position(99), (3, 1));
    }

    #[test]
    fn places_are_those_of_the_file_that_they_are_in() {
        let mut source = Source::new("x", "a\nb");
        source.add("y", "c\nd\n");
        source.add("z", "");
        source.add("w", "e");
        let pieces: Vec<_> = source.pieces().map(|piece| (piece.name, piece.text, piece.start)).collect();
        assert_eq!(pieces, [("x", "a\nb\n", 0), ("y", "c\nd\n", 4), ("z", "", 8), ("w", "e", 8)]);
        let place = |at| (source.piece_at(at).name, source.position(at));
        assert_eq!([place(2), place(4), place(6)], [("x", (2, 1)), ("y", (1, 1)), ("y", (2, 1))]);
        assert_eq!(place(8), ("w", (1, 1)));
    }
}
