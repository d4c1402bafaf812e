//! Measures rinject beside a bare ptrace loop, strace and gdb, interleaved in one run: ratios, targets and verdicts.
//! Times are of one machine and drift; nothing asserts them.

mod goal;
mod rows;
mod way;

use std::fmt::Write;

use goal::Goal;
use way::{Took, Way, What};

use crate::page::Place;
use crate::profile;
use crate::project;

/// The same work done in several ways.
pub struct Row {
    work: String,
    what: What,
    ways: Vec<Way>,
    goals: Vec<Goal>,
    /// In so many rounds at most: work that takes long, or is the same each time.
    rounds: usize,
    /// So many times as many rounds as are asked for: work that is short, and whose ratio has to be known to a few per cent.
    times: usize,
}

impl Row {
    /// Work whose time counts.
    fn timed(work: impl Into<String>, ways: Vec<Way>, goals: Vec<Goal>) -> Row {
        Row { work: work.into(), what: What::Time, ways, goals, rounds: usize::MAX, times: 1 }
    }

    /// Work whose memory counts, which is the same each time.
    fn of_memory(work: impl Into<String>, ways: Vec<Way>, goals: Vec<Goal>) -> Row {
        Row { what: What::Memory, rounds: 1, ..Row::timed(work, ways, goals) }
    }

    /// In three times as many rounds.
    fn often(self) -> Row {
        Row { times: 3, ..self }
    }

    /// In so many rounds at most.
    fn in_rounds(self, rounds: usize) -> Row {
        Row { rounds, ..self }
    }
}

/// Where the tables stand.
const PLACE: Place = Place { page: "docs/speed.md", name: "speed", chore: "bench" };
/// Fewer rounds than these are not worth being written down.
const WORTH_TELLING: usize = 5;

/// What a row came to: an amount for each round of each way.
struct Measured<'a> {
    row: &'a Row,
    amounts: Vec<Vec<Took>>,
}

/// Measures the rows whose work contains one of `wanted` (all, without any), `rounds` times each, and prints the tables. Each
/// row is written to their page when it is measured; what the page says of others stays.
pub fn run(rounds: usize, wanted: &[String]) -> Result<(), String> {
    let bin = project::fixtures()?;
    // A quick look, which is not written down, need not wait for the specs to be run.
    let rinject = if rounds < WORTH_TELLING { project::static_rinject() } else { profile::static_rinject() }?;
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let all = rows::all(&bin, &rinject, folder.path())?;
    let works: Vec<&str> = all.iter().map(|row| row.work.as_str()).collect();
    if let Some(word) = wanted.iter().find(|word| !works.iter().any(|work| work.contains(word.as_str()))) {
        return Err(format!("no row is about `{word}`; the rows: {}", works.join(", ")));
    }
    let is_wanted = |row: &&Row| wanted.is_empty() || wanted.iter().any(|word| row.work.contains(word.as_str()));
    let mut targets = String::new();
    println!("{WAYS}");
    for row in all.iter().filter(is_wanted) {
        let measured = measure(row, (rounds.max(1) * row.times).min(row.rounds))?;
        let (ways, verdicts) = (measured.ways(), measured.verdicts());
        print!("{ways}");
        if rounds >= WORTH_TELLING {
            let before = PLACE.table()?;
            let (old_targets, old_ways) = before.split_once(BETWEEN).unwrap_or_default();
            let targets = replaced(old_targets, &works, &row.work, &verdicts);
            let ways = replaced(old_ways, &works, &row.work, &ways);
            PLACE.write(&format!("{TARGETS}\n{targets}\n{BETWEEN}\n\n{WAYS}\n{ways}"))?;
        }
        targets += &verdicts;
    }
    println!("\n{TARGETS}\n{targets}");
    Ok(())
}

/// The lines of a table about each of `works`, in that order, with `new` ones about one of them.
fn replaced(table: &str, works: &[&str], work: &str, new: &str) -> String {
    let old = |work: &str| {
        let begin = format!("| {work} | ");
        table.lines().filter(|line| line.starts_with(&begin)).map(|line| format!("{line}\n")).collect::<String>()
    };
    works.iter().map(|known| if *known == work { new.to_owned() } else { old(known) }).collect()
}

