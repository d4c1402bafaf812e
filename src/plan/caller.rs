//! Functions on the stack as a spec names them: `commit_*`, `kv!commit_*`, `libsqlite3*!*`.
//! It must not know how a stack is unwound.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use super::place::split_module;
use crate::pattern::{PathGlob, fits};

/// `[module!]function`, each a glob.
#[derive(Clone, Debug)]
pub struct Caller {
    text: String,
    module: Option<PathGlob>,
    function: GlobMatcher,
    /// The function is `*`: code that no symbol names is meant too.
    any_function: bool,
    /// The glob has a list of parameters, so that it is matched with that of the symbol.
    with_parameters: bool,
}

impl Caller {
    /// Reads it; the error is the reason in words.
    ///
    /// # Errors
    /// Says why the module or the function is no glob.
    pub fn parse(text: &str) -> Result<Caller, String> {
        let (module, function) = split_module(text);
        if function.is_empty() || module.is_some_and(str::is_empty) {
            return Err("a module or a function is missing".to_owned());
        }
        // Unlike a path, `operator/` has no components.
        let glob = GlobBuilder::new(function).literal_separator(false).backslash_escape(true).build();
        let glob = glob.map_err(|error| error.kind().to_string())?;
        fits(&glob)?;
        Ok(Caller {
            text: text.to_owned(),
            module: module.map(PathGlob::parse).transpose()?,
            function: glob.compile_matcher(),
            any_function: function == "*",
            with_parameters: function.contains('('),
        })
    }

    /// Whether code of this module, in this function as far as its symbols tell, is meant.
    pub fn is(&self, module: &str, function: Option<&str>) -> bool {
        self.module.as_ref().is_none_or(|glob| glob.matches(module))
            && match function {
                Some(function) => {
                    let named = if self.with_parameters { function } else { base_name(function) };
                    self.function.is_match(named)
                }
                None => self.any_function,
            }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `wal::commit(int)` is `wal::commit`. Only what closes at the end is a list of parameters: `(anonymous namespace)::f`
/// and `operator()` have none, `f() const` has.
pub fn base_name(function: &str) -> &str {
    let closed = function.trim_end_matches(" const");
    if !closed.ends_with(')') {
        return function;
    }
    let mut depth = 0_usize;
    for (at, byte) in closed.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth == 1 => {
                let name = &closed[..at];
                return if name.is_empty() || name.ends_with("operator") { function } else { name };
            }
            b'(' => depth -= 1,
            _ => {}
        }
    }
    function
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(caller: &str, module: &str, function: Option<&str>, expected: bool) {
        let caller = Caller::parse(caller).unwrap_or_else(|reason| panic!("{caller}: {reason}"));
        assert_eq!(caller.is(module, function), expected, "{caller} and {module}!{function:?}");
    }

    #[test]
    fn globs_are_over_functions_and_modules() {
        check("commit_*", "kv", Some("commit_wal"), true);
        check("commit_*", "kv", Some("pre_commit_wal"), false);
        check("kv!commit_*", "kv", Some("commit_wal"), true);
        check("kv!commit_*", "libkv.so", Some("commit_wal"), false);
        check("libsqlite3*!*", "libsqlite3.so.0", Some("sqlite3_step"), true);
        check("libsqlite3*!*", "libsqlite3.so.0", None, true);
        check("libsqlite3*!s*", "libsqlite3.so.0", None, false);
        check("*", "kv", Some("operator/"), true);
    }

    #[test]
    fn parameters_count_where_they_are_written() {
        check("wal::commit", "kv", Some("wal::commit(int)"), true);
        check("wal::commit", "kv", Some("wal::commit(void (*)(int)) const"), true);
        check("wal::commit(long)", "kv", Some("wal::commit(int)"), false);
        check("wal::commit(*)", "kv", Some("wal::commit(int)"), true);
        check("(anonymous namespace)::f()", "kv", Some("(anonymous namespace)::f()"), true);
        check("*::f", "kv", Some("(anonymous namespace)::f()"), true);
        check("operator!=", "kv", Some("operator!=(a, b)"), true);
    }

    #[test]
    fn half_a_caller_is_none() {
        assert!(Caller::parse("kv!").is_err());
        assert!(Caller::parse("!commit").is_err());
        assert!(Caller::parse("[a").is_err());
    }
}
