//! The repository polices itself: layers, `unsafe`, output, goldens, fixtures, sizes. It reads sources and runs nothing.

#[path = "tidy/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use rinject::cases::{self, SpecFile};
use rinject::snapshot::golden_path;
use source::{Source, files, sources, words};

/// Files of src/ that may be longer than [`LONGEST`]: only ever strike out.
const LONG: [&str; 1] = ["src/abi/table.rs"];
const LONGEST: usize = 500;

/// Layers that must not know the system.
const PURE: [&str; 8] = ["spec", "plan", "pattern", "faults", "engine", "transcript", "verdict", "sweep"];

/// Layers that may print.
const PRINTING: [&str; 2] = ["cli", "report"];
/// It hands rinject's own streams to a target that is to inherit them.
const INHERITING: &str = "src/sandbox/streams.rs";

/// Folders of specs with goldens.
const SPECS: [&str; 2] = ["specs", "examples/keep/specs"];

/// Fixtures that nothing uses yet: only ever strike out.
const UNUSED_FIXTURES: [&str; 0] = [];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn own() -> Vec<Source> {
    sources(&root(), &["src"])
}

/// Fails with everything that was found, each on a line of its own.
fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}\n", found.join("\n"));
}

/// Layer by layer what it may import; `None` is everything.
fn table() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let text = read("src/lib.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let mut table = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_end().trim_end_matches('|').split('|').map(str::trim).collect();
        let [name, _, may] = cells[..] else {
            panic!("src/lib.rs: a row of the layer table without three cells: {row}")
        };
        let may = may.trim_matches('`');
        let may = (may != "all").then(|| may.split_whitespace().map(str::to_owned).collect());
        table.insert(name.trim_end_matches('`').to_owned(), may);
    }
    table
}

/// Which layers each layer imports, and where.
fn imports() -> BTreeMap<(String, String), String> {
    let mut imports = BTreeMap::new();
    for file in own().iter().filter(|file| !file.is_test()) {
        let Some(layer) = file.layer() else { continue };
        for (at, path) in file.paths("crate") {
            let other = path.split("::").nth(1).unwrap_or_default();
            if other != layer {
                let place = format!("{}:{}", file.path, file.line(at));
                imports.entry((layer.to_owned(), other.to_owned())).or_insert(place);
            }
        }
    }
    imports
}

#[test]
fn every_layer_has_a_row_in_the_table_and_every_row_a_layer() {
    let text = read("src/lib.rs");
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let modules: BTreeSet<String> = modules.map(str::to_owned).collect();
    let rows: BTreeSet<String> = table().into_keys().collect();
    assert_eq!(modules, rows, "the modules and the rows of the layer table of src/lib.rs are not the same");
}

#[test]
fn layers_import_only_what_the_table_allows() {
    let table = table();
    let found: Vec<String> = imports()
        .iter()
        .filter(|((layer, other), _)| match table.get(layer) {
            None => true,
            Some(None) => false,
            Some(Some(may)) => !may.contains(other),
        })
        .map(|((layer, other), place)| format!("{place}: `{layer}` imports `{other}`"))
        .collect();
    none(&found, "not in the layer table of src/lib.rs");
}

#[test]
fn layers_reach_each_other_through_the_crate_only() {
    let mut found = Vec::new();
    for file in own().iter().filter(|file| !file.is_test()) {
        let out = "super::".repeat(file.depth());
        found.extend(file.code.match_indices(&out).map(|(at, _)| format!("{}:{}", file.path, file.line(at))));
    }
    none(&found, "so many `super::` leave the layer, past the layer table; write `crate::`");
}

#[test]
fn no_layers_import_each_other_in_a_circle() {
    let imports = imports();
    let mut left: BTreeSet<&str> = imports.keys().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
    // Layers that import nothing of what is left are taken away, until none is; what stays goes in circles.
    loop {
        let blocked: BTreeSet<&str> = left
            .iter()
            .filter(|layer| imports.keys().any(|(from, to)| from == **layer && left.contains(to.as_str())))
            .copied()
            .collect();
        if blocked.len() == left.len() {
            break;
        }
        left = blocked;
    }
    let inside = imports.iter().filter(|((a, b), _)| left.contains(a.as_str()) && left.contains(b.as_str()));
    let found: Vec<String> = inside.map(|((a, b), place)| format!("{place}: `{a}` imports `{b}`")).collect();
    none(&found, "layers import each other in a circle; it is among these");
}

