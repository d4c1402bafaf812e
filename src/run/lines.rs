//! A transcript, read by lines. It may be longer than memory: only a short one is not on disk.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Seek};

use tempfile::{SpooledData, SpooledTempFile};

/// So many bytes of a transcript are in memory; one that is longer is in a file from its beginning.
const SHORT: usize = 64 << 10;

/// The lines of a transcript.
#[derive(Debug)]
pub struct Lines {
    text: SpooledData,
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
    /// What to write a transcript to: once it is a file, that has no name and goes when it is closed.
    pub fn file() -> SpooledTempFile {
        tempfile::spooled_tempfile_in(SHORT, "/tmp")
    }

    /// The `count` lines of what was written to the end.
    pub fn new(file: SpooledTempFile, count: u64) -> Lines {
        Lines { text: file.into_inner(), count }
    }

    /// No lines.
    pub fn empty() -> Lines {
        Lines::new(Lines::file(), 0)
    }

    /// How many lines there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The lines from `first` (counted from 1) to `last`, with their numbers.
    pub fn range(&self, first: u64, last: u64) -> io::Result<Vec<(u64, String)>> {
        (1..)
            .zip(self.read()?)
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
        let (mut last, mut count) = (VecDeque::new(), 0);
        for line in self.read()? {
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
        Ok(self.start()?.lines())
    }

    /// All of it, if it is at most `most` bytes long.
    pub fn text(&self, most: u64) -> io::Result<Option<String>> {
        let mut text = Vec::new();
        self.start()?.take(most.saturating_add(1)).read_to_end(&mut text)?;
        if text.len() as u64 > most {
            return Ok(None);
        }
        String::from_utf8(text).map(Some).map_err(io::Error::other)
    }

    fn start(&self) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(match &self.text {
            SpooledData::InMemory(text) => Box::new(text.get_ref().as_slice()),
            SpooledData::OnDisk(file) => {
                let mut file = file;
                file.rewind()?;
                Box::new(BufReader::new(file))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_long_transcript_is_as_good_as_a_short_one() {
        let mut file = Lines::file();
        (1..=SHORT).for_each(|number| writeln!(file, "{number}").unwrap());
        let lines = Lines::new(file, SHORT as u64);
        assert!(matches!(lines.text, SpooledData::OnDisk(_)));
        assert_eq!(lines.range(2, 2).unwrap(), [(2, "2".to_owned())]);
        assert_eq!(lines.last(1).unwrap(), (vec![SHORT.to_string()], SHORT as u64));
        assert_eq!(lines.read().unwrap().count(), SHORT);
        assert_eq!(lines.text(SHORT as u64).unwrap(), None);
    }

    #[test]
    fn lines_are_found_by_number() {
        let mut file = Lines::file();
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
            let mut file = Lines::file();
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
