//! Lines as people read them: how many of each class, and ranges of them with their functions.
//! It must not know how they are shown.

use std::collections::BTreeSet;
use std::iter::Sum;

use super::{Reach, SourceFile};

/// How many lines of a file are of each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Reached by runs without a fault.
    pub without: usize,
    /// Reached by runs with a fault only.
    pub with_fault: usize,
    /// Reached by none.
    pub never: usize,
}

impl Sum for Share {
    fn sum<I: Iterator<Item = Share>>(shares: I) -> Share {
        shares.fold(Share::default(), |sum, share| Share {
            without: sum.without + share.without,
            with_fault: sum.with_fault + share.with_fault,
            never: sum.never + share.never,
        })
    }
}

/// Lines one after the other that have code, of one class and in one function; lines without code may lie between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first one, from 1.
    pub first: u32,
    /// The last one.
    pub last: u32,
    /// The function, where one is known.
    pub function: Option<String>,
    /// Whether some run has reached a line of that function, or none is known.
    pub is_entered: bool,
}

impl SourceFile {
    /// How many lines are of each class.
    pub fn share(&self) -> Share {
        let mut share = Share::default();
        for reach in self.lines.values() {
            match reach {
                Reach::Without => share.without += 1,
                Reach::WithFault => share.with_fault += 1,
                Reach::Never => share.never += 1,
            }
        }
        share
    }
}

/// The first lines of the functions of which some line is reached.
fn entered(file: &SourceFile) -> BTreeSet<u32> {
    let reached = file.lines.iter().filter(|(_, reach)| **reach != Reach::Never);
    reached.filter_map(|(line, _)| Some(file.function_of(*line)?.0)).collect()
}

/// The ranges of the lines of one class, in order.
pub fn ranges(file: &SourceFile, reach: Reach) -> Vec<Range> {
    let entered = entered(file);
    let mut ranges: Vec<(Range, Option<u32>)> = Vec::new();
    // Whether the line with code before this one is the last of a range.
    let mut goes_on = false;
    for (line, its) in &file.lines {
        if *its != reach {
            goes_on = false;
            continue;
        }
        let function = file.function_of(*line);
        let begins = function.map(|(first, _)| first);
        match ranges.last_mut().filter(|(_, known)| goes_on && *known == begins) {
            Some((range, _)) => range.last = *line,
            None => {
                let is_entered = begins.is_none_or(|first| entered.contains(&first));
                let function = function.map(|(_, name)| name.to_owned());
                ranges.push((Range { first: *line, last: *line, function, is_entered }, begins));
            }
        }
        goes_on = true;
    }
    ranges.into_iter().map(|(range, _)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    #[test]
    fn lines_without_code_do_not_part_a_range_and_functions_do() {
        let file = file("wn..nwffnnn", &[(1, 8, "put"), (9, 11, "main")]);
        let told = |reach| -> Vec<String> {
            let told = |range: Range| {
                let function = range.function.unwrap_or_default();
                format!("{}-{} {function}{}", range.first, range.last, if range.is_entered { "" } else { " closed" })
            };
            ranges(&file, reach).into_iter().map(told).collect()
        };
        assert_eq!(told(Reach::Never), ["2-5 put", "9-11 main closed"]);
        assert_eq!(told(Reach::WithFault), ["7-8 put"]);
        assert_eq!(told(Reach::Without), ["1-1 put", "6-6 put"]);
        assert_eq!(file.share(), Share { without: 2, with_fault: 2, never: 5 });
    }

    #[test]
    fn where_no_function_is_known_a_range_has_none() {
        let range = Range { first: 1, last: 2, function: None, is_entered: true };
        assert_eq!(ranges(&file("nn", &[]), Reach::Never), [range]);
    }
}
