//! C++ and Rust names as their authors wrote them. It must not know where a name was found.

use cpp_demangle::DemangleOptions;

/// The forms in which a mangled name may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Demangled {
    /// All of it: with the parameter list (C++), without the hash (Rust).
    pub(super) full: String,
    /// Without the parameter list (C++), with the hash (Rust).
    pub(super) other: Option<String>,
    /// Whether `other` may stand for several functions.
    pub(super) is_short: bool,
}

/// A name as its author wrote it: all of it, and one that is not mangled as it is.
pub fn demangled(raw: &str) -> String {
    demangle(raw).map_or_else(|| raw.to_owned(), |name| name.full)
}

/// The forms of a mangled name; `None` for a name that is what it is.
pub(super) fn demangle(raw: &str) -> Option<Demangled> {
    if !raw.starts_with("_Z") && !raw.starts_with("_R") {
        return None;
    }
    // Rust's older names are valid C++ names as well, with the hash as a name space.
    if let Ok(rust) = rustc_demangle::try_demangle(raw) {
        let (full, other) = (format!("{rust:#}"), format!("{rust}"));
        let other = (other != full).then_some(other);
        return Some(Demangled { full, other, is_short: false });
    }
    let symbol = cpp_demangle::Symbol::new(raw).ok()?;
    let full = symbol.demangle().ok()?;
    let options = DemangleOptions::new().no_params().no_return_type();
    let short = symbol.demangle_with_options(&options).ok().filter(|short| *short != full);
    Some(Demangled { full, other: short, is_short: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, full: &str, other: &str) {
        let demangled = demangle(raw).unwrap_or_else(|| panic!("{raw} is mangled"));
        assert_eq!((demangled.full.as_str(), demangled.other.as_deref().unwrap_or("")), (full, other));
    }

    #[test]
    fn names_have_a_full_and_a_short_form() {
        check("_ZN3wal3Log6commitEi", "wal::Log::commit(int)", "wal::Log::commit");
        check("_ZN3wal3LogC1ERKS0_", "wal::Log::Log(wal::Log const&)", "wal::Log::Log");
        check("_ZplRK3OneS1_", "operator+(One const&, One const&)", "operator+");
        check("_ZN2kv5store17h0123456789abcdefE", "kv::store", "kv::store::h0123456789abcdef");
        check("_RNvCskwGfYPst2Cb_3foo3bar", "foo::bar", "foo[ef17931c9e9b4641]::bar");
    }

    #[test]
    fn plain_names_are_left_alone() {
        for raw in ["main", "_start", "__libc_start_main", "_Znonsense!", ""] {
            assert_eq!(demangle(raw), None, "{raw}");
        }
    }
}
