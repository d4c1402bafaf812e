//! What each file system lets a loss of power leave of small recordings.

use super::super::effect::effects;
use super::super::op::{Attribute, Change};
use super::super::testing::Made;
use super::*;

const ALL: [FileSystem; 4] = [FileSystem::Posix, FileSystem::Ext4, FileSystem::Xfs, FileSystem::Btrfs];

/// Which file systems can leave these effects when all operations are over.
#[track_caller]
fn check(made: &Made, kept: &[usize], expected: &[FileSystem]) {
    let effects = effects(&made.recording);
    let done = made.recording.ops.len();
    let bits = Bits::of(effects.len(), |at| kept.contains(&at));
    let allows = |system: &FileSystem| Model::new(&made.recording, &effects, *system).allows(done, &bits, None);
    assert_eq!(ALL.into_iter().filter(allows).collect::<Vec<_>>(), expected, "{kept:?} of {effects:?}");
}

use FileSystem::{Btrfs, Ext4, Posix, Xfs};

/// Created, its bytes, its length, renamed: effects 0 to 3.
fn replaced(over: bool, syncs: bool) -> Made {
    let mut made = Made::new();
    let old = over.then(|| made.file("kept", b"old"));
    let new = made.create("new");
    made.write(new, 0, b"text");
    if syncs {
        made.sync(new);
    }
    made.rename("new", "kept", new, old);
    made
}

#[test]
fn a_name_can_be_there_before_what_is_in_the_file() {
    check(&replaced(false, false), &[0, 3], &ALL);
    // ext4 writes what is in a file before that takes the place of another one.
    check(&replaced(true, false), &[0, 3], &[Posix, Xfs, Btrfs]);
    check(&replaced(true, false), &[0, 2, 3], &[Posix]);
    check(&replaced(true, false), &[0, 1, 2, 3], &ALL);
    check(&replaced(true, false), &[], &ALL);
}

#[test]
fn what_is_synced_is_there_and_its_name_is_on_journals() {
    let made = replaced(true, true);
    check(&made, &[0, 1, 2], &ALL);
    check(&made, &[0, 1, 2, 3], &ALL);
    check(&made, &[1, 2], &[Posix]);
    check(&made, &[0, 3], &[]);
    check(&made, &[0, 1], &[]);
}

#[test]
fn names_come_in_their_order_on_journals() {
    let mut made = Made::new();
    made.create("one");
    made.create("other");
    check(&made, &[1], &[Posix]);
    check(&made, &[0], &ALL);
}

#[test]
fn a_sync_of_one_file_has_all_names_before_it_on_a_journal_and_its_own_in_a_log() {
    let mut made = Made::new();
    made.create("one");
    let other = made.create("other");
    made.sync(other);
    check(&made, &[0, 1], &ALL);
    check(&made, &[1], &[Posix, Btrfs]);
    check(&made, &[0], &[Posix]);
}

#[test]
fn what_a_log_has_made_safe_hides_nothing_that_was_before_it() {
    let mut made = Made::new();
    made.create("one");
    let other = made.create("other");
    made.sync(other);
    made.create("last");
    // A tree that has the last name has the first.
    check(&made, &[1, 2], &[Posix]);
    check(&made, &[1], &[Posix, Btrfs]);
    check(&made, &[0, 1, 2], &ALL);
    let effects = effects(&made.recording);
    let model = Model::new(&made.recording, &effects, Btrfs);
    assert_eq!(model.only(4, |at| at == 2), model.all(4));
    assert_eq!(model.without(4, |at| at == 0), model.synced_after(4));
}

#[test]
fn what_is_written_over_has_no_order_but_in_one_page() {
    let mut made = Made::new();
    let file = made.file("db", &[0; 9000]);
    made.write(file, 0, b"one");
    made.write(file, 5000, b"two");
    made.write(file, 5010, b"three");
    check(&made, &[1, 2], &ALL);
    check(&made, &[0], &ALL);
    check(&made, &[2], &[]);
}

#[test]
fn a_file_that_is_cut_loses_its_bytes_before_it_has_new_ones() {
    let mut made = Made::new();
    let file = made.file("conf", b"old text");
    made.op("openat", vec![super::super::op::Change::Size { node: file, to: 0 }]);
    made.write(file, 0, b"new");
    // Cut, bytes, length.
    check(&made, &[0], &ALL);
    check(&made, &[1, 2], &[]);
    check(&made, &[0, 2], &[Posix]);
}

#[test]
fn a_longer_file_may_have_zeros_where_its_last_page_was_there() {
    let mut made = Made::new();
    let file = made.file("log", b"one\n");
    made.write(file, 4, b"two\n");
    check(&made, &[1], &[Posix, Ext4]);
    let mut made = Made::new();
    let file = made.file("log", &[b'x'; 4096]);
    made.write(file, 4096, b"two\n");
    check(&made, &[1], &[Posix]);
}

#[test]
fn a_file_that_changes_its_folder_may_have_both_names_where_nothing_orders_them() {
    let mut made = Made::new();
    let (folder, file) = (made.folder("d"), made.file("a", b"x"));
    let name = super::super::testing::name;
    let entry = |folder, text, from, to| super::super::op::Change::Entry { folder, name: name(text), from, to };
    made.op("rename", vec![entry(0, "a", Some(file), None), entry(folder, "a", None, Some(file))]);
    check(&made, &[0], &[Posix]);
    check(&made, &[1], &[]);
    made.sync(folder);
    check(&made, &[0], &[Posix]);
    check(&made, &[], &[]);
    check(&made, &[0, 1], &ALL);
}

#[test]
fn bytes_of_a_page_are_torn_where_it_is_written_in_its_place() {
    let mut made = Made::new();
    let file = made.file("db", &[0; 4096]);
    made.write(file, 0, &[1; 4096]);
    let effects = effects(&made.recording);
    let kept = Bits::of(effects.len(), |_| true);
    let torn = Torn { effect: 0, kept: 0..512 };
    let allows = |system: &FileSystem| Model::new(&made.recording, &effects, *system).allows(1, &kept, Some(&torn));
    assert_eq!(ALL.into_iter().filter(allows).collect::<Vec<_>>(), [Posix, Ext4, Xfs]);
}

#[test]
fn mode_and_owner_of_a_file_come_in_their_order_and_other_attributes_in_any() {
    let mut made = Made::new();
    let file = made.file("a", b"");
    let set = |to| vec![Change::Attribute { node: file, to }];
    let extended = |name: &str| set(Attribute::Extended(super::super::testing::name(name), Some(b"x".to_vec())));
    made.op("chown", set(Attribute::Owner((1, 1))));
    made.op("chmod", set(Attribute::Mode(0o4755)));
    made.op("setxattr", extended("user.one"));
    made.op("setxattr", extended("user.other"));
    check(&made, &[1], &[]);
    check(&made, &[0], &ALL);
    check(&made, &[3], &[Posix]);
    check(&made, &[0, 1, 2], &ALL);
    // What one call sets of a file is one change.
    let both = [Attribute::Owner((2, 2)), Attribute::Mode(0o755)].map(|to| Change::Attribute { node: file, to });
    made.op("chown", both.to_vec());
    made.sync(file);
    assert_eq!(effects(&made.recording).len(), 5);
    check(&made, &[0, 1, 2, 3, 4], &ALL);
    check(&made, &[0, 1, 2, 3], &[]);
}
