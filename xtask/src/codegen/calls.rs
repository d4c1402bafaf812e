//! The table of system calls: `calls.txt` read, given its numbers, and written as Rust.
//! It must not know numbers itself: they come from the `syscalls` crate.

use std::collections::BTreeMap;

use super::flags::FlagSet;
use super::{by_number, lines};

/// The classes, in the order of their bits; the same list as `Class::NAMES`.
const CLASSES: [&str; 15] = [
    "file", "desc", "network", "process", "signal", "memory", "ipc", "creds", "clock", "stat", "lstat", "fstat",
    "statfs", "pure", "fstatfs",
];

/// One call; what stands in Rust is already Rust text.
#[derive(Default)]
pub struct Call {
    numbers: [Option<u16>; 3],
    args: Option<Vec<String>>,
    /// The arguments as `calls.txt` has them: name and kind.
    pub written: Vec<(String, String)>,
    ret: String,
    classes: u32,
    blocks: bool,
    /// A variant of `Changes`.
    changes: &'static str,
    syncs: bool,
}

/// What a call can change of files, in the words of `calls.txt`, and the variants of `Changes`.
const CHANGES: [(&str, &str); 4] =
    [("names", "Names"), ("content", "Content"), ("attributes", "Attributes"), ("times", "Times")];

/// Reads `calls.txt` and adds every call that has a number on one of the architectures.
pub fn parse(text: &str, sets: &[FlagSet]) -> Result<BTreeMap<String, Call>, String> {
    let mut calls = numbered();
    let mut seen = Vec::new();
    for (at, line) in lines(text) {
        let fail = |what: String| format!("calls.txt:{at}: {what}");
        let name = line.split(['(', ' ']).next().unwrap_or_default();
        let call = calls.get_mut(name).ok_or(fail(format!("no architecture has a call `{name}`")))?;
        if seen.contains(&name) {
            return Err(fail(format!("`{name}` is there twice")));
        }
        seen.push(name);
        let mut rest = &line[name.len()..];
        if let Some(signature) = rest.strip_prefix('(') {
            let (args, after) = signature.split_once(") -> ").ok_or(fail("`) -> ` is missing".to_owned()))?;
            let args = args.split(", ").filter(|arg| !arg.is_empty());
            let written = args.clone().filter_map(|arg| arg.split_once(": "));
            call.written = written.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
            call.args = Some(args.map(|arg| argument(arg, sets)).collect::<Result<_, _>>().map_err(fail)?);
            let (ret, classes) = after.split_once(' ').unwrap_or((after, ""));
            call.ret = result(ret).ok_or(fail(format!("`{ret}` is no result")))?;
            rest = classes;
        }
        for word in rest.split_whitespace() {
            match word {
                "blocks" => call.blocks = true,
                "syncs" => call.syncs = true,
                _ if word.starts_with("changes:") => {
                    let what = CHANGES.iter().find(|(what, _)| word.ends_with(what));
                    call.changes = what.ok_or(fail(format!("`{word}` is nothing of files")))?.1;
                }
                _ => {
                    let class =
                        word.strip_prefix('%').and_then(|name| CLASSES.iter().position(|known| *known == name));
                    call.classes |= 1 << class.ok_or(fail(format!("`{word}` is no class")))?;
                }
            }
        }
    }
    Ok(calls)
}

// `Sysno::iter` of syscalls 0.8.1 leaves out the last call.
fn numbered() -> BTreeMap<String, Call> {
    let mut calls: BTreeMap<String, Call> = BTreeMap::new();
    let mut add = |column: usize, name: &str, number: u32| {
        let call =
            calls.entry(name.to_owned()).or_insert_with(|| Call { ret: "R::Opaque".to_owned(), ..Call::default() });
        call.numbers[column] = u16::try_from(number).ok();
    };
    for call in syscalls::x86_64::Sysno::iter().chain([syscalls::x86_64::Sysno::last()]) {
        add(0, call.name(), call as u32);
    }
    for call in syscalls::x86::Sysno::iter().chain([syscalls::x86::Sysno::last()]) {
        add(1, call.name(), call as u32);
    }
    for call in syscalls::aarch64::Sysno::iter().chain([syscalls::aarch64::Sysno::last()]) {
        // One call, two names; and the kernel has the 64-bit time calls on 32-bit architectures only.
        let name = if call.name() == "fstatat" { "newfstatat" } else { call.name() };
        if !(403..=423).contains(&(call as u32)) {
            add(2, name, call as u32);
        }
    }
    calls
}

fn argument(text: &str, sets: &[FlagSet]) -> Result<String, String> {
    let (name, kind) = text.split_once(": ").ok_or(format!("`{text}` is not `name: kind`"))?;
    let kind = kind_of(kind, sets).ok_or(format!("`{kind}` is no kind"))?;
    Ok(format!("arg({name:?}, K::{kind})"))
}

