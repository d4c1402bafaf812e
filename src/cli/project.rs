//! `rinject.toml`: what a project says once instead of on every command line. It is found in the current folder or above.
//! It must not know what a flag does: it only puts words beside those of the user.

mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ArgMatches;
use toml::de::{DeTable, DeValue};

use super::exit_status::ExitStatus;
use super::terminal::{complain, talk};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span, Style, did_you_mean, listed};

/// The name of the file.
pub(super) const FILE: &str = "rinject.toml";

/// A setting: a long flag without its dashes, and its values as on the command line; none for a switch that is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    flag: String,
    values: Vec<Option<String>>,
}

/// What the file says, for the profile that was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Project {
    settings: Vec<Setting>,
    /// What `${bin.NAME}` means.
    pub(super) bins: BTreeMap<String, String>,
}

impl Project {
    /// Finds and reads the file; a project without one says nothing. `Err` after saying why.
    pub(super) fn find(profile: Option<&str>) -> Result<Project, ExitStatus> {
        let here = std::env::current_dir().unwrap_or_default();
        let Some(path) = here.ancestors().map(|folder| folder.join(FILE)).find(|path| path.is_file()) else {
            let Some(profile) = profile else { return Ok(Project::default()) };
            complain(
                format!("there is no profile `{profile}`"),
                Some("profiles are in `rinject.toml`, which is not here"),
            );
            return Err(ExitStatus::Usage);
        };
        let shown = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
        let text = fs::read_to_string(&path).map_err(|error| {
            complain(format!("cannot read `{shown}`: {error}"), None);
            ExitStatus::NotSetUp
        })?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        Project::parse(Source::new(shown, text), folder, profile).map_err(|problems| {
            talk(format!("{}\n", problems.sorted().render(Style::Plain)));
            ExitStatus::Usage
        })
    }

    /// Reads the text of the file, which lies in `folder`.
    fn parse(source: Source, folder: &Path, profile: Option<&str>) -> Result<Project, Diagnostics> {
        let source = Arc::new(source);
        let mut reader = Reader { source: Arc::clone(&source), problems: Diagnostics::new() };
        let (tree, errors) = DeTable::parse_recoverable(&source.text);
        for error in &errors {
            let span = error.span().unwrap_or(0..0).into();
            reader.problem(Code::SYNTAX, span, error.message().to_owned(), "", None);
        }
        if reader.problems.has_errors() {
            return Err(reader.problems);
        }
        let mut project = Project::default();
        let mut profiles = Vec::new();
        for (key, value) in tree.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref().as_table()) {
                ("defaults", Some(table)) => project.settings = reader.settings(table),
                ("bin", Some(table)) => project.bins = reader.bins(table, folder),
                ("profile", Some(table)) => profiles.extend(table),
                ("defaults" | "bin" | "profile", None) => {
                    let message = format!("`{}` takes a table", key.get_ref());
                    reader.problem(Code::WRONG_TYPE, value.span().into(), message, "this is none", None);
                }
                (name, _) => {
                    let known = ["defaults", "bin", "profile"];
                    let help =
                        did_you_mean(name, known).unwrap_or_else(|| format!("its tables are {}", listed(known)));
                    reader.unknown(name, key.span().into(), help);
                }
            }
        }
        // All profiles are read, so that a slip in one is seen before somebody asks for it.
        let mut found = profile.is_none();
        for (key, value) in &profiles {
            let Some(table) = value.get_ref().as_table() else {
                let message = format!("`{}` is no profile", key.get_ref());
                let help =
                    Some(format!("settings of a profile stand in a table of its own: `[profile.{}]`", key.get_ref()));
                reader.problem(Code::WRONG_TYPE, value.span().into(), message, "a profile is a table", help);
                continue;
            };
            let settings = reader.settings(table);
            if Some(key.get_ref().as_ref()) == profile {
                found = true;
                project.settings.retain(|old| settings.iter().all(|new| new.flag != old.flag));
                project.settings.extend(settings);
            }
        }
        if let Some(profile) = profile.filter(|_| !found) {
            let known = profiles.iter().map(|(key, _)| key.get_ref().as_ref());
            let help = did_you_mean(profile, known.clone()).unwrap_or_else(|| match profiles.len() {
                0 => format!("write it there: `[profile.{profile}]`"),
                _ => format!("there are {}", listed(known)),
            });
            reader.problem(
                Code::BAD_CHOICE,
                Span::default(),
                format!("there is no profile `{profile}`"),
                "not here",
                Some(help),
            );
        }
        if reader.problems.has_errors() { Err(reader.problems) } else { Ok(project) }
    }

    /// Whether nothing comes of it.
    pub(super) fn says_nothing(&self) -> bool {
        self.settings.is_empty() && self.bins.is_empty()
    }

    /// The words of the command line with those of the file, where the user has said nothing of the same.
    pub(super) fn beside(&self, words: &[std::ffi::OsString], matches: &ArgMatches) -> Vec<std::ffi::OsString> {
        words::beside(&self.settings, words, matches)
    }
}

struct Reader {
    source: Arc<Source>,
    problems: Diagnostics,
}

