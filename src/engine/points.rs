//! What is planted where: breakpoints of rules and of the start of tracing, by address space, and debug registers.
//! It must not know what happens when a task gets there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::inspect::Inspect;
use super::location::Resolved;
use super::roster::Roster;
use super::sites::sites;
use super::stop::Edit;
use super::yields::Yields;
use crate::abi::Addr;
use crate::plan::{Access, Place, Plan, Point, PointKind, Start};

/// `int3`.
pub(super) const BREAKPOINT: u8 = 0xcc;

/// The number of an address space: processes share one between vfork and exec, threads always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SpaceId(u32);

/// The points of all rules, and where they are in each address space.
#[derive(Debug)]
pub(super) struct Points {
    rules: Vec<(usize, Arc<Point>)>,
    /// The place where tracing starts, until a task gets there.
    start: Option<Place>,
    /// Where tasks give their turns away.
    yields: Yields,
    spaces: Roster<SpaceId, Space>,
    born: u32,
    /// Raised when a rule is armed or disarmed.
    version: u64,
}

/// What an address is stopped at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// Tracing starts here.
    Start,
    /// A task gives its turn away, by the number of the place.
    Yield(usize),
    /// A rule's place.
    Rule(usize),
    /// The function that chooses the code of a rule's indirect function.
    Chooser(usize),
    /// Where that function returns to.
    Chosen(usize),
}

/// One address space.
#[derive(Clone, Debug, Default)]
struct Space {
    /// The bytes under planted breakpoints.
    planted: BTreeMap<Addr, u8>,
    /// Where one was planted before: with tasks that run at once one may be hit just before it is taken out.
    former: BTreeSet<Addr>,
    /// Addresses in use, and for what.
    uses: BTreeMap<Addr, BTreeSet<Use>>,
    /// What choosers have chosen.
    chosen: BTreeSet<(usize, Addr)>,
    /// What its tasks' debug registers are to hold.
    debug: [Option<DebugPoint>; 4],
    /// Tasks that step over a breakpoint, whose byte is therefore the program's own for now.
    lifted: Option<Addr>,
    /// How its points are shown.
    names: BTreeMap<(usize, Addr), Arc<str>>,
    /// Files were mapped since the places were looked up.
    is_stale: bool,
    version: u64,
}

/// What one debug register is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DebugPoint {
    pub(super) rule: usize,
    pub(super) addr: Addr,
    pub(super) kind: PointKind,
}

/// What could be found out of a rule's place.
pub(super) type Found = (usize, Result<(), String>);

impl Points {
    pub(super) fn new(plan: &Plan) -> Points {
        let points = plan.rules.iter().enumerate().filter_map(|(at, rule)| Some((at, rule.trigger.point.clone()?)));
        Points {
            start: match &plan.trace.start {
                Start::Place { place, .. } => Some(place.clone()),
                Start::Main { .. } | Start::Entry | Start::Exec | Start::Event(_) => None,
            },
            yields: Yields::new(&plan.yields),
            rules: points.map(|(at, point)| (at, Arc::new(point))).collect(),
            spaces: Roster::new(),
            born: 0,
            version: 0,
        }
    }

    /// Whether files that are mapped later may hold a place.
    pub(super) fn follow_mappings(&self) -> bool {
        !self.rules.is_empty() || self.start.is_some() || !self.yields.is_empty()
    }

    /// A new address space.
    pub(super) fn fresh(&mut self) -> SpaceId {
        self.copy(Space { is_stale: true, ..Space::default() })
    }

    /// A copy of an address space, as fork(2) makes it, with all that is planted there.
    pub(super) fn forked(&mut self, from: SpaceId) -> SpaceId {
        let copy = self.spaces.get(&from).cloned().unwrap_or_default();
        self.copy(copy)
    }

    fn copy(&mut self, space: Space) -> SpaceId {
        self.born += 1;
        let id = SpaceId(self.born);
        self.spaces.insert(id, space);
        id
    }

    /// Nobody lives there any more.
    pub(super) fn gone(&mut self, id: SpaceId) {
        self.spaces.remove(&id);
    }

