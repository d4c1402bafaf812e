//! Text that comes from programs, made fit to be shown: it cannot move a cursor, change a colour, or turn a line around.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// `text` with its control characters as Rust writes them (`\u{1b}`, `\r`), except those that make lines and columns. So
/// are the characters that change the direction of a line.
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, |character| matches!(character, '\n' | '\t') || !is_hidden(character))
}

/// The same in one line, also for bytes that are no UTF-8: they are `\xff`. A backslash is doubled, so that each name has
/// a form of its own.
pub fn visible_name(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(&shown(chunk.valid(), |character| character != '\\' && !is_hidden(character)));
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

fn shown(text: &str, is_plain: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.chars().all(&is_plain) {
        return Cow::Borrowed(text);
    }
    let escape = |character: char| {
        if is_plain(character) { character.to_string() } else { character.escape_default().to_string() }
    };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Whether a terminal or an editor acts on a character rather than showing it.
pub fn is_hidden(character: char) -> bool {
    // Line and paragraph separators; marks, embeddings, overrides and isolates of direction (Unicode, annex 9).
    character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(visible(text), expected);
        assert!(visible(expected) == expected, "once is enough");
    }

    #[test]
    fn what_acts_on_terminals_is_shown_instead() {
        check("plain \u{e9} \\ text\n\tand more\n", "plain \u{e9} \\ text\n\tand more\n");
        check("\x1b]0;title\x07\r\n", "\\u{1b}]0;title\\u{7}\\r\n");
        check("\u{9b}31m\x7f\0", "\\u{9b}31m\\u{7f}\\u{0}");
        check("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c");
    }

    #[test]
    fn each_name_has_a_form_of_its_own() {
        let names: [(&[u8], &str); 4] =
            [(b"a\nb", "a\\nb"), (b"a\\nb", "a\\\\nb"), (b"\xff\xe2\x82", "\\xff\\xe2\\x82"), (b"\\xff", "\\\\xff")];
        for (name, expected) in names {
            assert_eq!(visible_name(OsStr::from_bytes(name)), expected);
        }
    }
}
