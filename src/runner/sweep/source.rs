//! The lines of source that points come from, where the program says so.
//! It must not know what is done at them.

use std::fs;
use std::path::Path;

use crate::image::{Elf, Named};
use crate::sweep::Point;

/// Notes the lines of the points that are in the program's own file.
pub(super) fn note_lines(points: &mut [Point], program: &Path) {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_ours = |point: &Point| frame_of(point, &name).is_some();
    if !points.iter().any(is_ours) {
        return;
    }
    let Some(elf) = fs::read(program).ok().and_then(Elf::parse) else { return };
    let here = std::env::current_dir().unwrap_or_default();
    for point in points {
        let found = frame_of(point, &name).and_then(|(symbol, offset)| line(&elf, symbol, offset));
        let Some((file, line)) = found else { continue };
        let path = Path::new(&file);
        let short = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        point.source = Some(format!("{short}:{line}"));
        // Viewers look for files below the working directory.
        point.path = Some(path.strip_prefix(&here).unwrap_or(path).to_string_lossy().into_owned());
    }
}

/// The symbol and the offset of the innermost frame in the module of this name.
fn frame_of<'p>(point: &'p Point, module: &str) -> Option<(&'p str, u64)> {
    let is_in = |frame: &str| frame.strip_prefix(module).is_some_and(|rest| rest.starts_with('!'));
    let (depth, frame) = point.frames.iter().enumerate().find(|(_, frame)| is_in(frame))?;
    let place = &frame[module.len() + 1..];
    let (symbol, offset) = match place.rsplit_once("+0x") {
        Some((symbol, offset)) => (symbol, u64::from_str_radix(offset, 16).ok()?),
        None => (place, 0),
    };
    // A return address may already be one of the next line.
    Some((symbol, if depth == 0 { offset } else { offset.checked_sub(1)? }))
}

fn line(elf: &Elf, symbol: &str, offset: u64) -> Option<(String, u32)> {
    let Named::Found(found) = elf.named(symbol) else { return None };
    let [symbol] = found[..] else { return None };
    elf.source_of(symbol.addr + offset)
}
