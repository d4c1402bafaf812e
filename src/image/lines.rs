//! Lines of source files to addresses, from DWARF. It must not know whether the file is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use addr2line::{Context, Location, LookupContinuation, LookupResult};
use gimli::{EndianArcSlice, RunTimeEndian};
use object::{Object, ObjectSection};

use super::content::Content;

type Reader = EndianArcSlice<RunTimeEndian>;

/// What looking for a line came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineSearch {
    /// The first address of the line in each function, and in each place that it was inlined into; in order.
    Found(Vec<u64>),
    /// The file is known, but this line has no code; the nearest lines that have some.
    NoCode(Vec<u32>),
    /// No source file of this name; all that are known.
    NoFile(Vec<String>),
    /// Nothing says which lines there are.
    NoDebugInfo,
}

/// The line tables of a file.
pub(super) struct Lines {
    context: Context<Reader>,
    dwarf: Arc<gimli::Dwarf<Reader>>,
}

/// What has been seen of a line so far.
#[derive(Default)]
struct Search {
    /// The lowest address by the function, or inlined copy of one, that it lies in.
    found: BTreeMap<(usize, Option<usize>), u64>,
    /// Lines of the file that have code.
    lines: BTreeSet<u32>,
    files: BTreeSet<String>,
}

impl Lines {
    /// Reads the tables' headers; `None` where there are none.
    pub(super) fn read(content: &Content) -> Option<Lines> {
        let file = object::File::parse(content).ok()?;
        file.section_by_name(".debug_line").filter(|section| section.size() > 0)?;
        let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        let section = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            let data = file.section_by_name(id.name()).and_then(|section| section.uncompressed_data().ok());
            Ok(EndianArcSlice::new(Arc::from(data.unwrap_or_default()), endian))
        };
        let dwarf = Arc::new(gimli::Dwarf::load(section).ok()?);
        let context = Context::from_arc_dwarf(dwarf.clone()).ok()?;
        Some(Lines { context, dwarf })
    }

    /// The source files and the lines that an address was made from: that of the innermost function that was inlined there
    /// first, then those that it was inlined into.
    pub(super) fn sources_of(&self, addr: u64) -> Vec<(String, u32)> {
        let frames = match self.context.find_frames(addr) {
            LookupResult::Output(frames) => frames,
            LookupResult::Load { continuation, .. } => skip(continuation),
        };
        let Ok(mut frames) = frames else { return Vec::new() };
        let next = || frames.next().ok()?;
        let source = |location: Location<'_>| Some((location.file?.to_owned(), location.line?));
        std::iter::from_fn(next).filter_map(|frame| frame.location.and_then(source)).collect()
    }

    /// Looks for a line of the files whose path ends in `file`.
    pub(super) fn search(&self, file: &str, line: u32) -> LineSearch {
        let mut search = Search::default();
        let mut units = self.dwarf.units();
        let mut number = 0;
        while let Ok(Some(header)) = units.next() {
            // A unit that cannot be read has no lines to offer.
            let _ = self.search_unit(header, number, (file, line), &mut search);
            number += 1;
        }
        if !search.found.is_empty() {
            let addrs: BTreeSet<u64> = search.found.into_values().collect();
            return LineSearch::Found(addrs.into_iter().collect());
        }
        if search.lines.is_empty() {
            return LineSearch::NoFile(search.files.into_iter().collect());
        }
        let before = search.lines.range(..line).next_back();
        let after = search.lines.range(line..).next();
        LineSearch::NoCode(before.into_iter().chain(after).copied().collect())
    }

    fn search_unit(
        &self,
        header: gimli::UnitHeader<Reader>,
        number: usize,
        (file, line): (&str, u32),
        search: &mut Search,
    ) -> Result<(), gimli::Error> {
        let unit = self.dwarf.unit(header)?;
        let Some(program) = unit.line_program.clone() else { return Ok(()) };
        // Most units have nothing to do with the file: their rows are not looked at.
        let mut meant = BTreeSet::new();
        for index in 0..=program.header().file_names().len() as u64 {
            let Some(entry) = program.header().file(index) else { continue };
            let path = self.path(&unit, program.header(), entry);
            if ends_in(&path, file) {
                meant.insert(index);
            }
            search.files.insert(path);
        }
        if meant.is_empty() {
            return Ok(());
        }
        let mut rows = program.rows();
        let mut before = 0;
        while let Some((_, row)) = rows.next_row()? {
            if row.end_sequence() {
                before = 0;
                continue;
            }
            let is_this_file = meant.contains(&row.file_index());
            let here = row.line().map_or(0, |line| line.get() as u32);
            if is_this_file && here != 0 {
                search.lines.insert(here);
            }
            // A row that goes on with the line before begins nothing.
            let begins = is_this_file && here == line && row.is_stmt() && before != line;
            before = if is_this_file { here } else { 0 };
            if begins {
                let addr = row.address();
                let lowest = search.found.entry((number, self.function_at(addr))).or_insert(addr);
                *lowest = addr.min(*lowest);
            }
        }
        Ok(())
    }

    /// The function, or the inlined copy of one, that an address lies in, by its place in the debug information.
    fn function_at(&self, addr: u64) -> Option<usize> {
        let frames = match self.context.find_frames(addr) {
            LookupResult::Output(frames) => frames,
            // Split debug information is not followed: the skeleton's answer has to do.
            LookupResult::Load { continuation, .. } => skip(continuation),
        };
        frames.ok()?.next().ok()??.dw_die_offset.map(|offset| offset.0)
    }

    /// The path of a source file, as the compiler was given it.
    fn path(
        &self,
        unit: &gimli::Unit<Reader>,
        header: &gimli::LineProgramHeader<Reader>,
        file: &gimli::FileEntry<Reader>,
    ) -> String {
        let text = |value| -> Option<String> {
            let text = self.dwarf.attr_string(unit, value).ok()?;
            Some(gimli::Reader::to_string_lossy(&text).ok()?.into_owned())
        };
        let name = text(file.path_name()).unwrap_or_default();
        // Directory 0 is the one of the compilation, which says nothing about the file.
        let folder = (file.directory_index() != 0).then(|| file.directory(header).and_then(text)).flatten();
        match folder {
            Some(folder) if !name.starts_with('/') => format!("{folder}/{name}"),
            _ => name,
        }
    }
}

/// Answers without what a split unit would have said.
fn skip<C: LookupContinuation>(mut continuation: C) -> C::Output {
    loop {
        match continuation.resume(None) {
            LookupResult::Output(output) => return output,
            LookupResult::Load { continuation: next, .. } => continuation = next,
        }
    }
}

/// Whether the last components of `path` are `wanted`.
fn ends_in(path: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_start_matches("./");
    path == wanted || path.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_is_known_by_its_last_components() {
        for (path, wanted, expected) in [
            ("main.c", "main.c", true),
            ("src/main.c", "main.c", true),
            ("src/main.c", "src/main.c", true),
            ("/b/src/main.c", "./src/main.c", true),
            ("domain.c", "main.c", false),
            ("main.c", "src/main.c", false),
        ] {
            assert_eq!(ends_in(path, wanted), expected, "{path} {wanted}");
        }
    }
}
