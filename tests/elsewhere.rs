//! Where one machine is not enough: the files of contrib/ divide the cases and join the reports. Their lines are taken out
//! and run with the variables that those systems set.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The lines of a file of contrib/ that call `command`.
fn lines(file: &str, command: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let line = |line: &str| {
        let line = line.trim().trim_start_matches("- ").trim_start_matches("run: ").to_owned();
        line.starts_with(command).then_some(line)
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect()
}

/// What stands behind `key:` in a file of YAML, of each line that begins so.
fn values(file: &str, key: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    text.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": ")).map(str::to_owned).collect()
}

/// Specs of which one fails.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("specs")).unwrap();
    fs::create_dir(folder.path().join("reports")).unwrap();
    for (number, program) in ["true", "true", "false", "true", "true", "true", "true"].into_iter().enumerate() {
        let text = format!(
            "spec = 1\ntarget = {{ program = \"{program}\" }}\ntrace = {{ syscalls = [\"exit_group\"] }}\n\
             snapshot = {{ transcript = false }}\n"
        );
        fs::write(folder.path().join(format!("specs/{number}.toml")), text).unwrap();
    }
    folder
}

/// Runs a line of a shell there, with `rinject` in its path.
fn shell(folder: &Path, line: &str, env: &[(&str, String)]) -> (String, i32) {
    let bin = Path::new(env!("CARGO_BIN_EXE_rinject")).parent().unwrap().display().to_string();
    let mut command = Command::new("sh");
    command
        .current_dir(folder)
        .args(["-c", line])
        .stdin(Stdio::null())
        .envs(env.iter().map(|(name, value)| (name, value)));
    command.env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap_or_default()));
    for name in ["CI", "GITHUB_ACTIONS", "RINJECT_REQUIRE", "GITHUB_STEP_SUMMARY"] {
        command.env_remove(name);
    }
    let output = command.env("XDG_CACHE_HOME", folder.join("cache")).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (text, output.status.code().unwrap())
}

/// All seven are told of, and the one that fails decides.
fn is_joined((text, status): &(String, i32)) {
    assert_eq!(*status, 1, "{text}");
    assert!(text.contains("6 passed, 1 failed\n"), "{text}");
}

#[test]
fn shards_of_gnu_parallel() {
    if !common::can_trace() {
        return;
    }
    if !Command::new("parallel").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: GNU parallel is not here");
        return;
    }
    let folder = project();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/parallel.sh");
    is_joined(&shell(folder.path(), &format!("sh {}", script.display()), &[]));
}

#[test]
fn shards_of_a_matrix_of_github() {
    if !common::can_trace() {
        return;
    }
    let folder = project();
    let [run] = &lines("github-matrix.yml", "rinject run")[..] else { panic!("there is one line that runs") };
    for shard in 1..=4 {
        let line = run.replace("${{ matrix.shard }}", &shard.to_string());
        assert!(!line.contains("${{"), "{line}");
        let (text, status) = shell(folder.path(), &line, &[]);
        assert_eq!(status, 0, "{text}");
    }
    let [merge] = &lines("github-matrix.yml", "rinject merge")[..] else { panic!("there is one line that joins") };
    is_joined(&shell(folder.path(), merge, &[]));
    assert!(folder.path().join("rinject.xml").exists());
}

#[test]
fn shards_of_a_job_array_of_slurm() {
    if !common::can_trace() {
        return;
    }
    let folder = project();
    let [run] = &lines("slurm.sh", "rinject run")[..] else { panic!("there is one line that runs") };
    for task in 1..=4 {
        let env = [("SLURM_ARRAY_TASK_ID", task.to_string()), ("SLURM_ARRAY_TASK_COUNT", "4".to_owned())];
        let (text, status) = shell(folder.path(), run, &env);
        assert!(status == 0 || status == 1, "{text}");
    }
    is_joined(&shell(folder.path(), "rinject merge shard-*.json", &[]));
}

#[test]
fn shards_of_an_indexed_job_of_kubernetes() {
    if !common::can_trace() {
        return;
    }
    let folder = project();
    let [run] = &lines("kubernetes.yaml", "rinject run")[..] else { panic!("there is one line that runs") };
    for index in 0..4 {
        let (text, status) = shell(folder.path(), run, &[("JOB_COMPLETION_INDEX", index.to_string())]);
        assert_eq!(status, 0, "{text}");
    }
    is_joined(&shell(folder.path(), "rinject merge reports/shard-*.json", &[]));
}

#[test]
fn the_step_of_github_actions_runs_what_it_is_told() {
    if !common::can_trace() {
        return;
    }
    let folder = project();
    let env = |specs: &str, args: &str| [("SPECS", specs.to_owned()), ("ARGS", args.to_owned())];
    let [get, run] = &values("action.yml", "run")[..] else { panic!("there are two lines") };
    let (text, status) = shell(folder.path(), get, &[("GITHUB_ACTION_PATH", "/nowhere".to_owned())]);
    assert_eq!(status, 0, "what is on PATH is not built again: {text}");
    is_joined(&shell(folder.path(), run, &env("specs", "")));
    let (text, status) = shell(folder.path(), run, &env("specs/0.toml specs/1.toml", "--report junit=rinject.xml"));
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("2 passed, 0 failed\n") && folder.path().join("rinject.xml").exists(), "{text}");
}

#[test]
fn the_hook_of_pre_commit_checks_the_files_that_it_is_given() {
    let folder = project();
    let [entry] = &values(".pre-commit-hooks.yaml", "entry")[..] else { panic!("there is one hook") };
    let (text, status) = shell(folder.path(), &format!("{entry} specs/0.toml specs/2.toml"), &[]);
    assert_eq!(status, 0, "{text}");
    fs::write(folder.path().join("specs/1.toml"), "spec = 1\ntarget = { programm = \"true\" }\n").unwrap();
    let (text, status) = shell(folder.path(), &format!("{entry} specs/0.toml specs/1.toml"), &[]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("specs/1.toml:2:"), "{text}");
}
