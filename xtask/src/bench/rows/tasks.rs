//! What a call costs where there are many tasks.

use super::{Maker, Row, words};
use crate::bench::goal::Goal;
use crate::bench::way::{Way, What};

const SHARED: u64 = 200_000;

pub(super) fn rows(maker: &Maker<'_>) -> Result<Vec<Row>, String> {
    let tasks = maker.fixture("many-tasks");
    let crowd = |kind: &str, number: u64, schedule: &str| {
        maker.run(
            &format!("{kind}-{number}-{schedule}"),
            &tasks,
            &[kind, &number.to_string(), &SHARED.to_string()],
            &format!(
                "determinism = {{ schedule = \"{schedule}\" }}\ntrace = {{ syscalls = [\"access\", \"write\"] }}\n"
            ),
        )
    };
    let mut rows = Vec::new();
    for number in [1, 4, 16, 64] {
        rows.push(Row {
            work: format!("a recorded call of {number} threads, in turn"),
            what: What::Time,
            ways: vec![
                Way::new("free, pinned", crowd("threads", number, "free")?, SHARED).pinned(),
                Way::new("free", crowd("threads", number, "free")?, SHARED),
                Way::new("serial", crowd("threads", number, "serial")?, SHARED),
                Way::new("alone", words(&[&tasks, "threads", &number.to_string(), &SHARED.to_string()]), SHARED),
            ],
            goals: if number <= 16 { vec![Goal::AtMost("serial", 1.3, "free, pinned")] } else { Vec::new() },
            rounds: usize::MAX,
        });
    }
    let one = maker.run(
        "one-task",
        &maker.fixture("make-calls"),
        &["access", &SHARED.to_string()],
        "trace = { syscalls = [\"access\"] }",
    )?;
    rows.push(Row {
        work: "a recorded call of one in a thousand".to_owned(),
        what: What::Time,
        ways: vec![
            Way::new("one task", one, SHARED),
            Way::new("1,000 threads", crowd("threads", 1000, "serial")?, SHARED),
            Way::new("1,000 processes", crowd("processes", 1000, "serial")?, SHARED),
            Way::new("1,000 threads, free", crowd("threads", 1000, "free")?, SHARED),
            Way::new("1,000 processes, free", crowd("processes", 1000, "free")?, SHARED),
        ],
        goals: vec![Goal::AtMost("1,000 threads", 1.3, "one task"), Goal::AtMost("1,000 processes", 1.3, "one task")],
        rounds: usize::MAX,
    });
    rows.push(Row {
        work: "a recorded write beside many that sleep".to_owned(),
        what: What::Time,
        ways: vec![
            Way::new("none", crowd("beside", 0, "serial")?, SHARED),
            Way::new("1 thread", crowd("beside", 1, "serial")?, SHARED),
            Way::new("1,000 threads", crowd("beside", 1000, "serial")?, SHARED),
        ],
        goals: vec![Goal::AtMost("1,000 threads", 1.3, "1 thread")],
        rounds: usize::MAX,
    });
    Ok(rows)
}