/// What stands between the two tables.
const BETWEEN: &str = "What was measured for that, each a median:";
const TARGETS: &str = "| work | target | measured | |\n|---|---|---|---|";
const WAYS: &str = "| work | way | each | of a processor | times the first |\n|---|---|---|---|---|";

/// Each way once in each round, one after the other, so that whatever else the machine does has its part in all of them.
fn measure(row: &Row, rounds: usize) -> Result<Measured<'_>, String> {
    let mut amounts = vec![Vec::new(); row.ways.len()];
    for _ in 0..rounds {
        for (way, amounts) in row.ways.iter().zip(&mut amounts) {
            amounts.push(way.measure(row.what)?);
        }
    }
    Ok(Measured { row, amounts })
}

impl Measured<'_> {
    /// Lines with what each way took.
    fn ways(&self) -> String {
        let mut text = String::new();
        let middle = |at: usize, of: fn(&Took) -> f64| median(self.amounts[at].iter().map(of).collect());
        for (at, way) in self.row.ways.iter().enumerate() {
            let times = self.alike(&[0, at]).into_iter().map(median).collect::<Vec<f64>>();
            let (work, times) = (&self.row.work, times[1] / times[0]);
            let each = match self.row.what {
                What::Time => self.show(middle(at, |took| took.time)),
                What::Memory => self.show(middle(at, |took| took.memory)),
            };
            let processor = match self.row.what {
                What::Time => self.show(middle(at, |took| took.processor)),
                What::Memory => String::new(),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {work} | {} | {each} | {processor} | {times:.2} |", way.name);
        }
        text
    }

    /// The amounts of some ways, round by round: where each of them has one processor to itself, what they took of that, which
    /// is the same whatever else the machine does.
    fn alike(&self, ways: &[usize]) -> Vec<Vec<f64>> {
        let is_single = ways.iter().all(|at| self.row.ways[*at].is_single());
        let amount = |took: &Took| match self.row.what {
            What::Memory => took.memory,
            What::Time if is_single => took.processor,
            What::Time => took.time,
        };
        ways.iter().map(|at| self.amounts[*at].iter().map(amount).collect()).collect()
    }

    /// Lines with what was to be, and whether it is.
    fn verdicts(&self) -> String {
        let mut text = String::new();
        let at = |name: &&str| {
            let at = self.row.ways.iter().position(|way| way.name == *name);
            at.unwrap_or_else(|| panic!("`{}` has no way `{name}`", self.row.work))
        };
        let of = |names: &[&str]| self.alike(&names.iter().map(at).collect::<Vec<usize>>());
        for goal in &self.row.goals {
            let verdict = goal.judge(&of, &|amount| self.show(amount));
            let (work, word) = (&self.row.work, verdict.word());
            // Writing to a String cannot fail.
            let _ = writeln!(text, "| {work} | {} | {} | {word} |", verdict.target, verdict.measured);
        }
        text
    }

    fn show(&self, amount: f64) -> String {
        match (self.row.what, amount.abs()) {
            (What::Memory, bytes) if bytes >= 1024.0 * 1024.0 => format!("{:.1} MiB", amount / 1024.0 / 1024.0),
            (What::Memory, _) => format!("{:.1} KiB", amount / 1024.0),
            (What::Time, seconds) if seconds >= 1.0 => format!("{amount:.2} s"),
            (What::Time, seconds) if seconds >= 1e-3 => format!("{:.2} ms", amount * 1e3),
            (What::Time, seconds) if seconds >= 1e-5 => format!("{:.1} µs", amount * 1e6),
            (What::Time, _) => format!("{:.0} ns", amount * 1e9),
        }
    }
}

/// The one in the middle.
fn median(mut amounts: Vec<f64>) -> f64 {
    amounts.sort_by(f64::total_cmp);
    amounts[amounts.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_row_takes_the_place_of_what_was_said_of_the_same_work() {
        let table = "| work | way |\n|---|---|\n| b | old |\n| b | older |\n| a | old |\n| gone | old |\n";
        let works = ["a", "b", "c"];
        assert_eq!(replaced(table, &works, "b", "| b | new |\n"), "| a | old |\n| b | new |\n");
        assert_eq!(
            replaced(table, &works, "c", "| c | new |\n"),
            "| a | old |\n| b | old |\n| b | older |\n| c | new |\n"
        );
        assert_eq!(replaced("", &works, "a", "| a | new |\n"), "| a | new |\n");
    }
}
