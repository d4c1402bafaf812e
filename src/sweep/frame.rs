//! Whose code a frame of a stack is in, by its name: the program's own, or that of a library that is linked into every program
//! of its language. It must not know what was called there.

use std::sync::Arc;

/// Modules that every program is linked with: whose code tells nothing of the program.
const LIBRARIES: [&str; 10] =
    ["libc.so", "libnss_", "ld-linux", "libpthread", "ld-musl", "[vdso]", "vdso", "libstdc++", "libc++", "libgcc_s"];

/// The crates of Rust's library, with the one that rustc makes for allocators.
const CRATES: [&str; 4] = ["std", "core", "alloc", "__rustc"];

/// First elements of the packages in Go's library (`go list std`), of version 1.25 and those before it.
const PACKAGES: [&str; 51] = [
    "archive",
    "arena",
    "bufio",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "vendor",
    "weak",
];

/// Whose code a frame is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// The program's, or that of a library of its own choice.
    Own,
    /// That of a library that its language brings along.
    Language,
    /// That of the C library, or nobody knows whose.
    C,
}

/// The frames of a stack, with their places in it, that are in the program's own code; where none is those of its language's library, and
/// where there is none of these either all.
pub(super) fn own(frames: &[Arc<str>]) -> Vec<&Arc<str>> {
    let is_go = is_go(frames);
    let origins: Vec<Origin> = frames.iter().map(|frame| origin(frame, is_go)).collect();
    let nearest = origins.iter().min().copied();
    frames.iter().zip(origins).filter(|(_, origin)| Some(*origin) == nearest).map(|(frame, _)| frame).collect()
}

/// A frame without its offset: `kv!commit`. One that lies in no symbol is its module.
pub(super) fn without_offset(frame: &str) -> &str {
    frame.rsplit_once("+0x").map_or(frame, |(place, _)| place)
}

/// The function of a frame, without its module.
pub(super) fn function(frame: &str) -> &str {
    let place = without_offset(frame);
    place.split_once('!').map_or(place, |(_, function)| function)
}

fn origin(frame: &str, is_go: bool) -> Origin {
    if frame == "?" || LIBRARIES.iter().any(|library| frame.starts_with(library)) {
        return Origin::C;
    }
    let is_language = match frame.split_once('!') {
        Some((_, name)) => is_cpp(name) || is_rust(name) || is_go && is_package(name),
        None => false,
    };
    if is_language { Origin::Language } else { Origin::Own }
}

/// Whether Go's runtime began a stack. Functions of C have a dot in their names as well, where the compiler has split them.
fn is_go(frames: &[Arc<str>]) -> bool {
    frames.iter().any(|frame| function(frame).starts_with("runtime."))
}

/// Whether a function, or a file of source, is of a package in Go's library. Packages of others have a dot in the first element of their path, or the
/// name of the program's module. `_rt0_amd64_linux` is where a program begins.
pub fn is_package(name: &str) -> bool {
    let first = name.split_once(['/', '.']).map(|(first, _)| first);
    first.is_some_and(|first| PACKAGES.contains(&first)) || name.starts_with("_rt0_")
}

/// Whether a function is of the C++ library, as what is made of its templates in a program.
fn is_cpp(name: &str) -> bool {
    has_parameters(name) && ["std::", "__gnu_cxx::"].iter().any(|space| name.starts_with(space))
}

/// Whether a function is of Rust's library. What the program implements of its traits, or for its types, is the program's.
fn is_rust(name: &str) -> bool {
    if has_parameters(name) {
        return false;
    }
    let Some((inner, _)) = name.strip_prefix('<').and_then(|rest| split_closing(rest)) else {
        return root(name).is_some_and(|root| CRATES.contains(&root));
    };
    let (implementor, implemented) = split_as(inner);
    // Only the library has functions for types that the language has.
    [Some(implementor), implemented].into_iter().flatten().filter_map(root).all(|root| CRATES.contains(&root))
}

/// Whether a name has a list of parameters, as demangled names of C++ have and those of Rust have not.
fn has_parameters(name: &str) -> bool {
    let mut depth = 0_usize;
    name.bytes().any(|byte| {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        byte == b'(' && depth == 0
    })
}

/// What is before the `>` that closes the text, and what is behind it.
fn split_closing(text: &str) -> Option<(&str, &str)> {
    let at = at_depth_0(text).find(|(_, rest)| rest.starts_with('>'))?.0;
    Some((&text[..at], &text[at + 1..]))
}