fn kind_of(kind: &str, sets: &[FlagSet]) -> Option<String> {
    let plain = match kind {
        "int" => "Int",
        "long" => "Long",
        "uint" => "Uint",
        "size" => "Size",
        "hex" => "Hex",
        "addr" => "Address",
        "fd" => "Fd",
        "dirfd" => "DirFd",
        "path" => "Path { dir: None }",
        "mode" => "Mode",
        "dev" => "Dev",
        "str" => "Str",
        "strings" => "Strings",
        "signal" => "Signal",
        "fdpair" => "FdPair",
        "task" => "Task",
        "intout" => "IntOut",
        "waitstatus" => "WaitStatus",
        "opaque" => "Opaque",
        "sigset-in" => "Sigset { dir: Dir::In }",
        "sigset-out" => "Sigset { dir: Dir::Out }",
        _ => "",
    };
    if !plain.is_empty() {
        return Some(plain.to_owned());
    }
    if let Some(name) = kind.strip_prefix("flags ") {
        let set = sets.iter().find(|set| set.name == name)?;
        return Some(format!("Flags(&f::{})", set.name.to_uppercase()));
    }
    if let Some(rest) = kind.strip_prefix("by@") {
        let (command, set) = rest.split_once(' ')?;
        return Some(format!("ByCommand {{ command: {}, name: {set:?} }}", command.parse::<u8>().ok()?));
    }
    if let Some(dir) = kind.strip_prefix("path@") {
        return Some(format!("Path {{ dir: Some({}) }}", dir.parse::<u8>().ok()?));
    }
    if let Some(flags) = kind.strip_prefix("create-mode@") {
        return Some(format!("CreateMode {{ flags: {} }}", flags.parse::<u8>().ok()?));
    }
    let (head, rest) = kind.split_once(':')?;
    let (what, dir) = head.rsplit_once('-').unwrap_or(("bytes", head));
    let dir = match dir {
        "in" => "Dir::In",
        "out" => "Dir::Out",
        "inout" => "Dir::InOut",
        _ => return None,
    };
    Some(match what {
        "bytes" => format!("Bytes {{ dir: {dir}, len: {} }}", length(rest)?),
        "sockaddr" => format!("Sockaddr {{ dir: {dir}, len: {} }}", length(rest)?),
        "iovec" => format!("Iovec {{ dir: {dir}, count: {} }}", rest.parse::<u8>().ok()?),
        "struct" => format!("Struct {{ name: {rest:?}, dir: {dir} }}"),
        "array" => {
            let (name, count) = rest.split_once(':')?;
            format!("Array {{ name: {name:?}, dir: {dir}, count: {} }}", count.parse::<u8>().ok()?)
        }
        _ => return None,
    })
}

fn length(text: &str) -> Option<String> {
    Some(match text {
        "ret" => "Len::Result".to_owned(),
        "zero" => "Len::Zero".to_owned(),
        _ => match text.split_at_checked(1)? {
            ("*", at) => format!("Len::Pointed({})", at.parse::<u8>().ok()?),
            ("#", bytes) => format!("Len::Fixed({})", bytes.parse::<u16>().ok()?),
            _ => format!("Len::Arg({})", text.parse::<u8>().ok()?),
        },
    })
}

fn result(text: &str) -> Option<String> {
    let kind = match text {
        "int" => "Int",
        "size" => "Size",
        "fd" => "Fd",
        "addr" => "Address",
        "task" => "Task",
        "hex" => "Hex",
        "mode" => "Mode",
        "opaque" => "Opaque",
        "never" => "Never",
        _ => return None,
    };
    Some(format!("R::{kind}"))
}

/// `CALLS`, and for each architecture a column of `BY_NUMBER`: the row of each number, `u16::MAX` where there is no such call.
pub fn render(calls: &BTreeMap<String, Call>) -> String {
    let mut out = String::from(
        "const fn arg(name: &'static str, kind: K) -> ArgInfo { ArgInfo { name, kind } }\n\
         const fn call(name: &'static str, numbers: [Option<u16>; 3], args: Option<&'static [ArgInfo]>, ret: R, \
         classes: u32, may_block: bool) -> CallInfo { CallInfo { name, numbers, args, ret, classes, may_block, changes: None, \
         syncs: false } }\n\
         const fn changes(what: C, call: CallInfo) -> CallInfo { CallInfo { changes: Some(what), ..call } }\n\
         const fn syncs(call: CallInfo) -> CallInfo { CallInfo { syncs: true, ..call } }\n\n\
         pub(super) static CALLS: &[CallInfo] = &[\n",
    );
    for (name, call) in calls {
        let args = match &call.args {
            Some(args) => format!("Some(&[{}])", args.join(", ")),
            None => "None".to_owned(),
        };
        let mut row =
            format!("call({name:?}, {:?}, {args}, {}, {:#x}, {})", call.numbers, call.ret, call.classes, call.blocks);
        if !call.changes.is_empty() {
            row = format!("changes(C::{}, {row})", call.changes);
        }
        if call.syncs {
            row = format!("syncs({row})");
        }
        out.push_str(&format!("{row},\n"));
    }
    out.push_str("];\n\npub(super) static BY_NUMBER: [&[u16]; 3] = [\n");
    for column in 0..3 {
        let rows = calls.values().zip(0..).filter_map(|(call, at)| Some((call.numbers[column]?, at)));
        let rows: Vec<u16> = by_number(rows).into_iter().map(|row| row.unwrap_or(u16::MAX)).collect();
        out.push_str(&format!("&{rows:?},\n"));
    }
    out.push_str("];\n\n");
    out
}
