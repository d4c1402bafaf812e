//! What one build of rinject has done so far, below the target folder: a chore that takes hours goes on from there.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

/// A folder for one build and one text; it begins empty for others.
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// The folder `name` beside the binary of rinject. What another build, or the same with another `text`, has left there
    /// is removed.
    pub fn open(rinject: &Path, name: &str, text: &str) -> Result<Kept, String> {
        let kept = Kept { folder: rinject.parent().unwrap_or(Path::new(".")).join(name) };
        let binary = fs::read(rinject).map_err(|error| format!("cannot read {}: {error}", rinject.display()))?;
        let mut hasher = DefaultHasher::new();
        hasher.write(&binary);
        hasher.write(text.as_bytes());
        let of = format!("{:016x}\n", hasher.finish());
        if kept.read("of").as_deref() != Some(&of) {
            // What is not there need not be removed.
            let _ = fs::remove_dir_all(&kept.folder);
            fs::create_dir_all(&kept.folder)
                .map_err(|error| format!("cannot make {}: {error}", kept.folder.display()))?;
            kept.write("of", &of)?;
        }
        Ok(kept)
    }

    /// Where a file of the folder is.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The text of a file; `None` where there is none yet.
    pub fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.path(file)).ok()
    }

    /// Writes a file whole: whoever ends this chore half-way finds the old text or the new one.
    pub fn write(&self, file: &str, text: &str) -> Result<(), String> {
        let (new, path) = (self.path(&format!("{file}.new")), self.path(file));
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &path));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}