    /// Rules were armed or disarmed.
    pub(super) fn rules_changed(&mut self) {
        self.version += 1;
    }

    /// Files were mapped, or tracing has started.
    pub(super) fn stale(&mut self, id: SpaceId) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.is_stale = true;
        }
    }

    /// Whether some rule has a place.
    pub(super) fn have_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Adds a use of an address.
    pub(super) fn add(&mut self, id: SpaceId, addr: Addr, what: Use) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.uses.entry(addr).or_default().insert(what);
        }
    }

    /// The place where tracing starts was reached: it is looked for no more.
    pub(super) fn started(&mut self) -> bool {
        self.version += 1;
        self.start.take().is_some()
    }

    /// A task has come to a place where it gives its turn away.
    pub(super) fn yielded(&mut self, number: usize) {
        self.yields.reached(number);
    }

    /// What is to be said of the places where nobody has given a turn away.
    pub(super) fn tell_yields(&self) -> Vec<String> {
        self.yields.tell()
    }

    /// Takes a use of an address back.
    pub(super) fn remove(&mut self, id: SpaceId, addr: Addr, what: Use) {
        let Some(space) = self.spaces.get_mut(&id) else { return };
        if let Some(uses) = space.uses.get_mut(&addr) {
            uses.remove(&what);
            if uses.is_empty() {
                space.uses.remove(&addr);
            }
        }
    }

    /// A chooser has told where the code of a rule's function is.
    pub(super) fn chose(&mut self, id: SpaceId, rule: usize, addr: Addr) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.chosen.insert((rule, addr));
            space.is_stale = true;
        }
    }

    /// Whether a breakpoint is planted at `addr`.
    pub(super) fn is_planted(&self, id: SpaceId, addr: Addr) -> bool {
        self.spaces.get(&id).is_some_and(|space| space.planted.contains_key(&addr))
    }

    /// Whether a breakpoint stood at `addr`, and the program's own instruction does now.
    pub(super) fn was_planted(&self, id: SpaceId, addr: Addr, inspect: &dyn Inspect) -> bool {
        let mut now = [0];
        self.spaces.get(&id).is_some_and(|space| space.former.contains(&addr))
            && inspect.read(addr, &mut now) == now.len()
            && now[0] != BREAKPOINT
    }

    /// How a rule's point at an address is shown; `name` finds it out where that is not known yet.
    pub(super) fn shown(
        &mut self,
        id: SpaceId,
        rule: usize,
        addr: Addr,
        name: impl FnOnce() -> Arc<str>,
    ) -> Arc<str> {
        match self.spaces.get_mut(&id) {
            Some(space) => space.names.entry((rule, addr)).or_insert_with(name).clone(),
            None => name(),
        }
    }

    /// What an address is used for.
    pub(super) fn uses(&self, id: SpaceId, addr: Addr) -> Vec<Use> {
        let uses = self.spaces.get(&id).and_then(|space| space.uses.get(&addr));
        uses.map(|uses| uses.iter().copied().collect()).unwrap_or_default()
    }

    /// Whether anything is planted in a space, or will be.
    pub(super) fn is_used(&self, id: SpaceId) -> bool {
        self.spaces.get(&id).is_some_and(|space| !space.planted.is_empty())
    }

    /// Takes everything out.
    pub(super) fn take_out(&mut self, id: SpaceId) -> Vec<Edit> {
        let Some(space) = self.spaces.remove(&id) else { return Vec::new() };
        space.planted.into_iter().map(|(addr, own)| write(addr, own)).collect()
    }

    /// Takes out everything that is planted in a space; nothing is looked up there any more.
    pub(super) fn clear(&mut self, id: SpaceId, inspect: &dyn Inspect) -> Vec<Edit> {
        let version = self.version;
        let Some(space) = self.spaces.get_mut(&id) else { return Vec::new() };
        (space.uses, space.chosen, space.debug, space.lifted) = Default::default();
        (space.is_stale, space.version) = (false, version);
        space.settle(inspect)
    }

    /// What debug registers are to hold.
    pub(super) fn debug(&self, id: SpaceId) -> [Option<DebugPoint>; 4] {
        self.spaces.get(&id).map(|space| space.debug).unwrap_or_default()
    }

    /// The program's own bytes in place of planted ones.
    pub(super) fn unmask(&self, id: SpaceId, addr: Addr, bytes: &mut [u8]) {
        let Some(space) = self.spaces.get(&id) else { return };
        for (at, byte) in space.planted.range(covered(addr, bytes)) {
            bytes[(at.0 - addr.0) as usize] = *byte;
        }
    }

    /// A change of memory that leaves planted breakpoints where they are.
    pub(super) fn guard(&mut self, id: SpaceId, addr: Addr, bytes: &mut [u8]) {
        let Some(space) = self.spaces.get_mut(&id) else { return };
        let lifted = space.lifted;
        for (at, byte) in space.planted.range_mut(covered(addr, bytes)) {
            let own = &mut bytes[(at.0 - addr.0) as usize];
            *byte = *own;
            if lifted != Some(*at) {
                *own = BREAKPOINT;
            }
        }
    }

    /// Gives the program its own byte back for one step.
    pub(super) fn lift(&mut self, id: SpaceId, addr: Addr) -> Option<Edit> {
        let space = self.spaces.get_mut(&id)?;
        let own = *space.planted.get(&addr)?;
        space.lifted = Some(addr);
        Some(write(addr, own))
    }

    /// Plants the breakpoint again that was lifted.
    pub(super) fn lower(&mut self, id: SpaceId, addr: Addr) -> Option<Edit> {
        let space = self.spaces.get_mut(&id)?;
        space.lifted = None;
        space.planted.contains_key(&addr).then(|| write(addr, BREAKPOINT))
    }

    /// Whether [`Points::plant`] has anything to do.
    pub(super) fn is_due(&self, id: SpaceId) -> bool {
        self.spaces.get(&id).is_some_and(|space| space.is_stale || space.version != self.version)
    }

    /// Looks up the places of all rules that are armed, and plants and takes out what has changed; `tracing` says
    /// that events exist in that space already. Also what could be found out of each place.
    pub(super) fn plant(
        &mut self,
        id: SpaceId,
        tracing: bool,
        is_armed: impl Fn(usize) -> bool,
        inspect: &dyn Inspect,
    ) -> (Vec<Edit>, Vec<Found>) {
        let Some(space) = self.spaces.get_mut(&id) else { return Default::default() };
        space.is_stale = false;
        space.names.clear();
        space.version = self.version;
        let mut found = Vec::new();
        let mut debug = Vec::new();
        if let Some(Resolved::At(sites)) = self.start.as_ref().map(|place| inspect.resolve(place)) {
            for site in sites {
                space.uses.entry(site.addr).or_default().insert(Use::Start);
            }
        }
        for uses in space.uses.values_mut() {
            uses.retain(|what| !matches!(what, Use::Rule(_) | Use::Chooser(_) | Use::Yield(_)));
        }
        for (number, addr) in self.yields.find(inspect) {
            space.uses.entry(addr).or_default().insert(Use::Yield(number));
        }
        for (rule, point) in &self.rules {
            match sites(point, inspect) {
                Err(reason) => found.push((*rule, Err(reason))),
                Ok(sites) => {
                    found.push((*rule, Ok(())));
                    let chosen = space.chosen.iter().filter(|(chooser, _)| chooser == rule);
                    let chosen: Vec<Addr> = chosen.map(|(_, addr)| *addr).collect();
                    let own = sites.iter().filter(|site| !site.1).map(|site| site.0);
                    for addr in own.chain(chosen).filter(|_| tracing && is_armed(*rule)) {
                        if point.is_hardware() {
                            debug.push(DebugPoint { rule: *rule, addr, kind: point.kind });
                        } else {
                            space.uses.entry(addr).or_default().insert(Use::Rule(*rule));
                        }
                    }
                    for (addr, _) in sites.iter().filter(|site| site.1) {
                        space.uses.entry(*addr).or_default().insert(Use::Chooser(*rule));
                    }
                }
            }
        }
        space.uses.retain(|_, uses| !uses.is_empty());
        // Where a breakpoint is planted anyway a debug register would only stop the task a second time.
        debug.retain(|point| {
            let is_code = matches!(point.kind, PointKind::Code { .. });
            let Some(uses) = space.uses.get_mut(&point.addr).filter(|_| is_code) else { return true };
            uses.insert(Use::Rule(point.rule));
            false
        });
        for extra in debug.drain(debug.len().min(4)..) {
            found.push((extra.rule, Err("all four debug registers of the task are taken".to_owned())));
        }
        space.debug = std::array::from_fn(|at| debug.get(at).copied());
        (space.settle(inspect), found)
    }
}

