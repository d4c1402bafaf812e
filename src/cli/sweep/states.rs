//! What states came to, for people: a line for each call that changes files. It must not decide what is a finding.

use std::collections::BTreeMap;

use super::result::{Result, Results};
use super::told::{counted, shortened};

/// The lines; none where there are no states.
pub(super) fn table(results: &Results) -> Vec<String> {
    let mut by_point: BTreeMap<usize, Vec<&Result>> = BTreeMap::new();
    for result in results.results.iter().filter(|result| result.is_state()) {
        by_point.entry(result.cell.point).or_default().push(result);
    }
    if by_point.is_empty() {
        return Vec::new();
    }
    let calls = results.course.points.len() - results.course.fault_points();
    let states = by_point.values().map(Vec::len).sum::<usize>();
    let system = results.course.sweep.file_system.name();
    let head = format!(
        "{}: {} on files, {} that a loss of power can leave on {system}\n",
        results.id,
        counted(calls, "operation"),
        counted(states, "state")
    );
    let row = |(point, of_it): (&usize, &Vec<&Result>)| {
        let point = &results.course.points[*point];
        let broken = of_it.iter().filter(|result| result.verdict.is_finding()).count();
        let states = counted(of_it.len(), "state");
        let told = if broken > 0 { format!("{states}, {broken} broken") } else { states };
        [format!("{}#{}", point.called, point.nth), shortened(&point.place()), told]
    };
    let rows: Vec<[String; 3]> = by_point.iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, places) = (width(0), width(1));
    let mut lines = vec![head];
    lines.extend(rows.iter().map(|[name, place, told]| format!("{name:names$}  {place:places$}  {told}")));
    lines.push(String::new());
    lines
}
