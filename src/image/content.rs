//! The bytes of a file, read as they are asked for: of a library with its debug information that is a tenth of them.
//! It must not know what they mean, but for where names stand.

use std::cell::OnceCell;
use std::fmt;
use std::io::{Cursor, Read, Seek};
use std::ops::Range;

use object::elf::{FileHeader64, SHT_STRTAB};
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, ReadCache, ReadRef};

/// What bytes can be read from.
trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// The bytes of a file.
pub struct Content {
    known: ReadCache<Box<dyn Source>>,
    /// Where names stand: a table of them is read at once, and not name by name.
    names: OnceCell<Vec<Range<u64>>>,
}

impl Content {
    /// What can be read from a file, from its beginning on. What of it has been read stays in memory.
    pub fn of(file: impl Read + Seek + 'static) -> Content {
        Content { known: ReadCache::new(Box::new(file)), names: OnceCell::new() }
    }

    /// The table of names that a place in the file lies in.
    fn names_around(&self, at: u64) -> Option<&Range<u64>> {
        let tables = self.names.get_or_init(|| tables(&self.known).unwrap_or_default());
        tables.iter().find(|table| table.contains(&at))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        Content::of(Cursor::new(bytes))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").finish_non_exhaustive()
    }
}

impl<'c> ReadRef<'c> for &'c Content {
    fn len(self) -> Result<u64, ()> {
        (&self.known).len()
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'c [u8], ()> {
        self.known.read_bytes_at(offset, size)
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'c [u8], ()> {
        let Some(table) = self.names_around(range.start) else {
            return self.known.read_bytes_at_until(range, delimiter);
        };
        let names = self.known.read_bytes_at(table.start, table.end - table.start)?;
        let (from, to) = (range.start - table.start, range.end.min(table.end).saturating_sub(table.start));
        let found = names.get(from as usize..to as usize).ok_or(())?;
        let end = found.iter().position(|byte| *byte == delimiter).ok_or(())?;
        Ok(&found[..end])
    }
}

/// The tables of names of a 64-bit ELF file, as far as they are in it.
fn tables<'d, R: ReadRef<'d>>(data: R) -> Option<Vec<Range<u64>>> {
    let header = FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, data).ok()?;
    let length = data.len().ok()?;
    let tables = sections.iter().filter(|section| section.sh_type(endian) == SHT_STRTAB);
    let ranges = tables.filter_map(|table| table.file_range(endian));
    let whole = |(offset, size): (u64, u64)| Some(offset..offset.checked_add(size).filter(|end| *end <= length)?);
    Some(ranges.filter_map(whole).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much was read.
    struct Counted(Cursor<Vec<u8>>, std::rc::Rc<std::cell::Cell<usize>>);

    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let got = self.0.read(buffer)?;
            self.1.set(self.1.get() + got);
            Ok(got)
        }
    }

    impl Seek for Counted {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn only_what_is_asked_for_is_read() {
        let read = std::rc::Rc::new(std::cell::Cell::new(0));
        let content = Content::of(Counted(Cursor::new((0..=255).collect()), read.clone()));
        assert_eq!((&content).len(), Ok(256));
        assert_eq!((&content).read_bytes_at(16, 4), Ok(&[16, 17, 18, 19][..]));
        assert_eq!((&content).read_bytes_at(16, 4), Ok(&[16, 17, 18, 19][..]));
        assert_eq!(read.get(), 4);
        assert_eq!((&content).read_bytes_at(250, 7), Err(()));
    }

    #[test]
    fn names_are_found_in_their_tables() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        let content = Content::from(own.clone());
        let table = tables(&*own).unwrap().into_iter().max_by_key(|table| table.end - table.start).unwrap();
        let name = |range: Range<u64>| (&content).read_bytes_at_until(range, 0);
        assert_eq!(name(table.start..table.end), Ok(&[][..]));
        let first = own[table.start as usize + 1..].split(|byte| *byte == 0).next().unwrap();
        assert_eq!(name(table.start + 1..table.end), Ok(first));
        assert_eq!(name(table.start + 1..table.start + 1 + first.len() as u64), Err(()), "it has no end there");
    }
}
