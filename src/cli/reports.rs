//! Where results go: the words `--format` and `--report KIND=FILE`, and the files that they name.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{Format, Global};
use super::exit_status::ExitStatus;
use super::terminal::{colour, complain};
use crate::diagnostic::{listed, nearest};
use crate::report::sweep::{self, SweepReport};
use crate::report::{Artifacts, CaseResult, Github, Html, Human, Job, Json, Junit, Report, Sarif, Share, Tap, Trace};

/// A kind of report that is a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Json,
    Junit,
    Sarif,
    Tap,
    Trace,
}

impl Kind {
    pub(super) const ALL: [Kind; 6] = [Kind::Html, Kind::Json, Kind::Junit, Kind::Sarif, Kind::Tap, Kind::Trace];

    fn name(self) -> &'static str {
        match self {
            Kind::Junit => "junit",
            Kind::Json => "json",
            Kind::Html => "html",
            Kind::Sarif => "sarif",
            Kind::Tap => "tap",
            Kind::Trace => "trace",
        }
    }

    fn of(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == word)
    }

    /// The file of the report: a page that is named as a folder is that folder's index.
    pub(super) fn file(self, path: &Path) -> PathBuf {
        let is_page = path.extension().is_some_and(|ending| ending == "html" || ending == "htm");
        let is_folder = self == Kind::Html && !is_page;
        if is_folder { path.join("index.html") } else { path.to_owned() }
    }

    /// Writes what sweeps came to.
    pub(super) fn write(self, path: &Path, report: &SweepReport) -> io::Result<()> {
        let mut out = BufWriter::new(create(&self.file(path))?);
        match self {
            Kind::Json => out.write_all(sweep::json(report)?.as_bytes())?,
            Kind::Junit => sweep::junit(report, &mut out)?,
            Kind::Sarif => sweep::sarif(report, &mut out)?,
            Kind::Html => sweep::page(report, &mut out)?,
            Kind::Tap | Kind::Trace => return Err(io::ErrorKind::Unsupported.into()),
        }
        out.flush()
    }

    /// The report, written to the file of that name.
    fn create(self, path: &Path, share: Option<Share>) -> io::Result<Box<dyn Report>> {
        let out = BufWriter::new(create(&self.file(path))?);
        Ok(match self {
            Kind::Junit => Box::new(Junit::new(out)),
            Kind::Json => Box::new(Json::new(out).of(share)),
            Kind::Html => Box::new(Html::new(out)?),
            Kind::Sarif => Box::new(Sarif::new(out)),
            Kind::Tap => Box::new(Tap::new(out)),
            Kind::Trace => Box::new(Trace::new(out)),
        })
    }
}

/// Reads the words behind `--report`; `kinds` are those that the command has.
pub(super) fn read(words: &[String], kinds: &[Kind]) -> Result<Vec<(Kind, PathBuf)>, ExitStatus> {
    let read = |word: &String| read_one(word, kinds).ok_or(ExitStatus::Usage);
    let wanted: Vec<(Kind, PathBuf)> = words.iter().map(read).collect::<Result<_, _>>()?;
    for (at, (_, path)) in wanted.iter().enumerate() {
        if wanted[..at].iter().any(|(_, other)| other == path) {
            complain(format!("two reports go to `{}`", path.display()), Some("give each a file of its own"));
            return Err(ExitStatus::Usage);
        }
    }
    Ok(wanted)
}

fn read_one(word: &str, kinds: &[Kind]) -> Option<(Kind, PathBuf)> {
    let names = || kinds.iter().map(|kind| kind.name());
    let known = || format!("write KIND=FILE; kinds are {}", listed(names()));
    let Some((name, path)) = word.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        let help = Kind::of(word.trim_end_matches('=')).map(|kind| format!("write {}=FILE", kind.name()));
        complain(format!("`--report {word}` names no file"), Some(&help.unwrap_or_else(known)));
        return None;
    };
    let kind = Kind::of(name).filter(|kind| kinds.contains(kind));
    if kind.is_none() {
        let help = nearest(name, names()).map(|near| format!("did you mean `{near}={path}`?"));
        complain(format!("`--report {word}`: there is no report `{name}`"), Some(&help.unwrap_or_else(known)));
    }
    Some((kind?, path.into()))
}

