//! Reads the files that a spec adds to, and those that these add to.
//! It must not know how they go together.

use std::path::Path;
use std::sync::Arc;

use super::find::text_of;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::spec::{self, Text};

/// The text of a spec with those of all files that it adds to behind it.
pub(super) fn with_extended(source: Source) -> Result<Source, Diagnostics> {
    let mut gathered = Gathered { source, problems: Diagnostics::new() };
    let name = gathered.source.name.clone();
    gathered.gather(&name, &mut Vec::new());
    if gathered.problems.has_errors() { Err(gathered.problems.sorted()) } else { Ok(gathered.source) }
}

struct Gathered {
    source: Source,
    problems: Diagnostics,
}

impl Gathered {
    /// Reads what the file of this name adds to; `open` are the files on the way to it.
    fn gather(&mut self, name: &str, open: &mut Vec<String>) {
        let Some(piece) = self.source.pieces().find(|piece| piece.name == name) else { return };
        let extends = spec::extends(piece);
        open.push(name.to_owned());
        for text in extends {
            let next = spec::beside(name, &text.value);
            if open.iter().any(|before| is_same(before, &next)) {
                let help = Some("take one of them out".to_owned());
                self.problem(&text, format!("`{}` adds to itself", text.value), "this closes the circle", help);
                continue;
            }
            if self.source.pieces().any(|piece| piece.name == next) {
                continue;
            }
            match text_of(Path::new(&next)) {
                Ok(read) => {
                    self.source.add(next.clone(), &read);
                    self.gather(&next, open);
                }
                Err(why) => {
                    let help = Some("paths are relative to the file they are written in".to_owned());
                    self.problem(&text, format!("cannot read `{next}`: {why}"), "named here", help);
                }
            }
        }
        open.pop();
    }

    fn problem(&mut self, text: &Text, message: String, label: &str, help: Option<String>) {
        let source = Arc::new(self.source.clone());
        let error = Diagnostic::error(&source, Code::BAD_EXTENDS, message).at(text.span, label).help(help);
        self.problems.push(error);
    }
}

/// Whether two names lead to one file.
fn is_same(one: &str, other: &str) -> bool {
    let real = |name: &str| std::fs::canonicalize(name).ok();
    one == other || real(one).is_some_and(|path| Some(path) == real(other))
}
