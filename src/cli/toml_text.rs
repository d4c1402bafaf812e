//! Texts of a spec, written by the command line: strings and lists as TOML has them.
//! It must not know the keys.

use std::ffi::OsStr;

/// A string.
pub(super) fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A list of strings on one line.
pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let strings: Vec<String> = texts.iter().map(|text| string(text.as_ref())).collect();
    format!("[{}]", strings.join(", "))
}

/// A text in which nothing stands for anything else: a spec has placeholders.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// A glob that matches this path and no other.
pub(super) fn glob(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | ',' | '\\' | '!');
    path.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A word of the command line as text; specs are UTF-8.
pub(super) fn word(word: &OsStr) -> Result<String, String> {
    word.to_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("`{}` is not UTF-8 text, and a spec can only hold such", word.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::PathGlob;

    /// What a spec reads is what was written.
    fn check(text: &str) {
        let written = format!("spec = 1\nname = {}\n", string(text));
        let source = std::sync::Arc::new(crate::diagnostic::Source::new("x", written.clone()));
        let spec = crate::spec::parse(&source).unwrap_or_else(|_| panic!("{written}"));
        assert_eq!(spec.name.map(|name| name.value).as_deref(), Some(text), "{written}");
    }

    #[test]
    fn every_text_comes_back() {
        check("");
        check("plain");
        check("a \"quoted\" word, and 'another'");
        check("'''");
        check("a\\b");
        check("two\nlines");
        check("\n");
        check("tab\tbell\u{7}escape\u{1b}delete\u{7f}");
        check("ends with a quote\"");
        check("\r\n");
        check("umlauts äöü, \u{2028}");
        assert_eq!(list(&["a", "b"]), "[\"a\", \"b\"]");
    }

    #[test]
    fn placeholders_and_globs_are_only_text() {
        assert_eq!(literal("${HOME} $HOME"), "$${HOME} $HOME");
        for path in ["/a/b", "/a*/[x]", "/{a,b}/c\\d", "/a,b!"] {
            let glob = PathGlob::parse(&glob(path)).unwrap();
            assert!(glob.matches(path), "{path}");
            assert!(!glob.matches("/a/b") || path == "/a/b", "{path}");
        }
    }
}
