//! The folder of a run as the calls that were recorded have left it: which file each name means, and what is in it.
//! It must not know calls.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::super::attributes::attributes;
use crate::sweep::states::{Attributes, Change, Inode, Kind, Name, Node, PAGE, ROOT, Recording};

/// What is recorded of one run at most: bytes, of files and of what is written to them.
const MOST: u64 = 512 << 20;

/// The folder, and what is recorded of it.
#[derive(Debug, Default)]
pub(super) struct Files {
    folder: PathBuf,
    pub(super) recording: Recording,
    known: HashMap<(u64, u64), Node>,
    names: BTreeMap<(Node, Name), Node>,
    contents: HashMap<Node, Vec<u8>>,
    attributes: HashMap<Node, Attributes>,
    bytes: u64,
}

impl Files {
    /// What is in `folder` now.
    pub(super) fn scan(folder: &Path) -> io::Result<Files> {
        let folder = folder.canonicalize()?;
        let mut files = Files { folder: folder.clone(), ..Files::default() };
        files.add(&folder, &fs::symlink_metadata(&folder)?, true)?;
        let mut folders = vec![(folder, ROOT)];
        while let Some((path, node)) = folders.pop() {
            for entry in fs::read_dir(&path)? {
                let path = entry?.path();
                let data = fs::symlink_metadata(&path)?;
                let below = match files.node(&data) {
                    Some(below) => below,
                    None => files.add(&path, &data, true)?,
                };
                files.names.insert((node, name(&path)), below);
                if data.is_dir() {
                    folders.push((path, below));
                }
            }
        }
        files.recording.entries = files.names.clone();
        Ok(files)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is more than can be recorded.
    pub(super) fn is_too_much(&self) -> bool {
        self.bytes > MOST
    }

    /// Whether something is on the file system that the folder is on.
    pub(super) fn is_on(&self, data: &Metadata) -> bool {
        self.known.iter().any(|((device, _), node)| *node == ROOT && *device == data.dev())
    }

    /// The file that this is, if it is known.
    pub(super) fn node(&self, data: &Metadata) -> Option<Node> {
        self.known.get(&(data.dev(), data.ino())).copied()
    }

    /// Whether it is a regular file, or was one.
    pub(super) fn is_file(&self, node: Node) -> bool {
        self.recording.inodes[node].kind == Kind::File
    }

    /// A name of a file, below the folder; as good as any.
    pub(super) fn name_of(&self, node: Node) -> String {
        let Some(((folder, name), _)) = self.names.iter().find(|(_, it)| **it == node) else {
            return if node == ROOT { "." } else { "a file without a name" }.to_owned();
        };
        let name = String::from_utf8_lossy(name);
        if *folder == ROOT { name.into_owned() } else { format!("{}/{name}", self.name_of(*folder)) }
    }

    /// A file that was not known; `has_content` where what is in it was there before it was seen.
    pub(super) fn add(&mut self, path: &Path, data: &Metadata, has_content: bool) -> io::Result<Node> {
        let kind = data.file_type();
        let kind = match () {
            () if kind.is_dir() => Kind::Folder,
            () if kind.is_file() => Kind::File,
            () if kind.is_symlink() => Kind::Link(fs::read_link(path)?.as_os_str().as_bytes().to_vec()),
            () => Kind::Other,
        };
        let attributes = attributes(path, data)?;
        let content = if kind == Kind::File && has_content && self.bytes + data.len() <= MOST {
            fs::read(path)?
        } else {
            Vec::new()
        };
        self.bytes += if has_content && kind == Kind::File { data.len() } else { 0 };
        let node = self.recording.inodes.len();
        if kind == Kind::File {
            self.contents.insert(node, content.clone());
        }
        self.attributes.insert(node, attributes.clone());
        self.known.insert((data.dev(), data.ino()), node);
        self.recording.inodes.push(Inode { kind, attributes, content });
        Ok(node)
    }

    /// What has become of a name: nothing where it means what it did. A name `is_new` where the call makes files.
    pub(super) fn renamed(&mut self, path: &Path, is_new: bool) -> io::Result<Option<Change>> {
        let (Some(parent), Some(_)) = (path.parent(), path.file_name()) else { return Ok(None) };
        // A path that leads nowhere, or elsewhere, is none of the folder's.
        let Ok(parent) = parent.canonicalize() else { return Ok(None) };
        let Some(folder) = fs::metadata(&parent).ok().and_then(|data| self.node(&data)) else { return Ok(None) };
        let name = name(path);
        let path = parent.join(OsStr::from_bytes(&name));
        let from = self.names.get(&(folder, name.clone())).copied();
        let to = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
            Ok(data) => match self.node(&data) {
                // Numbers of files that are gone are given again.
                Some(node) if !is_new || from == Some(node) => Some(node),
                _ => Some(self.add(&path, &data, !is_new)?),
            },
        };
        if from == to {
            return Ok(None);
        }
        match to {
            Some(node) => self.names.insert((folder, name.clone()), node),
            None => self.names.remove(&(folder, name.clone())),
        };
        Ok(Some(Change::Entry { folder, name, from, to }))
    }

