//! Where a call's registers say how many bytes it moves.

use super::{ArgKind, Len, RetKind, Sysno};

/// Where the length of a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// In the argument at this position.
    Count(usize),
    /// In the entries of an array of `struct iovec`.
    Vector {
        /// Position of the pointer to the array.
        array: usize,
        /// Position of the number of entries.
        count: usize,
    },
    /// In the array of `struct iovec` that the `struct msghdr` behind the argument at this position points to.
    Message(usize),
}

/// Names that manual pages give to the number of bytes a call may move.
const COUNTS: [&str; 7] = ["count", "len", "size", "nbytes", "bufsiz", "buflen", "msgsz"];

impl Sysno {
    /// Where `self` says how many bytes it moves; `None` where it moves none, or not by one number.
    pub fn transfer(self) -> Option<Transfer> {
        let args = self.info().args?;
        // A value of an extended attribute is stored or read whole.
        if self.info().ret != RetKind::Size || self.name().contains("xattr") {
            return None;
        }
        for (at, arg) in args.iter().enumerate() {
            match arg.kind {
                ArgKind::Bytes { len: Len::Arg(count), .. } => return Some(Transfer::Count(usize::from(count))),
                ArgKind::Iovec { count, .. } => {
                    return Some(Transfer::Vector { array: at, count: usize::from(count) });
                }
                ArgKind::Struct { name: "msghdr", .. } => return Some(Transfer::Message(at)),
                _ => {}
            }
        }
        let moves = args.iter().any(|arg| matches!(arg.kind, ArgKind::Bytes { len: Len::Result, .. }))
            || matches!(self.name(), "getrandom" | "copy_file_range" | "sendfile" | "sendfile64" | "splice" | "tee");
        let count = args.iter().position(|arg| COUNTS.contains(&arg.name))?;
        moves.then_some(Transfer::Count(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(call: &str, expected: Option<Transfer>) {
        assert_eq!(Sysno::parse(call).unwrap().transfer(), expected, "{call}");
    }

    #[test]
    fn signatures_tell_where_the_length_stands() {
        check("read", Some(Transfer::Count(2)));
        check("write", Some(Transfer::Count(2)));
        check("pwrite64", Some(Transfer::Count(2)));
        check("sendto", Some(Transfer::Count(2)));
        check("recvfrom", Some(Transfer::Count(2)));
        check("getrandom", Some(Transfer::Count(1)));
        check("copy_file_range", Some(Transfer::Count(4)));
        check("sendfile", Some(Transfer::Count(3)));
        check("splice", Some(Transfer::Count(4)));
        check("writev", Some(Transfer::Vector { array: 1, count: 2 }));
        check("preadv2", Some(Transfer::Vector { array: 1, count: 2 }));
        check("sendmsg", Some(Transfer::Message(1)));
        check("recvmsg", Some(Transfer::Message(1)));
        check("openat", None);
        check("fsync", None);
        check("mmap", None);
        check("setxattr", None);
        check("getxattr", None);
        check("connect", None);
    }
}
