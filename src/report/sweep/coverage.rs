//! Which lines of source runs have reached, for people: how many of each file, and those that none has.
//! It must not know how lines are counted.

use super::swept::Swept;
use super::text::counted;
use crate::diagnostic::visible;
use crate::sweep::coverage::{Coverage, Range, Reach, SourceFile, ranges};

/// Functions that are named where no run enters them.
const MOST: usize = 8;

/// The lines; none where nobody asks.
pub(super) fn table(swept: &Swept) -> Vec<String> {
    let Some(coverage) = &swept.coverage else { return Vec::new() };
    let rows: Vec<[String; 4]> = rows(coverage);
    let heads = ["lines of source reached", "without a fault", "with a fault only", "by no run"].map(str::to_owned);
    let all: Vec<&[String; 4]> = std::iter::once(&heads).chain(&rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [name, without, with_fault, never] = [0, 1, 2, 3].map(width);
    let row = |row: &&[String; 4]| {
        format!("{:name$}  {:>without$}  {:>with_fault$}  {:>never$}", row[0], row[1], row[2], row[3])
    };
    let mut lines: Vec<String> = all.iter().map(row).collect();
    lines.push(String::new());
    for (title, places) in sections(coverage) {
        lines.push(format!("{title}:"));
        lines.extend(places.iter().map(|place| format!("  {place}")));
        lines.push(String::new());
    }
    lines.extend(uncounted(swept).map(|line| format!("{line}\n")));
    lines
}

/// A row for each file: its name, and how many lines are reached without a fault, with one only, and by no run.
pub(super) fn rows(coverage: &Coverage) -> Vec<[String; 4]> {
    let row = |(path, file): (&str, &SourceFile)| {
        let share = file.share();
        let [without, with_fault, never] =
            [share.without, share.with_fault, share.never].map(|count| count.to_string());
        [visible(path).into_owned(), without, with_fault, never]
    };
    coverage.files().map(row).collect()
}

/// The lines that no run has reached, of functions that one has entered; those that only runs with a fault have reached; and the
/// functions that no run has entered. Each with its title; what is empty is left out.
pub(super) fn sections(coverage: &Coverage) -> Vec<(&'static str, Vec<String>)> {
    let (mut missed, mut gained, mut closed) = (Vec::new(), Vec::new(), Vec::new());
    for (path, file) in coverage.files() {
        let (entered, others): (Vec<Range>, Vec<Range>) =
            ranges(file, Reach::Never).into_iter().partition(|range| range.is_entered);
        missed.extend(entered.iter().map(|range| place(path, range)));
        gained.extend(ranges(file, Reach::WithFault).iter().map(|range| place(path, range)));
        closed.extend(others.iter().map(|range| place(path, range)));
    }
    if closed.len() > MOST {
        let more = closed.len() - MOST;
        closed.truncate(MOST);
        closed.push(format!("and {more} more"));
    }
    let all = [
        ("reached by no run", missed),
        ("reached with a fault only", gained),
        ("functions that no run enters", closed),
    ];
    all.into_iter().filter(|(_, places)| !places.is_empty()).collect()
}

/// That some runs may have reached more than is known.
pub(super) fn uncounted(swept: &Swept) -> Option<String> {
    let runs = swept.head.uncounted;
    let have = if runs == 1 { "has" } else { "have" };
    (runs > 0).then(|| {
        format!(
            "{} {have} left no counters (killed, or ended by _exit): what they reached is not known",
            counted(runs, "run")
        )
    })
}

/// `file:line-line function`.
fn place(path: &str, range: &Range) -> String {
    let lines = if range.first == range.last { String::new() } else { format!("-{}", range.last) };
    let function = range.function.as_deref().map_or(String::new(), |name| format!(" {name}"));
    visible(&format!("{path}:{}{lines}{function}", range.first)).into_owned()
}
