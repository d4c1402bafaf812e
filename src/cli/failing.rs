//! What failing faithfully means, in words: of one call, and of the calls of a rule.
//! It must not know where the words are printed.

use std::fmt::Write;

use crate::abi::{Arch, Errno, Sysno};
use crate::faults::{self, Clause, Failure, Restart};
use crate::plan::Rule;

/// How many calls of a rule are told one by one.
const TOLD: usize = 8;

/// All that is known of how `call` fails, as a table.
pub(super) fn of_call(call: Sysno) -> String {
    let model = faults::model(call);
    let args: Vec<&str> = call.info().args.unwrap_or_default().iter().map(|arg| arg.name).collect();
    let mut text = format!("{call}({})\n\n", args.join(", "));
    if model.cannot_fail() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "cannot fail: {}", model.source);
        return text;
    }
    let rows = joined(model.failures().map(|failure| row(call, &failure)));
    let heads = ["ERRNO", "SOURCE", "ALL THE SAME", "ONLY"].map(str::to_owned);
    let width = |at: usize| rows.iter().chain([&heads]).map(|row| row[at].len()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for row in [&heads].into_iter().chain(&rows) {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", row[3]);
    }
    let timed = model.failures().any(|failure| failure.when.clauses().contains(&Clause::Timed));
    text += match model.restart {
        Restart::Never => "",
        Restart::Restarts if timed => {
            "\nA signal handler interrupts it while it waits; with SA_RESTART it goes on, but on a socket with a time \
             limit: signal(7)\n"
        }
        Restart::Restarts => {
            "\nA signal handler interrupts it while it waits; with SA_RESTART it goes on: signal(7)\n"
        }
        Restart::Interrupts => "\nA signal handler interrupts it while it waits, also with SA_RESTART: signal(7)\n",
    };
    text
}

/// What several pages say in the same way is one row.
fn joined(rows: impl Iterator<Item = [String; 4]>) -> Vec<[String; 4]> {
    let mut joined: Vec<[String; 4]> = Vec::new();
    for row in rows {
        let same = |known: &&mut [String; 4]| known[0] == row[0] && known[2..] == row[2..];
        match joined.iter_mut().find(same) {
            Some(known) if known[1].split(", ").any(|source| source == row[1]) => {}
            Some(known) => known[1] = format!("{}, {}", known[1], row[1]),
            None => joined.push(row),
        }
    }
    joined
}

fn row(call: Sysno, failure: &Failure) -> [String; 4] {
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    [
        failure.errno.to_string(),
        failure.source.to_owned(),
        or_dash(failure.effect.told()),
        or_dash(&failure.when.told(call)),
    ]
}

/// What it means for the calls of a rule to fail with `errno`.
pub(super) fn of_rule(rule: &Rule, errno: Errno) -> String {
    let arch = Arch::host().unwrap_or(Arch::X86_64);
    let calls: Vec<Sysno> = rule.trigger.pattern.calls().iter().filter(|call| call.number(arch).is_some()).collect();
    if rule.unfaithful {
        return "  real   whether a kernel could do this is not asked (`unfaithful = true`)\n".to_owned();
    }
    let can: Vec<Sysno> =
        calls.iter().copied().filter(|call| faults::model(*call).failure(errno).is_some()).collect();
    let mut text = String::new();
    if can.len() < calls.len() {
        let _ = writeln!(text, "  real   {} of {} calls can fail so", can.len(), calls.len());
    }
    if can.len() > TOLD {
        return text;
    }
    for call in can {
        for failure in faults::model(call).failures().filter(|failure| failure.errno == errno) {
            let mut parts = Vec::new();
            let only = failure.when.told(call);
            if !only.is_empty() {
                parts.push(format!("only {only}"));
            }
            let effect = failure.effect.told();
            parts.push(if effect.is_empty() { "nothing is done".to_owned() } else { effect.to_owned() });
            let _ = writeln!(text, "  real   {call}: {} [{}]", parts.join("; "), failure.source);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_fail_is_one_row() {
        for call in Sysno::all() {
            let text = of_call(call);
            let lines: Vec<&str> = text.lines().collect();
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
                assert!(!lines[..at].contains(line), "{text}");
            }
        }
        let rename = of_call(Sysno::parse("rename").expect("it is a call"));
        assert!(rename.contains("EIO           path_resolution(7), rename(2)"), "{rename}");
    }
}