impl Reader {
    fn problem(&mut self, code: Code, span: Span, message: String, label: &str, help: Option<String>) {
        let error = Diagnostic::error(&self.source, code, message).at(span, label).help(help);
        self.problems.push(error);
    }

    fn unknown(&mut self, name: &str, span: Span, help: String) {
        self.problem(Code::UNKNOWN_KEY, span, format!("unknown key `{name}`"), "means nothing here", Some(help));
    }

    fn settings(&mut self, table: &DeTable<'_>) -> Vec<Setting> {
        let known = words::flags();
        let mut settings = Vec::new();
        for (key, value) in table {
            let flag = key.get_ref().to_string();
            if !known.contains(&flag) {
                let names = known.iter().map(String::as_str);
                let help = did_you_mean(&flag, names)
                    .unwrap_or_else(|| "its keys are the long flags of `rinject run`".to_owned());
                self.unknown(&flag, key.span().into(), help);
                continue;
            }
            let one = |value: &DeValue<'_>| match value {
                DeValue::String(text) => Some(Some(text.to_string())),
                DeValue::Integer(number) => Some(Some(number.as_str().to_owned())),
                DeValue::Boolean(true) => Some(None),
                _ => None,
            };
            let span: Span = value.span().into();
            let values: Option<Vec<(Option<String>, Span)>> = match value.get_ref() {
                DeValue::Boolean(false) => Some(Vec::new()),
                DeValue::Array(list) => {
                    list.iter().map(|value| Some((one(value.get_ref())?, value.span().into()))).collect()
                }
                value => one(value).map(|value| vec![(value, span)]),
            };
            match values {
                Some(values) => {
                    for (value, span) in &values {
                        if let Some(complaint) = words::complaint(&flag, value.as_deref()) {
                            let label = format!("as `--{flag}` of the command line");
                            self.problem(Code::BAD_CHOICE, *span, complaint, &label, None);
                        }
                    }
                    settings.push(Setting { flag, values: values.into_iter().map(|(value, _)| value).collect() });
                }
                None => {
                    let message = format!(
                        "`{flag}` takes what stands behind `--{flag}`: a text, a number, true, false, or a list"
                    );
                    self.problem(Code::WRONG_TYPE, value.span().into(), message, "this is neither", None);
                }
            }
        }
        settings
    }

    fn bins(&mut self, table: &DeTable<'_>, folder: &Path) -> BTreeMap<String, String> {
        let mut bins = BTreeMap::new();
        for (key, value) in table {
            match value.get_ref().as_str() {
                Some(path) => {
                    let path: PathBuf = folder.join(path);
                    bins.insert(key.get_ref().to_string(), path.to_string_lossy().into_owned());
                }
                None => {
                    let message = format!("`{}` takes a path", key.get_ref());
                    self.problem(Code::WRONG_TYPE, value.span().into(), message, "this is none", None);
                }
            }
        }
        bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[bin]\nkv = \"build/kv\"\n[defaults]\njobs = 2\nquiet = true\n[profile.ci]\njobs = 1\n\
                        report = [\"junit=a.xml\", \"json=b\"]\nquiet = false\n";

    fn parse(text: &str, profile: Option<&str>) -> Result<Project, String> {
        let project = Project::parse(Source::new(FILE, text), Path::new("/project"), profile);
        project.map_err(|problems| problems.render(Style::Plain))
    }

    fn settings(profile: Option<&str>) -> Vec<String> {
        let shown = |setting: &Setting| format!("{}={:?}", setting.flag, setting.values);
        parse(TEXT, profile).unwrap().settings.iter().map(shown).collect()
    }

    #[test]
    fn a_profile_lies_above_the_defaults() {
        assert_eq!(settings(None), ["jobs=[Some(\"2\")]", "quiet=[None]"]);
        let ci = ["jobs=[Some(\"1\")]", "quiet=[]", "report=[Some(\"junit=a.xml\"), Some(\"json=b\")]"];
        assert_eq!(settings(Some("ci")), ci);
        assert_eq!(parse(TEXT, None).unwrap().bins["kv"], "/project/build/kv");
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let said = |text: &str, profile| parse(text, profile).unwrap_err();
        let text = said("[defaults]\njops = 2\n[profile.ci]\nretries = 1.5\n[default]\n", None);
        for part in
            ["did you mean `jobs`?", "--> rinject.toml:2:1", "--> rinject.toml:4:11", "did you mean `defaults`?"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text =
            said("[defaults]\njobs = \"many\"\nquiet = \"yes\"\nfilter = [\"a\", \"b\"]\nseeds = true\n", None);
        for part in
            ["rinject.toml:2:8", "invalid value 'many' for '--jobs <N>'", "rinject.toml:3:9", "rinject.toml:5:9"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.matches("error[").count(), 3, "{text}");
        assert!(said(TEXT, Some("cii")).contains("did you mean `ci`?"));
        assert!(said("", Some("ci")).contains("`[profile.ci]`"));
        assert!(said("[profile]\njobs = 2\n", Some("jobs")).contains("`[profile.jobs]`"));
        assert!(said("x", None).contains("--> rinject.toml:1:2"));
    }
}
