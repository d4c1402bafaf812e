//! A spec for each finding: the rule that makes the fault, and what is expected of a program that is right. It fails until the
//! program is mended. It must not run anything.

use std::fs;
use std::path::Path;

use super::result::Results;
use crate::abi::Ending;
use crate::cli::exit_status::ExitStatus;
use crate::cli::terminal::{complain, talk};
use crate::cli::toml_text::{literal, string};
use crate::diagnostic::visible;
use crate::report::shell_word;
use crate::report::sweep::Run;
use crate::runner::sweep::Checks;
use crate::sweep::{After, Cell, Fault, Shape, Verdict, how_ended, is_processes};

/// Errors that a program is to get over, and not to give up for: another way, or another try, leads to the same result.
const GOT_OVER: [&str; 5] = ["EXDEV", "EOPNOTSUPP", "EINTR", "EAGAIN", "ENOSYS"];

/// Writes the specs into a folder, which is made.
pub(super) fn save(results: &Results, folder: &Path) -> Result<(), ExitStatus> {
    let written = || -> std::io::Result<usize> {
        fs::create_dir_all(folder)?;
        let findings = results.swept.findings();
        let mut count = 0;
        for finding in findings {
            let run = &results.swept.runs[finding.runs[0]];
            let name = file_name(results, run);
            let text = match run.cell.after {
                Some(after) => recovery(results, (run, after), folder, &name)?,
                None if run.is_state() => Some(state(results, run, folder, &name)?),
                None => Some(spec(results, run, folder)),
            };
            let Some(text) = text else {
                let why = "a spec would have its checks look at what the check has printed that meets the fault";
                talk(format!("note: {} is not written: {why}; `{}` makes it again\n", run.cell, run.again));
                continue;
            };
            fs::write(folder.join(name), text)?;
            count += 1;
        }
        Ok(count)
    };
    match written() {
        Ok(0) => Ok(()),
        Ok(count) => {
            talk(format!("wrote {count} specs to {}\n", folder.display()));
            Ok(())
        }
        Err(error) => {
            complain(format!("cannot write specs to `{}`: {error}", folder.display()), None);
            Err(ExitStatus::NotSetUp)
        }
    }
}

/// `silent-write-3-ENOSPC.toml`, with the name of the spec before it where there is one.
fn file_name(results: &Results, run: &Run) -> String {
    let cell = run.cell.to_string().replace(['#', ':', '@', '/'], "-").replace("..", "-on");
    let stem = Path::new(&results.swept.head.spec).file_stem().unwrap_or_default().to_string_lossy();
    let stem = if stem.starts_with('<') { String::new() } else { format!("{stem}-") };
    format!("{stem}{}-{cell}.toml", run.verdict)
}

/// Files beside a spec: a folder that `fill` fills, and what it says was printed. Their names.
fn beside(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&Path) -> std::io::Result<Vec<u8>>,
) -> std::io::Result<(String, String)> {
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let (files, printed) = (format!("{stem}.state"), format!("{stem}.stdout"));
    let place = folder.join(&files);
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    fs::write(folder.join(&printed), fill(&place)?)?;
    Ok((files, printed))
}

