//! What gcov(1) prints with `--json-format --stdout`: a line of JSON for each file of counters; and the version of gcc that a file
//! of counters is of. It must not run gcov.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::{Coverage, Function, Reach};

#[derive(Deserialize)]
struct Document {
    data_file: String,
    current_working_directory: String,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    file: String,
    #[serde(default)]
    functions: Vec<FunctionOf>,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct FunctionOf {
    #[serde(default)]
    demangled_name: Option<String>,
    name: String,
    start_line: u32,
    end_line: u32,
}

#[derive(Deserialize)]
struct Line {
    line_number: u32,
    count: u64,
    #[serde(default)]
    function_name: Option<String>,
}

impl File {
    /// Functions that lines of the file are in and that begin in none of its lines: where a macro of a header makes the name, gcc
    /// has them begin there. They are as long as their lines.
    fn begun_elsewhere(&self) -> Vec<(u32, Function)> {
        let mut found: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for line in &self.lines {
            let name = line.function_name.as_deref();
            if let Some(name) = name.filter(|name| !self.functions.iter().any(|function| function.name == *name)) {
                let (first, last) = found.entry(name).or_insert((line.line_number, line.line_number));
                *first = (*first).min(line.line_number);
                *last = (*last).max(line.line_number);
            }
        }
        let function = |(name, (first, last)): (&str, (u32, u32))| (first, Function { name: name.to_owned(), last });
        found.into_iter().map(function).collect()
    }
}

/// The lines of each file of counters, by its name as gcov was given it; what is reached is so with a fault.
///
/// # Errors
/// What of the text is not as gcov of gcc 9 or later prints it.
pub fn gcov(text: &str) -> Result<Vec<(String, Coverage)>, String> {
    let mut all = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let document: Document = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let mut coverage = Coverage::default();
        for file in document.files {
            let elsewhere = file.begun_elsewhere();
            let path = plain(&Path::new(&document.current_working_directory).join(&file.file));
            let known = coverage.files.entry(path).or_default();
            for (first, function) in elsewhere {
                known.has_function(first, function);
            }
            for function in file.functions {
                let name = function.demangled_name.unwrap_or(function.name);
                known.has_function(function.start_line, Function { name, last: function.end_line });
            }
            // A line of a template is there once for each instance.
            for line in file.lines {
                known.reached(line.line_number, if line.count > 0 { Reach::WithFault } else { Reach::Never });
            }
        }
        all.push((document.data_file, coverage));
    }
    Ok(all)
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain.to_string_lossy().into_owned()
}

/// The main version of gcc that has made a file of counters, or of the notes beside it, from its first eight bytes (gcc's
/// gcov-io.h: the magic and the version, each a number in the order of the machine). `None` for a file that is none of gcc's own:
/// clang writes them as gcc 4 did.
pub fn version(bytes: &[u8]) -> Option<u32> {
    let [_, _, _, _, _, minor, ones, tens] = *bytes.first_chunk::<8>()?;
    let is_magic = matches!(&bytes[..4], b"adcg" | b"oncg");
    let is_version = is_magic && minor.is_ascii_digit() && ones.is_ascii_digit() && tens.is_ascii_uppercase();
    is_version.then(|| u32::from(tens - b'A') * 10 + u32::from(ones - b'0'))
}

#[cfg(test)]
mod tests {
    use super::super::{Range, ranges};
    use super::*;

    #[test]
    fn lines_of_all_instances_are_joined_and_paths_are_whole() {
        let text = r#"{"format_version":"1","gcc_version":"12.2.0","data_file":"/c/x.gcda","current_working_directory":"/src/b",
            "files":[{"file":"../a.cc","functions":[{"name":"_Z3putv","demangled_name":"put()","start_line":3,"end_line":9,"blocks":2}],
            "lines":[{"line_number":3,"count":2,"branches":[],"function_name":"_Z3putv"},{"line_number":4,"count":0},
            {"line_number":4,"count":1},{"line_number":7,"count":0}]},{"file":"/usr/include/b.h","lines":[]}]}"#;
        let text = text.replace('\n', "");
        let all = gcov(&format!("{text}\n\n{text}\n")).unwrap();
        assert_eq!(all.len(), 2);
        let (name, coverage) = &all[0];
        assert_eq!(name, "/c/x.gcda");
        let (path, file) = coverage.files().next().unwrap();
        assert_eq!(path, "/src/a.cc");
        let put = |first, last| Range { first, last, function: Some("put()".to_owned()), is_entered: true };
        assert_eq!(ranges(file, Reach::WithFault), [put(3, 4)]);
        assert_eq!(ranges(file, Reach::Never), [put(7, 7)]);
        assert!(gcov("a.c:no functions found\n").is_err());
    }

    #[test]
    fn a_function_whose_name_a_header_makes_is_where_its_lines_are() {
        let text = r#"{"data_file":"x.gcda","current_working_directory":"/b","files":[{"file":"stdio.h","functions":[
            {"name":"rpl_fclose","start_line":735,"end_line":735}],"lines":[]},{"file":"fclose.c","functions":[],"lines":[
            {"line_number":62,"count":0,"function_name":"rpl_fclose"},{"line_number":60,"count":0,"function_name":"rpl_fclose"}]}]}"#;
        let all = gcov(&text.replace('\n', "")).unwrap();
        let (path, file) = all[0].1.files().next().unwrap();
        assert_eq!(path, "/b/fclose.c");
        let function = Some("rpl_fclose".to_owned());
        assert_eq!(ranges(file, Reach::Never), [Range { first: 60, last: 62, function, is_entered: false }]);
    }

    #[test]
    fn the_version_is_that_of_the_compiler() {
        assert_eq!(version(b"adcg*22B\x01"), Some(12));
        assert_eq!(version(b"oncg*49A"), Some(9));
        assert_eq!(version(b"adcg*804"), None);
        assert_eq!(version(b"adcg"), None);
        assert_eq!(version(b"\x7fELF*22B"), None);
    }
}
