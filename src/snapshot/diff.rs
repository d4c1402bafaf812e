//! Two texts side by side as a line diff.

use std::fmt::Write;

use crate::diagnostic::visible;
use similar::{ChangeTag, TextDiff};

/// Whether a diff is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffStyle {
    /// Signs only.
    Plain,
    /// Signs and ANSI colours.
    Colour,
}

/// The lines that differ, with three lines around them; `-` is expected and missing, `+` is there instead.
pub fn render_diff(expected: &str, actual: &str, style: DiffStyle) -> String {
    let diff = TextDiff::from_lines(expected, actual);
    let mut text = String::new();
    for (number, group) in diff.grouped_ops(3).iter().enumerate() {
        if number > 0 {
            text.push_str("...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, colour) = match change.tag() {
                ChangeTag::Equal => (' ', None),
                ChangeTag::Delete => ('-', Some("\x1b[31m")),
                ChangeTag::Insert => ('+', Some("\x1b[32m")),
            };
            let line = visible(change.value().trim_end_matches('\n'));
            // Writing to a String cannot fail.
            let _ = match colour.filter(|_| style == DiffStyle::Colour) {
                Some(colour) => writeln!(text, "{colour}{sign} {line}\x1b[0m"),
                None => writeln!(text, "{}", format!("{sign} {line}").trim_end()),
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_and_its_surroundings_are_shown() {
        let many: String = (0..20).map(|n| format!("{n}\n")).collect();
        let changed = many.replace("10\n", "ten\n");
        let expected = "  7\n  8\n  9\n- 10\n+ ten\n  11\n  12\n  13\n";
        assert_eq!(render_diff(&many, &changed, DiffStyle::Plain), expected);
        assert_eq!(render_diff(&many, &many, DiffStyle::Plain), "");
    }
}
