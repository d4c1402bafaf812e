//! Every spec under specs/ is a test of its own; its name is the sentence in its file name. One that is known to fail has to
//! fail in just the words of the file `.fails` beside it, which `RINJECT_BLESS=1` rewrites.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "../fixtures/build.rs"]
mod fixtures;

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use rinject::cases::{self, Case};
use rinject::report::CaseResult;
use rinject::run::{self, End, Options};
use rinject::snapshot::Update;
use rinject::verdict::Verdict;

fn main() {
    let arguments = Arguments::from_args();
    // Paths in diagnostics and goldens are as the command line has them: relative to the project.
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).expect("the project's folder is there");
    let built = Arc::new(fixtures::build(Path::new("fixtures")).map(drop));
    let files = cases::find(&["specs".to_owned()]).expect("specs/ is there");
    let cases = files.iter().map(|file| cases::load(file).expect("a spec is a text")).collect();
    let cases = cases::without_parts(cases, |_| false);
    let trials = cases.into_iter().flat_map(Case::cells).map(|case| {
        let name = case.id.trim_start_matches("specs/").replacen(".toml", "", 1);
        let built = built.clone();
        Trial::test(name, move || {
            built.as_ref().clone()?;
            judge(&case)
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// Whether a capability may not be missing here.
fn is_required(capability: &str) -> bool {
    std::env::var("RINJECT_REQUIRE").is_ok_and(|all| all.split(',').any(|one| one == capability))
}

fn judge(case: &Case) -> Result<(), Failed> {
    let options = Options { update: Update::No, is_ci: true, ..Options::default() };
    match run::run(case, &options) {
        End::Judged(judged) => {
            if let Verdict::Skip(reason) = &judged.outcome.verdict {
                let program = case.spec.iter().flat_map(|spec| &spec.requires).find_map(|requirement| {
                    requirement.value.strip_prefix("program:").filter(|program| is_required(program))
                });
                if let Some(program) = program {
                    return Err(format!("Error: `{program}` is required, but skipped: {reason}").into());
                }
                println!("skipped {}: {reason}", case.id);
            }
            if matches!(judged.outcome.verdict, Verdict::Xfail(_)) {
                return fails_as_known(&CaseResult::of(case, End::Judged(judged)));
            }
            let failed = judged.outcome.verdict.is_failure();
            if failed { Err(told(&CaseResult::of(case, End::Judged(judged)))) } else { Ok(()) }
        }
        End::Unable(refusal) if !is_required("ptrace") => {
            println!("skipped {}: {refusal}", case.id);
            Ok(())
        }
        other => Err(told(&CaseResult::of(case, other))),
    }
}

/// Whether a case that is known to fail has failed for the reason that is meant.
fn fails_as_known(result: &CaseResult) -> Result<(), Failed> {
    let lines =
        result.failures().map(|(failure, said)| format!("{}: {}; {}\n", said.code, said.message, failure.label));
    // How many descriptors there were before is the C library's matter.
    let descriptor = regex::Regex::new("fd#[0-9]+").expect("it is one");
    let fails = descriptor.replace_all(&lines.collect::<String>(), "fd#_").into_owned();
    let known = Path::new(&result.id).with_extension("fails");
    if std::env::var_os("RINJECT_BLESS").is_some_and(|value| value == "1") {
        return Ok(std::fs::write(known, fails)?);
    }
    let wanted = std::fs::read_to_string(&known).map_err(|error| format!("Error: {}: {error}", known.display()))?;
    if fails == wanted {
        Ok(())
    } else {
        Err(format!("Error: it is to fail with\n{wanted}\nand fails with\n{fails}").into())
    }
}

/// A result as people see it; readers of test reports look for the first word.
fn told(result: &CaseResult) -> Failed {
    let mut text = Vec::new();
    let mut human = rinject::report::Human::new(&mut text, false, false);
    rinject::report::Report::case(&mut human, result).expect("a vector takes everything");
    format!("Error: {}", String::from_utf8_lossy(&text)).into()
}
