//! Where sweeps say that programs of other languages than C were: in code of their own, not in the library of the language.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::process::Command;

use common::{can_trace, folder, has_program, rinject};

mod common;

const KEEP_RS: &str = r#"use std::io::Write;

struct Log {
    file: std::fs::File,
}

impl Log {
    #[inline(never)]
    fn put(&mut self, text: &str) {
        let _ = self.file.write_all(text.as_bytes());
    }
}

fn main() {
    let mut log = Log { file: std::fs::File::create("kept").unwrap() };
    log.put("text\n");
    drop(log);
    // The functions between are of the library.
    let _ = Some("kept").map(std::fs::read);
}
"#;

const KEEP_GO: &str = r#"package main

import (
	"fmt"
	"os"
)

//go:noinline
func put(f *os.File, text string) {
	fmt.Fprintf(f, "%s\n", text)
}

func main() {
	f, err := os.Create("kept")
	if err != nil {
		os.Exit(1)
	}
	put(f, "text")
	f.Close()
}
"#;

/// The places of calls that open files or write to them, as a sweep shows them; `None` where nothing can be compiled or traced.
fn places(source: (&str, &str), compiler: &[&str]) -> Option<Vec<String>> {
    if !can_trace() || !has_program(compiler[0]) {
        return None;
    }
    let folder = folder(&[source, ("go.mod", "module keep\n")]);
    let built = Command::new(compiler[0])
        .args(&compiler[1..])
        .arg(source.0)
        .current_dir(folder.path())
        // What Go makes of its library is kept from one run of the tests to the next.
        .env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go"))
        .status();
    assert!(built.expect("it can be run").success());
    let (status, out, err) =
        rinject(folder.path(), &["sweep", "--on", "openat,write", "--error", "EIO", "--", "./keep"]);
    assert!(matches!(status, 0 | 1), "{status}\n{out}{err}");
    let points = out.lines().filter(|line| line.starts_with("openat#") || line.starts_with("write#"));
    let place = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The methods of a type have one name or another, by how names are mangled.
        words[1..words.len() - 1].join(" ").replace("<keep::Log>", "keep::Log")
    };
    Some(points.map(place).collect())
}

/// All places but those of the runtime before `main`.
#[track_caller]
fn check(source: (&str, &str), compiler: &[&str], expected: &[&str]) {
    if let Some(places) = places(source, compiler) {
        let of_runtime = places.len().saturating_sub(expected.len());
        assert_eq!(places[of_runtime..], *expected, "{compiler:?}\n{places:?}");
    }
}

#[test]
fn programs_in_rust_are_where_their_own_code_is() {
    let built = |more: &[&'static str]| [&["rustc", "--edition", "2021", "-o", "keep"], more].concat();
    let lines = ["keep.rs:15 (keep::main)", "keep.rs:10 (keep::Log::put)", "keep.rs:19 (keep::main)"];
    check(("keep.rs", KEEP_RS), &built(&["-g"]), &lines);
    // Much of the library is inlined then.
    check(("keep.rs", KEEP_RS), &built(&["-g", "-O"]), &lines);
    check(("keep.rs", KEEP_RS), &built(&["-g", "-C", "symbol-mangling-version=v0"]), &lines);
    // Without lines of its own the program has no lines: those of the library say nothing.
    let places = places(("keep.rs", KEEP_RS), &built(&["-O"])).unwrap_or_default();
    assert!(places.iter().all(|place| place.starts_with("keep!")), "{places:?}");
    let functions: Vec<&str> = places.iter().filter_map(|place| place.split('+').next()).collect();
    assert!(
        functions.is_empty() || functions.ends_with(&["keep!keep::main", "keep!keep::Log::put", "keep!keep::main"])
    );
}

#[test]
fn programs_in_go_are_where_their_own_code_is() {
    let built = |more: &[&'static str]| [&["go", "build", "-o", "keep"], more].concat();
    let lines = ["keep.go:14 (main.main)", "keep.go:10 (main.put)"];
    check(("keep.go", KEEP_GO), &built(&[]), &lines);
    check(("keep.go", KEEP_GO), &built(&["-trimpath"]), &lines);
}
