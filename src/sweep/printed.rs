//! What runs without a fault print that is not the same in all of them: lines, or words of them.
//! It must not know anything else of a run.

use std::collections::{BTreeMap, BTreeSet};

/// What is not the same in texts that have the same number of lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Varying {
    lines: BTreeMap<usize, Words>,
}

/// What of a line is not the same, by the positions of words between blanks.
#[derive(Clone, Debug)]
enum Words {
    All,
    Some(BTreeSet<usize>),
}

impl Varying {
    /// Adds in what `other` is not as `golden`; `false` where it has more lines, or fewer.
    #[must_use]
    pub(super) fn add(&mut self, golden: &[u8], other: &[u8]) -> bool {
        let Some(differing) = differing_lines(golden, other) else { return false };
        for (at, one, other) in differing {
            let now = Words::differing(one, other);
            match (self.lines.get_mut(&at), now) {
                (Some(Words::Some(known)), Words::Some(more)) => known.extend(more),
                (_, now) => drop(self.lines.insert(at, now)),
            }
        }
        true
    }

    /// Whether a text is as `golden`, apart from what is not the same in each.
    pub(super) fn is_same(&self, golden: &[u8], now: &[u8]) -> bool {
        let is_left_out = |(at, one, other): Pair<'_>| match self.lines.get(&at) {
            None => false,
            Some(Words::All) => true,
            Some(Words::Some(known)) => match Words::differing(one, other) {
                Words::All => false,
                Words::Some(differing) => differing.is_subset(known),
            },
        };
        differing_lines(golden, now).is_some_and(|lines| lines.into_iter().all(is_left_out))
    }

    /// In words: `2 lines of standard output`.
    pub(super) fn told(&self) -> Vec<String> {
        let whole = self.lines.values().filter(|words| matches!(words, Words::All)).count();
        let lines = |count: usize| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
        let parts = self.lines.len() - whole;
        let told = [(whole, ""), (parts, "words in ")].into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{what}{} of standard output", lines(count))).collect()
    }
}

impl Words {
    /// The words in which two lines differ; all, where they have not as many of them or the blanks differ.
    fn differing(one: &[u8], other: &[u8]) -> Words {
        let (one, other) = (words(one), words(other));
        let differing = one.iter().zip(&other).enumerate().filter(|(_, (one, other))| one != other);
        let differing: BTreeSet<usize> = differing.map(|(at, _)| at).collect();
        if one.len() == other.len() && !differing.is_empty() { Words::Some(differing) } else { Words::All }
    }
}

fn words(line: &[u8]) -> Vec<&[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect()
}

/// A line of two texts, and its number from 0.
type Pair<'t> = (usize, &'t [u8], &'t [u8]);

/// The lines that are not the same; `None` where one text has more of them.
fn differing_lines<'t>(one: &'t [u8], other: &'t [u8]) -> Option<Vec<Pair<'t>>> {
    fn lines(text: &[u8]) -> Vec<&[u8]> {
        text.split(|byte| *byte == b'\n').collect()
    }
    let (one, other) = (lines(one), lines(other));
    let differing = one.iter().zip(&other).enumerate().filter(|(_, (one, other))| one != other);
    (one.len() == other.len()).then(|| differing.map(|(at, (one, other))| (at, *one, *other)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varying(golden: &str, others: &[&str]) -> Varying {
        let mut varying = Varying::default();
        others.iter().for_each(|other| assert!(varying.add(golden.as_bytes(), other.as_bytes())));
        varying
    }

    #[test]
    fn words_that_are_the_same_are_compared() {
        let golden = "a root  Jan 1\nb\n";
        let found = varying(golden, &["a root  Jan 2\nb\n", "a root  Feb 1\nb\n"]);
        assert_eq!(found.told(), ["words in 1 line of standard output"]);
        let check = |now: &str, is_same: bool| assert_eq!(found.is_same(golden.as_bytes(), now.as_bytes()), is_same);
        check("a root  Mar 3\nb\n", true);
        check("a 0     Mar 3\nb\n", false);
        check("a root  Mar\nb\n", false);
        check("a root  Jan 1\nc\n", false);
        check("a root  Jan 1\n", false);
    }

    #[test]
    fn lines_with_other_words_are_left_out() {
        let found = varying("1 row\nx\n", &["no row at all\nx\n"]);
        assert_eq!(found.told(), ["1 line of standard output"]);
        assert!(found.is_same(b"1 row\nx\n", b"2 rows\nx\n"));
        assert!(!found.is_same(b"1 row\nx\n", b"2 rows\ny\n"));
        assert!(!Varying::default().add(b"a\n", b"a\nb\n"));
    }
}