/// A spec that makes the fault in the check, on what the program left: a folder beside it. `None` where no spec can say that.
fn recovery(
    results: &Results,
    (run, after): (&Run, After),
    folder: &Path,
    name: &str,
) -> std::io::Result<Option<String>> {
    let course = &results.course;
    let named = |end: &str| format!("{}.{end}", name.strip_suffix(".toml").unwrap_or(name));
    let base = course.base();
    let Some(body) = base.text_of_recovery(folder, after.check - 1, &named("state"), &named("stdout")) else {
        return Ok(None);
    };
    beside(folder, name, |place| course.lay_out_left(after, place))?;
    let (evidence, place) = (&run.evidence, results.swept.point(run).place());
    let mut text = format!("# {}: {}, at {place}.\n", run.verdict, visible(&evidence.how));
    for said in evidence.after.iter().chain(&evidence.notes) {
        text += &format!("# {}\n", visible(said));
    }
    text += "# It has what the program had left, and not the program: what it runs is the check that met a fault. It fails until\n\
             # that is mended; till then `xfail = \"why\"` says that it is known.\n";
    if course.is_left_bound(after) {
        text += "# Files in the state name the folder that they were in, which is another one here.\n";
    }
    let exit = if is_killed(run) { "{ signal = \"SIGKILL\" }" } else { "\"any\"" };
    let crash = if run.verdict == Verdict::Crash { "never = [\"killed\"]\n" } else { "" };
    let rule = Cell { after: None, ..run.cell }.rule();
    text += &format!("{body}\n[expect]\nexit = {exit}\n{crash}\n[snapshot]\ntranscript = false\n\n{rule}");
    if run.verdict == Verdict::Leftover {
        evidence.leftovers.iter().for_each(|name| text += &check(&gone(name)));
    }
    Ok(Some(text))
}

/// A spec that runs the checks on what a loss of power left: a folder beside it.
fn state(results: &Results, run: &Run, folder: &Path, name: &str) -> std::io::Result<String> {
    let Some(power) = &results.course.power else { return Ok(String::new()) };
    let (files, printed) = beside(folder, name, |place| power.lay_out(&run.cell, place))?;
    let mut text = format!("# {}: {}.\n", run.verdict, run.evidence.how);
    for note in &run.evidence.notes {
        text += &format!("# {}\n", visible(note));
    }
    text += "# It has the state, and not the program that left it: it passes when what the checks run gets over the state. Where\n\
             # the program no longer leaves it, which `rinject sweep` shows, take the spec away.\n";
    if power.is_bound() {
        text += "# Files in the state name the folder that they were in, which is another one here.\n";
    }
    text += &results.course.base().text_of_state(folder, &files, &printed);
    text += "\n[expect]\nexit = 0\n\n[snapshot]\ntranscript = false\n";
    Ok(text)
}

fn spec(results: &Results, run: &Run, folder: &Path) -> String {
    let point = results.swept.point(run);
    let wanted = wanted(results, run);
    let mut text = format!("# {}: {}, at {}.\n", run.verdict, run.evidence.how, point.place());
    text += "# It fails until the program is mended; till then `xfail = \"why\"` says that it is known.\n";
    let is_endless = matches!(run.verdict, Verdict::Hang | Verdict::BusyRetry);
    // As long as the sweep had patience with it.
    let limit = is_endless.then(|| format!("{}s", results.course.patience.as_secs_f64().ceil()));
    text += &results.course.base().text_in(folder, wanted.own, limit.as_deref());
    text += &format!("\n[expect]\n{}\n[snapshot]\ntranscript = false\n\n{}", wanted.expect, run.cell.rule());
    let is_ended = run.cell.fault.kills() || matches!(run.cell.fault, Fault::Signal(_));
    if run.verdict == Verdict::Leftover && is_ended {
        let program = literal(&results.course.program.to_string_lossy());
        let words: Vec<String> =
            [program].into_iter().chain(results.course.base().args()).map(|word| string(&word)).collect();
        text += "\n[[check]]\nname = \"the next run\"\nexpect = { exit = \"any\" }\n";
        text += &format!("run = [{}]\n", words.join(", "));
    }
    wanted.checks.iter().for_each(|wanted| text += &check(wanted));
    text
}

/// A check with a name, and a command for a shell in the folder of the run.
fn check((name, command): &(String, String)) -> String {
    let (name, command) = (string(&literal(name)), string(&literal(command)));
    format!("\n[[check]]\nname = {name}\nrun = [\"sh\", \"-c\", {command}]\n")
}

/// That a name is not there, as such a check.
fn gone(name: &str) -> (String, String) {
    (format!("{name} is not left behind"), format!("test ! -e {}", shell_word(name)))
}

