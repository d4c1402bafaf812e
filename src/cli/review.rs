//! `rinject review`, `accept`, `reject`, `pending`: snapshots that wait.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use console::{Key, Term};

use super::args::{Global, Paths};
use super::exit_status::ExitStatus;
use super::terminal::{colour, complain, print};
use crate::snapshot::{self, DiffStyle, Pending, SnapshotError, find_pending, render_diff};

pub(super) fn pending(words: &Paths, _global: &Global) -> ExitStatus {
    done(find(words).and_then(|all| {
        all.iter().try_for_each(|pending| print(format!("{}\n", pending.golden.display())))?;
        Ok(ExitStatus::Passed)
    }))
}

pub(super) fn accept(words: &Paths, _global: &Global) -> ExitStatus {
    done(each(words, "accepted", snapshot::accept))
}

pub(super) fn reject(words: &Paths, _global: &Global) -> ExitStatus {
    done(each(words, "rejected", snapshot::reject))
}

pub(super) fn review(words: &Paths, global: &Global) -> ExitStatus {
    done(find(words).and_then(|all| review_all(&all, global)))
}

fn done(result: Result<ExitStatus, ExitStatus>) -> ExitStatus {
    result.unwrap_or_else(|status| status)
}

fn find(words: &Paths) -> Result<Vec<Pending>, ExitStatus> {
    let here = [PathBuf::from(".")];
    let roots = if words.paths.is_empty() { &here[..] } else { &words.paths };
    if let Some(missing) = roots.iter().find(|root| !root.exists() && !snapshot::pending_path(root).exists()) {
        complain(format!("`{}` does not exist", missing.display()), None);
        return Err(ExitStatus::Usage);
    }
    let all = find_pending(roots).map_err(failed)?;
    if all.is_empty() {
        complain("no snapshot waits", None);
        return Err(ExitStatus::NothingSelected);
    }
    Ok(all)
}

fn failed(error: SnapshotError) -> ExitStatus {
    complain(error, None);
    ExitStatus::NotSetUp
}

fn each(
    words: &Paths,
    word: &str,
    act: impl Fn(&Pending) -> Result<(), SnapshotError>,
) -> Result<ExitStatus, ExitStatus> {
    for pending in &find(words)? {
        act(pending).map_err(failed)?;
        print(format!("{word} {}\n", pending.golden.display()))?;
    }
    Ok(ExitStatus::Passed)
}

fn review_all(all: &[Pending], global: &Global) -> Result<ExitStatus, ExitStatus> {
    let style = if colour(global) { DiffStyle::Colour } else { DiffStyle::Plain };
    for (number, pending) in all.iter().enumerate() {
        let old = pending.old.as_ref().map_or("", |old| old.body.as_str());
        print(format!("\n{} of {}: {}\n", number + 1, all.len(), pending.golden.display()))?;
        print(render_diff(old, &pending.new.body, style))?;
        match ask()? {
            Answer::Accept => snapshot::accept(pending).map_err(failed)?,
            Answer::Reject => snapshot::reject(pending).map_err(failed)?,
            Answer::Skip => {}
            Answer::Quit => break,
        }
    }
    Ok(ExitStatus::Passed)
}

#[derive(Clone, Copy)]
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

impl Answer {
    fn of(word: &str) -> Option<Answer> {
        match word {
            "a" | "accept" => Some(Answer::Accept),
            "r" | "reject" => Some(Answer::Reject),
            "s" | "skip" => Some(Answer::Skip),
            "q" | "quit" => Some(Answer::Quit),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Answer::Accept => "accepted",
            Answer::Reject => "rejected",
            Answer::Skip => "skipped",
            Answer::Quit => "quit",
        }
    }
}

/// Asks until the answer makes sense: one key on a terminal, else a line. The end of the input quits.
fn ask() -> Result<Answer, ExitStatus> {
    print("(a)ccept, (r)eject, (s)kip, (q)uit? ")?;
    // A prompt that cannot be shown is answered all the same.
    let _ = io::stdout().flush();
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let answer = if is_terminal { key() } else { line()? };
    print(format!("{}\n", answer.word()))?;
    Ok(answer)
}

/// The first key that means something.
fn key() -> Answer {
    let terminal = Term::stdout();
    loop {
        match terminal.read_key() {
            Ok(Key::Char(key)) => {
                if let Some(answer) = Answer::of(key.to_lowercase().to_string().as_str()) {
                    return answer;
                }
            }
            Ok(Key::Escape | Key::CtrlC) | Err(_) => return Answer::Quit,
            Ok(_) => {}
        }
    }
}

/// The first line that means something.
fn line() -> Result<Answer, ExitStatus> {
    loop {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
            return Ok(Answer::Quit);
        }
        if let Some(answer) = Answer::of(line.trim()) {
            return Ok(answer);
        }
        print("(a)ccept, (r)eject, (s)kip, (q)uit? ")?;
        let _ = io::stdout().flush();
    }
}
