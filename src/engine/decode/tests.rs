//! Calls of a scripted task, as they are shown.

mod calls;
mod fake;
mod garbage;
mod memory;

use fake::Fake;

use super::Decoder;
use crate::abi::{Arch, Sysno, TaskId};
use crate::engine::names::{Names, TableId};
use crate::transcript::{Call, TaskName, Value};

const TABLE: TableId = TableId(1);

/// The names of a run with two tasks, numbers 700 and 701.
fn names() -> Names {
    let mut names = Names::new(vec![("/tmp/r".to_owned(), "${tmp}".to_owned())]);
    names.task_born(TaskId(700), TaskName { process: 1, thread: 1 });
    names.task_born(TaskId(701), TaskName { process: 2, thread: 1 });
    names
}

fn decoder<'a>(fake: &'a Fake, names: &'a mut Names) -> Decoder<'a> {
    Decoder { inspect: fake, names, table: TABLE, reads: true, strings: 16 }
}

/// Decodes a call at its entry and, with a result, at its exit.
fn decode(fake: &Fake, names: &mut Names, arch: Arch, name: &str, args: &[u64], result: Option<i64>) -> Call {
    let number = Sysno::parse(name).and_then(|sysno| sysno.number(arch)).expect(name);
    let mut words = [0; 6];
    words[..args.len()].copy_from_slice(args);
    let mut decoder = decoder(fake, names);
    let mut call = decoder.entry(arch, u64::from(number), &words);
    if let Some(result) = result {
        decoder.exit(arch, &mut call, result);
    }
    call
}

/// A whole call of the scripted task on x86-64.
fn check(name: &str, args: &[u64], result: i64, expected: &str) {
    let fake = Fake::default();
    assert_eq!(decode(&fake, &mut names(), Arch::X86_64, name, args, Some(result)).to_string(), expected);
}

/// A whole call with `memory` at [`fake::DATA`].
fn check_with(memory: &[u8], name: &str, args: &[u64], result: i64, expected: &str) {
    let fake = Fake::with(memory);
    assert_eq!(decode(&fake, &mut names(), Arch::X86_64, name, args, Some(result)).to_string(), expected);
}

/// A call at its entry only.
fn check_entry(memory: &[u8], name: &str, args: &[u64], expected: &str) {
    let fake = Fake::with(memory);
    assert_eq!(decode(&fake, &mut names(), Arch::X86_64, name, args, None).to_string(), format!("{expected} = ?"));
}

/// The words of a structure.
fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