impl Space {
    /// Makes what is planted what is in use.
    fn settle(&mut self, inspect: &dyn Inspect) -> Vec<Edit> {
        let mut edits = Vec::new();
        let unused: Vec<Addr> = self.planted.keys().filter(|addr| !self.uses.contains_key(addr)).copied().collect();
        for addr in unused {
            let mut now = [0];
            let is_there = inspect.read(addr, &mut now) == 1;
            // Where another file was mapped over it there is nothing to take out.
            if let Some(own) = self.planted.remove(&addr)
                && is_there
                && (now[0] == BREAKPOINT || now[0] == own)
            {
                edits.push(write(addr, own));
                self.former.insert(addr);
            }
        }
        for addr in self.uses.keys().copied() {
            let mut own = [0];
            let is_planted = self.planted.contains_key(&addr);
            if inspect.read(addr, &mut own) < own.len() || is_planted && self.lifted == Some(addr) {
                continue;
            }
            // A file that was unmapped and mapped again has its own bytes again.
            if !is_planted || own[0] != BREAKPOINT {
                self.planted.insert(addr, own[0]);
                edits.push(write(addr, BREAKPOINT));
            }
        }
        edits
    }
}

/// The addresses of bytes that begin at `addr`, less those beyond the end of the address space.
fn covered(addr: Addr, bytes: &[u8]) -> std::ops::Range<Addr> {
    addr..Addr(addr.0.saturating_add(bytes.len() as u64))
}

