//! What is read from files that compilers really make: C++ names, tables of imports, debug information kept apart; and
//! from broken ones.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rinject::image::{CodeAt, Elf, LineSearch, Named};

const SOURCE: &str = r#"
#include <cstdio>
namespace wal {
struct Log { int commit(int n); int flush(int n); int flush(); };
__attribute__((noinline)) int Log::commit(int n) { return n + 1; }
__attribute__((noinline)) int Log::flush(int n) { return n + 2; }
__attribute__((noinline)) int Log::flush() { return 3; }
}
int main(int argc, char **) {
    wal::Log log;
    std::puts("done");
    return log.commit(argc) + log.flush(argc) + log.flush();
}
"#;

/// Runs a tool in a folder; false where there is none.
fn tool(folder: &Path, command: &str) -> bool {
    let mut words = command.split_whitespace();
    let status = Command::new(words.next().expect("a program")).args(words).current_dir(folder).status();
    match status {
        Ok(status) => {
            assert!(status.success(), "{command}");
            true
        }
        Err(error) => {
            println!("skipped: `{command}`: {error}");
            false
        }
    }
}

fn built(folder: &Path, flags: &str) -> Option<Vec<u8>> {
    fs::write(folder.join("wal.cc"), SOURCE).expect("it can be written");
    tool(folder, &format!("g++ -O1 -g {flags} -o wal wal.cc")).then(|| bytes(folder, "wal"))
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).expect("it is there")
}

fn addrs(elf: &Elf, name: &str) -> Vec<u64> {
    match elf.named(name) {
        Named::Found(symbols) => symbols.iter().map(|symbol| symbol.addr).collect(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn functions_of_cpp_are_found_by_every_form_of_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(bytes) = built(folder.path(), "") else { return };
    let elf = Elf::parse(bytes).expect("a program");
    let [commit] = addrs(&elf, "wal::Log::commit")[..] else { panic!("one commit") };
    assert_eq!(addrs(&elf, "wal::Log::commit(int)"), [commit]);
    assert_eq!(addrs(&elf, "_ZN3wal3Log6commitEi"), [commit]);
    assert_eq!(elf.locate(commit + 1), Some((Arc::from("wal::Log::commit(int)"), 1)));
    let Named::Ambiguous(names) = elf.named("wal::Log::flush") else { panic!("two of them") };
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["wal::Log::flush()", "wal::Log::flush(int)"]);
    assert_eq!(elf.line("wal.cc", 5), LineSearch::Found(vec![commit]));
    assert_eq!(elf.code_at(commit), CodeAt::Boundary);
    assert_eq!(elf.code_at(addrs(&elf, "_IO_stdin_used")[0]), CodeAt::NotCode);
}

#[test]
fn imports_have_names_however_the_linker_lays_them_out() {
    let folder = tempfile::tempdir().expect("a folder");
    for flags in ["", "-Wl,-z,lazy", "-Wl,-z,now", "-fcf-protection=full -Wl,-z,ibtplt", "-no-pie"] {
        let Some(bytes) = built(folder.path(), flags) else { return };
        let elf = Elf::parse(bytes).expect("a program");
        let [puts] = addrs(&elf, "puts@plt")[..] else { panic!("one import with `{flags}`") };
        assert_eq!(elf.code_at(puts), CodeAt::Boundary, "{flags}");
        assert_eq!(elf.locate(puts), Some((Arc::from("puts@plt"), 0)), "{flags}");
    }
}

#[test]
fn debug_information_kept_apart_is_used_if_it_is_of_the_same_build() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let Some(whole) = built(path, "-Wl,--build-id=sha1") else { return };
    let is_apart = tool(path, "objcopy --only-keep-debug --compress-debug-sections wal wal.debug")
        && tool(path, "objcopy --strip-all --add-gnu-debuglink=wal.debug wal");
    if !is_apart {
        return;
    }
    let (stripped, debug) = (bytes(path, "wal"), bytes(path, "wal.debug"));
    let commit = addrs(&Elf::parse(whole).expect("a program"), "wal::Log::commit");
    let alone = Elf::parse(stripped.clone()).expect("a program");
    assert_eq!(alone.named("wal::Log::commit"), Named::Unknown);
    assert_eq!(alone.line("wal.cc", 5), LineSearch::NoDebugInfo);
    let both = Elf::with_debug(stripped.clone(), |id, link| {
        assert_eq!((id.map(<[u8]>::len), link), (Some(20), Some("wal.debug")));
        Some(debug.clone())
    });
    let both = both.expect("a program");
    assert_eq!(addrs(&both, "wal::Log::commit"), commit);
    assert_eq!(both.line("wal.cc", 5), LineSearch::Found(commit));
    let other = built(path, "-O2 -Wl,--build-id=sha1").expect("a compiler");
    let wrong = Elf::with_debug(stripped, |_, _| Some(other)).expect("a program");
    assert_eq!(wrong.named("wal::Log::commit"), Named::Unknown);
}

#[test]
fn broken_files_are_read_as_far_as_they_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(whole) = built(folder.path(), "") else { return };
    let ask = |bytes: Vec<u8>| {
        let Some(elf) = Elf::parse(bytes) else { return };
        let _ = (elf.named("main"), elf.names().count(), elf.line("wal.cc", 5), elf.section(".eh_frame"));
        for addr in [0, 0x1139, elf.entry(), u64::MAX] {
            let _ = (elf.locate(addr), elf.code_at(addr), elf.addr_of_offset(addr));
        }
    };
    for end in (0..whole.len()).step_by(whole.len() / 50) {
        ask(whole[..end].to_vec());
    }
    // Headers, sections and segments full of the largest numbers, the ones whose sums overflow.
    let table = u64::from_le_bytes(whole[40..48].try_into().expect("eight bytes")) as usize;
    for at in (0..1024).chain(table..whole.len()).step_by(4) {
        let mut broken = whole.to_vec();
        let end = (at + 8).min(broken.len());
        broken[at..end].fill(0xff);
        ask(broken);
    }
}
