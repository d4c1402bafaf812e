//! Memory that another thread changes between two reads: what was looked at is what is told.

use super::*;

/// The lines and edits of an `access` whose path is `first` at the first read, and `second` at the next.
fn access(first: &'static [u8], second: &'static [u8]) -> (Vec<String>, Vec<Edit>) {
    let mut run = Run::new(
        "inject = [{ name = 'yes', on = 'access', where = { path = '**/yes' }, error = 'EACCES', fires = '0..' }]",
    );
    run.script.fickle.replace(vec![second, first]);
    run.enter(ROOT, "access", [0x2000, 4, 0, 0, 0, 0]);
    let edits = run.take_edits();
    run.resumes(ROOT);
    run.see(ROOT, Stop::Exit(if edits.is_empty() { -2 } else { -13 }));
    (run.lines, edits)
}

#[test]
fn a_path_is_matched_and_shown_by_one_read() {
    let (lines, edits) = access(b"yes\0", b"not\0");
    assert!(lines[0].contains("access(\"yes\", R_OK) = -1 EACCES"), "{lines:?}");
    assert_eq!(edits, [Edit::Skip(-13)]);

    let (lines, edits) = access(b"not\0", b"yes\0");
    assert!(lines[0].contains("access(\"not\", R_OK) = -1 ENOENT"), "{lines:?}");
    assert_eq!(edits, []);
}
