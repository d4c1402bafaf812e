//! What hours of running have shown so far, in the repository: any machine goes on from there, as long as nothing has been
//! changed that decides what stands in a transcript, and in which order.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use crate::project;

/// The layers of src/ that have a part in a transcript from the start of a program to its end. What reads specs before and
/// judges and tells afterwards has none.
const LAYERS: [&str; 8] = ["abi", "engine", "faults", "image", "sandbox", "sys", "tracer", "transcript"];

/// A file of the repository that holds for one state of these layers.
pub struct Ledger {
    path: PathBuf,
    state: String,
}

impl Ledger {
    /// The file at `path` in the project.
    pub fn open(path: &str) -> Result<Ledger, String> {
        Ok(Ledger { path: project::root().join(path), state: state()? })
    }

    /// Its lines; none where the layers have changed since they were written.
    pub fn read(&self) -> String {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let head = format!("{}\n", self.head());
        text.strip_prefix(&head).unwrap_or_default().to_owned()
    }

    /// Writes it whole: whoever ends this chore half-way finds the old lines or the new ones.
    pub fn write(&self, lines: &str) -> Result<(), String> {
        let new = self.path.with_extension("new");
        let written =
            fs::write(&new, format!("{}\n{lines}", self.head())).and_then(|()| fs::rename(&new, &self.path));
        written.map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }

    fn head(&self) -> String {
        format!("# {} of {}", self.state, LAYERS.join(", "))
    }
}

/// A number for what stands in the files of the layers.
fn state() -> Result<String, String> {
    let mut files = Vec::new();
    for layer in LAYERS {
        collect(&project::root().join("src").join(layer), &mut files)
            .map_err(|error| format!("cannot read src/{layer}: {error}"))?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let name = file.strip_prefix(project::root()).unwrap_or(&file);
        hasher.write(name.as_os_str().as_encoded_bytes());
        hasher.write(&fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
