//! How runs end that do not end by themselves.

use super::*;

#[test]
fn a_task_that_is_gone_ends_the_run_and_breaks_nothing() {
    let mut run = Run::new("trace = { syscalls = [\"%desc\"] }");
    run.script.rip = 0;
    run.script.memory.clear();
    run.enter(ROOT, "write", WRITE);
    run.resumes(ROOT);
    run.tell(Observation::Ended { task: ROOT, ending: Ending::Killed(Signal::KILL) });
    assert!(run.lines[0].contains("= ?"), "{:?}", run.lines);
    assert_eq!(run.engine.next(), Next::Finished);
    run.see(ROOT, Stop::Exit(0));
}

#[test]
fn more_tasks_than_the_limit_end_the_run() {
    let text = "spec = 1\n[target]\nprogram = \"kv\"\nlimits = { tasks = 1 }\n";
    let source = Arc::new(Source::new("x.toml", text));
    let spec = spec::parse(&source).unwrap();
    let plan = plan::lower(&spec, &Context::new(Arch::X86_64, "/case", "/specs")).unwrap();
    let mut engine = Engine::new(Arc::new(plan), ROOT);
    let child = TaskId(200);
    let stop = Stop::Born(Newborn { child, birth: Birth::Fork, process: child, shares_memory: false });
    let _ = engine.observe(Observation::Stop { task: ROOT, stop }, &Script::default());
    assert_eq!(engine.next(), Next::Abandon);
    assert_eq!(engine.into_record().abandoned, Some(Abandoned::Tasks(1)));
}
