//! What of a run is no rule's: how a program that counts which of its lines are reached writes its counters.
//! It must not know who reads them.

use super::Caller;

/// The functions that do it, of gcc's libgcov and of clang's compiler-rt.
const WRITE: [&str; 4] = ["__gcov_exit", "__gcov_dump", "__gcov_flush", "__llvm_profile_"];

/// Calls that no rule counts or meets, and that are not written.
#[derive(Clone, Debug)]
pub struct Spared {
    /// Those about what is in this folder of rinject's own, absolute, or about a folder that it takes.
    pub folder: String,
    /// Those with one of these functions on the stack meet no fault.
    pub callers: Vec<Caller>,
}

impl Spared {
    /// Those by which counters are written into a folder.
    pub fn counters(folder: String) -> Spared {
        let callers = WRITE.iter().filter_map(|name| Caller::parse(&format!("{name}*")).ok());
        Spared { folder, callers: callers.collect() }
    }

    /// Whether a function writes counters, by its name.
    pub fn writes_counters(function: &str) -> bool {
        WRITE.iter().any(|name| function.starts_with(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_counters_is_told_from_who_forks_or_executes() {
        let spared = Spared::counters("/tmp/x".to_owned());
        let check = |function: &str, expected: bool| {
            assert_eq!(Spared::writes_counters(function), expected, "{function}");
            assert_eq!(spared.callers.iter().any(|caller| caller.is("kv", Some(function))), expected, "{function}");
        };
        check("__gcov_exit", true);
        check("__gcov_dump_one", true);
        check("__llvm_profile_write_file", true);
        // The program's own call is in these.
        check("__gcov_fork", false);
        check("__gcov_execv", false);
        check("main", false);
    }
}
