//! The program, libraries and vDSO that a process has mapped: places in them to addresses, and addresses to places.
//! It must not know why anybody asks.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::images::Images;
use super::unwind::Unwinder;
use crate::abi::{Addr, TaskId};
use crate::engine::{CodeSite, Location, Resolved, Site};
use crate::image::{CodeAt, Elf, LineSearch, Named, SymbolKind};
use crate::plan::{Place, PlaceAt};
use crate::sys::maps::{self, Mapping};
use crate::sys::{procfs, read_memory_unwaiting};

/// How many near names a failed search comes back with.
const SUGGESTIONS: usize = 3;

/// A file that a process has mapped as a program or a library is.
#[derive(Debug)]
pub(super) struct Module {
    first: Mapping,
    /// The highest address of its mappings, and of what lies between them.
    end: Addr,
    image: OnceCell<Option<Rc<Elf>>>,
}

/// What a process has mapped, in address order.
#[derive(Debug, Default)]
pub(super) struct Modules {
    all: Vec<Module>,
    unwinder: OnceCell<Unwinder>,
}

/// A module with its file, for as long as a question is answered.
pub(super) struct Loaded<'m> {
    pub(super) module: &'m Module,
    pub(super) elf: &'m Rc<Elf>,
    /// What is added to an address of the file.
    pub(super) bias: u64,
}

impl Modules {
    /// Groups mappings: a module is a run of mappings of one file, in the order of their offsets, some of it code.
    pub(super) fn of(mappings: &[Mapping]) -> Modules {
        let mut runs: Vec<Vec<&Mapping>> = Vec::new();
        for mapping in mappings.iter().filter(|mapping| mapping.name.starts_with('/') || mapping.name == "[vdso]") {
            match runs.last_mut() {
                Some(run) if run[0].name == mapping.name && run[run.len() - 1].offset <= mapping.offset => {
                    run.push(mapping);
                }
                _ => runs.push(vec![mapping]),
            }
        }
        let has_code = |run: &Vec<&Mapping>| run.iter().any(|mapping| mapping.executable);
        let module = |run: Vec<&Mapping>| Module {
            first: run[0].clone(),
            end: run[run.len() - 1].end,
            image: OnceCell::new(),
        };
        Modules { all: runs.into_iter().filter(has_code).map(module).collect(), unwinder: OnceCell::new() }
    }

    /// Whether these are the same modules at the same addresses.
    pub(super) fn is_of(&self, other: &Modules) -> bool {
        self.all.iter().map(Module::place).eq(other.all.iter().map(Module::place))
    }

    /// What has been read of files that were mapped before is not read again.
    pub(super) fn know(&self, before: &Modules) {
        for module in &self.all {
            let same =
                |other: &&Module| other.first.file == module.first.file && other.first.name == module.first.name;
            if let Some(image) = before.all.iter().find(same).and_then(|known| known.image.get()) {
                // It is new, and nobody has asked it for its file.
                let _ = module.image.set(image.clone());
            }
        }
    }

