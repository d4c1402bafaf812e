//! Which lines of a program's source were reached, and by which runs: those without a fault, or only those with one.
//! It must not read files, or know the tools that made the counters beyond what they print.

mod gcov;
mod lcov;
mod read;
mod written;

pub use gcov::{gcov, version};
pub use lcov::lcov;
pub use read::{Range, Share, ranges};
pub use written::FileLines;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Who has reached a line; a line that several have reached is the one that comes last here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// No run.
    Never,
    /// Runs with a fault, and no other.
    WithFault,
    /// A run without a fault.
    Without,
}

/// The lines of some source files that can be reached at all: those with code of the program. Files by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    files: BTreeMap<String, SourceFile>,
}

/// What a run has reached beyond all that runs without a fault reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The lines.
    pub more: Coverage,
    /// Whether the program has come to say so: one that is killed, or ends by `_exit`, writes no counters.
    pub is_known: bool,
}

/// A source file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FileLines", into = "FileLines")]
pub struct SourceFile {
    lines: BTreeMap<u32, Reach>,
    functions: BTreeMap<u32, Function>,
}

/// A function, which begins in a line that is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Function {
    name: String,
    /// Its last line; `u32::MAX` where nobody says.
    last: u32,
}

impl Coverage {
    /// Whether there are no lines at all.
    pub fn is_empty(&self) -> bool {
        self.files.values().all(|file| file.lines.is_empty())
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &SourceFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Puts a file in place of what is known of it.
    pub fn put(&mut self, path: String, file: SourceFile) {
        self.files.insert(path, file);
    }

    /// Adds what other runs have reached: for each line whoever counts for more.
    pub fn add(&mut self, other: &Coverage) {
        for (path, file) in &other.files {
            if !self.files.contains_key(path) {
                self.files.insert(path.clone(), file.clone());
                continue;
            }
            let known = self.files.entry(path.clone()).or_default();
            for (line, reach) in &file.lines {
                known.reached(*line, *reach);
            }
            for (first, function) in &file.functions {
                known.has_function(*first, function.clone());
            }
        }
    }

    /// What of it is more than `known` has: lines that count for more here, and files that are not there at all.
    #[must_use]
    pub fn beyond(&self, known: &Coverage) -> Coverage {
        let mut more = Coverage::default();
        for (path, file) in &self.files {
            let Some(there) = known.files.get(path) else {
                more.files.insert(path.clone(), file.clone());
                continue;
            };
            let is_more = |(line, reach): &(&u32, &Reach)| there.lines.get(line).is_none_or(|known| known < reach);
            let lines: BTreeMap<u32, Reach> =
                file.lines.iter().filter(is_more).map(|(line, reach)| (*line, *reach)).collect();
            if !lines.is_empty() {
                let is_new = lines.keys().any(|line| !there.lines.contains_key(line));
                let functions = if is_new { file.functions.clone() } else { BTreeMap::new() };
                more.files.insert(path.clone(), SourceFile { lines, functions });
            }
        }
        more
    }

    /// The same, where runs without a fault have reached what is reached.
    #[must_use]
    pub fn without_fault(mut self) -> Coverage {
        let lines = self.files.values_mut().flat_map(|file| file.lines.values_mut());
        lines.filter(|reach| **reach != Reach::Never).for_each(|reach| *reach = Reach::Without);
        self
    }

    /// The same with other paths; files for which there is none are left out.
    #[must_use]
    pub fn renamed(self, name: impl Fn(&str) -> Option<String>) -> Coverage {
        let mut renamed = Coverage::default();
        for (path, file) in self.files {
            if let Some(path) = name(&path) {
                let one = Coverage { files: BTreeMap::from([(path, file)]) };
                renamed.add(&one);
            }
        }
        renamed
    }
}

impl SourceFile {
    /// A line was reached by these runs, or by none.
    fn reached(&mut self, line: u32, reach: Reach) {
        let known = self.lines.entry(line).or_insert(reach);
        *known = (*known).max(reach);
    }

