//! The stable codes of diagnostics, and the long explanation of each.
//! A code never changes its meaning and is never used again; it must not know who reports it.

use std::fmt;

/// A stable code, printed as `RJ0201`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

/// Whether a problem stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        #[allow(missing_docs)]
        impl Code {
            $($(#[$doc])* pub const $name: Code = Code($number);)*
            /// Every code, in number order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];
        }
    };
}

codes! {
    // The file as TOML and its keys.
    SYNTAX = 101;
    UNKNOWN_KEY = 102;
    WRONG_TYPE = 103;
    MISSING_KEY = 104;
    VERSION = 105;
    EMPTY_SPEC = 106;
    BAD_EXTENDS = 107;
    // Names, and the grammar of patterns.
    UNKNOWN_EVENT = 201;
    UNKNOWN_CLASS = 202;
    UNKNOWN_ARGUMENT = 203;
    UNKNOWN_FLAG = 204;
    UNKNOWN_ERRNO = 205;
    UNKNOWN_SIGNAL = 206;
    UNKNOWN_RULE = 207;
    UNBOUND_VARIABLE = 208;
    BOUND_TWICE = 209;
    UNUSED_BIND = 210;
    PATTERN_SYNTAX = 211;
    EMPTY_PATTERN = 212;
    BAD_GLOB = 213;
    BAD_REGEX = 214;
    OTHER_ARCHITECTURE = 215;
    UNKNOWN_PLACEHOLDER = 216;
    UNSET_ENV = 217;
    UNRESOLVED_BIN = 218;
    PLACEHOLDER_CYCLE = 219;
    BAD_TEST = 220;
    UNKNOWN_REGISTER = 221;
    BAD_SPOT = 222;
    // Values.
    BAD_RANGE = 301;
    BAD_ERRNO = 302;
    BAD_SIGNAL = 303;
    BAD_NUMBER = 304;
    BAD_DURATION = 305;
    BAD_SIZE = 306;
    BAD_CHOICE = 307;
    BAD_STATUS = 308;
    BAD_MODE = 309;
    EMPTY_VALUE = 310;
    BAD_NAME = 311;
    BAD_TEXT = 312;
    BAD_SWITCH = 313;
    // Structure and contradictions.
    DUPLICATE_NAME = 401;
    CONFLICTING_ACTIONS = 402;
    NO_ACTION = 403;
    MISFIT_ACTION = 404;
    CANNOT_FAIL = 405;
    CERTAIN_KILL = 406;
    NOT_TRACED = 407;
    RESULT_TRIGGER = 408;
    DROPPED = 409;
    CONFLICTING_KEYS = 410;
    NEVER_FIRES = 411;
    IMPLAUSIBLE_ERRNO = 412;
    IMPOSSIBLE_ERRNO = 413;
    TOO_MANY_POINTS = 414;
    TOO_MANY_CASES = 415;
    UNUSED_AXIS = 416;
    NAMED_STREAM = 417;
    // Known to the format, not to this version.
    // 501 is spent: every key is carried out.
    UNSUPPORTED_VALUE = 502;
    // 503 is spent: for a while operations were known and not carried out.
    // Surroundings that could not be made.
    SETUP = 601;
    SETUP_COMMAND = 602;
    TARGET_NOT_FOUND = 603;
    UNABLE = 604;
    // A run that was not as expected.
    RUN_FIRES = 701;
    RUN_EXIT = 702;
    RUN_OUTPUT = 703;
    RUN_NEVER = 704;
    RUN_COUNT = 705;
    RUN_SEQUENCE = 706;
    RUN_INVARIANT = 707;
    RUN_CHECK = 708;
    RUN_START = 709;
    RUN_EMPTY = 710;
    RUN_LIMIT = 711;
    RUN_SNAPSHOT = 712;
    RUN_DETERMINISM = 713;
    RUN_DEADLOCK = 714;
}

/// One section for each code, `## RJ0201: title` and then the text.
const EXPLANATIONS: &str = include_str!("codes.md");

impl Code {
    /// Reads `RJ0201`, in any case, or `201`.
    pub fn parse(text: &str) -> Option<Code> {
        let upper = text.to_ascii_uppercase();
        let number = upper.strip_prefix("RJ").unwrap_or(&upper).parse::<u16>().ok()?;
        Code::ALL.iter().copied().find(|code| code.0 == number)
    }

    /// What it means in a few words.
    pub fn title(self) -> &'static str {
        self.section().map_or("", |(title, _)| title)
    }

    /// What it means at length: why it is an error, an example, how to mend it. Markdown.
    pub fn explanation(self) -> &'static str {
        self.section().map_or("", |(_, text)| text)
    }

    fn section(self) -> Option<(&'static str, &'static str)> {
        let heading = format!("## {self}: ");
        let (_, rest) = EXPLANATIONS.split_once(&heading)?;
        let (title, rest) = rest.split_once('\n')?;
        Some((title, rest.split("\n## ").next().unwrap_or(rest).trim()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RJ{:04}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_section_and_every_section_its_code() {
        for code in Code::ALL {
            assert!(!code.title().is_empty(), "{code} has no title in codes.md");
            assert!(code.explanation().len() > 40, "{code} is not explained in codes.md");
        }
        assert_eq!(EXPLANATIONS.matches("\n## RJ").count(), Code::ALL.len());
    }

    #[test]
    fn codes_are_in_order_and_distinct() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn codes_are_read_back() {
        assert_eq!(Code::parse("rj0201"), Some(Code::UNKNOWN_EVENT));
        assert_eq!(Code::parse("201"), Some(Code::UNKNOWN_EVENT));
        assert_eq!(Code::parse("RJ9999"), None);
    }
}