    /// The modules whose files could be read.
    pub(super) fn loaded(&self, task: TaskId, images: &Images) -> impl Iterator<Item = Loaded<'_>> {
        self.all.iter().filter_map(move |module| module.loaded(task, images))
    }

    /// All addresses that a place stands for.
    pub(super) fn resolve(&self, task: TaskId, images: &Images, place: &Place) -> Resolved {
        let is_meant = |loaded: &Loaded<'_>| {
            place.module.as_ref().is_none_or(|glob| loaded.names().any(|name| glob.matches(name)))
        };
        if let (PlaceAt::Address(addr), None) = (&place.at, &place.module) {
            let inside = self.loaded(task, images).find(|loaded| loaded.module.holds(*addr));
            let site = inside.map(|loaded| loaded.site(*addr, false));
            let unknown = || {
                let maps = maps::mappings(task);
                let is_shared = maps.iter().any(|map| map.shared && (map.start..map.end).contains(addr));
                let code = if is_shared { CodeSite::Shared } else { CodeSite::Unknown };
                Site { addr: *addr, is_ifunc: false, code }
            };
            return Resolved::At(vec![site.unwrap_or_else(unknown)]);
        }
        let mut meant: Vec<Loaded<'_>> = self.loaded(task, images).filter(is_meant).collect();
        if meant.is_empty() {
            let is_given = |given: &str| place.module.as_ref().is_some_and(|glob| glob.matches(given));
            meant.extend(self.program(task, images, is_given));
        }
        if meant.is_empty() {
            return Resolved::NoModule;
        }
        match &place.at {
            PlaceAt::Symbol { name, offset } => {
                let found = symbol(&meant, name, *offset);
                // `libc.so.6+0x40` is how a transcript writes an address that lies in no symbol.
                let in_module = meant.iter().find(|loaded| loaded.names().any(|module| module == name));
                match in_module.filter(|_| matches!(found, Resolved::NoSymbol { .. })) {
                    Some(loaded) => Resolved::At(vec![loaded.site(loaded.module.first.start.plus(*offset), false)]),
                    None => found,
                }
            }
            PlaceAt::Line { file, line } => self::line(&meant, file, *line),
            PlaceAt::Address(offset) => {
                let site = |loaded: &Loaded<'_>| loaded.site(loaded.module.first.start.plus(offset.0), false);
                Resolved::At(meant.iter().map(site).collect())
            }
        }
    }

    /// The program, if it was executed by a name that `is_meant`: that of a link has no mapping.
    fn program(&self, task: TaskId, images: &Images, is_meant: impl Fn(&str) -> bool) -> Option<Loaded<'_>> {
        let given = executed_as(task)?;
        let base_name = given.rsplit('/').next().unwrap_or_default();
        let path = (is_meant(&given) || is_meant(base_name)).then(|| procfs::executable(task)).flatten()?;
        self.loaded(task, images).find(|loaded| loaded.module.path() == path)
    }

    /// The file and the symbol that an address lies in.
    pub(super) fn locate(&self, task: TaskId, images: &Images, addr: Addr) -> Option<Location> {
        let module = self.all.iter().find(|module| module.holds(addr))?;
        let offset = addr.0 - module.first.start.0;
        Some(match module.loaded(task, images) {
            Some(loaded) => Location {
                module: loaded.name(),
                symbol: loaded.elf.locate(addr.0.wrapping_sub(loaded.bias)),
                offset,
            },
            None => Location { module: Arc::from(module.base_name()), symbol: None, offset },
        })
    }

    /// The unwinder for these modules, made when it is first asked for.
    pub(super) fn unwinder(&self, task: TaskId, images: &Images) -> &Unwinder {
        self.unwinder.get_or_init(|| Unwinder::of(self.loaded(task, images)))
    }
}

/// The path that the task's image was executed by (AT_EXECFN of getauxval(3)).
pub(super) fn executed_as(task: TaskId) -> Option<String> {
    let auxiliary = procfs::auxiliary_vector(task);
    let addr = auxiliary.into_iter().find_map(|(key, value)| (key == libc::AT_EXECFN).then_some(Addr(value)))?;
    let mut bytes = vec![0; libc::PATH_MAX as usize];
    let got = read_memory_unwaiting(task, addr, &mut bytes);
    let end = bytes[..got].iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

impl Module {
    /// What it is of, and where.
    fn place(&self) -> (Addr, Addr, u64, bool, ([u32; 2], u64), &str) {
        let first = &self.first;
        (first.start, self.end, first.offset, first.shared, first.file, &first.name)
    }

    fn holds(&self, addr: Addr) -> bool {
        (self.first.start..self.end).contains(&addr)
    }

    /// The addresses it covers.
    pub(super) fn range(&self) -> std::ops::Range<u64> {
        self.first.start.0..self.end.0
    }

    pub(super) fn path(&self) -> &str {
        let name = &self.first.name;
        name.strip_suffix(" (deleted)").unwrap_or(name).trim_matches(['[', ']'])
    }

    fn base_name(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    fn loaded(&self, task: TaskId, images: &Images) -> Option<Loaded<'_>> {
        let elf = self.image.get_or_init(|| images.image(task, &self.first)).as_ref()?;
        let bias = self.first.start.0.wrapping_sub(elf.addr_of_offset(self.first.offset)?);
        Some(Loaded { module: self, elf, bias })
    }
}

impl Loaded<'_> {
    /// The names it may be called by.
    fn names(&self) -> impl Iterator<Item = &str> {
        [self.module.path(), self.module.base_name()].into_iter().chain(self.elf.shared_name().map(|name| &**name))
    }

    /// The name it is shown by: the one it gives itself stays the same when the file gets a new minor version.
    pub(super) fn name(&self) -> Arc<str> {
        let own = self.elf.shared_name().filter(|_| self.module.first.name.starts_with('/'));
        own.cloned().unwrap_or_else(|| Arc::from(self.module.base_name()))
    }

    fn site(&self, addr: Addr, is_ifunc: bool) -> Site {
        let code = match self.elf.code_at(addr.0.wrapping_sub(self.bias)) {
            _ if self.module.first.shared => CodeSite::Shared,
            CodeAt::Boundary => CodeSite::Boundary,
            CodeAt::Inside(start) => CodeSite::Inside(Addr(start.wrapping_add(self.bias))),
            CodeAt::Unknown => CodeSite::Unknown,
            CodeAt::NotCode => CodeSite::NotCode,
        };
        Site { addr, is_ifunc, code }
    }
}