    /// What has become of mode, owner and extended attributes of what a path leads to.
    pub(super) fn attributes(&mut self, path: &Path, data: &Metadata) -> io::Result<Vec<Change>> {
        let Some(node) = self.node(data) else { return Ok(Vec::new()) };
        let now = attributes(path, data)?;
        let before = self.attributes.insert(node, now.clone()).unwrap_or_else(|| now.clone());
        Ok(before.until(&now).into_iter().map(|to| Change::Attribute { node, to }).collect())
    }

    /// What has become of the length of a file.
    pub(super) fn size(&mut self, node: Node, size: u64) -> Option<Change> {
        let content = self.contents.entry(node).or_default();
        let is_same = content.len() as u64 == size;
        // A length is no reason to keep as many zeros.
        if is_same || size > MOST {
            self.bytes = self.bytes.max(size);
            return None;
        }
        content.resize(size as usize, 0);
        Some(Change::Size { node, to: size })
    }

    /// What was written to a part of a file, as it is now.
    pub(super) fn data(&mut self, node: Node, file: &File, part: Range<u64>) -> io::Result<Option<Change>> {
        let length = part.end.saturating_sub(part.start);
        self.bytes += length;
        if self.is_too_much() || part.end > MOST {
            self.bytes = self.bytes.max(part.end);
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, part.start)?;
        let content = self.contents.entry(node).or_default();
        let end = part.end as usize;
        if content.len() < end {
            content.resize(end, 0);
        }
        content[part.start as usize..end].copy_from_slice(&bytes);
        Ok((length > 0).then_some(Change::Data { node, at: part.start, bytes }))
    }

    /// What has become of all that is in a file: pages that are not as they were.
    pub(super) fn all_data(&mut self, node: Node, file: &File) -> io::Result<Vec<Change>> {
        let size = file.metadata()?.len();
        if size > MOST {
            self.bytes = self.bytes.max(size);
            return Ok(Vec::new());
        }
        let mut now = vec![0; size as usize];
        file.read_exact_at(&mut now, 0)?;
        let before = self.contents.entry(node).or_default();
        let mut changes = Vec::new();
        if before.len() > now.len() {
            before.truncate(now.len());
            changes.push(Change::Size { node, to: size });
        }
        let mut parts: Vec<Range<u64>> = Vec::new();
        let mut at = 0;
        while at < size {
            let end = size.min(at + PAGE);
            let bytes = &now[at as usize..end as usize];
            if before.get(at as usize..end as usize) != Some(bytes) {
                match parts.last_mut().filter(|last| last.end == at) {
                    Some(last) => last.end = end,
                    None => parts.push(at..end),
                }
            }
            at = end;
        }
        *before = now;
        for part in parts {
            let bytes = before[part.start as usize..part.end as usize].to_vec();
            self.bytes += bytes.len() as u64;
            changes.push(Change::Data { node, at: part.start, bytes });
        }
        Ok(changes)
    }
}

fn name(path: &Path) -> Name {
    Name::from(path.file_name().unwrap_or_default().as_bytes())
}
