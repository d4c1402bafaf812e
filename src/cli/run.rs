//! `rinject run`.

use std::time::{Duration, Instant};

use super::args::{Global, KeepWord, Run, UpdateWord};
use super::check::invalid;
use super::exit_status::ExitStatus;
use super::interrupt::{self, Second};
use super::live::Live;
use super::remembered::Found;
use super::reports::{self, Files, Kind};
use super::select::{Selected, binaries, select};
use super::terminal::{complain, talk, written};
use crate::cases::Case;
use crate::plan::Attached;
use crate::report::{CaseResult, Report, Status, shell_word};
use crate::run::{End, Keep, Options};
use crate::runner::{Ended, Pace, Progress, Way, run_all};
use crate::snapshot::Update;
use crate::sys;
use crate::tracer::Stopper;

pub(super) fn main(words: &Run, global: &Global) -> ExitStatus {
    run(words, global, None).unwrap_or_else(|status| status)
}

/// Runs the cases that the words select; with `attach`, on that process.
pub(super) fn run(words: &Run, global: &Global, attach: Option<Attached>) -> Result<ExitStatus, ExitStatus> {
    let options = Options { attach, ..options(words, global)? };
    let selected = select(&words.select)?;
    let files = Files::create(&words.report, &Kind::ALL, selected.share)?.and(words.artifacts.as_deref())?;
    let attaches = |case: &Case| {
        case.spec.as_ref().is_ok_and(|spec| spec.target.as_ref().is_some_and(|target| target.attach.is_some()))
    };
    let second = if attach.is_some() || selected.cases.iter().any(attaches) { Second::Waits } else { Second::Ends };
    interrupt::watch(&options.stopper, second);
    if attach.is_none() && sys::probe_fixed_addresses().is_err() {
        talk(
            "note: addresses differ from run to run: personality(ADDR_NO_RANDOMIZE) is refused, as by profiles of containers; \
             see `rinject doctor`\n",
        );
    }
    let mut session = Session::new(words, global, &options, files, &selected);
    let cases: Vec<Case> = (0..words.repeat).flat_map(|_| selected.cases.iter().cloned()).collect();
    let at_a_time = match words.jobs {
        Some(jobs) => jobs,
        // What there is of processors takes the kernel longer to tell than a case takes to begin.
        None if cases.len() == 1 => 1,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let pace = Pace { jobs: at_a_time, most_failures: most_failures(words) };
    let begun = Instant::now();
    let mut live = Live::new(cases.len(), global);
    let way = way(words);
    for round in 1_u64.. {
        live.again();
        run_all(&cases, &options, &way, pace, |progress| match progress {
            Progress::Began(case) => live.began(&case.id),
            Progress::Over(case) => live.over(&case.id),
            Progress::Ended(case, ended) => {
                let is_news = !words.until_fail || exit_status(&ended.end) != ExitStatus::Passed;
                if is_news {
                    live.aside(|| session.ended(case, *ended));
                }
            }
        });
        if !words.until_fail {
            break;
        }
        if session.status != ExitStatus::Passed || options.stopper.is_stopped() {
            live.aside(|| talk(format!("{} of {round} rounds passed\n", round - 1)));
            break;
        }
    }
    live.finish();
    session.finish(begun.elapsed())
}

/// After how many failures it is enough.
fn most_failures(words: &Run) -> Option<u32> {
    if words.fail_fast || words.until_fail { Some(1) } else { words.max_fail }
}

/// How each case is run.
fn way(words: &Run) -> Way {
    match (&words.seeds, words.verify_determinism) {
        (Some(seeds), _) => Way::Seeds(seeds.clone()),
        (None, Some(times)) => Way::Verify(times),
        (None, None) if words.retries > 0 => Way::Retries(words.retries),
        (None, None) => Way::Once,
    }
}

fn options(words: &Run, global: &Global) -> Result<Options, ExitStatus> {
    let is_ci = std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    let asked = match (words.update, words.update_all, words.check) {
        (_, true, _) => Some(Update::Always),
        (_, _, true) => Some(Update::No),
        (Some(UpdateWord::Auto), ..) => Some(Update::Auto),
        (Some(UpdateWord::New), ..) => Some(Update::New),
        (Some(UpdateWord::Always), ..) => Some(Update::Always),
        (Some(UpdateWord::No), ..) => Some(Update::No),
        (None, false, false) => None,
    };
    let by_insta = || match std::env::var("INSTA_UPDATE") {
        Err(_) => Ok(Update::Auto),
        Ok(word) => Update::from_insta(&word).ok_or_else(|| {
            complain(
                format!("INSTA_UPDATE is `{word}`, which means nothing here"),
                Some("it is auto, always, new, unseen or no"),
            );
            ExitStatus::Usage
        }),
    };
    let update = asked.map_or_else(by_insta, Ok)?;
    let keep = match words.keep_tmp {
        None => Keep::Never,
        Some(KeepWord::Failed) => Keep::Failed,
        Some(KeepWord::All) => Keep::Always,
    };
    let stopper = Stopper::default();
    Ok(Options {
        seed: words.select.seed,
        timeout_multiplier: words.timeout_multiplier,
        policy: None,
        update,
        is_ci,
        keep,
        bins: binaries(&words.select.bin)?,
        bins_of_project: global.project.bins.clone(),
        attach: None,
        counting: false,
        stopper,
    })
}

/// What has become of the cases so far.
struct Session {
    told: Box<dyn Report>,
    files: Files,
    status: ExitStatus,
    stopper: Stopper,
    /// The process that the command line names instead of programs.
    attached: Option<Attached>,
    /// After how many failures the runs are ended.
    max_fail: Option<u32>,
    failures: u32,
    /// The runs were ended because cases failed.
    cut_short: bool,
    found: Found,
    /// Words of the command line that say what a case is: they belong to the command that runs it again.
    asked: String,
}

impl Session {
    fn new(words: &Run, global: &Global, options: &Options, files: Files, selected: &Selected) -> Session {
        Session {
            told: reports::told(words.format, global, selected.share),
            files,
            status: selected.status,
            stopper: options.stopper.clone(),
            attached: options.attach,
            max_fail: most_failures(words),
            failures: 0,
            cut_short: false,
            found: Found::default(),
            asked: asked(words, global),
        }
    }

    fn ended(&mut self, case: &Case, ended: Ended) {
        let status = exit_status(&ended.end);
        let mut result = CaseResult::of(case, ended.end);
        result.took = ended.took;
        result.tried_before(ended.failed_before);
        if let Some(Attached { pid, lasts }) = self.attached {
            let word = |lasts| humantime::format_duration(lasts).to_string().replace(' ', "");
            let lasts = lasts.map_or(String::new(), |lasts| format!(" --for {}", word(lasts)));
            result.again = format!("rinject attach {pid} {}{lasts}", shell_word(&case.id));
        }
        result.again = result.again.replacen("rinject run", &format!("rinject run{}", self.asked), 1);
        if self.cut_short && result.status == Status::Interrupted {
            return;
        }
        self.status = self.status.and(status);
        if let Err(status) = written(self.told.case(&result)) {
            self.status = self.status.and(status);
        }
        self.status = self.status.and(self.files.case(&result));
        self.found.keep(&result.id, result.status);
        self.failures += u32::from(status != ExitStatus::Passed);
        if self.max_fail.is_some_and(|most| self.failures >= most) && !self.cut_short {
            self.cut_short = true;
            self.stopper.stop();
        }
    }

    fn finish(mut self, took: Duration) -> Result<ExitStatus, ExitStatus> {
        self.found.write();
        let files = self.files.finish(took);
        written(self.told.finish(took))?;
        Ok(self.status.and(files))
    }
}

/// The words that say what cases are and how long they may take, as a shell takes them, each after a space.
fn asked(words: &Run, global: &Global) -> String {
    let limits = Some(words.timeout_multiplier).filter(|times| *times != 1);
    let limits = limits.iter().map(|times| format!(" --timeout-multiplier {times}"));
    let words = &words.select;
    let profile = global.profile.iter().map(|name| format!(" --profile {}", shell_word(name)));
    let bins = words.bin.iter().map(|bin| format!(" --bin {}", shell_word(bin)));
    let seed = words.seed.iter().map(|seed| format!(" --seed {seed}"));
    profile.chain(bins).chain(seed).chain(limits).collect()
}

/// What a case's end adds to the exit status.
fn exit_status(end: &End) -> ExitStatus {
    match end {
        End::Judged(judged) if judged.outcome.verdict.is_failure() => ExitStatus::Failed,
        End::Judged(_) => ExitStatus::Passed,
        End::Invalid(problems) => invalid(problems),
        End::NotSetUp(_) => ExitStatus::NotSetUp,
        End::Unable(_) => ExitStatus::Unable,
        End::Interrupted => ExitStatus::Interrupted,
    }
}
