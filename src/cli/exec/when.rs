//! `when=` in strace's words: FIRST, FIRST+, FIRST+STEP, FIRST..LAST, FIRST..LAST+STEP.
//! It must not know what is counted.

use super::problem::Problem;

/// The same as a range of a spec.
pub(super) fn when(text: &str) -> Result<String, Problem> {
    const HELP: &str = "write when=3, when=3+, when=3+2, when=3..7 or when=3..7+2";
    let wrong = |why: String| Problem::new(format!("`when={text}`: {why}"), HELP);
    let number = |word: &str, what: &str, least: u64| {
        if word.is_empty() {
            return Err(wrong(format!("the {what} is missing")));
        }
        if !word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong(format!("`{word}` is no number")));
        }
        match word.parse::<u64>() {
            Ok(number) if number >= least => Ok(number),
            Ok(_) => Err(wrong(format!("the {what} cannot be {word}: calls are counted from 1"))),
            Err(_) => Err(wrong(format!("`{word}` does not fit into 64 bits"))),
        }
    };
    let (range, step) = text.split_once('+').map_or((text, None), |(range, step)| (range, Some(step)));
    let (first, last) = range.split_once("..").map_or((range, None), |(first, last)| (first, Some(last)));
    let first = number(first, "first call", 1)?;
    let last = last.map(|last| number(last, "last call", 1)).transpose()?;
    let step = match step {
        // Every call from the first on.
        Some("") => Some(1),
        Some(step) => Some(number(step, "step", 1).map_err(|problem| Problem {
            why: problem.why.replace(": calls are counted from 1", ": the first call would come again and again"),
            ..problem
        })?),
        None => None,
    };
    if let Some(last) = last.filter(|last| *last < first) {
        return Err(wrong(format!("{last} comes before {first}")));
    }
    Ok(match (last, step) {
        (None, None) => format!("{first}"),
        (None, Some(1)) => format!("{first}.."),
        (None, Some(step)) => format!("{first}+{step}"),
        (Some(last), None | Some(1)) => format!("{first}..{last}"),
        (Some(last), Some(step)) => format!("{first}..{last}+{step}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        match when(text) {
            Ok(range) => assert_eq!(range, expected, "{text}"),
            Err(problem) => assert_eq!(problem.why, format!("`when={text}`: {expected}")),
        }
    }

    #[test]
    fn ranges_are_said_as_in_a_spec() {
        check("1", "1");
        check("3+", "3..");
        check("3+1", "3..");
        check("3+2", "3+2");
        check("3..7", "3..7");
        check("3..3", "3..3");
        check("3..7+2", "3..7+2");
        check("3..7+", "3..7");
    }

    #[test]
    fn what_is_no_range_says_why() {
        check("", "the first call is missing");
        check("0", "the first call cannot be 0: calls are counted from 1");
        check("-1", "`-1` is no number");
        check("4-", "`4-` is no number");
        check("5+-", "`-` is no number");
        check("6++", "`+` is no number");
        check("7+0", "the step cannot be 0: the first call would come again and again");
        check("8+-1", "`-1` is no number");
        check("9+1+", "`1+` is no number");
        check("a", "`a` is no number");
        check("24..23", "23 comes before 24");
        check("..20", "the first call is missing");
        check("20..", "the last call is missing");
        check("20..0", "the last call cannot be 0: calls are counted from 1");
        check("18446744073709551616", "`18446744073709551616` does not fit into 64 bits");
    }
}
