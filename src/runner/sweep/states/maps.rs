//! Files that a program stores into by memory, which no call tells of: what is in them is looked at whenever another operation
//! is recorded. It must not know calls.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use super::files::Files;
use super::record::Frames;
use crate::sweep::states::{Change, Node, Op};
use crate::sweep::{Called, Circumstances, Point};

#[derive(Debug)]
struct Map {
    name: String,
    file: File,
    frames: Frames,
}

/// The files.
#[derive(Debug, Default)]
pub(super) struct Maps {
    maps: BTreeMap<Node, Map>,
    stores: u64,
}

impl Maps {
    /// A file that is mapped to be written to.
    pub(super) fn add(&mut self, node: Node, name: String, file: File, frames: Frames) {
        self.maps.entry(node).or_insert(Map { name, file, frames });
    }

    /// Notes what was stored since the last look, as one operation for each file.
    pub(super) fn look(&mut self, files: &mut Files, printed: u64) -> io::Result<()> {
        for (node, map) in &self.maps {
            let changes: Vec<Change> = files.all_data(*node, &map.file)?;
            if changes.is_empty() {
                continue;
            }
            self.stores += 1;
            let bytes: usize = changes
                .iter()
                .map(|change| if let Change::Data { bytes, .. } = change { bytes.len() } else { 0 })
                .sum();
            let point = Point {
                called: Called::Store,
                nth: self.stores,
                times: 1,
                shown: format!("store(\"{}\", {bytes} bytes of pages) by mmap", map.name),
                frames: map.frames.clone(),
                source: None,
                path: None,
                circumstances: Circumstances::default(),
                amounts: Vec::new(),
            };
            files.recording.ops.push(Op { point, changes, sync: None, file: None, printed });
        }
        Ok(())
    }

    /// What is to be said of them.
    pub(super) fn notes(&self) -> Vec<String> {
        let told = |map: &Map| {
            format!(
                "`{}` is mapped (mmap(2)): stores to it are not seen one by one, but as they are at the next call that is recorded",
                map.name
            )
        };
        self.maps.values().map(told).collect()
    }
}
