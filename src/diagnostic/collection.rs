//! All that is to be said of a spec, in the order of its text.

use super::{Code, Diagnostic, Level, Style};

/// Diagnostics of one source.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds one, unless the same is already said of the same place.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let same = |known: &Diagnostic| known.place() == diagnostic.place() && known.message == diagnostic.message;
        if !self.items.iter().any(same) {
            self.items.push(diagnostic);
        }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether any of them stops the run.
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Those that stop the run.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter().filter(|diagnostic| diagnostic.level == Level::Error)
    }

    /// Whether there are errors and all of them have this code.
    pub fn errors_are_all(&self, code: Code) -> bool {
        self.has_errors() && self.errors().all(|diagnostic| diagnostic.code == code)
    }

    /// All of them, in the order in which they were added, or of the text after [`Diagnostics::sorted`].
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter()
    }

    /// The same in the order of the text.
    #[must_use]
    pub fn sorted(mut self) -> Diagnostics {
        self.items.sort_by_key(Diagnostic::place);
        self
    }

    /// All of them as text, with an empty line between two.
    pub fn render(&self, style: Style) -> String {
        self.items.iter().map(|diagnostic| diagnostic.render(style)).collect::<Vec<_>>().join("\n")
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Diagnostics {
        Diagnostics { items: vec![diagnostic] }
    }
}
