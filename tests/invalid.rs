//! Bad specs and what their authors see: each `tests/invalid/x.toml` has the rendered diagnostics beside it as
//! `x.stderr`. It must not run anything. `RINJECT_BLESS=1` rewrites the goldens; read them before committing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rinject::abi::Arch;
use rinject::diagnostic::{Source, Style};
use rinject::plan::{Context, Programs, lower};
use rinject::spec;
use similar::TextDiff;

/// The same on every machine: what the goldens may show of it.
fn context() -> Context {
    let mut context = Context::new(Arch::X86_64, "/tmp/rinject-00000000", "/specs");
    context.case = "case".to_owned();
    context.env.insert("HOME".to_owned(), "/home/user".to_owned());
    context.bins = Programs::from(BTreeMap::from([("kv".to_owned(), "/build/kv".to_owned())]));
    context
}

/// What the author sees: errors, or the warnings of a spec that is good otherwise.
fn rendered(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = Arc::new(Source::new(name, text));
    let problems = match spec::parse(&source).and_then(|spec| lower(&spec, &context())) {
        Ok(plan) => plan.warnings,
        Err(problems) => problems,
    };
    problems.render(Style::Plain)
}

fn files(extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

#[test]
fn every_bad_spec_is_refused_in_the_words_beside_it() {
    let bless = std::env::var_os("RINJECT_BLESS").is_some_and(|value| value == "1");
    let specs = files("toml");
    assert!(specs.len() >= 150, "only {} bad specs", specs.len());
    let mut failures = String::new();
    for path in specs {
        let actual = rendered(&path);
        let golden = path.with_extension("stderr");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if actual.is_empty() {
            failures += &format!("{name}: nothing is wrong with it\n");
            continue;
        }
        if bless {
            fs::write(&golden, &actual).unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
            continue;
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if expected != actual {
            let diff = TextDiff::from_lines(&expected, &actual);
            failures += &format!("{name}:\n{}\n", diff.unified_diff().header("expected", "actual"));
        }
    }
    assert!(failures.is_empty(), "{failures}\nRINJECT_BLESS=1 rewrites the goldens");
}

#[test]
fn no_golden_is_left_without_its_spec() {
    for golden in files("stderr") {
        assert!(golden.with_extension("toml").exists(), "{} has no spec", golden.display());
    }
}

/// The next number of a fixed series (SplitMix64).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn no_damage_to_a_spec_stops_its_reader() {
    let damage = [
        "", "\"", "'", "(", ")", "$", "${", "?x", "->", "\\", "\u{e9}", "\n", "=", ",", "[", "{", "9", "/", "~", "!",
    ];
    let mut state = 1;
    for path in files("toml") {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let chars: Vec<char> = text.chars().collect();
        for _ in 0..100 {
            let at = (draw(&mut state) as usize) % (chars.len() + 1);
            let len = (draw(&mut state) as usize) % 3;
            let mut damaged: String = chars[..at].iter().collect();
            damaged += damage[(draw(&mut state) as usize) % damage.len()];
            damaged.extend(chars.iter().skip(at + len));
            let source = Arc::new(Source::new("x.toml", damaged));
            if let Err(problems) = spec::parse(&source).and_then(|spec| lower(&spec, &context())) {
                assert!(!problems.render(Style::Plain).is_empty());
            }
        }
    }
}
