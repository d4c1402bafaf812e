//! One ELF file, read once and asked often. It must not know where it came from or where it is loaded.

use std::cell::{OnceCell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use object::elf::{PF_X, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ReadRef};

use super::code::{self, CodeAt};
use super::content::Content;
use super::lines::{LineSearch, Lines};
use super::plt;
use super::symbol_table;
use super::symbols::{Named, Symbol, Symbols};

/// A piece of the file that is mapped into memory.
#[derive(Clone, Copy, Debug)]
struct Segment {
    offset: u64,
    addr: u64,
    file_size: u64,
    memory_size: u64,
    is_code: bool,
}

/// A section: where it lies in memory, and its bytes.
#[derive(Clone, Debug)]
pub struct Section {
    /// The addresses it covers, as the file has them.
    pub range: Range<u64>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// A 64-bit x86 ELF file. All addresses are the file's own.
pub struct Elf {
    content: Content,
    debug: Option<Content>,
    entry: u64,
    segments: Vec<Segment>,
    code: Vec<Range<u64>>,
    shared_name: Option<Arc<str>>,
    build_id: Option<Vec<u8>>,
    debug_link: Option<String>,
    symbols: OnceCell<Symbols>,
    lines: OnceCell<Option<Lines>>,
    /// Where all of them lie.
    ranges: OnceCell<Vec<(Box<str>, Range<u64>)>>,
    /// Those that were asked for.
    sections: RefCell<Vec<(Box<str>, Option<Section>)>>,
}

impl std::fmt::Debug for Elf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elf").field("name", &self.shared_name).field("entry", &self.entry).finish_non_exhaustive()
    }
}

impl Elf {
    /// Reads a file; `None` for what is no 64-bit x86 ELF file.
    pub fn parse(content: impl Into<Content>) -> Option<Elf> {
        Elf::with_debug(content, |_, _| None::<Content>)
    }

    /// Reads a file, and the separate file with its symbols and lines that `find` may have for a build id and a
    /// `.gnu_debuglink` (GDB manual, "Separate Debug Files").
    pub fn with_debug<D: Into<Content>>(
        content: impl Into<Content>,
        find: impl FnOnce(Option<&[u8]>, Option<&str>) -> Option<D>,
    ) -> Option<Elf> {
        let content = content.into();
        let file = object::File::parse(&content).ok()?;
        if file.architecture() != object::Architecture::X86_64 || !file.is_64() {
            return None;
        }
        let segments = segments(&content)?;
        let build_id = file.build_id().ok().flatten().map(<[u8]>::to_vec);
        let link = file.gnu_debuglink().ok().flatten();
        let debug_link = link.map(|(name, _)| String::from_utf8_lossy(name).into_owned());
        let has_own = file.section_by_name(".debug_info").is_some();
        let debug = if has_own { None } else { find(build_id.as_deref(), debug_link.as_deref()) };
        let debug = debug.map(Into::into).filter(|debug| is_of_same_build(debug, build_id.as_deref()));
        let code = code_ranges(&file, &segments);
        let (entry, shared_name) = (file.entry(), shared_name(&file));
        Some(Elf {
            entry,
            segments,
            code,
            shared_name,
            build_id,
            debug_link,
            symbols: OnceCell::new(),
            lines: OnceCell::new(),
            ranges: OnceCell::new(),
            sections: RefCell::default(),
            debug,
            content,
        })
    }

    /// The entry point.
    pub fn entry(&self) -> u64 {
        self.entry
    }

    /// The name a shared library has for those who link to it (`DT_SONAME`).
    pub fn shared_name(&self) -> Option<&Arc<str>> {
        self.shared_name.as_ref()
    }

    /// The build id.
    pub fn build_id(&self) -> Option<&[u8]> {
        self.build_id.as_deref()
    }

    /// The name of the separate file with debug information.
    pub fn debug_link(&self) -> Option<&str> {
        self.debug_link.as_deref()
    }

