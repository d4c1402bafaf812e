//! A Rust source as the tidiness checks see it: what is code, what is a test, which paths it names.
//! It knows just enough of the language for that, and nothing of the rules.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project.
pub(crate) struct Source {
    /// From the project's folder on.
    pub(crate) path: String,
    /// As it stands in the file.
    pub(crate) text: String,
    /// Without comments, literals and `#[cfg(test)]` items; as many lines as the text.
    pub(crate) code: String,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Source {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let code = without_tests(&without_words(&text));
        Source { path: relative(root, path), text, code }
    }

    /// The layer it belongs to: the folder or file under src/.
    pub(crate) fn layer(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        let layer = rest.split('/').next()?.trim_end_matches(".rs");
        (!matches!(layer, "lib" | "main")).then_some(layer)
    }

    /// Whether the whole file is tests: their modules stand in files of these names.
    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.ends_with("_tests.rs") || self.path.contains("/tests/")
    }

    /// How many modules it is away from the crate's root, at most: a module written inside it counts.
    pub(crate) fn depth(&self) -> usize {
        let mut lines = self.code.lines().map(str::trim);
        let has_inner = lines.any(|line| line.split(' ').any(|word| word == "mod") && line.ends_with('{'));
        self.path.trim_end_matches("/mod.rs").matches('/').count() + usize::from(has_inner)
    }

    /// The number of the line that byte `at` of the code is in.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// Every path in the code that begins with `root`, such as `std::fs::read`, with its place; braces are
    /// multiplied out.
    pub(crate) fn paths(&self, root: &str) -> Vec<(usize, String)> {
        let starts = words(&self.code).filter(|(_, word)| *word == root);
        starts
            .filter(|(at, _)| !self.code[..*at].ends_with("::") && self.code[at + root.len()..].starts_with("::"))
            .flat_map(|(at, _)| {
                let mut all = Vec::new();
                tree(self.code[at..].trim_start(), "", &mut all);
                all.into_iter().map(move |path| (at, path))
            })
            .collect()
    }
}

/// Every file below `folders` whose name ends in `ending`, in path order; paths from `root` on.
pub(crate) fn files(root: &Path, folders: &[&str], ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| collect(&root.join(folder), ending, &mut found));
    let mut found: Vec<String> = found.iter().map(|path| relative(root, path)).collect();
    found.sort();
    found
}

/// Every Rust source below `folders`.
pub(crate) fn sources(root: &Path, folders: &[&str]) -> Vec<Source> {
    files(root, folders, ".rs").iter().map(|path| Source::read(root, &root.join(path))).collect()
}

/// The words of `code` and where they begin.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    code.split(move |c| !inside(c)).filter(|word| !word.is_empty()).map(move |word| {
        let at = word.as_ptr() as usize - code.as_ptr() as usize;
        (at, word)
    })
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// Reads a path at the start of `text` and what its braces hold; returns how much was read.
fn tree(text: &str, prefix: &str, all: &mut Vec<String>) -> usize {
    let len = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..len]);
    let Some(rest) = text[len..].strip_prefix("::").filter(|_| len > 0) else {
        all.push(path);
        return len;
    };
    let prefix = format!("{path}::");
    if !rest.starts_with('{') {
        return len + 2 + tree(rest, &prefix, all);
    }
    let mut at = 1;
    loop {
        at += rest[at..].len() - rest[at..].trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
        if rest[at..].starts_with('}') || rest[at..].is_empty() {
            return len + 2 + at + 1;
        }
        let read = tree(&rest[at..], &prefix, all);
        // What is neither a name nor a brace, as in `a as b` or `*`, holds no further path.
        at += read + rest[at + read..].find([',', '}']).unwrap_or(rest.len() - at - read);
    }
}

/// Blanks comments and the insides of literals.
fn without_words(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (len, is_code) = match c {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |at| at + 2), false),
            '"' => (string(rest, 1), false),
            'r' if !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') => raw_string(rest),
            '\'' => character(rest),
            _ => (c.len_utf8(), true),
        };
        let (part, after) = rest.split_at(len);
        if is_code {
            code.push_str(part);
        } else {
            code.extend(part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    code
}

fn string(rest: &str, from: usize) -> usize {
    let mut bytes = rest.bytes().enumerate().skip(from);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A raw string, or just the letter.
fn raw_string(rest: &str) -> (usize, bool) {
    let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
    if !rest[1 + hashes..].starts_with('"') {
        return (1, true);
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let from = hashes + 2;
    (rest[from..].find(&end).map_or(rest.len(), |at| from + at + end.len()), false)
}

/// A character, or just the tick of a lifetime.
fn character(rest: &str) -> (usize, bool) {
    let mut chars = rest.char_indices().skip(1);
    let is_escape = matches!(chars.next(), Some((_, '\\')));
    if is_escape {
        let end = rest[3..].find('\'').map_or(rest.len(), |at| 3 + at + 1);
        return (end, false);
    }
    match chars.next() {
        Some((at, '\'')) => (at + 1, false),
        _ => (1, true),
    }
}

/// Blanks the items that only tests have.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let item = &rest[at..];
        let open = item.find('{').unwrap_or(item.len());
        let end = item.find(';').filter(|end| *end < open).map_or_else(|| open + block(&item[open..]), |end| end + 1);
        kept.push_str(&rest[..at]);
        kept.extend(item[..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        rest = &item[end..];
    }
    kept + rest
}

/// How long the block at the start of `text` is.
fn block(text: &str) -> usize {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
