//! Single steps: past a breakpoint, and as far as a rule wants to see.
//! It must not know what fires where.

use super::Engine;
use super::inspect::Inspect;
use super::points::{BREAKPOINT, SpaceId};
use super::stop::{Decision, Edit, Stop};
use super::task::Walk;
use crate::abi::{Addr, Signal};
use crate::transcript::{EventKind, TaskName};

/// `si_code` of the SIGTRAP after a single step: TRAP_TRACE, or SIGTRAP itself where the step led into a handler
/// (`signal_setup_done` in the kernel notifies the tracer without a code of its own).
pub(super) const STEPS: [i32; 2] = [2, 5];
/// Prefixes of instructions that a step executes once and comes back to.
const REPEATS: [u8; 2] = [0xf2, 0xf3];
const PUSHF: u8 = 0x9c;
/// In the register of flags.
const TRAP_FLAG: u64 = 1 << 8;
/// `syscall`, `sysenter` and `int 0x80`.
const CALLS: [[u8; 2]; 3] = [[0x0f, 0x05], [0x0f, 0x34], [0xcd, 0x80]];

impl Engine {
    /// Lets a task execute the instruction under a breakpoint: the others of its address space stand still meanwhile.
    pub(super) fn step_over(
        &mut self,
        name: TaskName,
        space: SpaceId,
        addr: Addr,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        let Some(edit) = self.points.lift(space, addr) else { return };
        decision.edits.push(edit);
        if let Some(task) = self.tasks.get_mut(&name) {
            task.over = Some(addr);
        }
        self.stepping.insert(name);
        self.one_instruction(name, inspect);
    }

    /// Makes a task stop after its next instruction. A call among them is stopped at its entry and exit, so that
    /// it may sleep.
    pub(super) fn one_instruction(&mut self, name: TaskName, inspect: &dyn Inspect) {
        let mut code = [0; 2];
        if let (Some(space), Ok(registers)) = (self.space(name), inspect.registers()) {
            let addr = Addr(registers.rip);
            inspect.read(addr, &mut code);
            self.points.unmask(space, addr, &mut code);
        }
        let is_call = CALLS.contains(&code);
        if let Some(task) = self.tasks.get_mut(&name) {
            task.pushes_flags = match code {
                [PUSHF, _] => Some(8),
                [0x66, PUSHF] => Some(2),
                _ => None,
            };
        }
        self.go(name, |go| {
            go.step = !is_call;
            go.calls = is_call;
        });
    }

    /// A task that has been let past a breakpoint stops again: the breakpoint is planted again. Whether the stop was
    /// that of the step itself, and means nothing more.
    pub(super) fn past_point(
        &mut self,
        name: TaskName,
        stop: &Stop,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) -> bool {
        let Some(addr) = self.tasks.get_mut(&name).and_then(|task| task.over.take()) else { return false };
        self.stepping.remove(&name);
        let Some(space) = self.space(name) else { return false };
        let registers = inspect.registers();
        let stands_there = registers.is_ok_and(|registers| registers.rip == addr.0);
        let stepped = matches!(stop, Stop::Signal(info)
            if info.signal == Signal::TRAP && STEPS.contains(&info.code) && !self.awaits_handler(name));
        if stepped && stands_there && self.repeats(space, addr, inspect) {
            // One round of a string instruction, which is not over.
            if let Some(task) = self.tasks.get_mut(&name) {
                task.over = Some(addr);
            }
            self.stepping.insert(name);
            self.go(name, |go| go.step = true);
            self.at_watched_data(name, inspect, decision);
            return true;
        }
        decision.edits.extend(self.points.lower(space, addr));
        if stands_there
            && !stepped
            && let Some(task) = self.tasks.get_mut(&name)
        {
            // A signal came first: the instruction is still to be executed, and the hit has been told.
            task.told = registers.ok().map(|registers| (addr, registers.rsp));
        }
        if stepped {
            self.at_watched_data(name, inspect, decision);
            self.walk(name, inspect, decision);
        }
        stepped
    }

    /// The processor pushes the flags as they are while it is stepped. What the program gets to see is what it would
    /// see without: the trap flag only if it has set that itself.
    pub(super) fn hide_trap_flag(
        &mut self,
        name: TaskName,
        stop: &Stop,
        inspect: &dyn Inspect,
        decision: &mut Decision,
    ) {
        let Some(len) = self.tasks.get_mut(&name).and_then(|task| task.pushes_flags.take()) else { return };
        let stepped = matches!(stop, Stop::Signal(info) if info.signal == Signal::TRAP && STEPS.contains(&info.code));
        let Some(registers) = inspect.registers().ok().filter(|registers| registers.eflags & TRAP_FLAG == 0) else {
            return;
        };
        let mut flags = [0; 8];
        if stepped && inspect.read(Addr(registers.rsp), &mut flags[..len]) == len {
            let flags = u64::from_le_bytes(flags) & !TRAP_FLAG;
            decision.edits.push(Edit::Write { addr: Addr(registers.rsp), bytes: flags.to_le_bytes()[..len].into() });
        }
    }

    fn repeats(&self, space: SpaceId, addr: Addr, inspect: &dyn Inspect) -> bool {
        let mut code = [0];
        inspect.read(addr, &mut code);
        if code[0] == BREAKPOINT {
            self.points.unmask(space, addr, &mut code);
        }
        REPEATS.contains(&code[0])
    }

    /// A task that is stepped has executed an instruction: where it stands is recorded.
    pub(super) fn walk(&mut self, name: TaskName, inspect: &dyn Inspect, decision: &mut Decision) -> bool {
        let Some(mut walk) = self.tasks.get_mut(&name).and_then(|task| task.walk.take()) else { return false };
        let addr = inspect.registers().map_or(Addr(0), |registers| Addr(registers.rip));
        let place = inspect.locate(addr).map_or_else(|| "[anon]".into(), |location| location.to_string().into());
        let event = self.event(name, EventKind::Step { place });
        self.emit(event, decision);
        let is_over = match &mut walk {
            Walk::Count(left) => {
                *left -= 1;
                *left == 0
            }
            Walk::Until(ends) => ends.contains(&addr),
        };
        if !is_over {
            if let Some(task) = self.tasks.get_mut(&name) {
                task.walk = Some(walk);
            }
            self.one_instruction(name, inspect);
        }
        true
    }

    /// A task that is stepped goes on by steps, whatever has stopped it. In a call it is stopped at the exit anyway.
    pub(super) fn keep_walking(&mut self, name: TaskName, inspect: &dyn Inspect) {
        let Some(task) = self.tasks.get(&name) else { return };
        let go = &task.go;
        if task.walk.is_some() && !task.exiting && !(go.step || go.calls || go.listen || go.detach) {
            self.one_instruction(name, inspect);
        }
    }

    fn awaits_handler(&self, name: TaskName) -> bool {
        self.tasks.get(&name).is_some_and(|task| task.pending_signal.is_some())
    }
}
