//! Tables on the pages of docs/ that a chore writes, between two comments.

use std::fs;

use crate::project;

/// Where a table stands: on a page of docs/, between `<!-- NAME: written by `cargo xtask CHORE` -->` and
/// `<!-- end of NAME -->`.
pub struct Place {
    pub page: &'static str,
    pub name: &'static str,
    pub chore: &'static str,
}

impl Place {
    /// Writes the table there, and returns the rest of the page.
    pub fn write(&self, table: &str) -> Result<String, String> {
        let Place { page, name, chore } = self;
        let begin = format!("<!-- {name}: written by `cargo xtask {chore}` -->\n");
        let end = format!("<!-- end of {name} -->\n");
        let path = project::root().join(page);
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let (before, rest) = text.split_once(&begin).ok_or(format!("{page} has no line `{}`", begin.trim_end()))?;
        let (_, after) = rest.split_once(&end).ok_or(format!("{page} has no line `{}`", end.trim_end()))?;
        fs::write(&path, format!("{before}{begin}{table}{end}{after}"))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(format!("{before}{after}"))
    }
}
