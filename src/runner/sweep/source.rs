//! The lines of source that points come from, where the program says so.
//! It must not know what is done at them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::image::{Elf, Named};
use crate::sweep::{Point, is_package};

/// Where there is code that comes with a compiler or with the machine.
const LIBRARIES: [&str; 4] = ["/usr/include/", "/usr/lib/", "/rustc/", "/rust/deps/"];

/// Where rustup has the source of Rust's library, which is named instead of `/rustc/` where it is there.
const RUST: &str = "/lib/rustlib/src/rust/";

/// Notes the lines of the points that are in the program's own file, and in no library that is a part of that.
pub(super) fn note_lines(points: &mut [Point], program: &Path) {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !points.iter().any(|point| places(point, &name).next().is_some()) {
        return;
    }
    let Some(elf) = fs::read(program).ok().and_then(Elf::parse) else { return };
    let here = std::env::current_dir().unwrap_or_default();
    let go = go_root(&elf);
    for point in points {
        let is_own =
            |(file, _): &(String, u32)| !is_of_library(file) && !go.as_deref().is_some_and(|go| is_of_go(file, go));
        let found = places(point, &name).flat_map(|(symbol, offset)| lines(&elf, symbol, offset)).find(is_own);
        let Some((file, line)) = found else { continue };
        let path = Path::new(&file);
        let short = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        point.source = Some(format!("{short}:{line}"));
        // Viewers look for files below the working directory.
        point.path = Some(path.strip_prefix(&here).unwrap_or(path).to_string_lossy().into_owned());
    }
}

/// Whether a file of source belongs to a library that comes with a compiler or with the machine.
pub(super) fn is_of_library(path: &str) -> bool {
    LIBRARIES.iter().any(|folder| path.starts_with(folder)) || path.contains(RUST)
}

/// The folder of the source of Go's library, where a program is of Go; with `-trimpath` the current one.
fn go_root(elf: &Elf) -> Option<String> {
    let (file, _) = lines(elf, "runtime.main", 0).into_iter().next()?;
    file.strip_suffix("runtime/proc.go").map(str::to_owned)
}

/// Whether a file belongs to Go's library, which is in this folder.
fn is_of_go(path: &str, root: &str) -> bool {
    let below = path.strip_prefix(root);
    below.is_some_and(|below| !matches!(root, "" | "./") || is_package(below))
}

/// The symbols and offsets of the frames in the module of this name, innermost first.
fn places<'p>(point: &'p Point, module: &str) -> impl Iterator<Item = (&'p str, u64)> {
    let place = move |(depth, frame): (usize, &'p Arc<str>)| {
        let place = frame.strip_prefix(module)?.strip_prefix('!')?;
        let (symbol, offset) = match place.rsplit_once("+0x") {
            Some((symbol, offset)) => (symbol, u64::from_str_radix(offset, 16).ok()?),
            None => (place, 0),
        };
        // A return address may already be one of the next line.
        Some((symbol, if depth == 0 { offset } else { offset.checked_sub(1)? }))
    };
    point.frames.iter().enumerate().filter_map(place)
}

fn lines(elf: &Elf, symbol: &str, offset: u64) -> Vec<(String, u32)> {
    let Named::Found(found) = elf.named(symbol) else { return Vec::new() };
    let [symbol] = found[..] else { return Vec::new() };
    elf.sources_of(symbol.addr + offset)
}
