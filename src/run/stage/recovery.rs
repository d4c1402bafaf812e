//! Checks that are traced themselves, in the folder that they recover.
//! It must not know what is done to them.

use std::sync::Arc;

use super::{Launched, Played, Stage, not_set_up, renamed, surroundings};
use crate::plan::{self, Input, Limits, Output, Plan, Start};
use crate::run::{End, Trouble, counters};
use crate::sandbox::Sandbox;
use crate::spec::Spec;
use crate::sweep::Checked;
use crate::transcript::Sink;
use crate::verdict::{CheckResult, failed_check};

impl Stage {
    /// Runs a check of a spec, by its position, as the program of a run, in the folder of `played`, before `sink`: with what
    /// `change` makes of the plan of `spec`, and where so much has been printed. What it came to is in `played` then.
    ///
    /// # Errors
    /// Why there was no run.
    pub fn play_check(
        &self,
        played: &mut Played,
        (spec, at): (&Spec, usize),
        printed: &[u8],
        change: impl FnOnce(&mut Plan),
        sink: &mut dyn Sink,
    ) -> Result<Vec<String>, Box<End>> {
        let case = &self.case;
        if self.options.stopper.is_stopped() {
            return Err(Trouble::Interrupted.into());
        }
        let tmp = played.sandbox.path().to_string_lossy().into_owned();
        let context =
            plan::Context { tmp, begun: surroundings::begun(played.sandbox.made()), ..self.context.clone() };
        let mut plan = plan::lower(spec, &context).map_err(Trouble::Invalid)?;
        if let Some(counters) = played.counters() {
            counters::lead_into(&mut plan, counters);
        }
        let Some(check) = plan.checks.get(at).cloned() else { return Ok(Vec::new()) };
        let found = Sandbox::printed(printed).map_err(|error| not_set_up(case, &error))?;
        let target = &mut plan.target;
        target.program = check.command.argv.first().cloned().unwrap_or_default();
        target.program_span = check.command.span;
        target.argv.clone_from(&check.command.argv);
        target.env.push(found.variable());
        (target.stdin, target.stdout, target.stderr) = (Input::Null, Output::File, Output::File);
        // Those of the spec are the program's.
        target.limits = Limits { output: target.limits.output, ..Limits::default() };
        target.timeout = check.command.timeout;
        (plan.trace.start, plan.trace.start_span) = (Start::Main { explicit: false }, None);
        plan.yields.clear();
        plan.names.insert(0, (found.path().to_string_lossy().into_owned(), "${RINJECT_STDOUT}".to_owned()));
        change(&mut plan);
        if plan.lets_go() {
            played.sandbox.not_again();
        }
        let plan = Arc::new(plan);
        let Launched { record, stdout, stderr, took, program } = self.launched(&plan, None, sink)?;
        let ending = record.ending.filter(|_| record.abandoned.is_none());
        let result = CheckResult { ending, stdout, stderr };
        let failed = failed_check(&plan, &check, &result);
        (played.stdout, played.stderr) = (renamed(&plan, result.stdout), renamed(&plan, result.stderr));
        (played.record, played.took, played.program) = (record, took, program);
        Ok(failed)
    }
}

impl Played {
    /// Runs the first checks of the spec, so many of them, where so much has been printed.
    ///
    /// # Errors
    /// One of them could not be run.
    pub fn first_checks(&self, stage: &Stage, count: usize, printed: &[u8]) -> Result<Vec<Checked>, Box<End>> {
        let mut all = Vec::new();
        for check in self.plan.checks.iter().take(count) {
            let ran = self.sandbox.check(check, &self.plan, printed);
            let ran = ran.map_err(|error| not_set_up(&stage.case, &error))?;
            let result = CheckResult { ending: ran.ending, stdout: ran.stdout, stderr: ran.stderr };
            all.push(Checked {
                name: check.name.clone(),
                is_always: check.always,
                failed: failed_check(&self.plan, check, &result),
                printed: renamed(&self.plan, [result.stdout, result.stderr].concat()),
            });
        }
        Ok(all)
    }

    /// The names of the checks of the spec.
    pub fn check_names(&self) -> Vec<String> {
        self.plan.checks.iter().map(|check| check.name.clone()).collect()
    }
}
