//! Directories as calls fill memory with them (getdents(2)): one record after the other, each as long as its name.
//! It must not know in which order.

use std::sync::Arc as Shared;

use super::Sysno;

/// A name in a directory, with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its bytes, without the NUL at their end.
    pub name: Shared<[u8]>,
    /// The inode that it leads to.
    pub inode: u64,
    /// `DT_REG` and its kin.
    pub kind: u8,
}

/// How a call of a 64-bit program lays records out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryLayout {
    /// `struct linux_dirent64`.
    Wide,
    /// `struct linux_dirent`, which has the kind in its last byte.
    Old,
}

/// Bytes of `struct linux_dirent` before the name: inode, offset, length.
const OLD: usize = 18;
/// Those of `struct linux_dirent64`, which also has the kind there.
const WIDE: usize = OLD + 1;

impl DirectoryLayout {
    /// That of a call; `None` for one that reads no directory.
    pub fn of(sysno: Sysno) -> Option<DirectoryLayout> {
        match sysno.name() {
            "getdents64" => Some(DirectoryLayout::Wide),
            "getdents" => Some(DirectoryLayout::Old),
            _ => None,
        }
    }

    /// The record of an entry, after which the directory is read on at `next`; `None` where its name is longer than any.
    pub fn record(self, entry: &DirectoryEntry, next: u64) -> Option<Vec<u8>> {
        let name = entry.name.len();
        // Behind the name there is a NUL, and in the old form the kind, too.
        let length = match self {
            DirectoryLayout::Wide => WIDE + name + 1,
            DirectoryLayout::Old => OLD + name + 2,
        };
        let length = length.next_multiple_of(size_of::<u64>());
        let mut record = Vec::with_capacity(length);
        record.extend_from_slice(&entry.inode.to_le_bytes());
        record.extend_from_slice(&next.to_le_bytes());
        record.extend_from_slice(&u16::try_from(length).ok()?.to_le_bytes());
        if self == DirectoryLayout::Wide {
            record.push(entry.kind);
        }
        record.extend_from_slice(&entry.name);
        record.resize(length, 0);
        if self == DirectoryLayout::Old {
            record[length - 1] = entry.kind;
        }
        Some(record)
    }
}

impl DirectoryEntry {
    /// The entries that getdents64(2) has filled memory with.
    pub fn all(mut records: &[u8]) -> Vec<DirectoryEntry> {
        let mut entries = Vec::new();
        while records.len() > WIDE {
            let length = usize::from(u16::from_le_bytes([records[16], records[17]]));
            if length <= WIDE || length > records.len() {
                break;
            }
            let (record, rest) = records.split_at(length);
            let name = record[WIDE..].split(|byte| *byte == 0).next().unwrap_or_default();
            let inode = record[..8].try_into().map(u64::from_le_bytes).unwrap_or(0);
            entries.push(DirectoryEntry { name: name.into(), inode, kind: record[WIDE - 1] });
            records = rest;
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, inode: u64) -> DirectoryEntry {
        DirectoryEntry { name: name.as_bytes().into(), inode, kind: 8 }
    }

    #[test]
    fn records_are_padded_to_whole_words() {
        let length = |layout: DirectoryLayout, name| layout.record(&entry(name, 1), 1).unwrap().len();
        assert_eq!(length(DirectoryLayout::Wide, "1234"), 24);
        assert_eq!(length(DirectoryLayout::Wide, "12345"), 32);
        assert_eq!(length(DirectoryLayout::Old, "1234"), 24);
        assert_eq!(length(DirectoryLayout::Old, "12345"), 32);
    }

    #[test]
    fn the_old_records_have_the_kind_at_their_end() {
        let record = DirectoryLayout::Old.record(&entry("ab", 0x0102), 7).unwrap();
        assert_eq!(record, [2, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 24, 0, b'a', b'b', 0, 0, 0, 8]);
    }

    #[test]
    fn what_is_written_is_read() {
        let entries = [entry("one", 1 << 40), entry("a longer name", 2)];
        let records: Vec<u8> =
            entries.iter().filter_map(|entry| DirectoryLayout::Wide.record(entry, 5)).flatten().collect();
        assert_eq!(DirectoryEntry::all(&records), entries);
        assert_eq!(DirectoryEntry::all(&records[..40]), entries[..1], "half a record is none");
        assert_eq!(DirectoryEntry::all(&[0; 64]), []);
    }
}
