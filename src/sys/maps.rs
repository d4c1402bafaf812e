//! What a task has mapped (proc_pid_maps(5)).
//! It must not know what is looked for there.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::shortage::{self, noted};
use crate::abi::{Addr, TaskId};

/// A mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The first address.
    pub start: Addr,
    /// The address after the last.
    pub end: Addr,
    /// Offset in the file.
    pub offset: u64,
    /// Whether the program may write to it.
    pub writable: bool,
    /// Whether writes reach others (MAP_SHARED).
    pub shared: bool,
    /// Whether it is mapped for execution.
    pub executable: bool,
    /// Major and minor number of the device of its file, and the file's inode; zeros where there is none.
    pub file: ([u32; 2], u64),
    /// The path, a name in brackets, or nothing.
    pub name: String,
}

/// The mappings of a task, in address order.
pub fn mappings(task: TaskId) -> Vec<Mapping> {
    parse_mappings(&maps_text(task))
}

/// The text that tells the mappings of a task; it changes when they do.
pub fn maps_text(task: TaskId) -> Vec<u8> {
    shortage::read(format!("/proc/{}/maps", task.0)).unwrap_or_default()
}

/// The mappings in such a text.
pub fn parse_mappings(text: &[u8]) -> Vec<Mapping> {
    String::from_utf8_lossy(text).lines().filter_map(parse_mapping).collect()
}

fn parse_mapping(line: &str) -> Option<Mapping> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let permissions = words.next()?.as_bytes();
    let offset = words.next()?;
    let (major, minor) = words.next()?.split_once(':')?;
    let inode = words.next()?;
    let name = words.next().unwrap_or("").trim_start();
    let number = |hex| u32::from_str_radix(hex, 16).ok();
    Some(Mapping {
        start: Addr(u64::from_str_radix(start, 16).ok()?),
        end: Addr(u64::from_str_radix(end, 16).ok()?),
        offset: u64::from_str_radix(offset, 16).ok()?,
        writable: permissions.get(1) == Some(&b'w'),
        shared: permissions.get(3) == Some(&b's'),
        executable: permissions.get(2) == Some(&b'x'),
        file: ([number(major)?, number(minor)?], inode.parse().ok()?),
        name: name.to_owned(),
    })
}

/// `PROCMAP_QUERY` of the kernel's `linux/fs.h`: one mapping in place of the text of all, since Linux 6.11.
const PROCMAP_QUERY: libc::c_ulong = 0xc068_6611;
const VMA_WRITABLE: u64 = 2;
const VMA_EXECUTABLE: u64 = 4;
const VMA_SHARED: u64 = 8;
/// Longer names are read in the text.
const NAME_ROOM: usize = 512;

/// `struct procmap_query`.
#[repr(C)]
#[derive(Default)]
struct Query {
    size: u64,
    flags: u64,
    addr: u64,
    start: u64,
    end: u64,
    vma_flags: u64,
    page_size: u64,
    offset: u64,
    inode: u64,
    device: [u32; 2],
    name_size: u32,
    build_id_size: u32,
    name: u64,
    build_id: u64,
}

/// The memory of a task, to be asked where something lies. After an execve(2) of the task it is still the memory of before,
/// which others may share.
#[derive(Debug)]
pub struct Maps(File);

impl Maps {
    /// The memory that a task has now; `None` where it is gone.
    pub fn of(task: TaskId) -> Option<Maps> {
        let file = noted(File::open(format!("/proc/{}/maps", task.0))).ok()?;
        Some(Maps(file))
    }

    /// The mapping that an address lies in, by a task of this memory that is there; `None` where nothing is mapped.
    pub fn mapping_at(&self, task: TaskId, addr: Addr) -> Option<Mapping> {
        match query(&self.0, addr) {
            Ok(found) => found,
            // An older kernel, or a name that is too long.
            Err(_) => mappings(task).into_iter().find(|map| (map.start..map.end).contains(&addr)),
        }
    }
}

/// Asks for one mapping; `Ok(None)` where there is none.
fn query(file: &File, addr: Addr) -> Result<Option<Mapping>, nix::Error> {
    let mut name = [0_u8; NAME_ROOM];
    let mut query = Query {
        size: size_of::<Query>() as u64,
        addr: addr.0,
        name_size: NAME_ROOM as u32,
        name: name.as_mut_ptr() as u64,
        ..Query::default()
    };
    // SAFETY: `query` is exclusively borrowed and says its own size, and that of `name`, which nobody else has.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), PROCMAP_QUERY as _, &raw mut query) };
    match nix::Error::result(result) {
        Ok(_) => {}
        Err(nix::Error::ENOENT) => return Ok(None),
        Err(error) => return Err(error),
    }
    // Its length with the NUL at its end; none has no name.
    let name = name.get(..(query.name_size as usize).saturating_sub(1)).unwrap_or_default();
    Ok(Some(Mapping {
        start: Addr(query.start),
        end: Addr(query.end),
        offset: query.offset,
        writable: query.vma_flags & VMA_WRITABLE != 0,
        shared: query.vma_flags & VMA_SHARED != 0,
        executable: query.vma_flags & VMA_EXECUTABLE != 0,
        file: (query.device, query.inode),
        // As the text has it, which keeps each in its line.
        name: String::from_utf8_lossy(name).replace('\n', "\\012"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> TaskId {
        TaskId(std::process::id() as i32)
    }

    #[test]
    fn mappings_keep_spaces_in_names() {
        let line = "7f00-7fff r-xp 00001000 08:01 12                     /a b/lib c.so";
        let expected = Mapping {
            start: Addr(0x7f00),
            end: Addr(0x7fff),
            offset: 0x1000,
            writable: false,
            shared: false,
            executable: true,
            file: ([8, 1], 12),
            name: "/a b/lib c.so".to_owned(),
        };
        assert_eq!(parse_mapping(line), Some(expected));
    }

    #[test]
    fn anonymous_mappings_have_no_name() {
        assert_eq!(parse_mapping("7f00-7fff rw-p 00000000 00:00 0 ").unwrap().name, "");
    }

    #[test]
    fn one_mapping_is_as_the_text_of_all_has_it() {
        let all = mappings(here());
        assert!(all.iter().any(|mapping| mapping.name == "[stack]"));
        let maps = Maps::of(here()).unwrap();
        // What others allocate meanwhile does not move these.
        let fixed = all.iter().filter(|mapping| mapping.name == "[vdso]" || mapping.executable && mapping.offset > 0);
        let mut seen = 0;
        for mapping in fixed {
            for at in [mapping.start.0, mapping.end.0 - 1] {
                assert_eq!(maps.mapping_at(here(), Addr(at)).as_ref(), Some(mapping));
                seen += 1;
            }
        }
        assert!(seen >= 4, "{all:?}");
        let file = File::open("/proc/self/maps").unwrap();
        match query(&file, Addr(1)) {
            Ok(found) => assert_eq!(found, None),
            Err(error) => assert_eq!(error, nix::Error::ENOTTY, "only a kernel before 6.11 cannot tell"),
        }
        assert_eq!(maps.mapping_at(here(), Addr(1)), None);
    }
}
