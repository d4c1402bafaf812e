//! Specs as tests of `cargo test`: one for each case.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use super::error::Error;
use super::spec::options;
use crate::cases::{self, Case};
use crate::report::CaseResult;
use crate::run::{self, Options};

/// What [`harness!`](crate::harness) makes of `main`: runs all specs that `words` stand for, relative to `folder`, as tests.
/// A machine that cannot trace fails them; `RINJECT_SKIP_UNABLE=1` lets them be ignored there instead. On one that is slow or
/// busy `RINJECT_TIMEOUT_MULTIPLIER=10` gives whatever has a time limit ten times as long.
pub fn harness(folder: &str, words: &[&str], bins: &[(&str, &str)]) -> ExitCode {
    let arguments = Arguments::from_args();
    match trials(folder, words, bins) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            let why = error.to_string();
            let trial = Trial::test("specs are found", move || Err(Failed::from(format!("Error: {why}"))));
            libtest_mimic::run(&arguments, vec![trial]).exit_code()
        }
    }
}

fn trials(folder: &str, words: &[&str], bins: &[(&str, &str)]) -> Result<Vec<Trial>, Error> {
    // Ids and goldens are as on the command line: relative to the package.
    std::env::set_current_dir(Path::new(folder))
        .map_err(|error| Error::new(format!("cannot enter `{folder}`: {error}")))?;
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut loaded = Vec::new();
    for file in cases::find(&words).map_err(|error| Error::new(error.to_string()))? {
        loaded.push(cases::load(&file).map_err(|error| Error::new(error.to_string()))?);
    }
    let mut options = options();
    options.timeout_multiplier = timeout_multiplier()?;
    options.bins = bins.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect();
    let cases = cases::without_parts(loaded, |file| words.contains(&file.name()));
    Ok(cases.into_iter().flat_map(Case::cells).map(|case| trial(case, options.clone())).collect())
}

fn timeout_multiplier() -> Result<u32, Error> {
    const NAME: &str = "RINJECT_TIMEOUT_MULTIPLIER";
    let Some(word) = std::env::var_os(NAME) else { return Ok(1) };
    let number = word.to_str().and_then(|word| word.parse().ok()).filter(|number| *number >= 1);
    number.ok_or_else(|| Error::new(format!("{NAME} is `{}`: a whole number from 1 is wanted", word.display())))
}

fn trial(case: Case, options: Options) -> Trial {
    let name = case.id.replacen(".toml", "", 1);
    Trial::test(name, move || {
        let result = CaseResult::of(&case, run::run(&case, &options));
        if !result.status.is_bad() {
            return Ok(());
        }
        let error = Error::of(&result);
        let may_skip = std::env::var("RINJECT_SKIP_UNABLE").is_ok_and(|value| value == "1");
        if error.is_unable() && may_skip { Ok(()) } else { Err(format!("Error: {error}").into()) }
    })
}

/// A `main` that runs specs as tests, one for each case; for a `[[test]]` with `harness = false`.
///
/// ```no_run
/// rinject::harness!("specs/**/*.toml");
/// ```
///
/// Binaries that specs call `${bin.NAME}` are found where cargo builds them; others are named:
///
/// ```no_run
/// rinject::harness!("specs", "more/specs"; "kv" => "/opt/kv/bin/kv");
/// ```
#[macro_export]
macro_rules! harness {
    ($($word:expr),+ $(,)? $(; $($name:expr => $path:expr),+ $(,)?)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::testing::harness(env!("CARGO_MANIFEST_DIR"), &[$($word),+], &[$($(($name, $path)),+)?])
        }
    };
}
