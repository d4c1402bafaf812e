//! Settings as words of the command line.
//! It must not know any flag by its name.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory};

use super::Setting;
use crate::cli::args::Args;

/// Flags that would be odd in a file: they ask for something else, or name the file's own parts.
const NOT_IN_FILES: [&str; 4] = ["help", "version", "profile", "bin"];

/// The commands that the settings are for: those that run or select specs.
pub(super) const HAVE_SETTINGS: [&str; 4] = ["run", "attach", "check", "list"];
/// What `rinject check` has of its own kind: what a run reports does not fit there.
const NOT_FOR_CHECK: [&str; 2] = ["report", "format"];

/// The long flags of these commands.
pub(super) fn flags() -> BTreeSet<String> {
    let command = built();
    let subcommands = command.get_subcommands().filter(|command| HAVE_SETTINGS.contains(&command.get_name()));
    let flags = subcommands.flat_map(Command::get_arguments).filter_map(Arg::get_long);
    flags.filter(|flag| !NOT_IN_FILES.contains(flag)).map(str::to_owned).collect()
}

/// The words with those of the settings behind the subcommand. The user's words and the environment win, also where a
/// setting does not go together with one of them.
pub(super) fn beside(settings: &[Setting], words: &[OsString], matches: &ArgMatches) -> Vec<OsString> {
    let Some((name, inner)) = matches.subcommand() else { return words.to_vec() };
    if !HAVE_SETTINGS.contains(&name) {
        return words.to_vec();
    }
    let command = built();
    let Some(subcommand) = command.find_subcommand(name) else { return words.to_vec() };
    let is_said = |arg: &Arg| {
        let source = inner.value_source(arg.get_id().as_str());
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    let flag = |setting: &Setting| {
        let arg = subcommand.get_arguments().find(|arg| arg.get_long() == Some(&setting.flag))?;
        if name == "check" && NOT_FOR_CHECK.contains(&setting.flag.as_str()) {
            return None;
        }
        // Of two flags that do not go together one may be the one that says so.
        let against = |one: &Arg, other: &Arg| {
            subcommand.get_arg_conflicts_with(one).into_iter().any(|arg| arg.get_id() == other.get_id())
        };
        let said = || subcommand.get_arguments().filter(|arg| is_said(arg));
        let is_free = !is_said(arg) && !said().any(|said| against(arg, said) || against(said, arg));
        is_free.then(|| {
            let word = |value: &Option<String>| match value {
                Some(value) => format!("--{}={value}", setting.flag).into(),
                None => format!("--{}", setting.flag).into(),
            };
            setting.values.iter().map(word).collect::<Vec<OsString>>()
        })
    };
    let more: Vec<OsString> = settings.iter().filter_map(flag).flatten().collect();
    // The subcommand is the first word of its name that is no value of a flag before it.
    let takes_value = |word: &OsString| {
        let long = word.to_str().and_then(|word| word.strip_prefix("--"));
        let arg = long.and_then(|long| command.get_arguments().find(|arg| arg.get_long() == Some(long)));
        arg.is_some_and(|arg| arg.get_action().takes_values())
    };
    let is_subcommand = |at: &usize| words[*at] == name && (*at == 0 || !takes_value(&words[at - 1]));
    let behind = (0..words.len()).find(is_subcommand).map_or(words.len(), |at| at + 1);
    [&words[..behind], &more, &words[behind..]].concat()
}

/// What the command line says of a value, in one line; `None` where it takes it.
pub(super) fn complaint(flag: &str, value: Option<&str>) -> Option<String> {
    let command = built();
    let has = |name: &&&str| {
        let arguments = command.find_subcommand(name).into_iter().flat_map(Command::get_arguments);
        arguments.filter_map(Arg::get_long).any(|long| long == flag)
    };
    let name = HAVE_SETTINGS.iter().find(has)?;
    let word = value.map_or_else(|| format!("--{flag}"), |value| format!("--{flag}={value}"));
    let error = Args::command().try_get_matches_from(["rinject", *name, &word]).err()?;
    // What else may be wrong there is not the file's doing.
    let kinds =
        [ErrorKind::InvalidValue, ErrorKind::ValueValidation, ErrorKind::TooManyValues, ErrorKind::TooFewValues];
    let text = error.render().to_string();
    let line = text.lines().next().map(|line| line.trim_start_matches("error: ").to_owned());
    line.filter(|_| kinds.contains(&error.kind()))
}

fn built() -> Command {
    let mut command = Args::command();
    // Flags that are valid everywhere are known to the subcommands once it is built.
    command.build();
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expected: &str) {
        let setting = |flag: &str, values: &[&str]| Setting {
            flag: flag.to_owned(),
            values: values.iter().map(|value| Some((*value).to_owned()).filter(|value| !value.is_empty())).collect(),
        };
        let settings = [
            setting("jobs", &["2"]),
            setting("quiet", &[""]),
            setting("max-fail", &["3"]),
            setting("filter", &["a", "b"]),
        ];
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let matches = Args::command().try_get_matches_from(&words).unwrap();
        let shown: Vec<String> =
            beside(&settings, &words, &matches).iter().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn settings_stand_behind_the_subcommand_where_nothing_is_said() {
        check("rinject run x", "rinject run --jobs=2 --quiet --max-fail=3 --filter=a --filter=b x");
        check("rinject -q run -j 4 x", "rinject -q run --max-fail=3 --filter=a --filter=b -j 4 x");
        check("rinject run -x --filter c", "rinject run --jobs=2 --quiet -x --filter c");
        check("rinject --profile list list", "rinject --profile list list --quiet --filter=a --filter=b");
        check("rinject list run", "rinject list --quiet --filter=a --filter=b run");
        check("rinject doctor", "rinject doctor");
    }
}
