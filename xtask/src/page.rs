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
        let [before, _, after] = self.parts()?;
        let path = project::root().join(self.page);
        let [begin, end] = self.comments();
        fs::write(&path, format!("{before}{begin}{table}{end}{after}"))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(format!("{before}{after}"))
    }

    /// What stands there now.
    pub fn table(&self) -> Result<String, String> {
        self.parts().map(|[_, table, _]| table)
    }

    fn comments(&self) -> [String; 2] {
        let Place { name, chore, .. } = self;
        [format!("<!-- {name}: written by `cargo xtask {chore}` -->\n"), format!("<!-- end of {name} -->\n")]
    }

    /// The page before the table, the table, and the page behind it.
    fn parts(&self) -> Result<[String; 3], String> {
        let page = self.page;
        let path = project::root().join(page);
        let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let [begin, end] = self.comments();
        let (before, rest) = text.split_once(&begin).ok_or(format!("{page} has no line `{}`", begin.trim_end()))?;
        let (table, after) = rest.split_once(&end).ok_or(format!("{page} has no line `{}`", end.trim_end()))?;
        Ok([before, table, after].map(str::to_owned))
    }
}
