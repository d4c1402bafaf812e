//! What faults in recoveries came to, for people: a line for each fault of which something was left. It must not decide what is
//! a finding.

use super::swept::{Run, Swept};
use super::text::{counted, shortened};

/// The lines; none where there are no such faults.
pub(super) fn table(swept: &Swept) -> Vec<String> {
    let mut by_first: Vec<(String, Vec<&Run>)> = Vec::new();
    for run in &swept.runs {
        let Some(after) = run.cell.after else { continue };
        let first = after.first().to_string();
        match by_first.iter_mut().find(|(known, _)| *known == first) {
            Some((_, runs)) => runs.push(run),
            None => by_first.push((first, vec![run])),
        }
    }
    if by_first.is_empty() {
        return Vec::new();
    }
    let faults = by_first.iter().map(|(_, runs)| runs.len()).sum::<usize>();
    let (spec, left) = (&swept.head.spec, by_first.len());
    let head =
        format!("{spec}: recovery of what {} left, with {} in it\n", counted(left, "run"), counted(faults, "fault"));
    let width = by_first.iter().map(|(first, _)| first.chars().count()).max().unwrap_or(0);
    let row = |(first, runs): &(String, Vec<&Run>)| {
        let bad = runs.iter().filter(|run| run.verdict.is_finding()).count();
        let bad = if bad > 0 { format!(", {}", counted_bad(bad)) } else { String::new() };
        format!("{:width$}  {}{bad}", shortened(first), counted(runs.len(), "fault"))
    };
    let mut lines = vec![head];
    lines.extend(by_first.iter().map(row));
    lines.push(String::new());
    lines
}

fn counted_bad(count: usize) -> String {
    if count == 1 { "1 shows a mistake".to_owned() } else { format!("{count} show a mistake") }
}