fn symbol(meant: &[Loaded<'_>], name: &str, offset: u64) -> Resolved {
    let (mut sites, mut full) = (Vec::new(), BTreeSet::new());
    for loaded in meant {
        match loaded.elf.named(name) {
            Named::Found(symbols) => sites.extend(symbols.into_iter().map(|symbol| {
                let addr = Addr(symbol.addr.wrapping_add(loaded.bias).wrapping_add(offset));
                loaded.site(addr, symbol.kind == SymbolKind::Ifunc)
            })),
            Named::Ambiguous(names) => full.extend(names.iter().map(|name| name.to_string())),
            Named::Unknown => {}
        }
    }
    sites.sort_by_key(|site: &Site| (site.addr, site.is_ifunc));
    sites.dedup_by_key(|site| site.addr);
    match (sites.is_empty(), full.is_empty()) {
        (false, _) => Resolved::At(sites),
        (true, false) => Resolved::Ambiguous { names: full.into_iter().collect() },
        (true, true) => {
            Resolved::NoSymbol { nearest: nearest(name, meant.iter().flat_map(|loaded| loaded.elf.names())) }
        }
    }
}

fn line(meant: &[Loaded<'_>], file: &str, line: u32) -> Resolved {
    let (mut sites, mut lines, mut files) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut has_debug_info = false;
    for loaded in meant {
        match loaded.elf.line(file, line) {
            LineSearch::Found(addrs) => {
                sites.extend(addrs.into_iter().map(|addr| loaded.site(Addr(addr.wrapping_add(loaded.bias)), false)));
            }
            LineSearch::NoCode(near) => lines.extend(near),
            LineSearch::NoFile(known) => files.extend(known),
            LineSearch::NoDebugInfo => continue,
        }
        has_debug_info = true;
    }
    if !sites.is_empty() {
        return Resolved::At(sites);
    }
    if !lines.is_empty() {
        return Resolved::NoCode { nearest: lines.into_iter().collect() };
    }
    if !has_debug_info {
        return Resolved::NoDebugInfo;
    }
    Resolved::NoFile { nearest: nearest(file, files.iter().map(String::as_str)) }
}

/// The known names that are nearest to one that is not; none that differs by more than 1 + a quarter of its length.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Vec<String> {
    let limit = 1 + name.len() / 4;
    // A path is compared by as much of its end as was written.
    let components = name.matches('/').count() + 1;
    let near = known.filter_map(|known| {
        let end = if name.contains('.') { last_components(known, components) } else { known };
        let is_similar = end.len().abs_diff(name.len()) <= limit;
        let distance = is_similar.then(|| strsim::osa_distance(name, end))?;
        (distance <= limit).then(|| (distance, known.to_owned()))
    });
    let near: BTreeSet<(usize, String)> = near.collect();
    near.into_iter().map(|(_, name)| name).take(SUGGESTIONS).collect()
}

fn last_components(path: &str, count: usize) -> &str {
    let cut = path.rmatch_indices('/').nth(count - 1);
    cut.map_or(path, |(at, _)| &path[at + 1..])
}

#[cfg(test)]
#[path = "modules_tests.rs"]
mod tests;
