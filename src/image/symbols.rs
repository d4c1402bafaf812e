//! A file's symbols: by name, as written and demangled, and by address. It must not know where the file is loaded.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::demangle::{Demangled, demangle};
use super::name::Name;

/// What a symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    /// A function, or a label in code.
    Function,
    /// A function that returns the address of the one to use (`STT_GNU_IFUNC`).
    Ifunc,
    /// An entry of the procedure linkage table, named `name@plt`.
    Plt,
    /// Data.
    Object,
}

/// A defined symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name as the linker knows it, without a version.
    pub name: Name,
    /// Its address in the file.
    pub addr: u64,
    /// Its size in bytes; 0 where the file does not say.
    pub size: u64,
    /// What it stands for.
    pub kind: SymbolKind,
    /// Whether other files can see it.
    pub is_global: bool,
}

/// The symbols that a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub enum Named<'s> {
    /// These: more than one where files or versions share a name.
    Found(Vec<&'s Symbol>),
    /// The name without parameters stands for several functions; their full names.
    Ambiguous(Vec<Arc<str>>),
    /// No symbol has this name.
    Unknown,
}

/// All symbols of a file.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// By address; at one address the one whose name is shown comes first.
    sorted: Vec<Symbol>,
    /// For each symbol the highest end of it and of all before it.
    ends: Vec<u64>,
    by_name: OnceCell<HashMap<Name, Vec<usize>>>,
    demangled: OnceCell<DemangledNames>,
}

#[derive(Debug, Default)]
struct DemangledNames {
    exact: HashMap<Arc<str>, Vec<usize>>,
    /// Short names, with the full names behind them.
    short: HashMap<Arc<str>, Vec<(Arc<str>, usize)>>,
}

impl Symbols {
    pub(super) fn new(mut all: Vec<Symbol>) -> Symbols {
        // There are thousands, which are moved but once; few are at one address.
        all.sort_by_cached_key(|symbol| symbol.addr);
        for alike in all.chunk_by_mut(|a, b| a.addr == b.addr).filter(|alike| alike.len() > 1) {
            alike.sort_by(|a, b| rank(a).cmp(&rank(b)));
        }
        all.dedup_by(|a, b| a.addr == b.addr && a.name == b.name);
        let mut highest = 0;
        let ends = all.iter().map(|symbol| {
            highest = highest.max(symbol.addr.saturating_add(symbol.size));
            highest
        });
        let ends = ends.collect();
        Symbols { sorted: all, ends, by_name: OnceCell::new(), demangled: OnceCell::new() }
    }

    fn by_name(&self) -> &HashMap<Name, Vec<usize>> {
        self.by_name.get_or_init(|| {
            let mut names: HashMap<Name, Vec<usize>> = HashMap::new();
            for (at, symbol) in self.sorted.iter().enumerate() {
                names.entry(symbol.name.clone()).or_default().push(at);
            }
            names
        })
    }

    pub(super) fn all(&self) -> &[Symbol] {
        &self.sorted
    }

    fn demangled(&self) -> &DemangledNames {
        self.demangled.get_or_init(|| {
            let mut names = DemangledNames::default();
            for (at, symbol) in self.sorted.iter().enumerate() {
                let Some(Demangled { full, other, is_short }) = demangle(&symbol.name) else { continue };
                let full: Arc<str> = Arc::from(full);
                names.exact.entry(full.clone()).or_default().push(at);
                let Some(other) = other.map(Arc::from) else { continue };
                if is_short {
                    names.short.entry(other).or_default().push((full, at));
                } else {
                    names.exact.entry(other).or_default().push(at);
                }
            }
            names
        })
    }