fn write(addr: Addr, byte: u8) -> Edit {
    Edit::Write { addr, bytes: Box::new([byte]) }
}

/// The control register for debug registers with this content (Intel SDM volume 3, 17.2.4).
pub(super) fn debug_control(debug: &[Option<DebugPoint>; 4]) -> u64 {
    debug.iter().enumerate().fold(0, |control, (at, point)| {
        let Some(point) = point else { return control };
        let (access, len) = match point.kind {
            PointKind::Code { .. } => (0b00, 0b00),
            PointKind::Data { access, len } => {
                let access = if access == Access::Write { 0b01 } else { 0b11 };
                let len = match len {
                    1 => 0b00,
                    2 => 0b01,
                    4 => 0b11,
                    _ => 0b10,
                };
                (access, len)
            }
        };
        control | 1 << (at * 2) | (access | len << 2) << (16 + at * 4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_reach_to_the_end_of_the_address_space_at_most() {
        assert_eq!(covered(Addr(8), &[0; 2]), Addr(8)..Addr(10));
        assert_eq!(covered(Addr(u64::MAX), &[0; 2]), Addr(u64::MAX)..Addr(u64::MAX));
    }

    #[test]
    fn the_control_register_enables_what_is_there() {
        let point = |kind| Some(DebugPoint { rule: 0, addr: Addr(0x1000), kind });
        let write = PointKind::Data { access: Access::Write, len: 8 };
        assert_eq!(debug_control(&[None, None, None, None]), 0);
        assert_eq!(debug_control(&[point(PointKind::Code { hardware: true }), None, None, None]), 1);
        assert_eq!(debug_control(&[None, point(write), None, None]), 0b100 | 0b1001 << 20);
    }
}
