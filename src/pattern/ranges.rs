//! The one range grammar: `N`, `N..`, `N..M`, `N+S`, `N..M+S`, `N+`, and lists with commas.
//! It must not know what is counted.

use std::fmt;
use std::ops::Range;

/// A set of counts, as `when`, `fires`, `count` and `is` write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    parts: Vec<Part>,
}

/// From `first`, every `step`th, up to and with `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    first: u64,
    last: Option<u64>,
    step: u64,
}

/// What is wrong with the text of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeProblem {
    /// The bytes of the text that are wrong.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Ranges {
    /// Every count from `first` on.
    pub fn from(first: u64) -> Ranges {
        Ranges { parts: vec![Part { first, last: None, step: 1 }] }
    }

    /// This count alone.
    pub fn exactly(count: u64) -> Ranges {
        Ranges { parts: vec![Part { first: count, last: Some(count), step: 1 }] }
    }

    /// Reads counts, 0 among them: `fires = "0.."`.
    pub fn parse(text: &str) -> Result<Ranges, RangeProblem> {
        read(text, 0)
    }

    /// Reads ordinals, which begin at 1: `when = "1"`.
    pub fn parse_ordinals(text: &str) -> Result<Ranges, RangeProblem> {
        read(text, 1)
    }

    /// Whether `count` is in the set.
    pub fn contains(&self, count: u64) -> bool {
        self.parts.iter().any(|part| part.contains(count))
    }

    /// Whether something that happened `count` times is as it should be.
    pub fn is_satisfied_by(&self, count: u64) -> bool {
        self.contains(count)
    }

    /// The largest count in the set; `None` where there is no end.
    pub fn max(&self) -> Option<u64> {
        self.parts.iter().map(Part::max).try_fold(0, |max, part| Some(max.max(part?)))
    }

    /// How many counts the set has, those in two parts of a list counted twice; `None` where there is no end.
    pub fn len(&self) -> Option<u64> {
        self.parts.iter().try_fold(0_u64, |len, part| {
            let more = (part.last? - part.first) / part.step;
            Some(len.saturating_add(more).saturating_add(1))
        })
    }

    /// Whether the set is empty, which it never is.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The smallest count in the set.
    pub fn min(&self) -> u64 {
        self.parts.iter().map(|part| part.first).min().unwrap_or(0)
    }
}

impl Part {
    fn contains(&self, count: u64) -> bool {
        count >= self.first
            && self.last.is_none_or(|last| count <= last)
            && (count - self.first).is_multiple_of(self.step)
    }

    fn max(&self) -> Option<u64> {
        self.last.map(|last| last - (last - self.first) % self.step)
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match *part {
                Part { first, last: Some(last), .. } if first == last => write!(f, "{first}")?,
                Part { first, last: Some(last), step: 1 } => write!(f, "{first}..{last}")?,
                Part { first, last: Some(last), step } => write!(f, "{first}..{last}+{step}")?,
                Part { first, last: None, step: 1 } => write!(f, "{first}..")?,
                Part { first, last: None, step } => write!(f, "{first}+{step}")?,
            }
        }
        Ok(())
    }
}

fn read(text: &str, lowest: u64) -> Result<Ranges, RangeProblem> {
    if text.trim().is_empty() {
        return Err(problem(0..text.len(), "a range is missing", Some("write `1`, `2..5`, `3..` or `1+2`")));
    }
    let mut parts = Vec::new();
    let mut at = 0;
    for piece in text.split(',') {
        parts.push(Reader { text, at, end: at + piece.len(), lowest }.part()?);
        at += piece.len() + 1;
    }
    Ok(Ranges { parts })
}

fn problem(range: Range<usize>, message: impl Into<String>, help: Option<&str>) -> RangeProblem {
    RangeProblem { range, message: message.into(), help: help.map(str::to_owned) }
}

/// Reads one piece of a list.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    end: usize,
    lowest: u64,
}

