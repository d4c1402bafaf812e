//! The specs find something: each fails with the store as it was first written, and for the reason that is meant.

mod common;

use std::path::Path;

use rinject::Spec;

/// A spec, and what it says of `keep-first`.
const FOUND: [(&str, &str); 9] = [
    ("a-failed-sync-is-told", "happened 2 times, not 1"),
    ("a-short-write-is-continued", "there is no `colour`"),
    ("a-text-in-pieces-is-kept-whole", "+ dark"),
    ("a-crash-leaves-no-lock", "another keep is at work"),
    ("a-crash-within-a-record-costs-no-later-one", "there is no `shape`"),
    ("a-text-that-cannot-be-printed-is-told", "the target exited 0, expected exit 1"),
    ("packing-on-a-full-disk-loses-nothing", "- shape"),
    ("a-rename-that-fails-leaves-nothing-behind", "`meta.unlink(path ~ 'keep.new') -> ok` did not happen"),
    ("a-log-that-cannot-be-read-is-not-replaced", "`meta.rename` happened, and must never"),
];

#[test]
fn every_spec_fails_with_the_first_store() -> rinject::Result<()> {
    for (name, words) in FOUND {
        let spec = Spec::load(format!("specs/{name}.toml"))?.bin("keep", env!("CARGO_BIN_EXE_keep-first"));
        let Some(outcome) = common::ran(spec.run())? else { return Ok(()) };
        let told = outcome.assert().expect_err(name).to_string();
        assert!(told.contains(words), "{name} does not say `{words}`:\n{told}");
    }
    Ok(())
}

#[test]
fn no_spec_is_left_out() {
    let specs = std::fs::read_dir("specs").expect("specs/ is there").flatten().map(|entry| entry.path());
    // Those with a snapshot are of the store as it is now.
    let is_plain =
        |path: &Path| path.extension().is_some_and(|it| it == "toml") && !path.with_extension("snap").exists();
    let mut names: Vec<String> = specs
        .filter(|path| is_plain(path))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let mut found = FOUND.map(|(name, _)| name);
    found.sort();
    assert_eq!(names, found);
}
