//! Changes of the time of day, as somebody who sets the clock makes them.
//! It must not know how a run keeps its time.

use std::fmt;
use std::time::Duration;

/// The changes of one rule, in the order of their times; at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClockFault {
    /// When each one comes, and what it is.
    pub changes: Vec<(Duration, Shift)>,
}

/// By how much the clock is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// To an earlier time.
    pub is_back: bool,
    /// By so much.
    pub by: Duration,
}

impl Shift {
    /// In nanoseconds, negative to an earlier time.
    pub fn nanoseconds(self) -> i128 {
        let by = i128::try_from(self.by.as_nanos()).unwrap_or(i128::MAX);
        if self.is_back { -by } else { by }
    }

    /// Reads `+2h`, `-90s`; what comes without a sign is added.
    ///
    /// # Errors
    /// `None` for what is no length of time longer than nothing.
    pub fn parse(text: &str) -> Option<Shift> {
        let text = text.trim();
        let (is_back, length) = match text.strip_prefix('-') {
            Some(length) => (true, length),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let by = humantime::parse_duration(length.trim()).ok().filter(|by| !by.is_zero())?;
        Some(Shift { is_back, by })
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_back { '-' } else { '+' };
        write!(f, "{sign}{}", humantime::format_duration(self.by))
    }
}

impl fmt::Display for ClockFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (after, shift)) in self.changes.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{shift}")?;
            if !after.is_zero() {
                write!(f, " after {}", humantime::format_duration(*after))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign_and_a_length() {
        let check = |text: &str, shown: &str| assert_eq!(Shift::parse(text).unwrap().to_string(), shown);
        check("+2h", "+2h");
        check("90s", "+1m 30s");
        check(" - 1h 500ms ", "-1h 500ms");
        for wrong in ["", "+", "0s", "2", "--1h", "+-1h", "1h ago"] {
            assert_eq!(Shift::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Shift::parse("-1us").unwrap().nanoseconds(), -1000);
    }
}
