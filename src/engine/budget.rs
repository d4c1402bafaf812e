//! Resources that run out: how much of each is used, and what becomes of the call that wants more than is left.
//! It must not know where a budget comes from; what can be asked of the kernel is not counted here.

use foldhash::HashMap;

use super::fire::{Deed, Moment};
use super::inspect::{Descriptor, Inspect};
use super::stop::RawCall;
use super::task::InCall;
use super::{Engine, faithful, tamper};
use crate::abi::{Addr, Errno, Operation, Sysno};
use crate::faults;
use crate::plan::{Amount, Budget, Resource, Rule, Scope};
use crate::transcript::{CallResult, Event, EventKind, Need};

/// The rules' books, by a rule's position.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    /// Bytes written, of the run or of one process.
    written: HashMap<(usize, u32), u64>,
    /// What private memory a process had when it first asked for more.
    memory: HashMap<(usize, u32), u64>,
    /// The most that was ever used.
    most: HashMap<(usize, Resource), u64>,
    /// The most that a call has ever needed, with what was used before it.
    needed: HashMap<(usize, Resource), u64>,
}

/// What a call wants.
struct Demand {
    resource: Resource,
    amount: u64,
    /// Whether it can be given a part.
    divisible: bool,
}

impl Budgets {
    fn written(&self, rule: usize, of: u32) -> u64 {
        self.written.get(&(rule, of)).copied().unwrap_or(0)
    }

    /// The memory of a process is gone: it has ended or has a new image.
    pub(super) fn memory_gone(&mut self, process: u32) {
        self.memory.retain(|(_, other), _| *other != process);
    }

    fn note(&mut self, rule: usize, resource: Resource, used: u64) {
        let most = self.most.entry((rule, resource)).or_default();
        *most = used.max(*most);
    }

    /// What a call needs, which is noted.
    fn need(&mut self, (at, rule): (usize, &Rule), used: u64, demand: &Demand) -> Need {
        let needed = self.needed.entry((at, demand.resource)).or_default();
        let (before, with) = (used.max(*needed), used.saturating_add(demand.amount));
        *needed = with.max(*needed);
        let (resource, is_divisible) = (demand.resource.name(), demand.divisible);
        Need { rule: rule.name.clone(), resource, before, with, is_divisible }
    }

    /// The most of each resource that was used, for a rule that did not fire.
    pub(super) fn most(&self, rule: usize, budget: &Budget) -> String {
        let most = |resource| self.most.get(&(rule, resource)).copied().unwrap_or(0);
        let told = |resource: Resource| {
            format!("{} of {} ({})", most(resource), budget.of(resource).unwrap_or_default(), resource.name())
        };
        budget.resources().map(told).collect::<Vec<String>>().join(", ")
    }
}

impl Engine {
    /// What a rule with a budget does to a call that needs some of it: nothing but to count, while enough is left.
    /// Whether it decides the call. `taken` says that another rule has decided it.
    pub(super) fn draw(
        &mut self,
        (at, rule, budget): (usize, &Rule, &Budget),
        taken: bool,
        moment: Moment<'_>,
        event: &mut Event,
        inspect: &dyn Inspect,
        deeds: &mut Vec<Deed>,
    ) -> bool {
        let Moment::Entry(call, sysno) = moment else { return false };
        let Some(demand) = self.demand(rule, sysno, &call.raw, inspect) else { return false };
        let Some(all) = budget.of(demand.resource) else { return false };
        let used = self.used(at, rule, demand.resource, event.task.process, inspect);
        self.budgets.note(at, demand.resource, used);
        event.needs.push(self.budgets.need((at, rule), used, &demand));
        let left = all.saturating_sub(used);
        if demand.amount <= left {
            deeds.push(Deed::Charge(at));
            return false;
        }
        if taken {
            self.rules.overruled(at);
            deeds.push(Deed::Charge(at));
            return false;
        }
        let before = deeds.len();
        let prepared = if demand.divisible && left > 0 {
            let short = tamper::short(Amount::Bytes(left), sysno, &call.raw, inspect);
            short.map(|short| deeds.push(Deed::Tamper(short)))
        } else {
            let errno = failure(demand.resource);
            faithful::Request { at, event, rule, sysno, call, errno }.carried_out(self, inspect, deeds)
        };
        match prepared {
            Ok(()) => {
                event.fired.push(self.rules.fires(at));
                deeds.push(Deed::Charge(at));
                true
            }
            Err(reason) => {
                deeds.truncate(before);
                self.rules.prevented(at, reason);
                false
            }
        }
    }