    /// The address of what stands at this offset of the file, as far as it is mapped by pages.
    pub fn addr_of_offset(&self, offset: u64) -> Option<u64> {
        const PAGE: u64 = 4096;
        let down = |value: u64| value / PAGE * PAGE;
        let segment = self
            .segments
            .iter()
            .find(|segment| (down(segment.offset)..segment.offset + segment.file_size.max(1)).contains(&offset))?;
        Some(segment.addr.wrapping_sub(segment.offset).wrapping_add(offset))
    }

    /// The symbols that a name stands for: as the linker has it, demangled, or demangled without parameters.
    pub fn named(&self, name: &str) -> Named<'_> {
        self.known().named(name)
    }

    /// Every name that stands for something.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known().names()
    }

    /// Who wants no names reads none.
    fn known(&self) -> &Symbols {
        self.symbols.get_or_init(|| {
            let mut all = Vec::new();
            for content in [Some(&self.content), self.debug.as_ref()].into_iter().flatten() {
                symbol_table::define(&mut all, content, &self.code);
            }
            if let Ok(file) = object::File::parse(&self.content) {
                all.extend(plt::entries(&file));
            }
            Symbols::new(all)
        })
    }

    /// All symbols in the order of their addresses.
    pub fn symbols(&self) -> &[Symbol] {
        self.known().all()
    }

    /// The demangled name of the symbol that an address lies in, and how far in.
    pub fn locate(&self, addr: u64) -> Option<(Arc<str>, u64)> {
        let symbol = self.known().containing(addr, self.end_around(addr))?;
        Some((Symbols::shown(symbol), addr - symbol.addr))
    }

    /// Where the section or segment that holds `addr` ends.
    fn end_around(&self, addr: u64) -> u64 {
        let code = self.code.iter().find(|range| range.contains(&addr)).map(|range| range.end);
        code.or_else(|| self.segment(addr).map(|segment| segment.addr + segment.memory_size)).unwrap_or(0)
    }

    fn segment(&self, addr: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| (segment.addr..segment.addr + segment.memory_size).contains(&addr))
    }

    /// The addresses of a line of a source file.
    pub fn line(&self, file: &str, line: u32) -> LineSearch {
        let lines = self.lines.get_or_init(|| Lines::read(self.debug.as_ref().unwrap_or(&self.content)));
        lines.as_ref().map_or(LineSearch::NoDebugInfo, |lines| lines.search(file, line))
    }

    /// How much memory its bytes take, with those of the file that holds its debug information, when all of them are read.
    pub fn size(&self) -> usize {
        let length = |content: &Content| content.len().map_or(0, |length| length as usize);
        length(&self.content) + self.debug.as_ref().map_or(0, length)
    }

    /// The source files and the lines that the instruction at `addr` was made from, as far as that is known: that of the
    /// innermost function that was inlined there first, then those that it was inlined into.
    pub fn sources_of(&self, addr: u64) -> Vec<(String, u32)> {
        let lines = self.lines.get_or_init(|| Lines::read(self.debug.as_ref().unwrap_or(&self.content)));
        lines.as_ref().map_or_else(Vec::new, |lines| lines.sources_of(addr))
    }

    /// Whether an instruction begins at `addr`.
    pub fn code_at(&self, addr: u64) -> CodeAt {
        if !self.code.iter().any(|range| range.contains(&addr)) {
            return CodeAt::NotCode;
        }
        match self.known().containing(addr, 0) {
            Some(symbol) if symbol.addr == addr => CodeAt::Boundary,
            Some(symbol) => match self.bytes_at(symbol.addr, symbol.size) {
                Some(code) => code::boundary(code, symbol.addr, addr),
                None => CodeAt::Unknown,
            },
            None if addr == self.entry => CodeAt::Boundary,
            None => CodeAt::Unknown,
        }
    }

    fn bytes_at(&self, addr: u64, length: u64) -> Option<&[u8]> {
        let segment = self.segment(addr)?;
        let start = (addr - segment.addr).checked_add(segment.offset)?;
        let length = length.min(segment.file_size.saturating_sub(addr - segment.addr));
        self.content.read_bytes_at(start, length).ok()
    }

    /// A section of the loaded file by name. Its bytes are read once.
    pub fn section(&self, name: &str) -> Option<Section> {
        if let Some((_, known)) = self.sections.borrow().iter().find(|(known, _)| **known == *name) {
            return known.clone();
        }
        let read = || {
            let file = object::File::parse(&self.content).ok()?;
            let section = file.section_by_name(name)?;
            Some(Section { range: range(&section)?, bytes: Arc::from(section.uncompressed_data().ok()?) })
        };
        let section = read();
        self.sections.borrow_mut().push((Box::from(name), section.clone()));
        section
    }

    /// The addresses of a section of the loaded file by name, as the file has them.
    pub fn section_range(&self, name: &str) -> Option<Range<u64>> {
        let all = self.ranges.get_or_init(|| {
            let file = object::File::parse(&self.content).ok();
            let sections = file.iter().flat_map(|file| file.sections());
            sections.filter_map(|section| Some((Box::from(section.name().ok()?), range(&section)?))).collect()
        });
        all.iter().find(|(known, _)| **known == *name).map(|(_, range)| range.clone())
    }
}

