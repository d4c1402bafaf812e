//! Names of flag bits and of values from a list (`O_APPEND`, `SEEK_SET`), as the manual pages have them.

use std::fmt::{self, Write};

pub use super::table::flag_sets;

/// A named set of flags or values.
#[derive(Debug, PartialEq, Eq)]
pub struct FlagSet {
    /// Its name in the table, such as `open`.
    pub name: &'static str,
    /// Bits that hold a value of their own rather than flags (`O_ACCMODE`); `u64::MAX` for a plain list of values.
    pub value_mask: u64,
    /// Names and values, in the order in which they are printed.
    pub names: &'static [(&'static str, u64)],
}

impl FlagSet {
    /// The value of one name in this set.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The set of this name.
    pub fn named(name: &str) -> Option<&'static FlagSet> {
        flag_sets::ALL.iter().copied().find(|set| set.name == name)
    }

    /// Whether this is a list of values rather than bits.
    pub fn is_list(&self) -> bool {
        self.value_mask == u64::MAX
    }

    /// `bits` in names, as the program's author would write them; what has no name in hexadecimal.
    pub fn show(&self, bits: u64) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, bits);
        text
    }

    /// The same, without a text of its own.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn write(&self, f: &mut impl Write, bits: u64) -> fmt::Result {
        let mut between = "";
        let mut named = |f: &mut _, name: &str| -> fmt::Result {
            Write::write_str(f, std::mem::replace(&mut between, "|"))?;
            Write::write_str(f, name)
        };
        let value = bits & self.value_mask;
        let mut unknown = 0;
        if self.value_mask != 0 || bits == 0 {
            match self.names.iter().find(|(_, known)| known & !self.value_mask == 0 && *known == value) {
                Some((name, _)) => named(f, name)?,
                None => unknown = value,
            }
        }
        let mut rest = bits & !self.value_mask;
        for (name, flag) in self.names {
            if *flag != 0 && flag & self.value_mask == 0 && rest & flag == *flag {
                named(f, name)?;
                rest &= !flag;
            }
        }
        unknown |= rest;
        match (between, unknown) {
            ("", 0) => f.write_char('0'),
            (_, 0) => Ok(()),
            // What these keep beside their flags are permission bits.
            _ if self.name == "ipc" => write!(f, "{between}0{unknown:o}"),
            _ => write!(f, "{between}{unknown:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(set: &str, bits: u64, expected: &str) {
        let set = FlagSet::named(set).unwrap();
        assert_eq!(set.show(bits), expected);
    }

    #[test]
    fn names_then_the_rest_in_hexadecimal() {
        check("open", 0, "O_RDONLY");
        check("open", 0o2101, "O_WRONLY|O_CREAT|O_APPEND");
        check("open", 0o4010000, "O_RDONLY|O_SYNC");
        check("open", 0o10000, "O_RDONLY|O_DSYNC");
        check("open", 3, "0x3");
        check("open", 0x8000_0000, "O_RDONLY|0x80000000");
        check("at", 0, "0");
        check("at", 0x1100, "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH");
        check("at", 1, "0x1");
        check("access", 0, "F_OK");
        check("access", 6, "R_OK|W_OK");
        check("mmap_prot", 0, "PROT_NONE");
        check("mmap_prot", 3, "PROT_READ|PROT_WRITE");
        check("mmap", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS");
        check("seek", 2, "SEEK_END");
        check("seek", 77, "0x4d");
        check("futex", 128, "FUTEX_WAIT|FUTEX_PRIVATE_FLAG");
        check("clone", 0x11, "SIGCHLD");
        check(
            "clone",
            0x3d0f00,
            "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID",
        );
        check("ipc", 0o3666, "IPC_CREAT|IPC_EXCL|0666");
        check("socket_type", 0o2000001, "SOCK_STREAM|SOCK_CLOEXEC");
    }

    #[test]
    fn a_flag_is_never_both_value_and_bits() {
        for set in flag_sets::ALL {
            for (name, value) in set.names {
                let split = value & set.value_mask != 0 && value & !set.value_mask != 0;
                assert!(!split, "{name} of {} crosses the mask", set.name);
            }
        }
    }
}