    /// A function begins in line `first`. Of several the one counts that comes first by its name: instances of templates.
    fn has_function(&mut self, first: u32, function: Function) {
        let known = self.functions.entry(first).or_insert_with(|| function.clone());
        if function < *known {
            *known = function;
        }
    }

    /// The function that a line is in: the innermost one.
    fn function_of(&self, line: u32) -> Option<(u32, &str)> {
        let mut before = self.functions.range(..=line).rev();
        let (first, function) = before.find(|(_, function)| function.last >= line)?;
        Some((*first, &function.name))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file whose lines `word` tells, from line 1: `w` without a fault, `f` with one, `n` never, `.` no code.
    pub(crate) fn file(word: &str, functions: &[(u32, u32, &str)]) -> SourceFile {
        let mut file = SourceFile::default();
        for (line, letter) in (1..).zip(word.chars()) {
            match letter {
                'w' => file.reached(line, Reach::Without),
                'f' => file.reached(line, Reach::WithFault),
                'n' => file.reached(line, Reach::Never),
                _ => {}
            }
        }
        for (first, last, name) in functions {
            file.has_function(*first, Function { name: (*name).to_owned(), last: *last });
        }
        file
    }

    pub(crate) fn coverage(files: &[(&str, &str)]) -> Coverage {
        let mut coverage = Coverage::default();
        files.iter().for_each(|(path, word)| coverage.put((*path).to_owned(), file(word, &[])));
        coverage
    }

    fn word(coverage: &Coverage, path: &str) -> String {
        let (_, file) = coverage.files().find(|(known, _)| *known == path).expect("the file is there");
        let last = file.lines.keys().next_back().copied().unwrap_or(0);
        let letter = |line| match file.lines.get(&line) {
            Some(Reach::Without) => 'w',
            Some(Reach::WithFault) => 'f',
            Some(Reach::Never) => 'n',
            None => '.',
        };
        (1..=last).map(letter).collect()
    }

    #[test]
    fn a_line_is_of_those_who_count_for_most_in_whatever_order_they_come() {
        let all = [("nnnw.n", "nwnw.f"), ("nwnw.f", "nnnw.n"), ("wwn", "ffn")];
        let sums = ["nwnw.f", "nwnw.f", "wwn"];
        for ((one, other), sum) in all.into_iter().zip(sums) {
            let mut coverage = coverage(&[("a.c", one)]);
            coverage.add(&super::tests::coverage(&[("a.c", other), ("b.c", "f")]));
            assert_eq!(word(&coverage, "a.c"), sum);
            assert_eq!(word(&coverage, "b.c"), "f");
        }
    }

    #[test]
    fn what_a_run_adds_is_what_it_reaches_and_files_that_are_new() {
        let known = coverage(&[("a.c", "wnwn")]);
        let run = coverage(&[("a.c", "ffnn"), ("b.c", "fn")]);
        let more = run.beyond(&known);
        assert_eq!(word(&more, "a.c"), ".f");
        assert_eq!(word(&more, "b.c"), "fn");
        let mut whole = known.clone();
        whole.add(&more);
        assert_eq!(word(&whole, "a.c"), "wfwn");
        assert!(coverage(&[("a.c", "nfn")]).beyond(&coverage(&[("a.c", "nwn")])).is_empty());
    }

    #[test]
    fn a_line_is_in_the_innermost_function() {
        let file = file("wwwwwwww", &[(1, 6, "outer"), (3, 4, "inner"), (8, u32::MAX, "open")]);
        let name = |line| file.function_of(line).map(|(_, name)| name);
        assert_eq!([2, 3, 5, 7, 9].map(name), [Some("outer"), Some("inner"), Some("outer"), None, Some("open")]);
    }

    #[test]
    fn files_that_get_one_name_are_one() {
        let coverage = coverage(&[("/x/a.c", "wn"), ("/y/a.c", "nf"), ("/usr/include/b.h", "w")]);
        let named = coverage
            .renamed(|path| path.rsplit_once('/').map(|(_, name)| name.to_owned()).filter(|name| name != "b.h"));
        assert_eq!(named.files().map(|(path, _)| path).collect::<Vec<_>>(), ["a.c"]);
        assert_eq!(word(&named, "a.c"), "wf");
    }
}
