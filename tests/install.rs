//! What people get: the crate that is packed, the oldest Rust it may be built with, the lines of docs/install.md.
//! What takes a release build is gone through by `cargo xtask release`.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The crate may have so many bytes: twice what it has.
const LARGEST: u64 = 6_000_000;
/// How a file for all machines is built.
const STATIC: &str = "-C target-feature=+crt-static -C relocation-model=static";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Standard output of cargo, or what it says against it.
fn cargo(words: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO")).current_dir(root()).args(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn below(folder: &str, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root().join(folder)).unwrap().flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            below(&path, into);
        } else {
            into.insert(path);
        }
    }
}

#[test]
fn the_crate_has_what_it_is_built_of_and_no_goldens() {
    let list = cargo(&["package", "--list", "--allow-dirty", "--package", "rinject", "--offline"]).unwrap();
    let packed: BTreeSet<String> = list.lines().map(str::to_owned).collect();
    let mut wanted: BTreeSet<String> = ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md", "Cargo.lock"]
        .into_iter()
        .chain(["docs/install.md", "docs/rinject.schema.json"])
        .map(str::to_owned)
        .collect();
    below("src", &mut wanted);
    let missing: Vec<&String> = wanted.difference(&packed).collect();
    assert!(missing.is_empty(), "not packed: {missing:?}");
    let goldens: Vec<&String> = packed.iter().filter(|path| path.ends_with(".snap")).collect();
    assert!(goldens.is_empty(), "{goldens:?}");
    let size: u64 = packed.iter().filter_map(|path| fs::metadata(root().join(path)).ok()).map(|it| it.len()).sum();
    assert!(size < LARGEST, "{size} bytes");
}

/// `1.88` and `1.88.0` as numbers.
fn version(text: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = text.split('.').map(|number| number.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn no_dependency_says_that_it_needs_a_newer_rust() {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    // `cargo test` has not brought what only other packages of the workspace need.
    let metadata = cargo(&["metadata", "--locked", "--format-version", "1", "--filter-platform", &platform]);
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(why) => {
            assert!(!common::is_required("registry"), "{why}");
            return println!("skipped: cargo cannot read all dependencies: {why}");
        }
    };
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let ours = env!("CARGO_PKG_RUST_VERSION");
    // Chores are for who changes rinject, with the Rust that rinject needs.
    let is_root = |package: &&Value| package["name"] == "rinject" || package["name"] == "xtask";
    let mut left: Vec<&Value> = packages.iter().filter(is_root).map(|package| &package["id"]).collect();
    assert_eq!(left.len(), 2);
    let (mut seen, mut newer) = (BTreeSet::new(), Vec::new());
    while let Some(id) = left.pop() {
        if !seen.insert(id.to_string()) {
            continue;
        }
        let package = packages.iter().find(|package| package["id"] == *id).unwrap();
        if let Some(theirs) = package["rust_version"].as_str().filter(|theirs| version(theirs) > version(ours)) {
            newer.push(format!("{} {} needs Rust {theirs}", package["name"], package["version"]));
        }
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        // What is for tests only need not be built by who installs rinject.
        let is_built =
            |other: &&Value| other["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev");
        left.extend(node["deps"].as_array().unwrap().iter().filter(is_built).map(|other| &other["pkg"]));
    }
    assert!(seen.len() > 50, "only {} packages were found", seen.len());
    assert!(newer.is_empty(), "`rust-version` is {ours}, and\n{}", newer.join("\n"));
}

#[test]
fn the_oldest_rust_is_named_once_and_watched_by_clippy() {
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("\nincompatible_msrv = \"deny\"\n"), "clippy is not asked to watch");
    let ours = env!("CARGO_PKG_RUST_VERSION");
    for page in ["README.md", "docs/install.md"] {
        assert!(read(page).contains(&format!("Rust {ours} or later")), "{page} does not name Rust {ours}");
    }
    assert!(read("docs/install.md").contains(&format!("`rust-version` in Cargo.toml is {ours}")));
}

/// The lines of the `sh` blocks of docs/install.md.
fn lines() -> Vec<String> {
    let page = read("docs/install.md");
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

#[test]
fn what_the_page_says_of_completion_and_pages_is_so() {
    let home = tempfile::tempdir().unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_rinject")).parent().unwrap().display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    let own: Vec<String> =
        lines().into_iter().filter(|line| line.starts_with("rinject ") || line.starts_with("mkdir ")).collect();
    assert_eq!(own.len(), 5, "{own:?}");
    for line in own {
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).env("HOME", home.path()).env("PATH", &path).current_dir(home.path());
        assert!(shell.stdin(Stdio::null()).status().unwrap().success(), "{line}");
    }
    let completion = |file: &str| fs::read_to_string(home.path().join(file)).unwrap();
    assert!(completion(".zfunc/_rinject").starts_with("#compdef rinject\n"));
    assert!(completion(".config/fish/completions/rinject.fish").contains("complete -c rinject"));
    bash_completes(home.path());
    pages_are_good(&home.path().join(".local/share/man/man1"));
}

/// As bash does it at a tab, with the folder where bash-completion looks.
fn bash_completes(home: &Path) {
    let script = ". .local/share/bash-completion/completions/rinject\n\
                  COMP_WORDS=(rinject run --verify-d); COMP_CWORD=2; COMP_LINE='rinject run --verify-d'; COMP_POINT=22\n\
                  function=$(complete -p rinject | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
                  $function rinject --verify-d run; echo \"${COMPREPLY[@]}\"";
    match Command::new("bash").current_dir(home).args(["-c", script]).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "--verify-determinism\n"),
        Err(error) => println!("skipped: bash: {error}"),
    }
}

/// man(1) shows them and has nothing to say against them.
fn pages_are_good(folder: &Path) {
    if !common::has_program("man") {
        return;
    }
    for page in fs::read_dir(folder).unwrap().flatten() {
        let mut man = Command::new("man");
        man.args(["--warnings", "-E", "UTF-8", "-l"])
            .arg(page.path())
            .env("LC_ALL", "C.UTF-8")
            .env("MANWIDTH", "100");
        let output = man.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let name = page.file_name().to_string_lossy().to_uppercase();
        let title = name.strip_suffix(".1").unwrap();
        let text = String::from_utf8_lossy(&output.stdout).to_uppercase();
        assert!(output.status.success() && said.is_empty() && text.contains(title), "{name}: {said}");
    }
}

#[test]
fn every_other_line_of_the_page_is_a_step_to_a_release() {
    let steps = read("xtask/src/release.rs").replace("\\\"", "\"");
    let lines: Vec<String> = lines().into_iter().filter(|line| line.contains("cargo")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        assert!(
            steps.contains(&line) || line == "cargo xtask package",
            "`cargo xtask release` does not run `{line}`"
        );
    }
    assert!(steps.contains("package::run()"), "`cargo xtask release` makes no package");
}

#[test]
fn the_container_is_built_as_the_page_builds_the_static_file() {
    let file = read("contrib/Dockerfile");
    let run = file.lines().find_map(|line| line.strip_prefix("RUN ")).unwrap();
    assert!(
        run.starts_with(&format!("RUSTFLAGS=\"{STATIC}\" cargo install --profile dist --locked --path . ")),
        "{run}"
    );
    let page = read("docs/install.md");
    assert!(page.contains(&format!("RUSTFLAGS=\"{STATIC}\" cargo build --profile dist --locked ")));
    assert!(run.contains(" --target x86_64-unknown-linux-gnu ") && run.ends_with(" --root /out"), "{run}");
    assert!(file.contains("COPY --from=build /out/bin/rinject "));
}
