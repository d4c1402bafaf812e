//! Globs over resolved paths: without a slash they match the last component, with one the whole path.
//! They must not look at the file system.

use std::fmt;
use std::sync::{Arc, OnceLock};

use globset::{Glob, GlobBuilder, GlobMatcher};
use regex::bytes::RegexBuilder;

/// Longer ones, in bytes, may be too large to be compiled; shorter ones never are.
const LONG: usize = 4096;
/// How large a compiled glob may be, in bytes: less than what globset allows, which panics.
const LARGEST: usize = 8 << 20;

/// A glob over a path, or over `socket:`, `pipe:`, `anon:[eventfd]`.
#[derive(Clone, Debug)]
pub struct PathGlob {
    text: String,
    glob: Glob,
    /// Made when somebody first asks, which takes longer than all else, and is the same for all that come from one.
    matcher: Arc<OnceLock<GlobMatcher>>,
    whole: bool,
}

impl PathGlob {
    /// Reads a glob; the error is the reason in words.
    pub fn parse(text: &str) -> Result<PathGlob, String> {
        let glob = GlobBuilder::new(&kinds_are_literal(text))
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| error.kind().to_string())?;
        fits(&glob)?;
        Ok(PathGlob { text: text.to_owned(), glob, matcher: Arc::default(), whole: text.contains('/') })
    }

    /// Whether it matches this path, or its last component where the glob has no slash.
    pub fn matches(&self, path: &str) -> bool {
        let part = if self.whole { path } else { path.trim_end_matches('/').rsplit('/').next().unwrap_or(path) };
        self.matcher().is_match(part)
    }

    /// Whether it matches this text, which is no path: all of it.
    pub fn matches_text(&self, text: &str) -> bool {
        self.matcher().is_match(text)
    }

    fn matcher(&self) -> &GlobMatcher {
        self.matcher.get_or_init(|| self.glob.compile_matcher())
    }

    /// Whether it has a slash but begins like no absolute path, so that it matches none.
    pub fn is_relative(&self) -> bool {
        self.whole && !self.text.starts_with(['/', '*', '?', '[', '{'])
    }

    /// The glob as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Whether a glob can be compiled when somebody asks it; the error is the reason in words.
pub(crate) fn fits(glob: &Glob) -> Result<(), String> {
    let is_large = || RegexBuilder::new(glob.regex()).size_limit(LARGEST).build().is_err();
    if glob.glob().len() > LONG && is_large() {
        return Err(format!("it is too large, with {} bytes", glob.glob().len()));
    }
    Ok(())
}

/// The brackets of `anon:[eventfd]` are its own, not a set of characters.
fn kinds_are_literal(text: &str) -> String {
    match text.strip_prefix("anon:[") {
        Some(rest) => format!("anon:\\[{}", rest.replacen(']', "\\]", 1)),
        None => text.to_owned(),
    }
}

impl PartialEq for PathGlob {
    fn eq(&self, other: &PathGlob) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for PathGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(glob: &str, path: &str, expected: bool) {
        let glob = PathGlob::parse(glob).unwrap_or_else(|reason| panic!("{glob}: {reason}"));
        assert_eq!(glob.matches(path), expected, "{glob} on {path}");
    }

    #[test]
    fn globs_match_components_or_whole_paths() {
        check("*.wal", "/data/0.wal", true);
        check("*.wal", "/data.wal/0.db", false);
        check("/data/*.wal", "/data/0.wal", true);
        check("/data/*.wal", "/data/sub/0.wal", false);
        check("/data/**", "/data/sub/0.wal", true);
        check("**/*.wal", "/data/sub/0.wal", true);
        check("data", "/x/data/", true);
        check("socket:", "socket:", true);
        check("pipe:", "socket:", false);
        check("anon:[eventfd]", "anon:[eventfd]", true);
        check("anon:[event*]", "anon:[eventpoll]", true);
        check("anon:*", "anon:[eventpoll]", true);
        check("{a,b}.txt", "/b.txt", true);
    }

    #[test]
    fn a_glob_that_nobody_asks_is_not_compiled() {
        let glob = PathGlob::parse("*.wal").unwrap();
        let other = glob.clone();
        assert!(glob.matcher.get().is_none());
        assert!(glob.matches("/data/0.wal"));
        assert!(other.matcher.get().is_some(), "it is the same one");
    }

    #[test]
    fn a_broken_glob_says_why() {
        assert!(PathGlob::parse("[a").is_err());
        assert!(PathGlob::parse("{a").is_err());
    }

    #[test]
    fn a_glob_that_cannot_be_compiled_is_refused_at_once() {
        let asked = |text: &str| PathGlob::parse(text).map(|glob| glob.matches("/x"));
        // Of as many bytes, those that become the largest: whoever is taken can be asked.
        for piece in ["?", "**/", "[!a]", "{a,}", "*"] {
            assert!(asked(&piece.repeat(LONG / piece.len())).is_ok(), "{piece}");
            let large = asked(&piece.repeat((1 << 16) / piece.len()));
            assert!(large.is_ok() || large.is_err_and(|reason| reason.starts_with("it is too large")), "{piece}");
        }
        let reason = PathGlob::parse(&"?".repeat(1 << 19)).unwrap_err();
        assert_eq!(reason, "it is too large, with 524288 bytes");
    }
}