#[test]
fn pure_layers_do_not_name_the_system() {
    let forbidden = ["std::fs", "std::process", "std::thread", "std::time"];
    let mut found = Vec::new();
    for file in own().iter().filter(|file| !file.is_test() && file.layer().is_some_and(|layer| PURE.contains(&layer)))
    {
        let std = file.paths("std").into_iter().filter(|(_, path)| {
            !path.starts_with("std::time::Duration")
                && forbidden
                    .iter()
                    .any(|bad| path.strip_prefix(bad).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
        });
        let others = ["nix", "libc"].into_iter().flat_map(|root| file.paths(root));
        found.extend(std.chain(others).map(|(at, path)| format!("{}:{}: `{path}`", file.path, file.line(at))));
    }
    none(&found, "these layers must not know the system");
}

#[test]
fn unsafe_is_only_in_sys_and_says_why_it_is_safe() {
    let mut found = Vec::new();
    for file in sources(&root(), &["src", "tests", "xtask", "fixtures", "examples"]) {
        for (at, word) in words(&file.code).filter(|(_, word)| *word == "unsafe") {
            let line = file.line(at);
            let is_block = file.code[at + word.len()..].trim_start().starts_with('{');
            if file.layer() != Some("sys") {
                found.push(format!("{}:{line}: `unsafe` outside of src/sys", file.path));
            } else if is_block && !is_explained(&file.text, line) {
                found.push(format!("{}:{line}: no `// SAFETY:` comment above it", file.path));
            }
        }
    }
    none(&found, "`unsafe` where it does not belong, or without a reason");
}

/// Whether the comment above the statement at `line` says SAFETY; a statement begins at most three lines higher.
fn is_explained(text: &str, line: usize) -> bool {
    let mut above = text.lines().take(line).collect::<Vec<&str>>().into_iter().rev();
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    let Some(first) = above.by_ref().take(4).find(|line| is_comment(line)) else { return false };
    std::iter::once(first).chain(above.take_while(|line| is_comment(line))).any(|line| line.contains("SAFETY:"))
}

#[test]
fn every_source_says_first_what_it_is_for() {
    let all = sources(&root(), &["src", "tests", "xtask", "fixtures", "examples"]);
    let found: Vec<String> =
        all.iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.path.clone()).collect();
    none(&found, "these do not begin with `//!` and what the file is for");
}

#[test]
fn only_the_command_line_and_reports_print() {
    let macros = ["print", "println", "eprint", "eprintln"];
    let mut found = Vec::new();
    for file in own().iter().filter(|file| !file.is_test() && file.path != INHERITING) {
        if file.layer().is_some_and(|layer| PRINTING.contains(&layer)) {
            continue;
        }
        for (at, word) in words(&file.code) {
            let after = &file.code[at + word.len()..];
            let is_stream = matches!(word, "stdout" | "stderr") && file.code[..at].ends_with("io::");
            if is_stream || (macros.contains(&word) && after.starts_with('!')) {
                found.push(format!("{}:{}: `{word}`", file.path, file.line(at)));
            }
        }
    }
    none(&found, "only cli and report may write to standard output and standard error");
}

#[test]
fn no_file_grows_too_long() {
    let mut found = Vec::new();
    for file in own() {
        let lines = file.text.lines().count();
        match LONG.contains(&file.path.as_str()) {
            true if lines <= LONGEST => {
                found.push(format!("{}: strike it from the list, it is short now", file.path))
            }
            false if lines > LONGEST => {
                found.push(format!("{}: {lines} lines; look for the second noun in it", file.path))
            }
            _ => {}
        }
    }
    none(&found, "files of more than 500 lines");
}

#[test]
fn every_golden_has_its_spec() {
    let mut wanted: BTreeSet<PathBuf> = BTreeSet::new();
    for spec in files(&root(), &SPECS, ".toml") {
        let path = root().join(&spec);
        let case = cases::load(&SpecFile::Path(path.clone())).expect("a spec is a text");
        // A case of a list has its cell behind an `@`.
        let cells = case.cells().into_iter().map(|case| case.cell.to_string());
        wanted.extend(cells.map(|cell| golden_path(&path, Some(cell.as_str()).filter(|cell| !cell.is_empty()))));
    }
    let goldens = files(&root(), &SPECS, ".snap").into_iter().filter(|golden| !wanted.contains(&root().join(golden)));
    let is_known = |golden: &String| {
        let spec = root().join(golden).with_extension("toml");
        fs::read_to_string(spec).is_ok_and(|spec| spec.contains("\nxfail = "))
    };
    let goldens = goldens.chain(files(&root(), &["specs"], ".fails").into_iter().filter(|golden| !is_known(golden)));
    let messages = files(&root(), &["tests/invalid"], ".stderr").into_iter();
    let messages = messages.filter(|golden| !root().join(golden).with_extension("toml").exists());
    let found: Vec<String> = goldens.chain(messages).collect();
    none(&found, "goldens without their spec; remove them");
}

