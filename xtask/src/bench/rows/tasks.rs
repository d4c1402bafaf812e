//! What a call costs where there are many tasks.

use super::{Maker, Row, words};
use crate::bench::goal::Goal;
use crate::bench::way::Way;

/// How many calls all tasks make together.
const SHARED: u64 = 200_000;

/// So many that what it takes to make a thousand processes is little beside them.
const MANY: u64 = 1_000_000;

pub(super) fn rows(maker: &Maker<'_>) -> Result<Vec<Row>, String> {
    let tasks = maker.fixture("many-tasks");
    let calls = |kind: &str, number: u64, schedule: &str, shared: u64| {
        maker.run(
            &format!("{kind}-{number}-{schedule}-{shared}"),
            &tasks,
            &[kind, &number.to_string(), &shared.to_string()],
            &format!(
                "determinism = {{ schedule = \"{schedule}\" }}\ntrace = {{ syscalls = [\"access\", \"write\"] }}\n"
            ),
        )
    };
    let crowd = |kind: &str, number: u64, schedule: &str| calls(kind, number, schedule, SHARED);
    let mut rows = Vec::new();
    for number in [1, 4, 16, 64] {
        rows.push(Row::timed(
            format!("a recorded call of {number} threads, in turn"),
            vec![
                Way::new("free, pinned", crowd("threads", number, "free")?, SHARED).pinned(),
                Way::new("free", crowd("threads", number, "free")?, SHARED),
                Way::new("serial", crowd("threads", number, "serial")?, SHARED).single(),
                Way::new("alone", words(&[&tasks, "threads", &number.to_string(), &SHARED.to_string()]), SHARED),
            ],
            if number <= 16 { vec![Goal::AtMost("serial", 1.3, "free, pinned")] } else { Vec::new() },
        ));
    }
    let one = maker.run(
        "one-task",
        &maker.fixture("make-calls"),
        &["access", &MANY.to_string()],
        "trace = { syscalls = [\"access\"] }",
    )?;
    rows.push(Row::timed(
        "a recorded call of one in a thousand",
        vec![
            Way::new("one task", one, MANY).single(),
            Way::new("1,000 threads", calls("threads", 1000, "serial", MANY)?, MANY).single(),
            Way::new("1,000 processes", calls("processes", 1000, "serial", MANY)?, MANY).single(),
            Way::new("1,000 threads, free", crowd("threads", 1000, "free")?, SHARED),
            Way::new("1,000 processes, free", crowd("processes", 1000, "free")?, SHARED),
        ],
        vec![Goal::AtMost("1,000 threads", 1.3, "one task"), Goal::AtMost("1,000 processes", 1.3, "one task")],
    ));
    rows.push(Row::timed(
        "a recorded write beside many that sleep",
        vec![
            Way::new("none", crowd("beside", 0, "serial")?, SHARED).single(),
            Way::new("1 thread", crowd("beside", 1, "serial")?, SHARED).single(),
            Way::new("1,000 threads", crowd("beside", 1000, "serial")?, SHARED).single(),
        ],
        vec![Goal::AtMost("1,000 threads", 1.3, "1 thread")],
    ));
    Ok(rows)
}
