//! A transcript on disk, read by lines: it may be longer than memory.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};

/// The lines of a transcript.
#[derive(Debug)]
pub struct Lines {
    file: Option<File>,
    count: u64,
}

/// A line that is not the same in two transcripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its number, counted from 1.
    pub line: u64,
    /// What it is in the one; `None` where that has ended.
    pub ours: Option<String>,
    /// What it is in the other.
    pub theirs: Option<String>,
}

impl Lines {
    /// A file to write a transcript to; it has no name and goes when it is closed.
    pub fn file() -> io::Result<File> {
        tempfile::tempfile_in("/tmp")
    }

    /// The `count` lines of a file that was written to the end.
    pub fn new(file: File, count: u64) -> Lines {
        Lines { file: Some(file), count }
    }

    /// No lines.
    pub fn empty() -> Lines {
        Lines { file: None, count: 0 }
    }

    /// How many lines there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The lines from `first` (counted from 1) to `last`, with their numbers.
    pub fn range(&self, first: u64, last: u64) -> io::Result<Vec<(u64, String)>> {
        let Some(mut file) = self.file.as_ref() else { return Ok(Vec::new()) };
        file.rewind()?;
        let numbered = (1..).zip(BufReader::new(file).lines());
        numbered
            .skip_while(|(number, _)| *number < first)
            .take_while(|(number, _)| *number <= last)
            .map(|(number, line)| Ok((number, line?)))
            .collect()
    }

    /// Whether there is such a line before the one with that number (counted from 1).
    pub fn has_before(&self, number: u64, is_such: impl Fn(&str) -> bool) -> io::Result<bool> {
        for line in self.read()?.take(number.saturating_sub(1) as usize) {
            if is_such(&line?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The last lines that are there, at most `most`, and how many there are in all: fewer than were written where there
    /// was no room.
    pub fn last(&self, most: usize) -> io::Result<(Vec<String>, u64)> {
        let Some(mut file) = self.file.as_ref() else { return Ok((Vec::new(), 0)) };
        file.rewind()?;
        let (mut last, mut count) = (VecDeque::new(), 0);
        for line in BufReader::new(file).lines() {
            last.push_back(line?);
            count += 1;
            if last.len() > most {
                last.pop_front();
            }
        }
        Ok((last.into(), count))
    }

    /// The first line that is not the same in another transcript.
    pub fn first_difference(&self, other: &Lines) -> io::Result<Option<Difference>> {
        let (mut ours, mut theirs) = (self.read()?, other.read()?);
        for number in 1.. {
            let (our, their) = (ours.next().transpose()?, theirs.next().transpose()?);
            match (our, their) {
                (None, None) => break,
                (our, their) if our == their => {}
                (ours, theirs) => return Ok(Some(Difference { line: number, ours, theirs })),
            }
        }
        Ok(None)
    }

    /// All lines from the first on.
    pub fn read(&self) -> io::Result<impl Iterator<Item = io::Result<String>>> {
        let file = match self.file.as_ref() {
            Some(mut file) => {
                file.rewind()?;
                Some(BufReader::new(file).lines())
            }
            None => None,
        };
        Ok(file.into_iter().flatten())
    }

    /// All of it, if it is at most `most` bytes long.
    pub fn text(&self, most: u64) -> io::Result<Option<String>> {
        let Some(mut file) = self.file.as_ref() else { return Ok(Some(String::new())) };
        if file.metadata()?.len() > most {
            return Ok(None);
        }
        let mut text = String::new();
        file.rewind()?;
        file.read_to_string(&mut text)?;
        Ok(Some(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_found_by_number() {
        let mut file = Lines::file().unwrap();
        file.write_all(b"a\nb\nc\n").unwrap();
        let lines = Lines::new(file, 3);
        assert_eq!(lines.range(2, 9).unwrap(), [(2, "b".to_owned()), (3, "c".to_owned())]);
        assert_eq!(lines.last(2).unwrap(), (vec!["b".to_owned(), "c".to_owned()], 3));
        assert_eq!([2, 3].map(|number| lines.has_before(number, |line| line == "b").unwrap()), [false, true]);
        assert_eq!(lines.text(6).unwrap().as_deref(), Some("a\nb\nc\n"));
        assert_eq!(lines.text(5).unwrap(), None);
        let difference = |line, ours: Option<&str>, theirs: Option<&str>| {
            Some(Difference { line, ours: ours.map(str::to_owned), theirs: theirs.map(str::to_owned) })
        };
        let lines_of = |text: &[u8], count| {
            let mut file = Lines::file().unwrap();
            file.write_all(text).unwrap();
            Lines::new(file, count)
        };
        let differs = |text, count| lines.first_difference(&lines_of(text, count)).unwrap();
        assert_eq!(differs(b"a\nb\nc\n", 3), None);
        assert_eq!(differs(b"a\nx\nc\n", 3), difference(2, Some("b"), Some("x")));
        assert_eq!(differs(b"a\nb\n", 2), difference(3, Some("c"), None));
        assert_eq!(lines.first_difference(&Lines::empty()).unwrap(), difference(1, Some("a"), None));
    }
}
