//! The lines of a file as reports and kept results have them: classes as lists of ranges.
//! It must not know where they are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Function, Reach, SourceFile};

/// No file has more lines.
const MOST: u32 = 1 << 24;

/// A file's lines; ranges have their first and their last line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLines {
    /// Reached by runs without a fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    without: Vec<(u32, u32)>,
    /// Reached by runs with a fault only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with_fault: Vec<(u32, u32)>,
    /// Reached by none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    never: Vec<(u32, u32)>,
    /// Its functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    functions: Vec<FunctionLines>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FunctionLines {
    name: String,
    first: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<u32>,
}

impl From<SourceFile> for FileLines {
    fn from(file: SourceFile) -> FileLines {
        let mut lines = FileLines::default();
        for (line, reach) in file.lines {
            let ranges = match reach {
                Reach::Without => &mut lines.without,
                Reach::WithFault => &mut lines.with_fault,
                Reach::Never => &mut lines.never,
            };
            match ranges.last_mut().filter(|(_, last)| *last + 1 == line) {
                Some((_, last)) => *last = line,
                None => ranges.push((line, line)),
            }
        }
        let function = |(first, function): (u32, Function)| FunctionLines {
            name: function.name,
            first,
            last: (function.last != u32::MAX).then_some(function.last),
        };
        lines.functions = file.functions.into_iter().map(function).collect();
        lines
    }
}

impl TryFrom<FileLines> for SourceFile {
    type Error = String;

    fn try_from(written: FileLines) -> Result<SourceFile, String> {
        let mut file = SourceFile { lines: BTreeMap::new(), functions: BTreeMap::new() };
        let classes = [
            (&written.without, Reach::Without),
            (&written.with_fault, Reach::WithFault),
            (&written.never, Reach::Never),
        ];
        for (ranges, reach) in classes {
            if let Some((first, last)) = ranges.iter().find(|(first, last)| first > last || *last > MOST) {
                return Err(format!("{first} to {last} are no lines of a file"));
            }
            for line in ranges.iter().flat_map(|(first, last)| *first..=*last) {
                file.reached(line, reach);
            }
        }
        for FunctionLines { name, first, last } in written.functions {
            file.has_function(first, Function { name, last: last.unwrap_or(u32::MAX) });
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let file = file("wwn.ffnnw", &[(1, 3, "put"), (5, u32::MAX, "main")]);
        let text = serde_json::to_string(&file).unwrap();
        assert_eq!(
            text,
            r#"{"without":[[1,2],[9,9]],"with_fault":[[5,6]],"never":[[3,3],[7,8]],"functions":[{"name":"put","first":1,"last":3},{"name":"main","first":5}]}"#
        );
        assert_eq!(serde_json::from_str::<SourceFile>(&text).unwrap(), file);
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        let told = |text: &str| serde_json::from_str::<SourceFile>(text).unwrap_err().to_string();
        assert_eq!(told(r#"{"never":[[1,4294967295]]}"#), "1 to 4294967295 are no lines of a file");
        assert_eq!(told(r#"{"without":[[3,2]]}"#), "3 to 2 are no lines of a file");
    }
}