/// How results are told on standard output.
pub(super) fn told(format: Option<Format>, global: &Global, share: Option<Share>) -> Box<dyn Report> {
    let out = io::stdout();
    let usual = || if is_github() { Format::Github } else { Format::Human };
    match format.unwrap_or_else(usual) {
        Format::Human => Box::new(Human::new(out, colour(global), global.quiet)),
        Format::Json => Box::new(Json::new(out).of(share)),
        Format::Tap => Box::new(Tap::new(out)),
        Format::Github => Box::new(Github::new(out, colour(global), global.quiet, job())),
    }
}

/// Whether this is a job of GitHub Actions.
pub(super) fn is_github() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// What GitHub says of the job.
pub(super) fn job() -> Job {
    let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    Job { root: path("GITHUB_WORKSPACE"), summary: path("GITHUB_STEP_SUMMARY") }
}

/// The reports that are files.
pub(super) struct Files(Vec<ReportFile>);

struct ReportFile {
    path: PathBuf,
    report: Box<dyn Report>,
    /// It could not be written on, which was said.
    is_broken: bool,
}

impl Files {
    /// The reports that `words` ask for, of all cases or a share. One that cannot be written is told of before anything runs.
    pub(super) fn create(words: &[String], kinds: &[Kind], share: Option<Share>) -> Result<Files, ExitStatus> {
        let create = |(kind, path): (Kind, PathBuf)| match kind.create(&path, share) {
            Ok(report) => Ok(ReportFile { path, report, is_broken: false }),
            Err(error) => Err(unwritten(&path, &error)),
        };
        Ok(Files(read(words, kinds)?.into_iter().map(create).collect::<Result<_, _>>()?))
    }

    /// Those, and what cases leave below a folder.
    pub(super) fn and(mut self, artifacts: Option<&Path>) -> Result<Files, ExitStatus> {
        let Some(path) = artifacts else { return Ok(self) };
        let report = Artifacts::new(path).map_err(|error| unwritten(path, &error))?;
        self.0.push(ReportFile { path: path.to_owned(), report: Box::new(report), is_broken: false });
        Ok(self)
    }

    /// Tells all of them one result.
    pub(super) fn case(&mut self, result: &CaseResult) -> ExitStatus {
        self.each(|report| report.case(result))
    }

    /// Tells all of them that there are no more cases.
    pub(super) fn finish(&mut self, took: Duration) -> ExitStatus {
        self.each(|report| report.finish(took))
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Report) -> io::Result<()>) -> ExitStatus {
        let mut status = ExitStatus::Passed;
        for file in self.0.iter_mut().filter(|file| !file.is_broken) {
            if let Err(error) = tell(file.report.as_mut()) {
                file.is_broken = true;
                status = status.and(unwritten(&file.path, &error));
            }
        }
        status
    }
}

/// Refuses reports that would be written over files that are read.
pub(super) fn spare(words: &[String], read: &[PathBuf]) -> Result<(), ExitStatus> {
    let real = |path: &Path| path.canonicalize().ok();
    for path in words.iter().filter_map(|word| word.split_once('=')).map(|(_, path)| Path::new(path)) {
        if real(path).is_some_and(|path| read.iter().any(|other| real(other).as_ref() == Some(&path))) {
            complain(
                format!("`{}` is read, and would be written over", path.display()),
                Some("give the report a file of its own"),
            );
            return Err(ExitStatus::Usage);
        }
    }
    Ok(())
}

pub(super) fn unwritten(path: &Path, error: &io::Error) -> ExitStatus {
    complain(format!("cannot write the report `{}`: {error}", path.display()), None);
    ExitStatus::NotSetUp
}

/// The file, with the folders that lead to it.
pub(super) fn create(path: &Path) -> io::Result<File> {
    make_folder(path)?;
    File::create(path)
}

/// Makes the folders that lead to a file.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder),
        None => Ok(()),
    }
}
