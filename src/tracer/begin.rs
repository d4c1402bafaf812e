//! How a run begins: with a program that is started, or with a process that runs already.
//! It must not know what happens then.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use super::errors::SeizeError;
use super::run::{Seat, Tracer};
use super::task::{Running, Stopped};
use super::typing::Typist;
use super::watchdog::{Spared, Stopper, Watch, Watchdog};
use crate::abi::TaskId;
use crate::engine::Engine;
use crate::plan::Plan;
use crate::sys::{self, Bell, ChildPlan, ExecFailure, Keyboard, SpawnError};
use crate::transcript::{Record, Sink};

/// What is watched while the run goes on.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Files whose length `limits.output` bounds.
    pub files: Vec<File>,
    /// How many bytes have come out of pipes and terminals, bounded likewise.
    pub drained: Vec<Arc<AtomicU64>>,
    /// Where something is typed whenever everybody waits.
    pub keyboard: Option<Keyboard>,
    /// Ends the run from outside.
    pub stopper: Stopper,
}

/// A run that took place.
#[derive(Debug)]
pub struct Traced {
    /// What it came to.
    pub record: Record,
    /// Why the target could not be executed, if it could not.
    pub failure: Option<ExecFailure>,
}

/// Why no run took place.
#[derive(Debug)]
pub enum TraceError {
    /// No task could be made, or the kernel refused to let it be traced.
    Spawn(SpawnError),
    /// The watchdog could not be started.
    Watchdog(std::io::Error),
    /// A process that runs already could not be attached to.
    Attach(TaskId, SeizeError),
}

/// Runs `child` under `plan`, giving every event to `sink`. Every ptrace and wait call is made by the calling
/// thread, which is kept on one processor meanwhile if one task runs at a time.
pub fn trace(
    plan: &Arc<Plan>,
    child: &ChildPlan,
    mut outputs: Outputs,
    sink: &mut dyn Sink,
) -> Result<Traced, TraceError> {
    let typist = outputs.keyboard.take().map(Typist::start).transpose().map_err(TraceError::Watchdog)?;
    // It is not to be kept where the program may take all there is of a processor.
    let watchdog = Watchdog::start(watch(plan, outputs, None)).map_err(TraceError::Watchdog)?;
    let _pinned = (!plan.policy.is_free()).then(sys::pin_to_one_processor).flatten();
    run(plan, child, watchdog, typist, sink)
}

fn run(
    plan: &Arc<Plan>,
    child: &ChildPlan,
    watchdog: Watchdog,
    typist: Option<Typist>,
    sink: &mut dyn Sink,
) -> Result<Traced, TraceError> {
    let spawned = sys::spawn(child).map_err(TraceError::Spawn)?;
    watchdog.add(spawned.task);
    let engine = Engine::new(plan.clone(), spawned.task);
    let mut tracer = Tracer::new(engine, watchdog, sink);
    tracer.typist = typist;
    tracer.seat(spawned.task, Seat::stopped(Stopped::told(spawned.task)));
    let record = tracer.run();
    Ok(Traced { record, failure: spawned.failure() })
}

/// Traces a process that runs already under `plan`, giving every event to `sink`, until all that is awaited has
/// happened; then it goes on unharmed. A thread is made for it, with whose end the kernel lets go of what is left.
pub fn trace_running(
    plan: &Arc<Plan>,
    process: TaskId,
    outputs: Outputs,
    sink: &mut (dyn Sink + Send),
) -> Result<Traced, TraceError> {
    let span = tracing::Span::current();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| span.in_scope(|| run_attached(plan, process, outputs, sink)));
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run_attached(
    plan: &Arc<Plan>,
    process: TaskId,
    outputs: Outputs,
    sink: &mut dyn Sink,
) -> Result<Traced, TraceError> {
    let bell = Arc::new(Bell::hang().map_err(TraceError::Watchdog)?);
    let end = plan.target.attach.as_ref().and_then(|attach| attach.lasts).map(|lasts| Instant::now() + lasts);
    let spared = Spared { bell: bell.clone(), end };
    let watchdog = Watchdog::start(watch(plan, outputs, Some(spared))).map_err(TraceError::Watchdog)?;
    let seized = Running::seize_process(process).map_err(|error| TraceError::Attach(process, error));
    let record = seized.map(|tasks| {
        watchdog.add(process);
        let ids: Vec<TaskId> = tasks.iter().map(Running::id).collect();
        let engine = Engine::attached(plan.clone(), process, &ids, !ids.contains(&process));
        let mut tracer = Tracer::new(engine, watchdog, sink);
        // A first thread that has ended comes back under its number when another one executes.
        tracer.seat(process, Seat::running(Running::bare(process)));
        for running in tasks {
            tracer.seat(running.id(), Seat::running(running));
        }
        tracer.run()
    });
    bell.take_down();
    Ok(Traced { record: record?, failure: None })
}

fn watch(plan: &Plan, outputs: Outputs, spared: Option<Spared>) -> Watch {
    Watch {
        deadline: Instant::now() + plan.target.timeout,
        stopper: outputs.stopper,
        outputs: outputs.files,
        drained: outputs.drained,
        output_limit: plan.target.limits.most_output(),
        spared,
    }
}