/// A type, and the trait that is implemented for it: `kv::Log as std::io::Write`.
fn split_as(text: &str) -> (&str, Option<&str>) {
    match at_depth_0(text).find(|(_, rest)| rest.starts_with(" as ")) {
        Some((at, _)) => (&text[..at], Some(&text[at + " as ".len()..])),
        None => (text, None),
    }
}

/// The places in a text that no brackets of its own enclose, with what is there and behind.
fn at_depth_0(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut depth = 0_usize;
    let mut before = 0;
    text.char_indices().filter_map(move |(at, char)| {
        let is_arrow = char == '>' && before == b'-';
        before = if char.is_ascii() { char as u8 } else { 0 };
        let here = (depth == 0).then(|| (at, &text[at..]));
        match char {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' if !is_arrow => depth = depth.saturating_sub(1),
            _ => {}
        }
        here
    })
}

/// The crate that a path begins with; `None` of what has none, as `u8`.
fn root(path: &str) -> Option<&str> {
    let mut path = path.trim_start_matches(['&', '*', '[', '(']);
    while let Some(rest) = ["mut ", "const ", "dyn "].into_iter().find_map(|word| path.strip_prefix(word)) {
        path = rest.trim_start_matches(['&', '*', '[', '(']);
    }
    path.split_once("::")
        .map(|(root, _)| root)
        .filter(|root| root.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(frames: &[&str]) -> Vec<String> {
        let frames: Vec<Arc<str>> = frames.iter().map(|frame| Arc::from(*frame)).collect();
        own(&frames).iter().map(|frame| function(frame).to_owned()).collect()
    }

    #[test]
    fn functions_of_a_language_s_library_are_not_the_program_s() {
        for (name, is_own) in [
            ("std::io::Write::write_all", false),
            ("std::fs::File::create::<&str>", false),
            ("<std::sys::fs::unix::File>::open_c", false),
            ("<&std::fs::File as std::io::Read>::read", false),
            ("<alloc::boxed::Box<dyn kv::Store> as core::ops::function::FnOnce<()>>::call_once", false),
            ("<alloc::vec::Vec<kv::Row> as core::iter::Extend<fn() -> kv::Row>>::extend", false),
            ("core::ptr::drop_in_place<kv::Log>", false),
            ("std::rt::lang_start::<()>::{closure#0}", false),
            ("std::sys::backtrace::__rust_begin_short_backtrace::<fn(), ()>", false),
            ("<[u8]>::copy_within", false),
            ("__rustc::__rust_alloc", false),
            ("<kv::Log as std::io::Write>::write", true),
            ("<std::fs::File as kv::Store>::put", true),
            ("<&mut kv::Log as core::fmt::Write>::write_str", true),
            ("<kv::Log>::put::{closure#0}", true),
            ("kv::main", true),
            ("kvstd::open", true),
            ("std::ofstream::open(char const*, std::_Ios_Openmode)", false),
            ("core::Engine::run(std::string)", true),
            ("kv::Log::put(std::string const&)", true),
            ("put", true),
        ] {
            let expected = if is_own { vec![name, "main"] } else { vec!["main"] };
            assert_eq!(shown(&["libc.so.6!write+0x14", &format!("kv!{name}+0x1c"), "kv!main"]), expected, "{name}");
        }
    }

    #[test]
    fn functions_of_go_s_library_are_not_the_program_s() {
        let library =
            ["kv!internal/poll.(*FD).Write+0x3a", "kv!os.(*File).Write+0x65", "kv!net/http.(*conn).serve+0x1"];
        let own = ["kv!main.put", "kv!example.com/os/log.Put", "kv!kv/store.(*File).Write"];
        let begun = ["kv!runtime.main+0x1", "kv!runtime.goexit.abi0+0x1"];
        assert_eq!(shown(&[&library[..], &own, &begun].concat()), own.map(function));
        // Only of Go a name with a dot is one of a package.
        assert_eq!(shown(&["kv!sort.part.0", "kv!main"]), ["sort.part.0", "main"]);
    }

    #[test]
    fn where_there_are_no_own_functions_those_of_the_library_are_told() {
        assert_eq!(shown(&["libc.so.6!poll", "kv!std::rt::init", "libc.so.6!start"]), ["std::rt::init"]);
        assert_eq!(shown(&["libc.so.6!write", "?"]), ["write", "?"]);
        assert_eq!(shown(&[]), [""; 0]);
    }
}