#[test]
fn goldens_are_the_same_wherever_the_project_lies() {
    let root_name = root().display().to_string();
    let goldens = files(&root(), &[SPECS[0], SPECS[1], "tests/invalid"], "");
    let found: Vec<String> = goldens.into_iter().filter(|golden| read(golden).contains(&root_name)).collect();
    none(&found, "files that name the folder the project lies in");
}

#[test]
fn snapshots_that_wait_are_never_committed() {
    let ignored = read(".gitignore");
    assert!(ignored.lines().any(|line| line == "*.snap.new"), ".gitignore must have `*.snap.new`");
}

/// The rows of the table in fixtures/README.md: source and what it shows.
fn fixture_rows() -> BTreeMap<String, String> {
    let text = read("fixtures/README.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    rows.map(|(name, shows)| (name.to_owned(), shows.to_owned())).collect()
}

/// The comment at the top of a C file, on one line.
fn comment(path: &str) -> String {
    let text = read(path);
    let inside = text.strip_prefix("/*").and_then(|rest| rest.split("*/").next());
    let inside = inside.unwrap_or_else(|| panic!("{path} does not begin with a comment that says what it shows"));
    inside.split_whitespace().collect::<Vec<&str>>().join(" ")
}

#[test]
fn every_fixture_stands_in_their_readme_with_what_it_shows() {
    let mut rows = fixture_rows();
    let mut found = Vec::new();
    for path in files(&root(), &["fixtures"], ".c") {
        let name = path.trim_start_matches("fixtures/").trim_end_matches(".c");
        let shows = comment(&path);
        if rows.remove(name).as_ref() != Some(&shows) {
            found.push(format!("missing: | `{name}` | {shows} |"));
        }
    }
    found.extend(rows.keys().map(|name| format!("there is no fixtures/{name}.c")));
    none(&found, "the table of fixtures/README.md");
}

#[test]
fn every_fixture_is_used() {
    let mut users: Vec<String> = files(&root(), &["specs"], ".toml");
    users.extend(
        files(&root(), &["tests", "xtask"], ".rs").into_iter().filter(|path| !path.starts_with("tests/tidy")),
    );
    let users: String = users.iter().map(|path| read(path)).collect();
    let mut found = Vec::new();
    for path in files(&root(), &["fixtures"], ".c") {
        let name = path.trim_start_matches("fixtures/").trim_end_matches(".c");
        let is_used = users.contains(&format!("bin/{name}")) || users.contains(&format!("\"{name}"));
        match UNUSED_FIXTURES.contains(&name) {
            true if is_used => found.push(format!("{name}: strike it from UNUSED_FIXTURES, it is used now")),
            false if !is_used => found.push(format!("{name}: no spec, test or chore names it")),
            _ => {}
        }
    }
    none(&found, "fixtures");
}

/// They are built with the C libraries of other releases, too.
#[test]
fn what_older_c_libraries_lack_comes_with_names_h() {
    let mut found = Vec::new();
    for path in files(&root(), &["fixtures"], ".c") {
        let text = read(&path);
        let is_needed = text.contains("strerrorname_np") || text.contains("sigabbrev_np");
        if is_needed && !text.contains("#include \"names.h\"") {
            found.push(format!("{path}: does not include names.h, without which glibc 2.31 cannot build it"));
        }
    }
    none(&found, "fixtures");
}

#[test]
fn a_source_is_read_as_the_compiler_reads_it() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let text = "//! libc::a\nuse crate::{abi, plan::{self, Rule as R}};\nlet a = \"std::fs\"; // unsafe\n\
        #[cfg(test)]\nmod tests { use std::fs; }\nlet c = '\"'; let d: &'a str = r#\"nix::x\"#; std::fs::read(x)\n";
    fs::write(root.path().join("x.rs"), text).expect("it can be written");
    let [source] = &sources(root.path(), &["."])[..] else { panic!("one file") };
    let paths = |root: &str| source.paths(root).into_iter().map(|(_, path)| path).collect::<Vec<String>>();
    assert_eq!(paths("crate"), ["crate::abi", "crate::plan::self", "crate::plan::Rule"]);
    assert_eq!(paths("std"), ["std::fs::read"]);
    assert_eq!(paths("nix"), [""; 0]);
    assert_eq!(source.line(source.paths("std")[0].0), 6);
    assert!(words(&source.code).all(|(_, word)| word != "unsafe"));
}
