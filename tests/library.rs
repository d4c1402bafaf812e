//! rinject as a library: specs in plain tests, also several at a time; what they can ask, and how they fail.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rinject::{Error, Outcome, Result, Spec, Target, at, on};

/// The outcome; `None` where this machine cannot trace.
fn ran(result: Result<Outcome>) -> Option<Outcome> {
    match result {
        Err(error) if error.is_unable() && std::env::var("RINJECT_REQUIRE").is_err() => None,
        other => Some(other.unwrap()),
    }
}

#[test]
fn a_spec_of_a_file_is_run_and_asked() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let spec = "spec = 1\n[matrix]\nname = [\"a\", \"b\"]\n[target]\nprogram = \"${bin.reader}\"\nargs = [\"${matrix.name}\"]\n\
                files = { a = \"x\", b = \"y\" }\n[[inject]]\nname = \"bad\"\non = \"read(fd ~ '${matrix.name}')\"\nerror = \"EIO\"\n\
                [expect]\nexit = 1\n[snapshot]\ntranscript = false\n";
    fs::write(&path, spec).unwrap();
    let spec = Spec::load(&path)?.bin("reader", "/bin/cat");
    let ids: Vec<String> = spec.ids().map(|id| id.rsplit("::").next().unwrap().to_owned()).collect();
    assert_eq!(ids, ["name=a", "name=b"]);
    let Some(outcome) = ran(spec.run()) else { return Ok(()) };
    assert_eq!((outcome.fired("bad"), outcome.cases().len(), outcome.passed()), (2, 2, true));
    assert_eq!(outcome.ending().map(|ending| format!("{ending:?}")).as_deref(), Some("Exited(1)"));
    assert!(String::from_utf8_lossy(outcome.stderr()).contains("Input/output error"));
    let transcript = outcome.transcript()?;
    let injected: Vec<_> = transcript.events().filter(|event| event.rules().any(|rule| rule == "bad")).collect();
    assert_eq!(injected.len(), 1, "{:?}", transcript.lines());
    assert_eq!((injected[0].task, injected[0].name()), ("P1", "read"));
    outcome.assert()
}

#[test]
fn a_failure_says_what_the_command_line_says() {
    let Some(outcome) = ran(Target::new("true").exit(3).run()) else { return };
    let error = outcome.assert().unwrap_err();
    let text = format!("{error:?}");
    assert_eq!(text, error.to_string());
    assert!(text.starts_with("FAIL    <target>\nerror[RJ0702]: the target exited 0, expected exit 3"), "{text}");
    let unknown = std::panic::catch_unwind(|| outcome.fired("nobody")).unwrap_err();
    assert!(unknown.downcast_ref::<String>().unwrap().contains("there is no rule `nobody`"));
}

#[test]
fn what_cannot_run_is_an_error() {
    let wrong = |result: Result<Outcome>| result.unwrap_err().to_string();
    assert!(wrong(Target::new("true").inject(on("opnat").error("EIO")).run()).contains("did you mean `openat`?"));
    assert!(wrong(Spec::of_text("x", "spec = 2").run()).contains("version 2 of the format is not known"));
    assert!(Spec::load("/nowhere.toml").unwrap_err().to_string().contains("no such file"));
    let error: Error = Target::new("/nowhere/program").run().unwrap_err();
    assert!(error.is_unable() || error.to_string().contains("/nowhere/program"), "{error}");
}

#[test]
fn runs_on_several_threads_do_not_meet_and_children_of_the_test_are_its_own() {
    let mut child = std::process::Command::new("sh").args(["-c", "exit 7"]).spawn().unwrap();
    let outcomes: Vec<Option<Outcome>> = thread::scope(|scope| {
        let run = |number: u32| {
            let name = format!("f{number}");
            ran(Target::new("cat")
                .arg(&name)
                .file(&name, &name)
                .inject(on("read").nth(2).error("EIO").fires("0.."))
                .run())
        };
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(child.wait().unwrap().code(), Some(7));
    for (number, outcome) in outcomes.iter().enumerate() {
        let Some(outcome) = outcome else { return };
        assert_eq!(outcome.stdout(), format!("f{number}").as_bytes());
    }
}

#[test]
fn a_run_is_stopped_from_another_thread() {
    if ran(Target::new("true").run()).is_none() {
        return;
    }
    let text = "spec = 1\ntarget = { program = \"sleep\", args = [\"600\"], timeout = \"900s\" }\ntrace.syscalls = [\"write\"]\n";
    let spec = Spec::of_text("long", text);
    let handle = spec.handle();
    let begun = Instant::now();
    let error = thread::scope(|scope| {
        let run = scope.spawn(|| spec.run().unwrap_err());
        handle.stop();
        run.join().unwrap()
    });
    assert!(error.to_string().contains("INTERRUPTED"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(300));
}

#[test]
fn functions_are_not_run_and_time_is_not_waited_for() {
    let target = Target::new("sleep").arg("3600").virtual_time().inject(at("nowhere_at_all").returns(0).fires("0.."));
    let Some(outcome) = ran(target.run()) else { return };
    assert!(outcome.passed(), "{:?}", outcome.assert());
}

#[test]
fn commands_before_and_after_the_run_see_its_folder() {
    let target = Target::new("cp").args(["a/x", "b"]).setup(["mkdir", "a"]).setup(["sh", "-c", "echo ${x} > a/x"]);
    let target = target.trace(["%file"]).check(["test", "-e", "b"]).check_prints(["cat", "b"], "$x\n");
    assert!(target.spec().contains("${x}"), "{}", target.spec());
    let Some(outcome) = ran(target.run()) else { return };
    let error = outcome.assert().unwrap_err().to_string();
    assert!(error.contains("stdout of check \"cat b\" is not as expected"), "{error}");
    assert_eq!(error.matches("error[").count(), 1, "{error}");
}

#[test]
fn a_spec_that_writes_nothing_leaves_no_snapshot_to_be_accepted() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    fs::write(&path, "spec = 1\ntarget = { program = \"true\" }\ntrace.syscalls = [\"exit_group\"]\n").unwrap();
    let Some(outcome) = ran(Spec::load(&path)?.writing_nothing().run()) else { return Ok(()) };
    assert!(!outcome.passed() && outcome.assert().unwrap_err().to_string().contains("new snapshot"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    Ok(())
}
