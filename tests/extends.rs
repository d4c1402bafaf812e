//! Specs that add to other files: what an author sees who has made a mistake in one of them, and which files are cases.

mod common;

use std::path::Path;
use std::sync::Arc;

use rinject::cases;
use rinject::diagnostic::{Source, Style};
use rinject::spec::{self, Cell};

use common::folder;

/// What `rinject` says there, and its status.
fn said(folder: &Path, words: &[&str]) -> (String, i32) {
    let (status, out, err) = common::rinject(folder, words);
    (out + &err, status)
}

const SPEC: &str = "spec = 1\nextends = [\"common.toml\"]\ntarget = { program = \"true\" }\n";

#[test]
fn a_mistake_is_shown_in_the_file_that_has_it() {
    let folder = folder(&[("x.toml", SPEC), ("common.toml", "\n[[inject]]\non = \"opnat\"\nerror = \"EIO\"\n")]);
    let (text, status) = said(folder.path(), &["check", "x.toml"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("--> common.toml:3:7"), "{text}");
    assert!(text.contains("did you mean `openat`?"), "{text}");
}

#[test]
fn a_contradiction_of_two_files_is_shown_in_both() {
    let common = "[[inject]]\nname = \"one\"\non = \"openat\"\nerror = \"EIO\"\n";
    let spec = format!("{SPEC}\n[[inject]]\nname = \"one\"\non = \"close\"\nerror-after = \"EIO\"\n");
    let folder = folder(&[("x.toml", &spec), ("common.toml", common)]);
    let (text, status) = said(folder.path(), &["check", "x.toml"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("x.toml:6:8") && text.contains("common.toml:2:8"), "{text}");
}

#[test]
fn a_file_that_is_missing_or_adds_to_itself_is_named() {
    let folder = folder(&[
        ("x.toml", SPEC),
        ("a/y.toml", "spec = 1\nextends = [\"../b/z.toml\"]\n"),
        ("b/z.toml", "extends = [\"../a/y.toml\"]\n"),
        ("v.toml", "spec = 1\nextends = [\"w.toml\"]\n"),
        ("w.toml", "spec = 2\n"),
    ]);
    let (text, status) = said(folder.path(), &["check", "x.toml"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("error[RJ0107]: cannot read `common.toml`: no such file or directory"), "{text}");
    assert!(text.contains("--> x.toml:2:12"), "{text}");
    let (text, _) = said(folder.path(), &["check", "a/y.toml"]);
    assert!(text.contains("`../a/y.toml` adds to itself"), "{text}");
    assert!(text.contains("--> b/z.toml:1:12"), "{text}");
    let (text, _) = said(folder.path(), &["check", "v.toml"]);
    assert!(text.contains("version 2 of the format is not known") && text.contains("--> w.toml:1:8"), "{text}");
}

#[test]
fn a_part_of_others_is_no_case_unless_it_is_named() {
    let part = "target = { args = [\"x\"] }\nexpect = { exit = 0 }\n";
    let lonely = "spec = 1\nexpect = { exit = 0 }\n";
    let folder = folder(&[("s/x.toml", SPEC), ("s/common.toml", part), ("s/lonely.toml", lonely)]);
    let list = |words: &[&str]| said(folder.path(), &[&["list"], words].concat()).0;
    assert_eq!(list(&["s"]), "s/lonely.toml\ns/x.toml\n");
    assert_eq!(list(&["s", "s/common.toml"]), "s/common.toml\ns/lonely.toml\ns/x.toml\n");
    let (text, status) = said(folder.path(), &["check", "s/common.toml"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("lacks `program`"), "{text}");
}

#[test]
fn paths_are_relative_to_the_file_they_are_written_in() {
    let common = "[target]\nfiles = { \"in\" = { path = \"data/in.txt\" } }\nexpect.stdout.file = \"data/in.txt\"\n"
        .replace("expect.stdout.file", "[expect]\nstdout.file");
    let spec = "spec = 1\nextends = [\"../common/c.toml\"]\ntarget = { program = \"./mine\", args = [\"in\"] }\n\
                snapshot = { transcript = false }\ntrace = { syscalls = [\"write\"] }\n";
    let folder = folder(&[("s/x.toml", spec), ("common/c.toml", &common), ("common/data/in.txt", "text\n")]);
    std::os::unix::fs::symlink("/bin/cat", folder.path().join("s/mine")).unwrap();
    let (text, status) = said(folder.path(), &["run", "s/x.toml"]);
    if status == 5 {
        return;
    }
    assert_eq!(status, 0, "{text}");
}

#[test]
fn a_case_printed_as_one_spec_is_that_spec() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs").display().to_string();
    let files = cases::find(&[specs]).unwrap();
    let cases = files.iter().flat_map(|file| cases::load(file).unwrap().cells());
    let mut seen = 0;
    for case in cases {
        let spec = case.spec.as_ref().unwrap_or_else(|problems| panic!("{}", problems.render(Style::Plain)));
        let text = spec::merged(&case.source, spec, &case.cell).unwrap();
        let source = Arc::new(Source::new("x.toml", text.clone()));
        let again = spec::parse(&source).unwrap_or_else(|problems| panic!("{}", problems.render(Style::Plain)));
        assert!(again.problems.is_empty(), "{}:\n{text}", case.id);
        assert_eq!(again.cells().len(), 1, "{}:\n{text}", case.id);
        assert_eq!(spec::merged(&source, &again, &Cell::default()).unwrap(), text, "{}", case.id);
        if case.cell.values.is_empty() && case.source.pieces().count() == 1 {
            let written: toml::Table = case.source.pieces().next().unwrap().text.parse().unwrap();
            assert_eq!(text.parse::<toml::Table>().unwrap(), written, "{}", case.id);
        }
        seen += 1;
    }
    assert!(seen > 400, "{seen}");
}
