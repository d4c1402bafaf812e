//! Error numbers by name (`errno(3)`).

use std::fmt;

use super::table::ERRNOS;

/// An error number, 1 to 4095: the values a system call can report as failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errno(u16);

impl Errno {
    /// "Function not implemented".
    pub const ENOSYS: Errno = Errno(38);
    /// "Operation not permitted".
    pub const EPERM: Errno = Errno(1);

    /// The errno of this number; `None` outside 1 to 4095.
    pub fn new(number: i64) -> Option<Errno> {
        (1..=4095).contains(&number).then_some(Errno(number as u16))
    }

    /// Reads a name in any case (`EIO`, `enospc`) or a number.
    pub fn parse(text: &str) -> Option<Errno> {
        if let Ok(number) = text.parse::<i64>() {
            return Errno::new(number);
        }
        let upper = text.to_ascii_uppercase();
        let upper = match upper.as_str() {
            "EWOULDBLOCK" => "EAGAIN",
            "EDEADLOCK" => "EDEADLK",
            "ENOTSUP" => "EOPNOTSUPP",
            other => other,
        };
        ERRNOS.iter().position(|name| *name == Some(upper)).map(|number| Errno(number as u16))
    }

    /// The number, 1 to 4095.
    pub fn number(self) -> i32 {
        i32::from(self.0)
    }

    /// The name, where the number has one.
    pub fn name(self) -> Option<&'static str> {
        ERRNOS.get(usize::from(self.0)).copied().flatten()
    }

    /// Every name there is, in number order; for suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ERRNOS.iter().copied().flatten()
    }

    /// The errno in a raw system-call result, -4095 to -1.
    pub fn from_result(result: i64) -> Option<Errno> {
        (-4095..=-1).contains(&result).then(|| Errno(result.unsigned_abs() as u16))
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "ERRNO_{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_itself() {
        for name in Errno::names() {
            assert_eq!(Errno::parse(name).and_then(Errno::name), Some(name));
        }
        let known = [(1, "EPERM"), (11, "EAGAIN"), (35, "EDEADLK"), (133, "EHWPOISON")];
        for (number, name) in known {
            assert_eq!(Errno::parse(name).map(Errno::number), Some(number));
        }
    }

    #[test]
    fn a_number_without_a_name_is_shown_as_one() {
        for number in [41, 58, 134, 4095] {
            let errno = Errno::new(number).unwrap();
            assert_eq!((errno.name(), errno.to_string()), (None, format!("ERRNO_{number}")));
        }
        assert_eq!(Errno::parse(""), None);
    }
}
