//! Names of runs, read back: `write#3..:ENOSPC`. It must not know which runs a sweep has.

use super::amount::Amount;
use super::cell::Cell;
use super::fault::Fault;
use super::point::Called;
use super::recovery::After;
use super::states::{Loss, What};
use super::survey::ALLOCATORS;
use crate::abi::{Errno, Signal, Sysno};
use crate::plan::Mode;

impl Cell {
    /// Reads its name, as it is displayed; of the point the name says no more than the call, and so it is the first one.
    pub fn parse(name: &str) -> Option<Cell> {
        if let Some((first, rest)) = name.split_once('/') {
            let (check, rest) = rest.split_once('.')?;
            let check = check.parse().ok().filter(|check| *check > 0)?;
            let (first, cell) = (Cell::parse(first)?, Cell::parse(rest).filter(|cell| cell.after.is_none())?);
            return Some(Cell { after: Some(After::of(&first, check)), ..cell });
        }
        let (called, rest) = name.split_once('#')?;
        let (number, fault) = rest.split_once(':')?;
        let (nth, mode) = match number.strip_suffix("..") {
            Some(number) => (number, Mode::From),
            None => (number, Mode::Once),
        };
        Some(Cell {
            point: 0,
            called: Called::parse(called)?,
            nth: nth.parse().ok()?,
            fault: Fault::parse(fault)?,
            mode,
            after: None,
        })
    }
}

impl Called {
    /// Reads its name, as it is displayed.
    pub fn parse(name: &str) -> Option<Called> {
        let function = || ALLOCATORS.into_iter().find(|known| *known == name).map(Called::Function);
        let call = || Sysno::parse(name).map(Called::Call);
        if name == "store" { Some(Called::Store) } else { function().or_else(call) }
    }
}

impl Fault {
    /// Reads its name, as it is displayed.
    pub fn parse(name: &str) -> Option<Fault> {
        Some(match name {
            "short" => Fault::Short,
            "EINTR" => Fault::Interrupt,
            "kill-before" => Fault::KillBefore,
            "kill-after" => Fault::KillAfter,
            "torn" => Fault::Torn,
            "no-memory" => Fault::NoMemory,
            _ => {
                let errno = || Errno::parse(name).map(Fault::Error);
                let signal = || Signal::parse(name).map(Fault::Signal);
                let amount = || Amount::parse(name).map(Fault::Budget);
                return errno().or_else(signal).or_else(amount).or_else(|| loss(name).map(Fault::Power));
            }
        })
    }
}

fn loss(name: &str) -> Option<Loss> {
    let place = |place: &str| {
        let (called, nth) = place.split_once('#')?;
        Some((Called::parse(called)?, nth.parse().ok()?))
    };
    let (what, after) = match name.split_once('@') {
        Some((what, last)) => (what, Some(place(last)?)),
        None => (name, None),
    };
    if let Some(other) = what.strip_prefix("lost+") {
        let (called, nth) = place(other)?;
        return Some(Loss { what: What::With(called, nth), after });
    }
    let bytes = |prefix: &str| what.strip_prefix(prefix).and_then(|bytes| bytes.parse().ok());
    let what = match what {
        "before" => What::Before,
        "kept" => What::Nothing,
        "lost" => What::Lost,
        "zeros" => What::Zeros,
        "file-lost" => What::File,
        "alone" => What::Others,
        "synced" => What::Unsynced,
        _ => bytes("head-").map(What::Head).or_else(|| bytes("tail-").map(What::Tail))?,
    };
    Some(Loss { what, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_read_as_it_is_written() {
        let names = [
            "write#3:ENOSPC",
            "write#3..:EIO",
            "read#1:short",
            "read#1:EINTR",
            "rename#2:kill-before",
            "rename#2:kill-after",
            "pwrite64#7:torn",
            "close#1:SIGTERM",
            "calloc#40..:no-memory",
            "pwrite64#7:disk=0",
            "write#1:disk-short=12",
            "openat#1:fds=4",
            "openat#1:before",
            "write#12:kept",
            "write#1:lost@rename#1",
            "store#2:zeros@msync#1",
            "write#1:file-lost@rename#1",
            "write#1:head-512@write#2",
            "write#1:tail-4096@write#2",
            "write#1:lost+store#5@rename#1",
            "rename#1:alone@close#3",
            "fsync#1:synced",
            "write#3:kill-after/1.unlink#1:kill-before",
            "write#1:lost@rename#1/12.read#2..:EIO",
        ];
        for name in names {
            let cell = Cell::parse(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(cell.to_string(), name);
        }
        let all = [What::Before, What::Nothing, What::Lost, What::Zeros, What::File, What::Head(1), What::Tail(1)];
        for what in all.into_iter().chain([What::Others, What::Unsynced]) {
            let fault = Fault::Power(Loss { what, after: None });
            assert_eq!(Fault::parse(&fault.to_string()), Some(fault));
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in [
            "",
            "write",
            "write#3",
            "wrte#3:EIO",
            "write#x:EIO",
            "write#3:EFOO",
            "write#1:lost@",
            "write#1:head-",
            "write#1:lost+write",
            "write#1:disk",
            "write#1:fds-short=1",
        ]
        .into_iter()
        .chain([
            "write#1:torn/",
            "write#1:torn/unlink#1:EIO",
            "write#1:torn/0.unlink#1:EIO",
            "/1.unlink#1:EIO",
        ]) {
            assert_eq!(Cell::parse(name), None, "{name}");
        }
    }
}
