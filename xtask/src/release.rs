//! The way to a release, step by step: what can be run is run, and what a person has to do is listed.

use std::fs;
use std::process::Command;

use crate::package::{self, Made, is_there, said};
use crate::{codegen, instructions, project, soak};

/// How often each spec is to have run.
const SOAKED: u32 = 1000;

/// What is to be done.
struct Step {
    /// What the command line calls it.
    name: &'static str,
    what: &'static str,
    how: How,
}

enum How {
    /// Lines of a shell, in the project's folder.
    Lines(&'static [&'static str]),
    Check(fn() -> Result<Came, String>),
    Person,
}

/// What became of a step that did not fail.
enum Came {
    Done,
    /// For a person, since something is not here.
    Left(String),
}

/// What takes no time comes first.
const STEPS: [Step; 16] = [
    Step { name: "tree", what: "all is committed", how: How::Check(tree) },
    Step {
        name: "version",
        what: "Cargo.toml and the top of CHANGELOG.md have one version",
        how: How::Check(version),
    },
    Step { name: "generated", what: "the tables in src/ are those of xtask/tables", how: How::Check(generated) },
    Step {
        name: "deny",
        what: "licences, versions, sources and advisories of dependencies; the last need the network",
        how: How::Check(deny),
    },
    Step {
        name: "soak",
        what: "every spec has run 1,000 times as it is now, a long one 100 times",
        how: How::Check(soaked),
    },
    Step {
        name: "instructions",
        what: "a stop takes no more of them than docs/instructions.txt says",
        how: How::Check(counted),
    },
    Step { name: "msrv", what: "it builds with the oldest Rust that Cargo.toml names", how: How::Check(msrv) },
    Step { name: "crate", what: "what is packed for crates.io builds", how: How::Lines(&["cargo package --locked"]) },
    Step {
        name: "install",
        what: "cargo installs it from a checkout",
        how: How::Lines(&["cargo install --locked --path .", "\"$CARGO_INSTALL_ROOT/bin/rinject\" --version"]),
    },
    Step {
        name: "static",
        what: "it builds with the C library in it",
        how: How::Lines(&[
            "RUSTFLAGS=\"-C target-feature=+crt-static -C relocation-model=static\" cargo build --profile dist --locked --target x86_64-unknown-linux-gnu",
        ]),
    },
    Step { name: "examples", what: "that binary runs the examples", how: How::Check(examples) },
    Step { name: "deb", what: "a Debian package, installed into a folder and tried", how: How::Check(deb) },
    Step { name: "ci", what: "all that CI runs", how: How::Lines(&[".ci/run"]) },
    Step {
        name: "hours",
        what: "what takes hours, or root: cargo xtask repeatable --times 1000; transparency; stress; releases; bench",
        how: How::Person,
    },
    Step {
        name: "elsewhere",
        what: "contrib/Dockerfile builds, action.yml and the hook of pre-commit run where they are meant for",
        how: How::Person,
    },
    Step {
        name: "publish",
        what: "`repository` in Cargo.toml and an address behind `maintainer`; a tag; cargo publish; the package and the binary",
        how: How::Person,
    },
];

/// Goes the steps whose names are among `names`, or all, and stops at the first that fails. With `list` it only names them.
pub fn run(list: bool, names: &[String]) -> Result<(), String> {
    let steps = chosen(names)?;
    if list {
        print!("{}", listed(&steps));
        return Ok(());
    }
    let mut left = Vec::new();
    for step in steps {
        println!("== {}: {}", step.name, step.what);
        let came = match step.how {
            How::Lines(lines) => lines.iter().try_for_each(|line| shell(line)).map(|()| Came::Done),
            How::Check(check) => check(),
            How::Person => Ok(Came::Left(step.what.to_owned())),
        };
        match came.map_err(|error| format!("{}: {error}", step.name))? {
            Came::Done => println!("done"),
            Came::Left(why) => left.push(format!("{}: {why}", step.name)),
        }
    }
    if !left.is_empty() {
        println!("\nleft for a person:\n  {}", left.join("\n  "));
    }
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Step>, String> {
    if names.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    let step = |name: &String| {
        STEPS
            .iter()
            .find(|step| step.name == name)
            .ok_or_else(|| format!("there is no step `{name}`, only {}", STEPS.map(|step| step.name).join(", ")))
    };
    names.iter().map(step).collect()
}

fn listed(steps: &[&Step]) -> String {
    let mut text = String::new();
    for Step { name, what, how } in steps {
        let by = if matches!(how, How::Person) { "a person" } else { "run" };
        text += &format!("{name:10} {by:9} {what}\n");
        if let How::Lines(lines) = how {
            text.extend(lines.iter().map(|line| format!("{:21}$ {line}\n", "")));
        }
    }
    text
}

/// Runs a line, which may install to `target/installed`.
fn shell(line: &str) -> Result<(), String> {
    println!("$ {line}");
    let root = project::root();
    let status = Command::new("sh")
        .args(["-c", line])
        .env("CARGO_INSTALL_ROOT", root.join("target/installed"))
        .current_dir(root)
        .status()
        .map_err(|error| format!("cannot run sh: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})")) }
}

