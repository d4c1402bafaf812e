//! What cases leave for those who look later: a folder for each, with its transcript and what it printed.
//! It must not know what is right.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Report;
use super::result::CaseResult;
use crate::diagnostic::visible_name;

/// Writes below a folder.
#[derive(Debug)]
pub struct Artifacts {
    folder: PathBuf,
}

impl Artifacts {
    /// Below this folder, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn new(folder: &Path) -> io::Result<Artifacts> {
        fs::create_dir_all(folder)?;
        Ok(Artifacts { folder: folder.to_owned() })
    }
}

/// The folder of a case: as its id, inside of whatever folder it is put into.
fn place(id: &str) -> PathBuf {
    let part = |part: &str| match part {
        "" | "." => None,
        ".." => Some("__".to_owned()),
        part => Some(visible_name(part.as_ref())),
    };
    id.split('/').filter_map(part).collect()
}

impl Report for Artifacts {
    fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        // Of what never ran there is nothing to keep.
        if result.outcome.is_none() {
            return Ok(());
        }
        let folder = self.folder.join(place(&result.id));
        fs::create_dir_all(&folder)?;
        let mut transcript = BufWriter::new(fs::File::create(folder.join("transcript"))?);
        for line in result.transcript.read()? {
            writeln!(transcript, "{}", line?)?;
        }
        transcript.flush()?;
        fs::write(folder.join("stdout"), &result.stdout)?;
        fs::write(folder.join("stderr"), &result.stderr)
    }

    fn finish(&mut self, _: Duration) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_case_leaves_the_folder() {
        assert_eq!(place("specs/x.toml::error=EIO"), Path::new("specs/x.toml::error=EIO"));
        assert_eq!(place("../../etc/./x.toml"), Path::new("__/__/etc/x.toml"));
        assert_eq!(place("/abs/x.toml"), Path::new("abs/x.toml"));
    }
}