    /// Counts what a call has used, now that its result is known.
    pub(super) fn charge(&mut self, call: &InCall, event: &Event, inspect: &dyn Inspect) {
        let (Some(sysno), EventKind::Call(shown)) = (call.sysno, &event.kind) else { return };
        let Some(CallResult::Value { raw, .. }) = shown.result else { return };
        let process = event.task.process;
        for &at in &call.charges {
            let rule = self.rules.rule(at);
            let resource = Resource::of_call(sysno.name());
            match resource {
                Some(Resource::Disk) => {
                    let bytes = if sysno.name() == "fallocate" { call.raw.args[3] } else { raw as u64 };
                    let of = if rule.scope == Scope::Process { process } else { 0 };
                    *self.budgets.written.entry((at, of)).or_default() += bytes;
                }
                Some(Resource::Memory | Resource::Fds | Resource::Processes) | None => {}
            }
            if let Some(resource) = resource {
                let used = self.used(at, &rule, resource, process, inspect);
                self.budgets.note(at, resource, used);
            }
        }
    }

    fn used(&mut self, at: usize, rule: &Rule, resource: Resource, process: u32, inspect: &dyn Inspect) -> u64 {
        let alone = rule.scope == Scope::Process;
        match resource {
            Resource::Disk => self.budgets.written(at, if alone { process } else { 0 }),
            Resource::Fds => inspect.open_descriptors().len() as u64,
            Resource::Memory => {
                let now = |process: &u32| self.processes.get(process).map(|process| inspect.data_memory(process.id));
                self.budgets.memory.entry((at, process)).or_insert_with(|| now(&process).unwrap_or_default());
                let meant = |(rule, other): &(usize, u32)| *rule == at && (!alone || *other == process);
                let memory = self.budgets.memory.iter().filter(|(key, _)| meant(key));
                memory.map(|((_, process), first)| now(process).unwrap_or_default().saturating_sub(*first)).sum()
            }
            Resource::Processes => self.tasks.len() as u64,
        }
    }

