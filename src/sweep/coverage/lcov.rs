//! What `llvm-cov export --format=lcov` prints: lines with their counts, and where functions begin (geninfo(1), "TRACEFILE FORMAT").
//! It must not run it.

use super::{Coverage, Function, Reach, SourceFile};

/// The lines; what is reached is so with a fault. `name` makes names of functions of those that the linker knows.
///
/// # Errors
/// The line that is not as llvm-cov prints it.
pub fn lcov(text: &str, name: impl Fn(&str) -> String) -> Result<Coverage, String> {
    let mut coverage = Coverage::default();
    let mut file: Option<(String, SourceFile)> = None;
    for line in text.lines() {
        let wrong = || format!("`{line}` is no line of lcov's");
        let (word, rest) = line.split_once(':').unwrap_or((line, ""));
        match (word, &mut file) {
            ("SF", _) => file = Some((rest.to_owned(), SourceFile::default())),
            ("FN", Some((_, file))) => {
                let (first, rest) = rest.split_once(',').ok_or_else(wrong)?;
                let first: u32 = first.parse().map_err(|_| wrong())?;
                // Some write the last line in between.
                let last = rest.split_once(',').and_then(|(last, name)| Some((last.parse::<u32>().ok()?, name)));
                let (last, linked) = last.unwrap_or((u32::MAX, rest));
                file.has_function(first, Function { name: name(linked), last });
            }
            ("DA", Some((_, file))) => {
                let mut parts = rest.split(',');
                let number = parts.next().and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
                let count: u64 = parts.next().and_then(|count| count.parse().ok()).ok_or_else(wrong)?;
                file.reached(number, if count > 0 { Reach::WithFault } else { Reach::Never });
            }
            ("FN" | "DA", None) => return Err(wrong()),
            ("end_of_record", _) => {
                if let Some((path, file)) = file.take() {
                    let one = Coverage { files: [(path, file)].into() };
                    coverage.add(&one);
                }
            }
            _ => {}
        }
    }
    Ok(coverage)
}

#[cfg(test)]
mod tests {
    use super::super::{Range, ranges};
    use super::*;

    #[test]
    fn counts_and_functions_are_read_and_all_else_is_left_out() {
        let text = "SF:/src/a.c\nFN:2,a.c:put\nFN:8,main\nFNDA:1,main\nFNF:2\nDA:2,1\nDA:3,0\nDA:8,18446744073709551615\n\
            BRDA:3,0,0,-\nLF:3\nend_of_record\nSF:/src/b.c\nDA:1,0\nend_of_record\n";
        let coverage = lcov(text, |name| name.rsplit(':').next().unwrap_or(name).to_owned()).unwrap();
        assert_eq!(coverage.files().map(|(path, _)| path).collect::<Vec<_>>(), ["/src/a.c", "/src/b.c"]);
        let (_, file) = coverage.files().next().unwrap();
        let range = |line: u32, name: &str| Range {
            first: line,
            last: line,
            function: Some(name.to_owned()),
            is_entered: true,
        };
        assert_eq!(ranges(file, Reach::WithFault), [range(2, "put"), range(8, "main")]);
        assert_eq!(ranges(file, Reach::Never), [range(3, "put")]);
    }

    #[test]
    fn what_is_none_of_it_is_told() {
        let told = |text: &str| lcov(text, str::to_owned).unwrap_err();
        assert_eq!(told("DA:1,1\n"), "`DA:1,1` is no line of lcov's");
        assert_eq!(told("SF:a\nDA:x,1\n"), "`DA:x,1` is no line of lcov's");
    }
}
