//! `rinject explain`: what a spec traces and injects, how a call fails, or a code at length.

use std::fmt::Write;

use super::args::{Explain, Global};
use super::check::invalid;
use super::exit_status::ExitStatus;
use super::failing;
use super::select::binaries;
use super::terminal::{complain, error_style, print, talk};
use crate::abi::{Arch, CallSet, Sysno};
use crate::cases::{self, Case, SpecFile};
use crate::diagnostic::Code;
use crate::plan::{Action, Amount, Attach, FilterMode, Phase, Plan, Rule, Side, Start, StepTo};
use crate::run::{self, Options};
use crate::spec::Ready;

pub(super) fn main(words: &Explain, global: &Global) -> ExitStatus {
    explain(words, global).unwrap_or_else(|status| status)
}

fn explain(words: &Explain, global: &Global) -> Result<ExitStatus, ExitStatus> {
    let is_code = words.what.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("rj"));
    if is_code && !std::path::Path::new(&words.what).exists() {
        let Some(code) = Code::parse(&words.what) else {
            complain(
                format!("there is no code `{}`", words.what),
                Some("codes are RJ and four digits, such as RJ0201"),
            );
            return Err(ExitStatus::Usage);
        };
        print(format!("{code}: {}\n\n{}\n", code.title(), code.explanation().trim_end()))?;
        return Ok(ExitStatus::Passed);
    }
    if let Some(call) = Sysno::parse(&words.what).filter(|call| !std::path::Path::new(call.name()).exists()) {
        print(failing::of_call(call))?;
        return Ok(ExitStatus::Passed);
    }
    if let Some(ready) = Ready::find(&words.what).filter(|ready| !std::path::Path::new(ready.name).exists()) {
        print(format!("{}\n\nuse = \"{}\" stands for\n\n{}\n", ready.about(), ready.name, ready.rule()))?;
        return Ok(ExitStatus::Passed);
    }
    let file = if words.what == "-" { SpecFile::Stdin } else { SpecFile::Path(words.what.clone().into()) };
    let case = cases::load(&file).map_err(|error| {
        complain(error, None);
        ExitStatus::NotSetUp
    })?;
    let bins_of_project = global.project.bins.clone();
    let options = Options { bins: binaries(&words.bin)?, bins_of_project, ..Options::default() };
    match run::resolve(&case, &options) {
        Ok(plan) => {
            let cells: Vec<String> = case.cells().iter().filter_map(cell).collect();
            print(described(&plan, &cells))?;
            Ok(ExitStatus::Passed)
        }
        Err(problems) => {
            talk(format!("{}\n", problems.render(error_style(global))));
            Err(invalid(&problems))
        }
    }
}

/// The cell of a case, if it has one.
fn cell(case: &Case) -> Option<String> {
    Some(case.cell.to_string()).filter(|cell| !cell.is_empty())
}

fn described(plan: &Plan, cells: &[String]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}\n", plan.name);
    match &plan.target.attach {
        Some(attach) => {
            let _ = writeln!(text, "attaches to process {}", attach.pid);
        }
        None => {
            let _ = writeln!(text, "runs     {}", plan.target.argv.join(" "));
        }
    }
    let _ = writeln!(text, "starts   {}", start(plan));
    if let Some(attach) = &plan.target.attach {
        let _ = writeln!(text, "ends     {}", end(attach, plan));
    }
    let _ = writeln!(text, "traces   {}", calls(&plan.trace.written));
    let _ = writeln!(text, "stops    {}", stops(plan));
    if let Some(first) = cells.first() {
        let _ = writeln!(text, "cases    {}; below is {first}", cells.join(" | "));
    }
    for rule in &plan.rules {
        let _ = writeln!(text, "\nrule {}\n  on     {}", rule.name, rule.trigger);
        let _ = writeln!(text, "  when   {}", rule.when);
        for action in &rule.actions {
            let _ = writeln!(text, "  does   {}", does(action));
            if let Action::Error(errno) = action {
                text += &failing::of_rule(rule, *errno);
            }
        }
        if let Some(budget) = &rule.budget {
            let _ = writeln!(text, "  does   calls fail beyond {budget}");
        }
        if let Some(clock) = &rule.clock {
            let _ = writeln!(text, "  does   the time of day changes: {clock}");
        }
        let _ = writeln!(text, "  costs  {}", cost(rule, plan));
    }
    text
}

fn start(plan: &Plan) -> String {
    match &plan.trace.start {
        Start::Main { .. } if plan.target.attach.is_some() => {
            "at once; after an execve at `main` of the new image, or its entry point where there is none".to_owned()
        }
        Start::Main { .. } => "at `main` of each image, or its entry point where there is none".to_owned(),
        Start::Entry => "at the entry point of each image".to_owned(),
        Start::Exec => "with the target's own execve".to_owned(),
        Start::Place { text, .. } => format!("when a task gets to `{text}`"),
        Start::Event(pattern) => format!("after `{pattern}`"),
    }
}

