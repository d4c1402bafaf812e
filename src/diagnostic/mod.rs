//! Messages for the author of a spec: a stable code, the place in the source, what is wrong, how to mend it.
//! Pure: it renders text and must not print it.

mod codes;
mod collection;
mod located;
mod render;
mod source;
mod suggest;
mod visible;

pub use codes::{Code, Level};
pub use collection::Diagnostics;
pub use located::Located;
pub use render::Style;
pub use source::{Piece, Source, Span};
pub use suggest::{did_you_mean, listed, nearest};
pub use visible::{is_hidden, visible, visible_name};

use std::sync::Arc;

/// One problem, with the places it speaks of.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// Whether it stops the run.
    pub level: Level,
    /// What is wrong, in one line, lower case.
    pub message: String,
    /// The places in the source; the first is the main one.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: Option<String>,
    /// More to know: one line each.
    pub notes: Vec<String>,
    /// The text that the spans point into.
    pub source: Arc<Source>,
}

/// A place in the source and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(source: &Arc<Source>, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            level: Level::Error,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            notes: Vec::new(),
            source: Arc::clone(source),
        }
    }

    /// A warning without a place.
    pub fn warning(source: &Arc<Source>, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic { level: Level::Warning, ..Diagnostic::error(source, code, message) }
    }

    /// With one more place; the first is the main one.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// With a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<Option<String>>) -> Diagnostic {
        self.help = help.into();
        self
    }

    /// With one more thing to know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// As text, with the line of the source and a caret under the word.
    pub fn render(&self, style: Style) -> String {
        render::render(self, style)
    }

    /// The main place, for sorting; what has no place comes first.
    fn place(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_looks_as_the_format_says() {
        let text = "spec = 1\n\nevents = ['opnat(path ~ \"*.wal\") -> ?fd', \"close(fd = $fd)\"]\n";
        let source = Arc::new(Source::new("wal.toml", text));
        let start = text.find("opnat").unwrap_or_default();
        let diagnostic = Diagnostic::error(&source, Code::UNKNOWN_EVENT, "unknown event `opnat`")
            .at(Span { start, end: start + 5 }, "no such system call on x86_64")
            .help(Some("did you mean `openat`?".to_owned()));
        let expected = "\
error[RJ0201]: unknown event `opnat`
 --> wal.toml:3:12
  |
3 | events = ['opnat(path ~ \"*.wal\") -> ?fd', \"close(fd = $fd)\"]
  |            ^^^^^ no such system call on x86_64
  |
  = help: did you mean `openat`?
";
        assert_eq!(diagnostic.render(Style::Plain), expected);
        assert!(diagnostic.render(Style::Colour).contains("\u{1b}["));
    }

    #[test]
    fn places_beyond_the_text_do_not_harm() {
        let source = Arc::new(Source::new("x", "é"));
        let rendered =
            Diagnostic::error(&source, Code::SYNTAX, "m").at(Span { start: 1, end: 9 }, "").render(Style::Plain);
        assert!(rendered.contains("x:1:1"), "{rendered}");
        let empty = Arc::new(Source::new("x", ""));
        let rendered =
            Diagnostic::error(&empty, Code::SYNTAX, "m").at(Span { start: 3, end: 3 }, "l").render(Style::Plain);
        assert!(rendered.contains("error[RJ0101]: m"), "{rendered}");
    }

    #[test]
    fn the_same_is_said_once_and_in_the_order_of_the_text() {
        let source = Arc::new(Source::new("x", "ab\n"));
        let at = |start, message: &str| {
            Diagnostic::error(&source, Code::SYNTAX, message).at(Span { start, end: start + 1 }, "")
        };
        let mut all = Diagnostics::new();
        all.extend([at(1, "b"), at(0, "a"), at(1, "b")]);
        let order: Vec<String> = all.sorted().into_iter().map(|diagnostic| diagnostic.message).collect();
        assert_eq!(order, ["a", "b"]);
    }
}
