//! Which states of small recordings are tried, and what is in their files.

use super::super::effect::effects;
use super::super::testing::Made;
use super::super::tree::Item;
use super::*;
use crate::plan::FileSystem;

/// What the file of this name is in the states that are tried, each once: `-` where it is not there.
fn contents(made: &Made, system: FileSystem, name: &str) -> BTreeSet<String> {
    let effects = effects(&made.recording);
    let model = Model::new(&made.recording, &effects, system);
    let builder = Builder::new(&made.recording, &effects);
    let found = states(&made.recording, &model);
    assert!(!found.is_thinned);
    let shown = |state: &State| {
        let kept = keep(&made.recording, &model, *state).expect("it was kept before");
        let files = builder.files(&kept.effects, kept.torn.as_ref());
        let item = files.into_iter().find(|placed| placed.path == name.as_bytes()).map(|placed| placed.item);
        match item {
            Some(Item::File(bytes)) if bytes.len() > 20 => {
                format!("{} bytes", bytes.iter().filter(|it| **it > 0).count())
            }
            Some(Item::File(bytes)) => String::from_utf8_lossy(&bytes).replace('\0', "0"),
            _ => "-".to_owned(),
        }
    };
    found.states.iter().map(shown).collect()
}

#[track_caller]
fn check(made: &Made, system: FileSystem, name: &str, expected: &[&str]) {
    let found = contents(made, system, name);
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

fn replaced(syncs_file: bool, syncs_folder: bool) -> Made {
    let mut made = Made::new();
    let old = made.file("kept", b"old");
    let new = made.create("new");
    made.write(new, 0, b"text");
    if syncs_file {
        made.sync(new);
    }
    made.rename("new", "kept", new, Some(old));
    if syncs_folder {
        made.sync(super::super::op::ROOT);
    }
    made
}

#[test]
fn a_file_that_is_replaced_without_a_sync_may_be_empty() {
    check(&replaced(false, false), FileSystem::Posix, "kept", &["", "0000", "old", "text"]);
    check(&replaced(false, false), FileSystem::Xfs, "kept", &["", "old", "text"]);
    check(&replaced(false, false), FileSystem::Ext4, "kept", &["old", "text"]);
    check(&replaced(true, false), FileSystem::Posix, "kept", &["old", "text"]);
}

#[test]
fn a_folder_that_is_synced_has_the_new_name() {
    let made = replaced(true, true);
    let effects = effects(&made.recording);
    for system in [FileSystem::Posix, FileSystem::Ext4, FileSystem::Xfs, FileSystem::Btrfs] {
        let model = Model::new(&made.recording, &effects, system);
        let last = made.recording.ops.len();
        assert_eq!(model.synced_after(last), model.all(last), "{system:?}");
        assert_ne!(model.synced_after(last - 1), model.all(last - 1), "{system:?}");
    }
}

#[test]
fn a_long_write_is_torn_at_sectors_and_pages() {
    let mut made = Made::new();
    let log = made.file("log", b"");
    made.write(log, 0, &[b'x'; 9000]);
    check(
        &made,
        FileSystem::Posix,
        "log",
        &["", "0 bytes", "4096 bytes", "4904 bytes", "512 bytes", "8488 bytes", "8704 bytes", "9000 bytes"],
    );
    check(&made, FileSystem::Ext4, "log", &["", "4096 bytes", "4904 bytes", "9000 bytes"]);
}

#[test]
fn states_that_are_alike_are_tried_once() {
    let mut made = Made::new();
    let log = made.file("log", b"x");
    (0..20).for_each(|_| made.write(log, 0, b"x"));
    let effects = effects(&made.recording);
    let model = Model::new(&made.recording, &effects, FileSystem::Posix);
    assert_eq!(states(&made.recording, &model).states, [State { op: 0, done: 0, what: What::Before }]);
}
