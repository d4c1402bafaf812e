//! A rule as a test writes it. It knows the keys of `[[inject]]`, and nothing of what they mean.

use std::time::Duration;

use toml::{Table, Value};

/// A fault and when it happens: `[[inject]]` of a spec.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) table: Table,
    /// Keys that could not be read: TOML and why.
    pub(super) unread: Vec<String>,
}

/// A rule on events: names of calls, `%classes`, operations, or a whole pattern such as `write(fd ~ '*.wal')`.
pub fn on(events: &str) -> Rule {
    Rule { table: Table::new(), unread: Vec::new() }.key("on", events)
}

/// A rule at a place of the program: `[module!]symbol[+offset]`, `file.c:120` or an address.
pub fn at(place: &str) -> Rule {
    Rule { table: Table::new(), unread: Vec::new() }.key("at", place)
}

impl Rule {
    fn key(mut self, key: &str, value: impl Into<Value>) -> Rule {
        self.table.insert(key.to_owned(), value.into());
        self
    }

    /// What the transcript and [`Outcome::fired`](super::Outcome::fired) call it; default `r1`, `r2`, ...
    #[must_use]
    pub fn named(self, name: &str) -> Rule {
        self.key("name", name)
    }

    /// Only the `n`th of its events, counted from 1.
    #[must_use]
    pub fn nth(self, n: u32) -> Rule {
        self.key("when", i64::from(n))
    }

    /// Some of its events: `"2.."`, `"1..5+2"`, `"1,4,9"`.
    #[must_use]
    pub fn when(self, which: &str) -> Rule {
        self.key("when", which)
    }

    /// The call fails with this errno, as a kernel would make it fail.
    #[must_use]
    pub fn error(self, errno: &str) -> Rule {
        self.key("error", errno)
    }

    /// The call is not made, and returns this.
    #[must_use]
    pub fn retval(self, value: i64) -> Rule {
        self.key("retval", value)
    }

    /// A transfer of so many bytes at most.
    #[must_use]
    pub fn short(self, bytes: u32) -> Rule {
        self.key("short", i64::from(bytes))
    }

    /// A real signal to the thread, when the call returns.
    #[must_use]
    pub fn signal(self, name: &str) -> Rule {
        self.key("signal", name)
    }

    /// The process is killed before the call has any effect.
    #[must_use]
    pub fn kill(self) -> Rule {
        self.key("kill", "process")
    }

    /// The call begins so much later.
    #[must_use]
    pub fn delayed(self, by: Duration) -> Rule {
        self.key("delay-enter", humantime::format_duration(by).to_string())
    }

    /// The function at the place is not run; its caller sees this value.
    #[must_use]
    pub fn returns(self, value: i64) -> Rule {
        self.key("return", value)
    }

    /// How often it may fire, `"0.."` for a rule that need not; default at least once.
    #[must_use]
    pub fn fires(self, times: &str) -> Rule {
        self.key("fires", times)
    }

    /// Any other keys, as TOML: `"corrupt = { arg = 'buf', offset = 0, xor = 1 }"`.
    #[must_use]
    pub fn with(mut self, keys: &str) -> Rule {
        match keys.parse::<Table>() {
            Ok(table) => self.table.extend(table),
            Err(error) => self.unread.push(format!("`{keys}`: {}", error.message())),
        }
        self
    }
}
