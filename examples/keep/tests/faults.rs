//! One spec asked for more than it says itself, and faults without a spec: call by call.

mod common;

use rinject::{Spec, Target, on};

#[test]
fn nothing_is_written_after_a_failed_sync() -> rinject::Result<()> {
    let spec = Spec::load("specs/a-failed-sync-is-told.toml")?.bin("keep", env!("CARGO_BIN_EXE_keep"));
    let Some(outcome) = common::ran(spec.run())? else { return Ok(()) };
    outcome.assert()?;
    assert_eq!(outcome.fired("lost"), 1);
    assert_eq!(
        String::from_utf8_lossy(outcome.stderr()),
        "keep: cannot sync keep.log: Input/output error (os error 5)\n"
    );
    Ok(())
}

/// Whichever call fails, `put` says which one and exits 1; nothing panics.
#[test]
fn put_tells_of_every_call_that_fails() -> rinject::Result<()> {
    let faults = [
        ("read(fd = 0)", "EIO", "cannot read the text: "),
        ("openat(path ~ 'keep.lock')", "EROFS", "cannot open keep.lock: "),
        ("flock", "ENOLCK", "cannot lock keep.lock: "),
        ("openat(path ~ 'keep.log')", "EMFILE", "cannot read keep.log: "),
        ("openat(path ~ 'keep.log', flags has O_CREAT)", "ENOSPC", "cannot open keep.log: "),
        ("ftruncate", "EIO", "cannot cut keep.log: "),
        ("write(fd ~ 'keep.log')", "EDQUOT", "cannot write keep.log: "),
        ("fdatasync", "ENOSPC", "cannot sync keep.log: "),
        ("fsync", "EIO", "cannot sync the folder: "),
    ];
    for (call, errno, words) in faults {
        let target = Target::new(env!("CARGO_BIN_EXE_keep")).args(["put", "colour"]).stdin("red");
        let target = target.inject(on(call).nth(1).named("fault").error(errno)).exit(1);
        let Some(outcome) = common::ran(target.run())? else { return Ok(()) };
        outcome.assert()?;
        let said = String::from_utf8_lossy(outcome.stderr());
        assert!(said.starts_with(&format!("keep: {words}")), "{call} failed, and keep said: {said}");
    }
    Ok(())
}
