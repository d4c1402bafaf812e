//! An engine that programs cannot notice: the targets of specs/pitfalls/ behave as they do alone, in every way of
//! tracing. Events are left out here: their snapshots are compared elsewhere, and tasks that run at once have no order.
//!
//! A spec that is tagged `injected` changes what its target does; one tagged `seccomp` needs the filter, one tagged
//! `alone` is not run without rinject.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "../fixtures/build.rs"]
mod fixtures;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rinject::cases::{self, SpecFile};
use rinject::report::CaseResult;
use rinject::run::{self, End, Options};
use toml::{Table, Value};

/// How tasks take turns and how calls are selected.
type Mode = [(&'static str, &'static str, &'static str); 2];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether a capability may not be missing here.
fn is_required(capability: &str) -> bool {
    std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == capability))
}

fn specs() -> Vec<(PathBuf, Table)> {
    /// The tests of this file run at the same time, and the compiler is to run once.
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| fixtures::build(&root().join("fixtures")));
    assert!(built.is_ok(), "{built:?}");
    let files = fs::read_dir(root().join("specs/pitfalls")).expect("the folder is there").flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "toml"));
    files.sort();
    let read = |path: PathBuf| {
        let spec = fs::read_to_string(&path).expect("a spec is a text").parse().expect("a spec is TOML");
        (path, spec)
    };
    files.into_iter().map(read).collect()
}

fn has_tag(spec: &Table, tag: &str) -> bool {
    let tags = spec.get("tags").and_then(Value::as_array);
    tags.is_some_and(|tags| tags.iter().any(|it| it.as_str() == Some(tag)))
}

fn table<'a>(spec: &'a mut Table, name: &str) -> &'a mut Table {
    let entry = spec.entry(name).or_insert_with(|| Value::Table(Table::new()));
    entry.as_table_mut().expect("a table of the spec")
}

fn program(path: &Path, spec: &Table) -> PathBuf {
    let name = spec["target"]["program"].as_str().expect("a program");
    if name.contains('/') {
        path.parent().expect("a folder").join(name).canonicalize().unwrap_or_default()
    } else {
        name.into()
    }
}

/// Runs every spec once with these keys, where it does not have them itself.
fn all_pass(mode: &Mode) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut failed = Vec::new();
    for (path, mut spec) in specs() {
        if has_tag(&spec, "seccomp") && mode.iter().any(|(.., value)| *value == "ptrace") {
            continue;
        }
        let program = program(&path, &spec);
        table(&mut spec, "target").insert("program".to_owned(), program.to_string_lossy().into_owned().into());
        for (name, key, value) in mode {
            table(&mut spec, name).entry(*key).or_insert_with(|| (*value).into());
        }
        table(&mut spec, "snapshot").insert("transcript".to_owned(), false.into());
        let changed = folder.path().join(path.file_name().expect("a file"));
        fs::write(&changed, toml::to_string(&spec).expect("a spec is TOML")).expect("the folder takes files");
        let case = cases::load(&SpecFile::Path(changed)).expect("a spec is a text");
        match run::run(&case, &Options::default()) {
            End::Judged(judged) if !judged.outcome.verdict.is_failure() => {}
            End::Unable(refusal) if !is_required("ptrace") => return println!("skipped: {refusal}"),
            other => failed.push(format!("{}\n{:#?}", path.display(), CaseResult::of(&case, other))),
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn programs_behave_as_expected_when_their_tasks_run_at_once() {
    all_pass(&[("determinism", "schedule", "free"), ("trace", "filter", "seccomp")]);
}

#[test]
fn programs_behave_as_expected_without_the_filter() {
    all_pass(&[("determinism", "schedule", "serial"), ("trace", "filter", "ptrace")]);
}

#[test]
fn programs_behave_as_expected_at_once_and_without_the_filter() {
    all_pass(&[("determinism", "schedule", "free"), ("trace", "filter", "ptrace")]);
}

#[test]
fn programs_behave_alone_as_they_are_expected_to() {
    for (path, spec) in specs() {
        let Some(Value::String(expected)) = spec.get("expect").and_then(|it| it.get("stdout")?.get("equals")) else {
            continue;
        };
        let program = program(&path, &spec);
        if has_tag(&spec, "injected") || has_tag(&spec, "alone") || !program.exists() {
            continue;
        }
        let arguments = spec["target"].get("args").and_then(Value::as_array).cloned().unwrap_or_default();
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(&program)
            .args(arguments.iter().filter_map(Value::as_str))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("a fixture runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected.as_str(), "{}", path.display());
    }
}

/// Whoever executes rinject may have started programs before, which are its children then.
#[test]
fn children_that_rinject_inherits_are_let_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = "spec = 1\ntarget = { program = \"sh\", args = [\"-c\", \"sleep 0.2; exit 3\"] }\n\
                expect = { exit = 3 }\nsnapshot = { transcript = false }\n";
    fs::write(folder.path().join("x.toml"), spec).expect("the folder takes files");
    let script = "sleep 0.05 & sh -c 'sleep 0.1; exit 9' & exec \"$0\" run x.toml";
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "30", "sh", "-c", script, env!("CARGO_BIN_EXE_rinject")]).current_dir(folder.path());
    let output = command.stdin(Stdio::null()).output().expect("sh runs");
    if output.status.code() == Some(5) && !is_required("ptrace") {
        return println!("skipped: programs cannot be traced here");
    }
    assert!(output.status.success(), "{output:?}");
}

/// A set-user-id program that somebody without privilege traces runs without its rights, and the report says so.
#[test]
fn a_set_user_id_program_runs_without_its_rights_and_the_report_says_so() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    specs();
    let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o777)).tempdir().expect("a folder");
    let is_root = fs::metadata(folder.path()).expect("it is there").uid() == 0;
    let has_setpriv = Command::new("setpriv").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_root || !has_setpriv {
        return println!("skipped: needs root and setpriv");
    }
    let copy = |from: &Path, name: &str, mode: &str| {
        // By another process: a file that is open for writing in a child of this one cannot be executed.
        let mut install = Command::new("install");
        install.args(["-m", mode]).arg(from).arg(folder.path().join(name));
        assert!(install.status().expect("install runs").success());
    };
    copy(&root().join("fixtures/bin/who-am-i"), "who-am-i", "4755");
    copy(Path::new(env!("CARGO_BIN_EXE_rinject")), "rinject", "755");
    for filter in ["seccomp", "ptrace"] {
        let spec = format!(
            "spec = 1\ntarget = {{ program = \"./who-am-i\" }}\ntrace = {{ filter = \"{filter}\" }}\n\
             snapshot = {{ transcript = false }}\n\
             expect = {{ stdout = {{ equals = \"as its owner 0, as who started it 1\\n\" }} }}\n"
        );
        let path = folder.path().join("who.toml");
        fs::write(&path, spec).expect("the folder takes files");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("the mode can be set");
        let output = Command::new("setpriv")
            .args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "timeout",
                "-s",
                "KILL",
                "30",
                "./rinject",
                "run",
                "who.toml",
            ])
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .output()
            .expect("setpriv runs");
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("`who-am-i` is a set-user-id program"), "{told}");
    }
}
