//! What is in a folder after a run, part by part.
//! It must not know which parts matter.

use std::fmt;

/// What a name in the folder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its permission bits.
    pub mode: u32,
    /// What it is.
    pub shape: Shape,
}

/// What something in the folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
        /// What is in it, as a hash: `sha256:ab12cd34`; or why it cannot be read.
        content: String,
    },
    /// A symbolic link, and where it leads.
    Link(String),
    /// A directory.
    Folder,
    /// A FIFO, socket or device.
    Special,
}

/// Something in which what is left by two runs can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What it is: a file, a directory.
    Kind,
    /// Its permission bits.
    Mode,
    /// The length of a file.
    Size,
    /// What is in a file, and where a link leads.
    Content,
}

impl Left {
    /// In what it is not as another.
    pub fn unlike(&self, other: &Left) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut note = |part, differs: bool| parts.extend(Some(part).filter(|_| differs));
        match (&self.shape, &other.shape) {
            (Shape::File { size, content }, Shape::File { size: others_size, content: others }) => {
                note(Part::Size, size != others_size);
                note(Part::Content, content != others);
            }
            (Shape::Link(to), Shape::Link(others)) => note(Part::Content, to != others),
            (Shape::Folder, Shape::Folder) | (Shape::Special, Shape::Special) => {}
            _ => note(Part::Kind, true),
        }
        note(Part::Mode, self.mode != other.mode);
        parts
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o} ", self.mode)?;
        match &self.shape {
            Shape::File { size, content } => write!(f, "{size} B {content}"),
            Shape::Link(to) => write!(f, "-> {to}"),
            Shape::Folder => f.write_str("directory"),
            Shape::Special => f.write_str("special file"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file with this in it.
    pub(crate) fn file(text: &str) -> Left {
        Left { mode: 0o644, shape: Shape::File { size: text.len() as u64, content: format!("sha256:{text}") } }
    }

    #[test]
    fn two_things_differ_part_by_part() {
        let check = |one: &Left, other: &Left, expected: &[Part]| assert_eq!(one.unlike(other), expected);
        check(&file("ab"), &file("ab"), &[]);
        check(&file("ab"), &file("ac"), &[Part::Content]);
        check(&file("ab"), &file("a"), &[Part::Size, Part::Content]);
        check(&file("ab"), &Left { mode: 0o600, ..file("ab") }, &[Part::Mode]);
        let of = |shape| Left { mode: 0o644, shape };
        check(&file("ab"), &of(Shape::Folder), &[Part::Kind]);
        check(&of(Shape::Link("a".into())), &of(Shape::Link("b".into())), &[Part::Content]);
        assert_eq!(file("ab").to_string(), "0644 2 B sha256:ab");
        assert_eq!(of(Shape::Link("a".into())).to_string(), "0644 -> a");
    }
}