impl Reader<'_> {
    fn part(mut self) -> Result<Part, RangeProblem> {
        self.space();
        let begin = self.at;
        if self.rest().is_empty() {
            return Err(problem(
                self.comma_before(begin)..self.end.max(begin),
                "nothing stands between the commas",
                Some("take out the comma"),
            ));
        }
        if self.rest().starts_with("..") {
            let help = format!("write `{}{}`", self.lowest, self.rest().trim_end());
            return Err(problem(begin..self.end, "the range has no beginning", Some(&help)));
        }
        let first = self.number("a range begins with")?;
        if first < self.lowest {
            let message = "the first occurrence is 1, there is none numbered 0";
            return Err(problem(begin..self.at, message, None));
        }
        let mut last = Some(first);
        if self.eat("..") {
            last = None;
            if self.rest().starts_with('=') {
                let help = Some("a range includes its end: write `..` alone");
                return Err(problem(self.at..self.at + 1, "`..=` is not part of a range", help));
            }
            if self.rest().starts_with(|c: char| c.is_ascii_digit() || c == '-') {
                let end = self.number("a range ends with")?;
                if end < first {
                    let help = format!("write `{end}..{first}`");
                    return Err(problem(begin..self.at, "the range ends before it begins", Some(&help)));
                }
                last = Some(end);
            }
        }
        let mut step = 1;
        let plus = self.at;
        if self.eat("+") {
            let open = self.text[begin..plus].bytes().all(|byte| byte.is_ascii_digit());
            if open {
                last = None;
            }
            if !self.rest().is_empty() {
                let digits = self.at;
                if self.rest().starts_with('+') {
                    let help = Some("one `+` means every one from there on");
                    return Err(problem(plus..self.at + 1, "`+` stands twice", help));
                }
                step = self.number("a step is")?;
                if step == 0 {
                    let help = Some("a step is 1 or more");
                    return Err(problem(digits..self.at, "a step of 0 never moves on", help));
                }
            } else if !open {
                return Err(problem(plus..self.at, "the step is missing", Some("write a number after `+`")));
            }
        }
        self.space();
        if !self.rest().is_empty() {
            return Err(self.trailing(begin));
        }
        Ok(Part { first, last, step })
    }

    /// Says what is wrong with that which follows a whole range.
    fn trailing(&self, begin: usize) -> RangeProblem {
        let rest = self.rest().trim_end();
        let range = self.at..self.at + rest.len();
        let before = &self.text[begin..self.at];
        if let Some(end) = rest.strip_prefix('-') {
            let help = format!("write `{before}..{end}`");
            return problem(range, "`-` is not part of a range", Some(&help));
        }
        if rest.starts_with('+') {
            return problem(range, "a range has one step only", Some("take out the second `+`"));
        }
        problem(
            range,
            format!("`{rest}` is not part of a range"),
            Some("write `1`, `2..5`, `3..`, `1+2` or a list of those"),
        )
    }

    fn number(&mut self, what: &str) -> Result<u64, RangeProblem> {
        let text = self.text;
        let rest = &text[self.at..self.end];
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 {
            let len = rest.find([',', ' ']).unwrap_or(rest.len()).max(1).min(rest.len());
            let wrong = &rest[..len];
            let range = self.at..self.at + len;
            return Err(match wrong.strip_prefix('-').map(str::parse::<u64>) {
                Some(Ok(_)) => {
                    problem(range, format!("{what} a number that is not negative"), Some("counts go up from 0"))
                }
                _ => problem(range, format!("{what} a number, not `{wrong}`"), None),
            });
        }
        let range = self.at..self.at + len;
        self.at += len;
        rest[..len]
            .parse()
            .map_err(|_| problem(range, "the number is too large", Some("the largest count is 18446744073709551615")))
    }

    fn rest(&self) -> &str {
        &self.text[self.at..self.end]
    }

    fn eat(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        if there {
            self.at += word.len();
        }
        there
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// The comma nearest to an empty piece: what the author has to take out.
    fn comma_before(&self, at: usize) -> usize {
        self.text[..at].rfind(',').unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str, expected: &[u64]) {
        let ranges = Ranges::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        assert_eq!((0..12).filter(|count| ranges.contains(*count)).collect::<Vec<_>>(), expected, "{text}");
        assert_eq!(Ranges::parse(&ranges.to_string()), Ok(ranges), "{text} prints differently");
    }

    #[test]
    fn ranges_hold_what_they_say() {
        members("3", &[3]);
        members("0", &[0]);
        members("9..", &[9, 10, 11]);
        members("9+", &[9, 10, 11]);
        members("2..4", &[2, 3, 4]);
        members("4..4", &[4]);
        members("1+4", &[1, 5, 9]);
        members("1..8+3", &[1, 4, 7]);
        members("1, 3 ,7", &[1, 3, 7]);
        members("0..1,10..", &[0, 1, 10, 11]);
    }

    #[test]
    fn the_largest_count_is_known_where_there_is_one() {
        let max = |text| Ranges::parse(text).ok().and_then(|ranges| ranges.max());
        assert_eq!(max("1..8+3"), Some(7));
        assert_eq!(max("9,2"), Some(9));
        assert_eq!(max("1,4.."), None);
        assert_eq!(max("18446744073709551615"), Some(u64::MAX));
    }

    fn wrong(text: &str, part: &str, message: &str) {
        let problem = Ranges::parse_ordinals(text).expect_err(text);
        assert_eq!((&text[problem.range.clone()], problem.message.as_str()), (part, message), "{text}");
    }

    #[test]
    fn every_mistake_has_its_own_message() {
        wrong("", "", "a range is missing");
        wrong("0", "0", "the first occurrence is 1, there is none numbered 0");
        wrong("-1", "-1", "a range begins with a number that is not negative");
        wrong("4-", "-", "`-` is not part of a range");
        wrong("4-6", "-6", "`-` is not part of a range");
        wrong("5+-", "-", "a step is a number, not `-`");
        wrong("5+-1", "-1", "a step is a number that is not negative");
        wrong("6++", "++", "`+` stands twice");
        wrong("7+0", "0", "a step of 0 never moves on");
        wrong("9+1+", "+", "a range has one step only");
        wrong("24..23", "24..23", "the range ends before it begins");
        wrong("..20", "..20", "the range has no beginning");
        wrong("18446744073709551616", "18446744073709551616", "the number is too large");
        wrong("1,,2", ",", "nothing stands between the commas");
        wrong("1,", ",", "nothing stands between the commas");
        wrong("1..=3", "=", "`..=` is not part of a range");
        wrong("1...3", ".3", "`.3` is not part of a range");
        wrong("1..3+", "+", "the step is missing");
        wrong("first", "first", "a range begins with a number, not `first`");
        wrong("1.5", ".5", "`.5` is not part of a range");
        wrong("3x", "x", "`x` is not part of a range");
        wrong("1..-3", "-3", "a range ends with a number that is not negative");
    }
}
