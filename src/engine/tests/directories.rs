//! Directories whose names come in order.

use super::*;
use crate::abi::DirectoryLayout;

const SORTED: &str = "determinism = { dir-order = \"sorted\" }";
/// Where there is room for what is read.
const BUFFER: u64 = 0x8000;
const SEEK_SET: u64 = 0;

/// A run with a directory in which these are.
fn run_of(rest: &str, names: &[&'static str]) -> Run {
    let mut script = script();
    script.memory.insert(BUFFER, vec![0; 200]);
    script.folder = Some((names.to_vec(), 0));
    Run::of(&format!("{SORTED}\n{rest}"), script)
}

fn lseek() -> Edit {
    Edit::Number(u64::from(Sysno::parse("lseek").unwrap().number(Arch::X86_64).unwrap()))
}

impl Run {
    /// Reads the directory with so much room, from where it is read next on: the names that come, and the result.
    fn reads(&mut self, room: u64) -> (Vec<String>, i64) {
        self.script.painted.borrow_mut().clear();
        let args = [5, BUFFER, room, 0, 0, 0];
        self.enter(ROOT, "getdents64", args);
        let entry = self.take_edits();
        let [ref number, Edit::Argument { at: 1, value: next }, Edit::Argument { at: 2, value: SEEK_SET }] =
            entry[..]
        else {
            panic!("lseek(2) is made in its place: {entry:?}")
        };
        assert_eq!(*number, lseek());
        self.resumes(ROOT);
        if let Some((_, position)) = &mut self.script.folder {
            *position = next;
        }
        self.see(ROOT, Stop::Exit(next as i64));
        let mut back = self.take_edits();
        let edits = back.split_off(2);
        assert_eq!(
            back,
            [Edit::Argument { at: 1, value: BUFFER }, Edit::Argument { at: 2, value: room }],
            "the caller's registers are as they were"
        );
        let result = edits.iter().find_map(|edit| if let Edit::Result(result) = edit { Some(*result) } else { None });
        let bytes = edits.iter().find_map(|edit| match edit {
            Edit::Write { addr: Addr(BUFFER), bytes } => Some(&**bytes),
            _ => None,
        });
        let entries = DirectoryEntry::all(bytes.unwrap_or_default());
        let names = entries.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned());
        (names.collect(), result.unwrap())
    }

    fn names(&mut self, room: u64) -> String {
        self.reads(room).0.join(" ")
    }

    fn stands_at(&mut self, position: u64) {
        if let Some((_, at)) = &mut self.script.folder {
            *at = position;
        }
    }

    fn holds(&mut self, names: &[&'static str]) {
        if let Some((held, _)) = &mut self.script.folder {
            *held = names.to_vec();
        }
    }
}

#[test]
fn names_come_in_order_however_little_room_there_is() {
    let mut run = run_of("", &["b", "..", "a", ".", "B"]);
    assert_eq!(run.names(50), ". ..");
    assert_eq!(run.names(24), "B");
    assert_eq!(run.names(200), "a b");
    assert_eq!(run.reads(200), (Vec::new(), 0));
    assert_eq!(run.reads(0), (Vec::new(), 0));
}

#[test]
fn who_has_no_room_is_told_and_stays_where_it_is() {
    let mut run = run_of("", &["b", "a"]);
    assert_eq!(run.reads(23).1, -22, "EINVAL");
    run.script.memory.insert(BUFFER, vec![0; 10]);
    assert_eq!(run.reads(200).1, -14, "EFAULT");
    run.script.memory.insert(BUFFER, vec![0; 30]);
    assert_eq!(run.names(200), "a");
    assert_eq!(run.names(200), "b");
}

#[test]
fn every_place_is_found_again_whatever_has_gone_or_come() {
    let mut run = run_of("", &["d", "b", "c"]);
    assert_eq!(run.names(24), "b");
    run.holds(&["e", "c", "a"]);
    assert_eq!(run.names(24), "c", "what was there is still told");
    run.stands_at(0);
    assert_eq!(run.names(24), "a", "who begins anew sees what is there");
    run.stands_at(1);
    assert_eq!(run.names(200), "c e", "behind `b`, which is gone");
    run.stands_at(9);
    assert_eq!(run.names(200), "", "nobody has been there");
}

#[test]
fn a_directory_that_cannot_be_looked_at_is_as_the_kernel_has_it() {
    let mut run = run_of("", &[]);
    run.call(ROOT, "getdents64", [5, BUFFER, 200, 0, 0, 0], 48);
    assert_eq!(run.take_edits(), []);
    run.call(ROOT, "getdents64", [3, BUFFER, 200, 0, 0, 0], -20);
    assert_eq!(run.take_edits(), [], "what is no directory, neither");
    let notes = run.engine.into_record().notes;
    assert!(notes.len() == 1 && notes[0].contains("in the order of the file system"), "{notes:?}");
}

#[test]
fn rules_go_before_the_order() {
    let mut run = run_of("inject = [{ on = \"getdents64\", error = \"EIO\", when = \"1\" }]", &["b", "a"]);
    run.enter(ROOT, "getdents64", [5, BUFFER, 200, 0, 0, 0]);
    assert_eq!(run.take_edits(), [Edit::Skip(-5)]);
    assert_eq!(run.names(200), "a b");
    let mut run = run_of("inject = [{ on = \"getdents64\", replace = \"getpid\" }]", &["b", "a"]);
    run.call(ROOT, "getdents64", [5, BUFFER, 200, 0, 0, 0], 100);
    let edits = run.take_edits();
    assert!(edits.iter().all(|edit| !matches!(edit, Edit::Write { .. }) && *edit != lseek()), "{edits:?}");
}

#[test]
fn what_a_filter_of_the_target_has_answered_is_left_alone() {
    let mut run = run_of("", &["b", "a"]);
    run.call(ROOT, "getdents64", [5, BUFFER, 200, 0, 0, 0], 77);
    let edits = run.take_edits();
    assert!(!edits.iter().any(|edit| matches!(edit, Edit::Result(_) | Edit::Write { .. })), "{edits:?}");
}

#[test]
fn the_records_say_where_to_read_on() {
    let mut run = run_of("", &["b", "a"]);
    run.enter(ROOT, "getdents", [5, BUFFER, 200, 0, 0, 0]);
    run.take_edits();
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(2));
    let record = |name: &str, next| {
        let entry = DirectoryEntry { name: name.as_bytes().into(), inode: 7, kind: 8 };
        DirectoryLayout::Old.record(&entry, next).unwrap()
    };
    let bytes = [record("a", 1), record("b", 2)].concat();
    assert_eq!(run.take_edits()[2], Edit::Write { addr: Addr(BUFFER), bytes: bytes.into() });
}