    /// The symbols of this name: as the linker has it, demangled, or demangled without parameters.
    pub(super) fn named(&self, name: &str) -> Named<'_> {
        let found = |at: &[usize]| Named::Found(at.iter().map(|at| &self.sorted[*at]).collect());
        if let Some(at) = self.by_name().get(name) {
            return found(at);
        }
        let demangled = self.demangled();
        if let Some(at) = demangled.exact.get(name) {
            return found(at);
        }
        let Some(short) = demangled.short.get(name) else { return Named::Unknown };
        let full: BTreeSet<&Arc<str>> = short.iter().map(|(full, _)| full).collect();
        if full.len() > 1 {
            return Named::Ambiguous(full.into_iter().cloned().collect());
        }
        found(&short.iter().map(|(_, at)| *at).collect::<Vec<usize>>())
    }

    /// Every name that stands for something, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let demangled = self.demangled();
        let mangled = demangled.exact.keys().chain(demangled.short.keys());
        self.by_name().keys().map(|name| &**name).chain(mangled.map(|name| &**name))
    }

    /// The symbol that an address lies in, the innermost where they overlap. One without a size reaches to the next
    /// symbol, but not past `end` nor out of one with a size that it lies in.
    pub(super) fn containing(&self, addr: u64, end: u64) -> Option<&Symbol> {
        let before = &self.sorted[..self.sorted.partition_point(|symbol| symbol.addr <= addr)];
        let holds = |symbol: &Symbol| addr - symbol.addr < symbol.size;
        let may_hold = |at: &usize| self.ends[*at] > addr;
        let innermost = (0..before.len()).rev().take_while(may_hold).find(|at| holds(&before[*at]));
        if let Some(innermost) = innermost {
            return self.at(before[innermost].addr).iter().find(|symbol| holds(symbol));
        }
        let nearest = self.at(before.last()?.addr);
        let is_label_inside = self.ends[before.len() - 1] > nearest[0].addr;
        nearest.iter().find(|symbol| symbol.size == 0 && addr < end && !is_label_inside)
    }

    /// The symbols at an address, the one that is shown first.
    fn at(&self, addr: u64) -> &[Symbol] {
        let first = self.sorted.partition_point(|symbol| symbol.addr < addr);
        let last = self.sorted.partition_point(|symbol| symbol.addr <= addr);
        &self.sorted[first..last]
    }

    /// The name that is shown for a symbol.
    pub(super) fn shown(symbol: &Symbol) -> Arc<str> {
        demangle(&symbol.name).map_or_else(|| Arc::from(&*symbol.name), |demangled| Arc::from(demangled.full))
    }
}

/// Which of several symbols at one address is shown, the same on every machine that has them: those with a size, those
/// that others see, the ones with the fewest underscores in front, the shortest.
fn rank(symbol: &Symbol) -> (bool, bool, bool, usize, usize, &str) {
    let name = &*symbol.name;
    let underscores = name.len() - name.trim_start_matches('_').len();
    (symbol.kind == SymbolKind::Object, symbol.size == 0, !symbol.is_global, underscores, name.len(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(all: &[(&str, u64, u64)]) -> Symbols {
        let symbol = |(name, addr, size): &(&str, u64, u64)| Symbol {
            name: Name::from(*name),
            addr: *addr,
            size: *size,
            kind: SymbolKind::Function,
            is_global: !name.starts_with("local"),
        };
        Symbols::new(all.iter().map(symbol).collect())
    }

    #[track_caller]
    fn check(symbols: &Symbols, addr: u64, expected: Option<&str>) {
        assert_eq!(symbols.containing(addr, 0x200).map(|symbol| &*symbol.name), expected, "{addr:#x}");
    }

    #[test]
    fn an_address_lies_in_the_innermost_symbol() {
        let symbols = symbols(&[
            ("outer", 0x10, 0x50),
            ("inner", 0x20, 0x10),
            ("label", 0x40, 0),
            ("start", 0x80, 0),
            ("__libc_read", 0x100, 8),
            ("read", 0x100, 8),
            ("local_read", 0x100, 8),
        ]);
        check(&symbols, 0xf, None);
        check(&symbols, 0x10, Some("outer"));
        check(&symbols, 0x2f, Some("inner"));
        check(&symbols, 0x30, Some("outer"));
        check(&symbols, 0x45, Some("outer"));
        check(&symbols, 0x60, None);
        check(&symbols, 0x90, Some("start"));
        check(&symbols, 0x107, Some("read"));
        check(&symbols, 0x108, None);
    }

    #[test]
    fn a_name_is_found_in_each_of_its_forms() {
        let symbols = symbols(&[
            ("main", 1, 1),
            ("_ZN3wal6commitEi", 2, 1),
            ("_ZN3wal5flushEi", 3, 1),
            ("_ZN3wal5flushEv", 4, 1),
            ("_ZN2kv5store17h0123456789abcdefE", 5, 1),
        ]);
        for (name, addr) in [
            ("main", 1),
            ("_ZN3wal6commitEi", 2),
            ("wal::commit(int)", 2),
            ("wal::commit", 2),
            ("wal::flush()", 4),
            ("kv::store", 5),
        ] {
            let Named::Found(found) = symbols.named(name) else { panic!("{name}") };
            assert_eq!(found.iter().map(|symbol| symbol.addr).collect::<Vec<_>>(), [addr], "{name}");
        }
        let both = [Arc::from("wal::flush()"), Arc::from("wal::flush(int)")];
        assert_eq!(symbols.named("wal::flush"), Named::Ambiguous(both.to_vec()));
        assert_eq!(symbols.named("mian"), Named::Unknown);
        assert!(symbols.names().any(|name| name == "kv::store"));
    }
}
