//! Which cases run, how often, and when it is enough: shards, the last results, retries, the number of failures.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

/// A folder with these specs, each of which runs a shell command.
fn folder(specs: &[(&str, &str)]) -> TempDir {
    let spec = |(name, command): &(&str, &str)| {
        let text = format!(
            "spec = 1\ntarget = {{ program = \"sh\", args = [\"-c\", '{command}'] }}\n\
             trace = {{ syscalls = [\"exit_group\"] }}\nsnapshot = {{ transcript = false }}\n"
        );
        (format!("{name}.toml"), text)
    };
    let specs: Vec<(String, String)> = specs.iter().map(spec).collect();
    let files: Vec<(&str, &str)> = specs.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    common::folder(&files)
}

/// What `rinject` prints there, and its status.
fn rinject(folder: &Path, words: &[&str]) -> (String, i32) {
    let (status, out, err) = common::rinject(folder, words);
    (out + &err, status)
}

#[test]
fn shards_have_every_case_once() {
    let folder = folder(&["a", "b", "c", "d", "e"].map(|name| (name, "true")));
    let list = |words: &[&str]| rinject(folder.path(), &[&["list", "."], words].concat());
    let mut of_shards: Vec<String> = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let (text, status) = list(&["--shard", shard]);
        assert_eq!(status, 0, "{text}");
        of_shards.extend(text.lines().filter(|line| line.starts_with("./")).map(str::to_owned));
    }
    of_shards.sort();
    assert_eq!(of_shards.join("\n") + "\n", list(&[]).0);
    let (text, status) = list(&["--shard", "4/3"]);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("there are 3 shares, from 1/3 to 3/3"), "{text}");
}

#[test]
fn a_share_without_cases_is_no_mistake() {
    let folder = folder(&[("a", "true")]);
    let (empty, full) = match rinject(folder.path(), &["list", ".", "--shard", "1/2"]).0.as_str() {
        "./a.toml\n" => ("2/2", "1/2"),
        _ => ("1/2", "2/2"),
    };
    let (text, status) = rinject(folder.path(), &["list", ".", "--shard", empty]);
    assert_eq!((text.as_str(), status), (format!("share {empty} has none of 1 cases\n").as_str(), 0));
    assert_eq!(rinject(folder.path(), &["list", ".", "--shard", full]).0, "./a.toml\n");
    let (text, status) = rinject(folder.path(), &["list", ".", "--filter", "nothing", "--shard", full]);
    assert_eq!(status, 4, "{text}");
}

#[test]
fn what_failed_last_is_run_again() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[("bad", "exit 3"), ("good", "true"), ("new", "true")]);
    let (text, status) = rinject(folder.path(), &["list", ".", "--last-failed"]);
    assert_eq!(status, 4, "{text}");
    let (text, status) = rinject(folder.path(), &["run", "bad.toml", "good.toml"]);
    assert_eq!(status, 1, "{text}");
    let list =
        |filter: &str| rinject(folder.path(), &["list", "bad.toml", "good.toml", "new.toml", "--filter", filter]).0;
    assert_eq!(list("status:failed"), "bad.toml\n");
    assert_eq!(list("status:passed"), "good.toml\n");
    assert_eq!(list("status:new"), "new.toml\n");
    let (text, status) = rinject(folder.path(), &["list", ".", "--filter", "status:bad"]);
    assert_eq!(status, 2);
    assert!(text.contains("it is status:passed, failed, skipped or new"), "{text}");
    let spec = fs::read_to_string(folder.path().join("bad.toml")).unwrap().replace("exit 3", "true");
    fs::write(folder.path().join("bad.toml"), spec).unwrap();
    let words = ["run", "bad.toml", "good.toml", "--last-failed"];
    let (text, status) = rinject(folder.path(), &words);
    assert_eq!((text.as_str(), status), ("PASS    bad.toml\n1 passed, 0 failed\n", 0));
    assert_eq!(rinject(folder.path(), &words).1, 4);
}