fn range<'d>(section: &object::Section<'d, '_, &'d Content>) -> Option<Range<u64>> {
    Some(section.address()..section.address().checked_add(section.size())?)
}

fn segments(content: &Content) -> Option<Vec<Segment>> {
    let header = object::elf::FileHeader64::<Endianness>::parse(content).ok()?;
    let endian = header.endian().ok()?;
    let all = header.program_headers(endian, content).ok()?;
    let loaded = all.iter().filter(|segment| segment.p_type(endian) == PT_LOAD).map(|segment| Segment {
        offset: segment.p_offset(endian),
        addr: segment.p_vaddr(endian),
        file_size: segment.p_filesz(endian),
        memory_size: segment.p_memsz(endian),
        is_code: segment.p_flags(endian) & PF_X != 0,
    });
    // Sizes are sums of what a broken file may say: what does not add up is left out.
    let fits = |segment: &Segment| {
        segment.addr.checked_add(segment.memory_size).is_some()
            && segment.offset.checked_add(segment.file_size).is_some()
    };
    Some(loaded.filter(fits).collect())
}

/// Executable sections, or segments in a file without sections.
fn code_ranges<'d>(file: &object::File<'d, &'d Content>, segments: &[Segment]) -> Vec<Range<u64>> {
    let sections = file.sections().filter(|section| section.kind() == object::SectionKind::Text);
    let ranges: Vec<Range<u64>> =
        sections.map(|section| section.address()..section.address().saturating_add(section.size())).collect();
    if !ranges.is_empty() {
        return ranges;
    }
    let code = segments.iter().filter(|segment| segment.is_code);
    code.map(|segment| segment.addr..segment.addr + segment.memory_size).collect()
}

/// A separate file that says of which build it is must be of this one.
fn is_of_same_build(debug: &Content, build_id: Option<&[u8]>) -> bool {
    let Ok(file) = object::File::parse(debug) else { return false };
    match (file.build_id().ok().flatten(), build_id) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    }
}

/// `DT_SONAME` (gABI, "Dynamic Section").
fn shared_name<'d>(file: &object::File<'d, &'d Content>) -> Option<Arc<str>> {
    const DT_SONAME: u64 = 14;
    let dynamic = file.section_by_name(".dynamic")?.data().ok()?;
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    let mut entries = dynamic.chunks_exact(16).map(|entry| (word(&entry[..8]), word(&entry[8..])));
    let (_, at) = entries.find(|(tag, _)| *tag == DT_SONAME)?;
    let names = file.section_by_name(".dynstr")?.data().ok()?;
    let name = names.get(at as usize..)?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(name).ok().filter(|name| !name.is_empty()).map(Arc::from)
}