/// What is expected of a program that is right.
struct Wanted {
    /// Keys of `[expect]`.
    expect: String,
    /// Names and commands of checks, for a shell in the folder of the run.
    checks: Vec<(String, String)>,
    /// What the checks of the spec do.
    own: Checks,
}

fn wanted(results: &Results, run: &Run) -> Wanted {
    let holds = run.cell.fault.kills() || run.evidence.how == how_ended(&results.course.golden.facts);
    let any = || "exit = \"any\"\n".to_owned();
    let mut wanted = Wanted { expect: any(), checks: Vec::new(), own: Checks::No };
    match run.verdict {
        Verdict::Silent if is_got_over(run.cell.fault) => wanted = same_result(results, run),
        // Of several processes others may well end with 0.
        Verdict::Silent if results.course.has_company() => {
            wanted.expect = format!("exit = {{ any-of = [{}] }}\n", nonzero());
        }
        Verdict::Silent => wanted.expect += "never = [\"exit(code = 0)\"]\n",
        Verdict::NoMessage => wanted.expect += "stderr = { matches = \".\" }\n",
        Verdict::Crash => wanted.expect += "never = [\"killed\"]\n",
        Verdict::Hang | Verdict::BusyRetry => {}
        Verdict::Leftover => {
            let names = run.evidence.leftovers.iter().filter(|name| !is_processes(name));
            wanted.checks = names.map(|name| gone(name)).collect();
            if run.evidence.leftovers.len() > wanted.checks.len() {
                wanted.expect += "invariants = [\"no-orphans\"]\n";
            }
            // They may be what takes it away.
            wanted.own = if holds { Checks::Hold } else { Checks::Run };
        }
        Verdict::Broken => wanted.own = if holds { Checks::Hold } else { Checks::Run },
        Verdict::Masked | Verdict::Reported | Verdict::NotFired => {}
    }
    // Where another process was killed the first one may end in any way.
    if is_killed(run) {
        wanted.expect = wanted.expect.replace(&any(), "exit = { signal = \"SIGKILL\" }\n");
    }
    wanted
}

/// Whether the kill of a run was that of the process that it is about.
fn is_killed(run: &Run) -> bool {
    run.cell.fault.kills() && run.evidence.how.ends_with("was killed by SIGKILL")
}

/// Whether a program that is right comes to the same result all the same.
fn is_got_over(fault: Fault) -> bool {
    match fault {
        Fault::Short | Fault::Interrupt => true,
        Fault::Error(errno) => errno.name().is_some_and(|name| GOT_OVER.contains(&name)),
        _ => false,
    }
}

/// The result of a run without a fault.
fn same_result(results: &Results, run: &Run) -> Wanted {
    let golden = &results.course.golden;
    let mut expect = match golden.facts.ended {
        Some(Ending::Exited(code)) => format!("exit = {code}\n"),
        Some(Ending::Killed(signal)) => format!("exit = {{ signal = \"{signal}\" }}\n"),
        None => "exit = \"any\"\n".to_owned(),
    };
    if run.evidence.stdout.is_some()
        && let Ok(text) = std::str::from_utf8(&golden.facts.stdout)
    {
        expect += &format!("stdout = {{ equals = {} }}\n", string(&literal(text).replace("$${tmp}", "${tmp}")));
    }
    let mut checks = Vec::new();
    for (name, left) in &golden.facts.files {
        let Shape::File { content, .. } = &left.shape else { continue };
        if let Some(digest) = content.strip_prefix("sha256:").filter(|_| golden.is_compared(name)) {
            let command = format!("sha256sum < {} | grep -q ^{digest}", shell_word(name));
            checks.push((format!("{name} is whole"), command));
        }
    }
    // What is in a file is what they leave there.
    Wanted { expect, checks, own: Checks::Hold }
}

/// Each status that says that something is wrong, and is no signal of a shell.
fn nonzero() -> String {
    (1..=125).map(|code| code.to_string()).collect::<Vec<String>>().join(", ")
}
