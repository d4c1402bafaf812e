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

/// P1 has a child P2, whose write kills `victim`; P1's end is told before P2's.
fn orphans_of_a_kill(victim: &str) -> Vec<String> {
    const CHILD: TaskId = TaskId(200);
    let rule = format!("inject = [{{ on = \"write\", kill = \"{victim}\" }}]\nexpect = {{ exit = \"any\" }}");
    let mut run = Run::new(&rule);
    run.resumes(ROOT);
    run.see(ROOT, Stop::Born(Newborn { child: CHILD, birth: Birth::Fork, process: CHILD, shares_memory: false }));
    run.see(CHILD, Stop::Started);
    run.enter(ROOT, "write", WRITE);
    run.tell(Observation::Ended { task: ROOT, ending: Ending::Killed(Signal::KILL) });
    run.engine.into_record().orphans.iter().map(ToString::to_string).collect()
}

#[test]
fn who_is_killed_with_the_tree_has_outlived_nobody() {
    assert_eq!(orphans_of_a_kill("tree"), Vec::<String>::new());
    assert_eq!(orphans_of_a_kill("process"), ["P2"]);
}
