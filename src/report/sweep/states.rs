//! What states came to, for people: a line for each call that changes files. It must not decide what is a finding.

use std::collections::BTreeMap;

use super::swept::{Run, Swept};
use super::text::{counted, shortened};

/// The lines; none where there are no states.
pub(super) fn table(swept: &Swept) -> Vec<String> {
    let mut by_point: BTreeMap<usize, Vec<&Run>> = BTreeMap::new();
    for run in &swept.runs {
        if let Some(state) = &run.state {
            by_point.entry(state.at).or_default().push(run);
        }
    }
    if by_point.is_empty() {
        return Vec::new();
    }
    let calls = swept.head.operations;
    let states = by_point.values().map(Vec::len).sum::<usize>();
    let system = &swept.head.file_system;
    let head = format!(
        "{}: {} on files, {} that a loss of power can leave on {system}\n",
        swept.head.spec,
        counted(calls, "operation"),
        counted(states, "state")
    );
    let row = |of_it: &Vec<&Run>| {
        let point = swept.point(of_it[0]);
        let broken = of_it.iter().filter(|run| run.verdict.is_finding()).count();
        let states = counted(of_it.len(), "state");
        let told = if broken > 0 { format!("{states}, {broken} broken") } else { states };
        [format!("{}#{}", point.called, point.nth), shortened(&point.place()), told]
    };
    let rows: Vec<[String; 3]> = by_point.values().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, places) = (width(0), width(1));
    let mut lines = vec![head];
    lines.extend(rows.iter().map(|[name, place, told]| format!("{name:names$}  {place:places$}  {told}")));
    lines.push(String::new());
    lines
}
