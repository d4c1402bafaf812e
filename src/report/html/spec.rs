//! The spec as it is written, with a place on the page for each line: a file for itself and for each that it adds to.

use serde::Serialize;

use crate::diagnostic::{Source, Span, visible};

/// A file as the template sees it.
#[derive(Debug, Serialize)]
pub(super) struct SpecFile {
    number: usize,
    name: String,
    lines: Vec<String>,
}

impl SpecFile {
    /// The files of a spec, itself first.
    pub(super) fn all(source: &Source) -> Vec<SpecFile> {
        let files = source.pieces().enumerate().filter(|(at, piece)| *at == 0 || !piece.text.is_empty());
        files
            .map(|(at, piece)| SpecFile {
                number: at + 1,
                name: visible(piece.name).into_owned(),
                lines: piece.text.lines().map(|line| visible(line).into_owned()).collect(),
            })
            .collect()
    }
}

/// The name that the line of the spec has on the page, behind that of its case.
pub(super) fn anchor(source: &Source, span: Span) -> String {
    let file = source.pieces().take_while(|piece| piece.start <= span.start).count();
    format!("s{file}-{}", source.position(span.start).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_lines_of_its_own() {
        let mut source = Source::new("x.toml", "a\nb");
        source.add("common.toml", "c\nd\n");
        let files = SpecFile::all(&source);
        let files: Vec<_> = files.iter().map(|file| (file.number, &*file.name, file.lines.join(" "))).collect();
        assert_eq!(files, [(1, "x.toml", "a b".to_owned()), (2, "common.toml", "c d".to_owned())]);
        let at = |start| anchor(&source, Span { start, end: start + 1 });
        assert_eq!([at(0), at(2), at(4), at(6)], ["s1-1", "s1-2", "s2-1", "s2-2"]);
    }
}