fn tree() -> Result<Came, String> {
    let changed = said(Command::new("git").args(["status", "--porcelain"]).current_dir(project::root()))?;
    if changed.is_empty() { Ok(Came::Done) } else { Err(format!("these are not committed:\n{changed}")) }
}

fn version() -> Result<Came, String> {
    let read = |file: &str| {
        fs::read_to_string(project::root().join(file)).map_err(|error| format!("cannot read {file}: {error}"))
    };
    same_version(env!("CARGO_PKG_VERSION"), &read("CHANGELOG.md")?).map(|()| Came::Done)
}

/// The first entry of the changelog is of this version: `## 0.1.0`, or with more behind it.
fn same_version(version: &str, changelog: &str) -> Result<(), String> {
    let top = changelog.lines().find_map(|line| line.strip_prefix("## ")).unwrap_or_default();
    let is_same = top.split([' ', ',']).next() == Some(version);
    if is_same { Ok(()) } else { Err(format!("Cargo.toml has {version}, the top entry of CHANGELOG.md is `{top}`")) }
}

fn generated() -> Result<Came, String> {
    codegen::run(true).map(|()| Came::Done)
}

fn counted() -> Result<Came, String> {
    if !is_there(Command::new("valgrind").arg("--version")) {
        return Ok(Came::Left("valgrind is not installed".to_owned()));
    }
    instructions::run(false).map(|()| Came::Done)
}

fn soaked() -> Result<Came, String> {
    let never = soak::enough(SOAKED)?;
    if never.is_empty() {
        return Ok(Came::Done);
    }
    Ok(Came::Left(format!("these have never run where the others have: {}", never.join(", "))))
}

/// Advisories come from the network; what does not need it is checked without.
fn deny() -> Result<Came, String> {
    if !is_there(Command::new("cargo").args(["deny", "--version"])) {
        return Ok(Came::Left("cargo-deny is not here: cargo install cargo-deny --locked".to_owned()));
    }
    shell("cargo deny --locked check bans licenses sources")?;
    let advisories = "cargo deny --locked check advisories";
    if shell("cargo deny --locked fetch db").is_err() {
        return Ok(Came::Left(format!("the advisories cannot be had from here: {advisories}")));
    }
    shell(advisories).map(|()| Came::Done)
}

fn msrv() -> Result<Came, String> {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    if !is_there(Command::new("rustup").args(["run", oldest, "rustc", "--version"])) {
        return Ok(Came::Left(format!("Rust {oldest} is not here: rustup toolchain install {oldest}")));
    }
    // Beside the other build, which would have to be done anew.
    shell(&format!("cargo +{oldest} check --locked --target-dir target/oldest")).map(|()| Came::Done)
}

fn examples() -> Result<Came, String> {
    let rinject = package::static_rinject()?;
    shell(&format!("{} run --check specs/examples", rinject.display())).map(|()| Came::Done)
}

fn deb() -> Result<Came, String> {
    Ok(match package::run()? {
        Made::Deb => Came::Done,
        Made::NoDeb(why) => Came::Left(why),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_are_listed_with_their_lines() {
        let all = chosen(&[]).unwrap();
        let text = listed(&all);
        for step in &all {
            assert!(text.contains(step.what), "{text}");
        }
        assert!(text.contains("\ntree       run") || text.starts_with("tree       run"), "{text}");
        assert!(text.contains("$ cargo package --locked\n"), "{text}");
        assert!(text.contains("\npublish    a person "), "{text}");
    }

    #[test]
    fn names_choose_steps_and_no_other_name_does() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let steps = chosen(&names(&["deny", "tree"])).unwrap();
        assert_eq!(steps.iter().map(|step| step.name).collect::<Vec<_>>(), ["deny", "tree"]);
        let error = chosen(&names(&["denial"])).err().unwrap();
        assert!(error.starts_with("there is no step `denial`, only tree, version, "), "{error}");
    }

    #[test]
    fn a_version_without_its_entry_is_told() {
        assert_eq!(same_version("0.1.0", "# Changelog\n\n## 0.1.0, 1 December 2026\n\n## 0.0.9\n"), Ok(()));
        let error = same_version("0.1.0", "# Changelog\n\n## Unreleased\n\n## 0.1.0\n").unwrap_err();
        assert_eq!(error, "Cargo.toml has 0.1.0, the top entry of CHANGELOG.md is `Unreleased`");
        assert!(same_version("0.1.0", "## 0.1.0-rc1\n").is_err());
    }
}
