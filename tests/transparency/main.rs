//! Real programs do the same under rinject as alone: what they print, how they end, what they leave behind.
//! It must not know any program: `programs/` has one script for each.
//!
//! Runs in a quick form; `RINJECT_TRANSPARENCY=full` (`cargo xtask transparency`) takes every program in every form.
//! `RINJECT_BLESS=1` rewrites the table in `docs/transparency.md`.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

#[path = "../common/mod.rs"]
mod common;
mod effects;
mod form;
mod program;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Failed, Trial};

use form::Form;
use program::{Program, Run};

fn main() {
    let arguments = Arguments::from_args();
    let is_full = std::env::var("RINJECT_TRANSPARENCY").is_ok_and(|form| form == "full");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = Program::all(&root.join("tests/transparency/programs"));
    let page = root.join("docs/transparency.md");
    let table = program::table(&programs);
    let mut trials = vec![Trial::test("the table in docs is true", move || is_in(&page, &table))];
    trials.extend(programs.into_iter().filter(|program| is_full || program.is_quick).map(|program| {
        let name = program.name.replace('-', " ");
        Trial::test(format!("{name} does the same"), move || compare(&program, is_full))
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if is_full && !arguments.list && COMPARED.load(Ordering::Relaxed) == 0 {
        println!("nothing was compared");
        std::process::exit(1);
    }
    conclusion.exit();
}

/// How many programs did the same.
static COMPARED: AtomicUsize = AtomicUsize::new(0);

/// Says why a program is not compared.
fn skip(program: &Program, why: &str) -> Result<(), Failed> {
    println!("skipped {}: {why}", program.name);
    Ok(())
}

/// Runs a program alone and in the forms, and compares what can be seen of it.
fn compare(program: &Program, is_full: bool) -> Result<(), Failed> {
    if let Some(missing) = program.missing() {
        return match common::is_required(missing) {
            true => Err(format!("`{missing}` is required and not installed").into()),
            false => skip(program, &format!("there is no `{missing}`")),
        };
    }
    let place = tempfile::tempdir()?;
    let alone = match program.run(Form::Alone, None, place.path())? {
        Run::Seen(seen) => seen,
        Run::Skipped(why) => return skip(program, &why),
    };
    let mut told = format!("{:24} alone {:6.2} s", program.name, alone.took.as_secs_f64());
    let again = program.is_repeatable().then_some(Form::Alone);
    for form in again.into_iter().chain(program.forms(is_full)) {
        let Run::Seen(seen) = program.run(form, Some(&alone), place.path())? else {
            return Err("it could be prepared once and not again".into());
        };
        alone.same_as(&seen, form.words())?;
        if form != Form::Alone {
            told += &format!(", {} {:.2}", form.words(), seen.took.as_secs_f64());
        }
    }
    COMPARED.fetch_add(1, Ordering::Relaxed);
    if is_full {
        println!("{told}");
    }
    Ok(())
}

const BEGIN: &str = "<!-- programs: written by RINJECT_BLESS=1 cargo test --test transparency -->\n";
const END: &str = "<!-- end -->\n";

/// Whether the table between the marks of a page is this one.
fn is_in(page: &Path, table: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the page has no mark where its table begins")?;
    let (shown, after) = rest.split_once(END).ok_or("the page has no mark where its table ends")?;
    if std::env::var_os("RINJECT_BLESS").is_some_and(|value| value == "1") {
        return Ok(std::fs::write(page, [before, BEGIN, table, END, after].concat())?);
    }
    if shown == table { Ok(()) } else { Err("docs/transparency.md: RINJECT_BLESS=1 rewrites the table".into()) }
}