#[test]
fn a_case_that_passes_at_another_try_is_flaky() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let command = format!("echo x >> {0}; test $(wc -l < {0}) -ge 3", state.display());
    let specs = self::folder(&[("flaky", command.as_str()), ("bad", "exit 3")]);
    let (text, status) = rinject(specs.path(), &["run", "flaky.toml", "--retries", "1"]);
    assert_eq!(status, 1, "{text}");
    fs::remove_file(&state).unwrap();
    let (text, status) = rinject(specs.path(), &["run", "flaky.toml", "--retries", "2", "--report", "json=r.json"]);
    assert_eq!((text.as_str(), status), ("FLAKY   flaky.toml: passed at try 3\n0 passed, 0 failed, 1 flaky\n", 0));
    let report = fs::read_to_string(specs.path().join("r.json")).unwrap();
    assert!(report.contains("\"status\":\"flaky\"") && report.contains("\"flaky\":1"), "{report}");
    assert!(report.contains("\"failed_before\":2,"), "{report}");
    let (text, status) = rinject(specs.path(), &["merge", "r.json", "--report", "junit=r.xml"]);
    assert_eq!(status, 0, "{text}");
    let junit = fs::read_to_string(specs.path().join("r.xml")).unwrap();
    assert_eq!(junit.matches("<flakyFailure").count(), 2, "{junit}");
    let (text, status) = rinject(specs.path(), &["run", "bad.toml", "--retries", "2"]);
    assert_eq!(status, 1, "{text}");
    let (text, status) = rinject(specs.path(), &["run", "bad.toml", "--retries", "2", "--seeds", "1..2"]);
    assert_eq!(status, 2, "{text}");
}

#[test]
fn runs_end_after_so_many_failures() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&["a", "b", "c", "d"].map(|name| (name, "exit 3")));
    let failed = |words: &[&str]| {
        let (text, status) = rinject(folder.path(), &[&["run", ".", "-j", "1"], words].concat());
        assert_eq!(status, 1, "{text}");
        text.lines().filter(|line| line.starts_with("FAIL")).count()
    };
    assert_eq!([failed(&[]), failed(&["--max-fail", "2"]), failed(&["-x"])], [4, 2, 1]);
}

#[test]
fn reports_of_shards_are_joined() {
    if !common::can_trace() {
        return;
    }
    let specs = [("bad", "exit 3"), ("b", "true"), ("c", "true"), ("d", "true"), ("e", "true")];
    let folder = folder(&specs);
    fs::write(folder.path().join("wrong.toml"), "spec = 1\ntarget = { program = \"true\", arg = 1 }\n").unwrap();
    for index in 1..=3 {
        let (shard, report) = (format!("{index}/3"), format!("json=r{index}.json"));
        rinject(folder.path(), &["run", ".", "--shard", &shard, "--report", &report]);
    }
    let join = |words: &[&str]| rinject(folder.path(), &[&["merge"], words].concat());
    let (text, status) =
        join(&["r1.json", "r2.json", "r3.json", "--report", "junit=j.xml", "--report", "json=all.json"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("4 passed, 1 failed, 1 error\n"), "{text}");
    assert!(text.contains("error[RJ0702]: the target exited 3") && text.contains("at ./bad.toml:2:"), "{text}");
    assert!(text.contains("run it again: rinject run ./bad.toml") && text.contains("at ./wrong.toml:2:"), "{text}");
    let junit = fs::read_to_string(folder.path().join("j.xml")).unwrap();
    assert!(
        junit.contains("tests=\"6\"") && junit.contains("failures=\"1\"") && junit.contains("errors=\"1\""),
        "{junit}"
    );
    let (text, status) = join(&["all.json"]);
    assert_eq!(status, 3, "{text}");
    assert!(text.contains("4 passed, 1 failed, 1 error\n"), "{text}");

    let (text, status) = join(&["r1.json", "r3.json"]);
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("share 2/3 is missing"), "{text}");
    let (text, status) = join(&["r1.json", "all.json", "r2.json", "r3.json"]);
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("` is in `all.json`, too"), "{text}");
    let cut = fs::read_to_string(folder.path().join("r1.json")).unwrap();
    let cut = cut.lines().filter(|line| !line.contains("\"summary\"")).collect::<Vec<_>>().join("\n");
    fs::write(folder.path().join("r1.json"), cut).unwrap();
    let (text, status) = join(&["r1.json", "r2.json", "r3.json"]);
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("cannot join `r1.json`: it has no last line"), "{text}");
    let (text, status) = join(&["r9.json", "--report", "html=x"]);
    assert_eq!(status, 2, "{text}");
    let (text, status) = join(&["r9.json"]);
    assert_eq!(status, 6, "{text}");
}