/// When a process that runs already is let go.
fn end(attach: &Attach, plan: &Plan) -> String {
    let limit = plan.target.timeout;
    match attach.lasts {
        Some(lasts) => format!("after {lasts:?}, or when the process ends"),
        None if plan.expect.exit_span.is_some() => format!("when the process ends, as a failure after {limit:?}"),
        None => format!(
            "when every rule has fired and every expectation is met, or when the process ends; as a failure after {limit:?}"
        ),
    }
}

fn calls(set: &CallSet) -> String {
    let names: Vec<&str> = set.iter().map(|call| call.name()).collect();
    match names.len() {
        0 => "no call; signals and the life cycle only".to_owned(),
        1..=24 => names.join(", "),
        many => format!("{many} calls: {}, ...", names[..24].join(", ")),
    }
}

fn stops(plan: &Plan) -> String {
    match plan.trace.filter {
        FilterMode::Ptrace if plan.target.attach.is_some() => {
            "every call, at entry and exit: no filter could be taken from the process again".to_owned()
        }
        FilterMode::Ptrace => "every call, at entry and exit (`filter = \"ptrace\"`)".to_owned(),
        FilterMode::Seccomp => {
            let arch = Arch::host().unwrap_or(Arch::X86_64);
            let here = plan.trace.calls.iter().filter(|call| call.number(arch).is_some()).count();
            format!(
                "{here} call{} by a seccomp filter; all others run at full speed while there is one task. \
                 With several, all stop that may wake somebody",
                if here == 1 { "" } else { "s" }
            )
        }
    }
}

fn does(action: &Action) -> String {
    let side = |side: &Side| if *side == Side::Enter { "before" } else { "after" };
    match action {
        Action::Error(errno) => format!("the call fails with {errno}"),
        Action::ErrorAfter(errno) => format!("the call is made, and then reports {errno}"),
        Action::Short(Amount::Bytes(bytes)) => format!("the call transfers {bytes} bytes at most"),
        Action::Short(Amount::Percent(percent)) => format!("the call transfers {percent}% of the bytes"),
        Action::Corrupt(corruption) => format!("data behind `{}` is changed", corruption.arg),
        Action::Args(edits) => {
            let names: Vec<&str> = edits.iter().map(|edit| &*edit.arg).collect();
            format!("the call is made with another {}", names.join(" and "))
        }
        Action::Substitute(call) => format!("`{call}` is called instead"),
        Action::Registers(edits) => {
            let names: Vec<&str> = edits.iter().map(|(register, _)| register.name()).collect();
            format!("{} changed", names.join(", "))
        }
        Action::Memory(edits) => format!("memory is changed in {} place(s)", edits.len()),
        Action::Capture(captures) => {
            let names: Vec<&str> = captures.iter().map(|capture| &*capture.name).collect();
            format!("{} put into the transcript", names.join(", "))
        }
        Action::Detach => "the task goes on untraced".to_owned(),
        Action::Jump(_) => "the task goes on elsewhere".to_owned(),
        Action::Return(value) => format!("the function is not run and returns {value}"),
        Action::Step(StepTo::Count(count)) => format!("{count} instructions are stepped and recorded"),
        Action::Step(StepTo::Place(_)) => "instructions are stepped and recorded up to a place".to_owned(),
        Action::Retval(value) => format!("the call is skipped and returns {value}"),
        Action::Signal { signal, at, .. } => format!("{signal} is sent {} the call", side(at)),
        Action::Suppress => "the signal is swallowed".to_owned(),
        Action::Replace(signal) => format!("the signal becomes {signal}"),
        Action::Delay { at, duration } => format!("the task waits {duration:?} {} the call", side(at)),
        Action::Kill { at, .. } => format!("SIGKILL {} the effect", side(at)),
    }
}

fn cost(rule: &Rule, plan: &Plan) -> &'static str {
    if plan.trace.is_constant(&rule.name) {
        return "nothing: the seccomp filter answers, and nobody counts how often";
    }
    let skips = rule.actions.iter().any(|action| matches!(action, Action::Error(_) | Action::Retval(_)));
    match rule.trigger.phase {
        Phase::Point => "a stop each time a task gets there, and one to get past",
        Phase::Signal | Phase::LifeCycle => "nothing more: these events stop in any case",
        Phase::Entry if skips && plan.trace.filter == FilterMode::Seccomp => {
            "one stop for a call that is injected, two for one that is not"
        }
        Phase::Entry | Phase::Exit => "two stops for each such call",
    }
}
