//! Whole matrices of small variations, for which a file each would be too much: every one is a spec that is run.

#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "../fixtures/build.rs"]
mod fixtures;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rinject::cases::{self, SpecFile};
use rinject::report::CaseResult;
use rinject::run::{self, End, Options};
use rinject::verdict::Verdict;

/// How often the fixture calls writev in each of its processes.
const CALLS: u64 = 100;

/// The range grammar in its own words: from `first` to `last`, every `step`th.
struct Ordinals {
    text: String,
    first: u64,
    last: u64,
    step: u64,
}

impl Ordinals {
    fn chosen(&self, number: u64) -> bool {
        (self.first..=self.last).contains(&number) && (number - self.first).is_multiple_of(self.step)
    }
}

/// Each first, alone, open and closed by each last; each of these every call and in each step.
fn matrix() -> Vec<Ordinals> {
    let mut all = Vec::new();
    for first in [1, 2, 3, 7] {
        all.push(Ordinals { text: format!("{first}"), first, last: first, step: 1 });
        all.push(Ordinals { text: format!("{first}+"), first, last: CALLS, step: 1 });
        all.push(Ordinals { text: format!("{first}.."), first, last: CALLS, step: 1 });
        for last in [1, 2, 5, 7, 11].into_iter().filter(|last| *last >= first) {
            all.push(Ordinals { text: format!("{first}..{last}"), first, last, step: 1 });
            for step in [1, 2, 3, 7] {
                all.push(Ordinals { text: format!("{first}..{last}+{step}"), first, last, step });
            }
        }
        for step in [1, 2, 3, 7] {
            all.push(Ordinals { text: format!("{first}+{step}"), first, last: CALLS, step });
            all.push(Ordinals { text: format!("{first}..+{step}"), first, last: CALLS, step });
        }
    }
    all
}

/// A spec in which the chosen calls of each process fail: they write nothing and are told, and the others are whole.
fn spec(ordinals: &Ordinals, processes: u64, program: &Path) -> String {
    let failed: Vec<u64> = (1..=CALLS).filter(|number| ordinals.chosen(*number)).collect();
    let whole: String =
        (1..=CALLS).filter(|number| !ordinals.chosen(*number)).fold(String::new(), |mut text, number| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{number:03}\\n");
            text
        });
    let told: Vec<String> = (0..processes)
        .flat_map(|process| failed.iter().map(move |number| format!("\"{process}:{number:03} 5\\n\"")))
        .collect();
    let (fires, all) = (failed.len() as u64 * processes, CALLS * processes);
    let checks: String = (0..processes).fold(String::new(), |mut text, process| {
        let _ = write!(text, "[[check]]\nrun = [\"cmp\", \"out.{process}\", \"whole\"]\n");
        text
    });
    format!(
        "spec = 1\n\
         target = {{ program = {program:?}, args = [\"out\", \"{processes}\"], files = {{ whole = \"{whole}\" }} }}\n\
         inject = [{{ on = \"writev\", when = \"{}\", scope = \"process\", error = \"EIO\", fires = \"{fires}\" }}]\n\
         snapshot = {{ transcript = false }}\n\
         {checks}\
         [expect]\n\
         stderr = {{ contains = [{}] }}\n\
         count = [\n  {{ event = \"writev -> EIO\", is = \"{fires}\" }},\n  \
         {{ event = \"writev -> ok\", is = \"{}\" }},\n]\n",
        ordinals.text,
        told.join(", "),
        all - fires
    )
}

/// A program among the fixtures.
fn fixture(name: &str) -> PathBuf {
    /// The tests of this file run at the same time, and the compiler is to run once.
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| fixtures::build(Path::new("fixtures")));
    assert!(built.is_ok(), "{built:?}");
    std::env::current_dir().unwrap().join("fixtures/bin").join(name)
}

/// Runs each of these specs, which are all to pass.
fn all_pass(specs: impl Iterator<Item = String>) {
    let folder = tempfile::tempdir().unwrap();
    for spec in specs {
        let path = folder.path().join("one.toml");
        std::fs::write(&path, &spec).unwrap();
        let case = cases::load(&SpecFile::Path(path)).unwrap();
        match run::run(&case, &Options::default()) {
            End::Judged(judged) if judged.outcome.verdict == Verdict::Pass => {}
            End::Unable(refusal) if !is_required("ptrace") => {
                println!("skipped: {refusal}");
                return;
            }
            other => panic!("{spec}\n{:#?}", CaseResult::of(&case, other)),
        }
    }
}

/// Whether a capability may not be missing here.
fn is_required(capability: &str) -> bool {
    std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == capability))
}

#[test]
fn writev_fails_at_exactly_the_chosen_ordinals() {
    let program = fixture("repeat-writev");
    all_pass(matrix().iter().map(|ordinals| spec(ordinals, 1, &program)));
}

#[test]
fn writev_fails_at_exactly_the_chosen_ordinals_in_each_of_four_processes() {
    let program = fixture("repeat-writev");
    all_pass(matrix().iter().map(|ordinals| spec(ordinals, 4, &program)));
}

/// A spec that writes to the 16 bytes `0123456789abcdef` (or to as many of them as are mapped), at the entry or at the
/// exit of the call that is given their address. What is not all mapped is left alone, and the rule has not fired.
fn edit(on: &str, mode: &str, offset: usize, bytes: usize) -> String {
    let mapped = match mode {
        "unmapped" => 0,
        "partly" => 4,
        _ => 16,
    };
    let fires = offset + bytes <= mapped;
    let mut shown = b"0123456789abcdef"[..mapped].to_vec();
    if fires {
        shown[offset..offset + bytes].fill(b'X');
    }
    let (shown, written) = (String::from_utf8(shown).unwrap(), "58".repeat(bytes));
    format!(
        "spec = 1\n\
         target = {{ program = {:?}, args = [{mode:?}] }}\n\
         inject = [{{ on = {on:?}, memory = [{{ at = \"rdi+{offset}\", bytes = \"{written}\" }}], fires = \"{}\" }}]\n\
         snapshot = {{ transcript = false }}\n\
         expect = {{ stdout = {{ equals = \"{shown} alive\\n\" }} }}\n",
        fixture("show-bytes"),
        u8::from(fires),
    )
}

#[test]
fn memory_is_edited_at_every_place_or_left_alone() {
    let places = ["getuid", "getuid -> ok"].into_iter().flat_map(|on| {
        ["mapped", "text", "partly", "unmapped"].into_iter().flat_map(move |mode| {
            let ends = [(0, 1), (0, 4), (0, 8), (0, 16), (1, 1), (1, 4), (3, 8), (7, 2), (8, 8), (13, 3), (15, 1)];
            ends.into_iter().map(move |(offset, bytes)| edit(on, mode, offset, bytes))
        })
    });
    all_pass(places);
}