#[test]
fn cases_leave_what_they_did_and_printed() {
    if !common::can_trace() {
        return;
    }
    let folder = folder(&[("talk", "echo out; echo err >&2"), ("bad", "exit 3")]);
    let (text, status) = rinject(folder.path(), &["run", ".", "--artifacts", "kept/here"]);
    assert_eq!(status, 1, "{text}");
    let read = |file: &str| fs::read_to_string(folder.path().join("kept/here").join(file)).unwrap();
    assert_eq!((read("talk.toml/stdout").as_str(), read("talk.toml/stderr").as_str()), ("out\n", "err\n"));
    assert!(read("bad.toml/transcript").ends_with("+++ exited 3\n"));
    let (text, status) = rinject(folder.path(), &["run", ".", "--artifacts", "talk.toml"]);
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("cannot write the report `talk.toml`"), "{text}");
}

#[test]
fn the_command_that_runs_a_case_again_has_the_words_that_say_what_it_is() {
    if !common::can_trace() {
        return;
    }
    let spec = "spec = 1\ntarget = { program = \"${bin.kv}\" }\ntrace.syscalls = [\"exit_group\"]\n\
                snapshot = { transcript = false }\n";
    let folder = common::folder(&[("a b.toml", spec), ("rinject.toml", "[profile.ci]\ncheck = true\n")]);
    let words =
        ["run", "--bin", "kv=/bin/false", "--seed", "3", "--profile", "ci", "--timeout-multiplier", "9", "a b.toml"];
    let (text, status) = rinject(folder.path(), &words);
    assert_eq!(status, 1, "{text}");
    let again =
        "run it again: rinject run --profile ci --bin kv=/bin/false --seed 3 --timeout-multiplier 9 'a b.toml'\n";
    assert!(text.contains(again), "{text}");

    let mut child = common::limited(folder.path(), env!("CARGO_BIN_EXE_rinject"));
    let piped = child.args(["run", "--bin", "kv=/bin/false", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(spec.as_bytes()).unwrap();
    let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(text.contains("run it again: rinject run --bin kv=/bin/false -\n"), "{text}");
}

#[test]
fn a_snapshot_is_not_taken_for_a_spec() {
    let folder = common::folder(&[("x.snap", "---\n---\n"), ("x.toml", "spec = 1\n")]);
    let (text, status) = rinject(folder.path(), &["check", "x.snap", "x.toml"]);
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("`x.snap`: it is a snapshot; name its spec instead, the `.toml` beside it"), "{text}");
}

#[test]
fn a_line_that_accepts_several_snapshots_is_told_once() {
    if !common::can_trace() {
        return;
    }
    let spec = "spec = 1\ntarget = { program = \"true\" }\ntrace.syscalls = [\"exit_group\"]\n";
    let folder = common::folder(&[("a.toml", spec), ("b.toml", spec)]);
    let (text, status) = {
        let (status, out, err) = common::rinject_with(folder.path(), &["run", "."], &[("CI", "1")]);
        (out + &err, status)
    };
    assert_eq!(status, 1, "{text}");
    assert_eq!(text.lines().filter(|line| *line == "rinject run -u writes it").count(), 1, "{text}");
}

#[test]
fn a_case_that_failed_once_of_several_times_has_failed() {
    if !common::can_trace() {
        return;
    }
    let count = tempfile::NamedTempFile::new().unwrap();
    // It fails the second time.
    let command = format!("echo >> {0}; test $(wc -l < {0}) -ne 2", count.path().display());
    let folder = folder(&[("sometimes", command.as_str())]);
    let (text, status) = rinject(folder.path(), &["run", "sometimes.toml", "--repeat", "3"]);
    assert_eq!(status, 1, "{text}");
    assert_eq!(rinject(folder.path(), &["list", ".", "--last-failed"]), ("./sometimes.toml\n".to_owned(), 0));
    assert_eq!(rinject(folder.path(), &["run", "."]).1, 0);
    let (text, status) = rinject(folder.path(), &["list", ".", "--last-failed"]);
    assert!(status == 4 && text.contains("no case failed when it was run last in this folder"), "{text}");
}

#[test]
fn two_specs_with_the_same_mistake_are_both_told_of() {
    let spec =
        "spec = 1\ntarget = { program = \"true\" }\n[[inject]]\non = \"opnat\"\nerror = [\"EIO\", \"EPERM\"]\n";
    let folder = common::folder(&[("a.toml", spec), ("b.toml", spec)]);
    let (text, status) = rinject(folder.path(), &["check", "."]);
    assert_eq!((status, text.matches("error[RJ0201]").count()), (3, 2), "{text}");
}
