//! Which lines of source runs have reached, for people: how many of each file, and those that none has.
//! It must not know how lines are counted.

use super::swept::Swept;
use super::text::counted;
use crate::diagnostic::visible;
use crate::sweep::coverage::{Coverage, Range, Reach, Share, SourceFile, ranges};

/// Places that are named in a terminal, and functions that no run enters.
const MOST: usize = 40;
const MOST_CLOSED: usize = 8;

/// The title of those.
const CLOSED: &str = "functions that no run enters";

/// The lines; none where nobody asks.
pub(super) fn table(swept: &Swept) -> Vec<String> {
    let Some(coverage) = &swept.coverage else { return Vec::new() };
    let mut rows: Vec<[String; 4]> = rows(coverage, true);
    rows.extend((rows.len() > 1).then(|| row("all", coverage.files().map(|(_, file)| file.share()).sum())));
    let heads = ["lines of source reached", "without a fault", "with a fault only", "by no run"].map(str::to_owned);
    let all: Vec<&[String; 4]> = std::iter::once(&heads).chain(&rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [name, without, with_fault, never] = [0, 1, 2, 3].map(width);
    let line = |row: &&[String; 4]| {
        format!("{:name$}  {:>without$}  {:>with_fault$}  {:>never$}", row[0], row[1], row[2], row[3])
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    lines.push(String::new());
    for (title, places) in sections(coverage) {
        let most = if title == CLOSED { MOST_CLOSED } else { MOST };
        lines.push(format!("{title}:"));
        lines.extend(places.iter().take(most).map(|place| format!("  {place}")));
        let more = places.len().saturating_sub(most);
        lines.extend((more > 0).then(|| format!("  and {more} more, which the JSON report and the page have")));
        lines.push(String::new());
    }
    lines.extend(uncounted(swept).map(|line| format!("{line}\n")));
    lines
}

/// A row for each file: its name, and how many lines are reached without a fault, with one only, and by no run. Files that no run
/// enters may be one row, where there are several.
pub(super) fn rows(coverage: &Coverage, is_short: bool) -> Vec<[String; 4]> {
    let is_closed = |file: &SourceFile| file.share().without + file.share().with_fault == 0;
    let closed = coverage.files().filter(|(_, file)| is_closed(file)).count();
    let folds = is_short && closed > 1;
    let shown = coverage.files().filter(|(_, file)| !(folds && is_closed(file)));
    let mut rows: Vec<[String; 4]> = shown.map(|(path, file)| row(&visible(path), file.share())).collect();
    if folds {
        let share =
            coverage.files().map(|(_, file)| file).filter(|file| is_closed(file)).map(SourceFile::share).sum();
        rows.push(row(&format!("{closed} files that no run enters"), share));
    }
    rows
}

fn row(name: &str, share: Share) -> [String; 4] {
    let [without, with_fault, never] = [share.without, share.with_fault, share.never].map(|count| count.to_string());
    [name.to_owned(), without, with_fault, never]
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
    let all = [("reached by no run", missed), ("reached with a fault only", gained), (CLOSED, closed)];
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

#[cfg(test)]
mod tests {
    use super::super::swept::Head;
    use super::*;
    use serde_json::json;

    /// What is told of files with these lines.
    fn told(files: &serde_json::Value) -> String {
        let coverage: Coverage = serde_json::from_value(json!({ "files": files })).unwrap();
        let swept = Swept::new(Head::default(), Vec::new(), Vec::new()).reaching(Some(coverage));
        table(&swept).iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    #[test]
    fn files_that_no_run_enters_are_one_row_and_their_functions_come_last() {
        let closed =
            |name: &str| json!({ "never": [[1, 3]], "functions": [{ "name": name, "first": 1, "last": 3 }] });
        let open = json!({ "without": [[1, 2]], "with_fault": [[4, 4]], "never": [[3, 3]],
                           "functions": [{ "name": "put", "first": 1, "last": 4 }] });
        assert_eq!(
            told(&json!({ "a.c": closed("a"), "b.c": closed("b"), "c.c": open })),
            "lines of source reached     without a fault  with a fault only  by no run\n\
             c.c                                       2                  1          1\n\
             2 files that no run enters                0                  0          6\n\
             all                                       2                  1          7\n\n\
             reached by no run:\n  c.c:3 put\n\n\
             reached with a fault only:\n  c.c:4 put\n\n\
             functions that no run enters:\n  a.c:1-3 a\n  b.c:1-3 b\n\n"
        );
    }

    #[test]
    fn of_many_places_the_first_are_told() {
        let (odd, even): (Vec<u32>, Vec<u32>) = (1..=100).partition(|line| line % 2 == 1);
        let lines = |all: &[u32]| all.iter().map(|line| [*line, *line]).collect::<Vec<_>>();
        let text = told(&json!({ "a.c": { "without": lines(&odd), "never": lines(&even) } }));
        assert!(text.ends_with("  a.c:80\n  and 10 more, which the JSON report and the page have\n\n"), "{text}");
    }
}
