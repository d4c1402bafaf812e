//! What a project says once: rinject.toml and its profiles; and what rinject writes for a new project, shells and man(1).
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

/// What `rinject` prints there, and its status.
fn rinject(folder: &Path, words: &[&str], env: &[(&str, &str)]) -> (String, i32) {
    let (status, out, err) = common::rinject_with(folder, words, env);
    (out + &err, status)
}

const PROJECT: &str =
    "[defaults]\nfilter = \"b\"\n[profile.all]\nfilter = []\n[profile.a]\nfilter = [\"a\"]\n[bin]\nkv = \"bin/kv\"\n";

#[test]
fn the_file_of_a_project_says_what_the_words_do_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rinject.toml"), PROJECT).unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for name in ["a", "b"] {
        fs::write(folder.path().join(format!("in/{name}.toml")), "spec = 1\ntarget = { program = \"true\" }\n")
            .unwrap();
    }
    let list = |words: &[&str]| rinject(&folder.path().join("in"), &[&["list", "."], words].concat(), &[]).0;
    assert_eq!(list(&[]), "./b.toml\n", "from the folder above");
    assert_eq!(list(&["--profile", "a"]), "./a.toml\n");
    assert_eq!(list(&["--profile", "all"]), "./a.toml\n./b.toml\n");
    assert_eq!(list(&["--filter", "a"]), "./a.toml\n", "words win");
    let in_environment = |name, value| rinject(folder.path(), &["list", "in"], &[(name, value)]).0;
    assert_eq!(in_environment("RINJECT_PROFILE", "a"), "in/a.toml\n");
    assert_eq!(in_environment("RINJECT_FILTER", "a"), "in/a.toml\n", "the environment wins");
    assert!(list(&["--profile", "alll"]).contains("did you mean `all`?"));
}

#[test]
fn a_mistake_in_the_file_of_a_project_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rinject.toml"), "[defaults]\njops = 1\n").unwrap();
    let (text, status) = rinject(folder.path(), &["list", "."], &[]);
    assert_eq!(status, 2);
    assert!(text.contains("--> rinject.toml:2:1") && text.contains("did you mean `jobs`?"), "{text}");
    fs::write(folder.path().join("rinject.toml"), "[defaults]\njobs = \"many\"\n").unwrap();
    let (text, status) = rinject(folder.path(), &["run", "."], &[]);
    assert_eq!(status, 2);
    assert!(text.contains("--> rinject.toml:2:8") && text.contains("invalid value 'many'"), "{text}");
    fs::write(folder.path().join("rinject.toml"), "[defaults]\nseed = 1\nseeds = \"1..2\"\n").unwrap();
    let (text, status) = rinject(folder.path(), &["run", "."], &[]);
    assert_eq!(status, 2);
    assert!(text.contains("--seeds") && text.contains("with what `rinject.toml` says"), "{text}");
    let (text, status) = rinject(Path::new("/"), &["list", "--profile", "ci"], &[]);
    assert_eq!(status, 2);
    assert!(text.contains("there is no profile `ci`"), "{text}");
}

#[test]
fn binaries_are_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rinject.toml"), PROJECT).unwrap();
    fs::write(folder.path().join("b.toml"), "spec = 1\ntarget = { program = \"${bin.kv}\" }\n").unwrap();
    let (text, status) = rinject(folder.path(), &["run", "b.toml"], &[]);
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("/bin/kv"), "{text}");
}

#[test]
fn a_new_project_has_a_spec_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    let (text, status) = rinject(folder.path(), &["init"], &[]);
    assert_eq!(status, 0, "{text}");
    assert!(text.ends_with("run it, and write its snapshot: rinject run -u ./specs\n"), "{text}");
    let (text, status) = rinject(folder.path(), &["init"], &[]);
    assert_eq!(status, 6);
    assert!(text.contains("cat-says-why-it-cannot-read.toml` is there already"), "{text}");
    let (text, status) = rinject(folder.path(), &["check", "--profile", "ci"], &[]);
    assert_eq!(status, 0, "{text}");
    if common::can_trace() {
        let (text, status) = rinject(folder.path(), &["run", "-u", "./specs"], &[]);
        assert_eq!(status, 0, "{text}");
        let (text, status) = rinject(folder.path(), &["run", "--profile", "ci"], &[("CI", "true")]);
        assert_eq!(status, 0, "{text}");
    }
}

#[test]
fn shells_complete_and_pages_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (text, status) = rinject(folder.path(), &["completions", shell], &[]);
        assert_eq!(status, 0, "{text}");
        assert!(text.contains("verify-determinism") && text.contains("doctor"), "{shell}");
    }
    fs::write(folder.path().join("bash"), rinject(folder.path(), &["completions", "bash"], &[]).0).unwrap();
    let script = ". ./bash; COMP_WORDS=(rinject ru); COMP_CWORD=1; _rinject rinject ru rinject; echo ${COMPREPLY[@]}";
    match Command::new("bash").current_dir(folder.path()).args(["-c", script]).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "run\n"),
        Err(error) => println!("skipped: bash: {error}"),
    }
    let (text, status) = rinject(folder.path(), &["man", "--dir", "pages"], &[]);
    assert_eq!(status, 0, "{text}");
    let page = |name: &str| fs::read_to_string(folder.path().join("pages").join(name)).unwrap();
    assert!(page("rinject.1").contains("rinject\\-run(1)") && page("rinject-run.1").contains("\\-\\-retries"));
    assert_eq!(rinject(folder.path(), &["man", "run"], &[]).0, page("rinject-run.1"));
    let (text, status) = rinject(folder.path(), &["man", "rum"], &[]);
    assert_eq!(status, 2);
    assert!(text.contains("did you mean `run`?"), "{text}");
}