    fn demand(&self, rule: &Rule, sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Option<Demand> {
        let resource = Resource::of_call(sysno.name())?;
        let amount = match resource {
            Resource::Disk => self.bytes_to_write(rule, sysno, raw, inspect)?,
            Resource::Fds => descriptors(sysno, raw)?,
            Resource::Memory => growth(sysno, raw, inspect)?,
            Resource::Processes => 1,
        };
        let divisible = resource == Resource::Disk && sysno.name() != "fallocate";
        (amount > 0).then_some(Demand { resource, amount, divisible })
    }

    /// How many bytes a call is to write to a regular file that is on the disk, if it is to one. What the case
    /// itself keeps of the program's output is on another disk, unless the rule names it.
    fn bytes_to_write(&self, rule: &Rule, sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Option<u64> {
        /// Flags of fallocate(2) that take nothing more than the file's size.
        const FALLOC_FL_KEEP_SIZE: u64 = 1;
        let fd = raw.args[written_to(sysno)?] as i32;
        let is_file = inspect.open_file(fd)?.kind == Some(faults::Kind::File);
        let descriptor = inspect.descriptor(fd)?;
        let is_memory = matches!(&descriptor, Descriptor::Anon { kind, .. } if kind.starts_with("memfd:"));
        let is_output = rule.filter.path.is_none() && self.outputs.contains(&descriptor);
        if !is_file || is_memory || is_output {
            return None;
        }
        match sysno.name() {
            "fallocate" => (raw.args[1] & !FALLOC_FL_KEEP_SIZE == 0).then_some(raw.args[3]),
            _ => {
                let wanted = tamper::wanted(sysno, raw, inspect).ok()?;
                Some(source(sysno, raw, inspect).map_or(wanted, |rest| wanted.min(rest)))
            }
        }
    }
}

/// How many bytes are left in the file that a call copies from: such calls are asked for more than there is.
fn source(sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Option<u64> {
    let (fd, offset) = match sysno.name() {
        "copy_file_range" | "splice" => (raw.args[0], raw.args[1]),
        "sendfile" => (raw.args[1], raw.args[2]),
        _ => return None,
    };
    let mut bytes = [0; 8];
    let given = offset != 0 && inspect.read(Addr(offset), &mut bytes) == bytes.len();
    inspect.rest_of_file(fd as i32, given.then(|| u64::from_ne_bytes(bytes)))
}

/// The position of the descriptor that a call writes to.
fn written_to(sysno: Sysno) -> Option<usize> {
    let sides = Operation::parse("file.write")?.member(sysno).map_or(&["fd"][..], |member| member.sides);
    sysno.info().args?.iter().position(|arg| sides.contains(&arg.name))
}

/// How many descriptors a call makes.
fn descriptors(sysno: Sysno, raw: &RawCall) -> Option<u64> {
    const F_DUPFD: u64 = 0;
    const F_DUPFD_CLOEXEC: u64 = 1030;
    match sysno.name() {
        "fcntl" => matches!(raw.args[1], F_DUPFD | F_DUPFD_CLOEXEC).then_some(1),
        // With a descriptor of its own, signalfd(2) changes that one.
        "signalfd" | "signalfd4" => (raw.args[0] as i32 == -1).then_some(1),
        "pipe" | "pipe2" | "socketpair" => Some(2),
        _ => Some(1),
    }
}

/// By how many bytes a call makes private writable memory grow, as `may_expand_vm` in mm/mmap.c counts for
/// RLIMIT_DATA; mm/mprotect.c asks it as well where memory becomes writable.
fn growth(sysno: Sysno, raw: &RawCall, inspect: &dyn Inspect) -> Option<u64> {
    const PAGE: u64 = 4096;
    const PROT_WRITE: u64 = 2;
    const MAP_TYPE: u64 = 0xf;
    const MAP_PRIVATE: u64 = 2;
    const MAP_ANONYMOUS: u64 = 0x20;
    let pages = |bytes: u64| bytes.saturating_add(PAGE - 1) / PAGE * PAGE;
    match sysno.name() {
        "brk" => {
            let Addr(old) = inspect.program_break()?;
            pages(raw.args[0]).checked_sub(pages(old))
        }
        "mmap" => {
            let is_private = raw.args[3] & (MAP_TYPE | MAP_ANONYMOUS) == MAP_PRIVATE | MAP_ANONYMOUS;
            (is_private && raw.args[2] & PROT_WRITE != 0).then(|| pages(raw.args[1]))
        }
        "mremap" => pages(raw.args[2]).checked_sub(pages(raw.args[1])),
        "mprotect" | "pkey_mprotect" => {
            (raw.args[2] & PROT_WRITE != 0).then(|| inspect.private_unwritable(Addr(raw.args[0]), pages(raw.args[1])))
        }
        _ => None,
    }
}

/// How calls fail when nothing is left.
fn failure(resource: Resource) -> Errno {
    let name = match resource {
        Resource::Disk => "ENOSPC",
        Resource::Fds => "EMFILE",
        Resource::Memory => "ENOMEM",
        Resource::Processes => "EAGAIN",
    };
    Errno::parse(name).unwrap_or_else(|| unreachable!("`{name}` is an errno"))
}
