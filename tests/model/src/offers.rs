//! Every step that a small world can take: what may come next in a story, and what may go wrong.

use crate::events::{self, Hand};
use crate::hosts;
use crate::look::{Clock, Evidence};
use crate::machine::Kind;
use crate::small::Small;
use crate::step::Step;
use crate::when::circumstances;
use crate::world::{Change, Execution, Health, Member, World};
use changeover_domain::gate;

/// The error of a function that died or did not answer.
const DIED: &str = "Runtime.ExitError";
/// The error of a function that AWS never answers, and that is not tried any more.
const BUSY: &str = "Busy";
/// The error of a function whose call AWS refused for good.
const REFUSED: &str = "Aws";

/// The orders that people may give besides that to take back.
const ORDERS: [gate::Kind; 4] =
    [gate::Kind::Promote, gate::Kind::PromoteAll, gate::Kind::Pause, gate::Kind::Continue];

impl Small {
    pub(crate) fn of_executions(&self, world: &World, steps: &mut Vec<Step>) {
        let trouble = world.still.trouble > 0;
        let has_a_say = self.functions.people.have_a_say();
        let late =
            world.executions.iter().enumerate().filter(|(_, one)| !one.running && one.pending.is_some());
        steps.extend(late.map(|(number, _)| Step::Act(number)));
        let stopped = world.executions.iter().enumerate().filter(|(_, one)| trouble && self.is_stopped(one));
        steps.extend(stopped.map(|(number, _)| Step::Redrive(number)));
        for (number, execution) in world.executions.iter().enumerate().filter(|(_, one)| one.running) {
            let state = self.machine.name(execution.state);
            let retried = trouble && self.machine.is_retried(execution.state, DIED);
            if execution.pending.is_some() {
                steps.push(Step::Act(number));
                if retried {
                    steps.push(Step::Stumble(number));
                    steps.push(Step::Forget(number, Clock::Early, Evidence::Good));
                }
            } else {
                for (clock, evidence) in circumstances(state, self.is_pair, self.is_crowded, has_a_say) {
                    steps.push(Step::Decide(number, clock, evidence));
                    if retried && clock != Clock::Late {
                        steps.push(Step::Forget(number, clock, evidence));
                    }
                }
            }
            if trouble {
                steps.push(Step::Exhaust(number, DIED));
                steps.push(Step::Exhaust(number, BUSY));
                // Elsewhere it leads where exhaustion leads.
                if state == "Rollback" {
                    steps.push(Step::Exhaust(number, REFUSED));
                }
                steps.push(Step::Abort(number));
                if self.may_stall(world, number) {
                    steps.push(Step::Stall(number));
                }
            }
        }
    }

    /// Whether what an execution's function is about to do is a call to AWS that may take long after the fence was seen.
    fn may_stall(&self, world: &World, number: usize) -> bool {
        let execution = &world.executions[number];
        let Some((change, _)) = &execution.pending else { return false };
        let is_call = !matches!(change, Change::Plan | Change::Register | Change::Release | Change::Follow);
        let holds = |(deployment, fence)| self.functions.holds(world, deployment, fence);
        is_call && execution.baton.is_some_and(holds)
    }

    /// Whether an execution was stopped before it came to an end, and nothing of it is still under way.
    fn is_stopped(&self, execution: &Execution) -> bool {
        !execution.running && execution.pending.is_none() && self.machine.kind(execution.state) == Kind::Task
    }

    pub(crate) fn of_others(&self, world: &World, steps: &mut Vec<Step>) {
        let still = &world.still;
        if events::dead(world).is_some() {
            steps.push(Step::Recover);
        }
        for index in 0..world.events.len() {
            steps.push(Step::Event(index));
            if still.trouble > 0 {
                steps.push(Step::Lose(index));
            }
        }
        if self.reconciled(world) != *world {
            steps.push(Step::Reconcile);
        }
        if world.executions.is_empty() {
            return;
        }
        if still.orders > 0 {
            steps.extend(ORDERS.map(Step::Order));
        }
        if still.trouble == 0 {
            return;
        }
        for (may, step) in
            [(still.push, Step::Push), (still.double, Step::Double), (still.take_back, Step::TakeBack)]
        {
            if may {
                steps.push(step);
            }
        }
        if still.hand && self.is_pair {
            steps.push(Step::Meddle(Hand::Weigh));
        }
        for index in (0..world.members.len()).filter(|_| still.hand) {
            steps.push(Step::Meddle(Hand::ScaleIn(index)));
            steps.push(Step::Meddle(Hand::Set(index)));
        }
    }

    pub(crate) fn of_tasks(&self, world: &World, steps: &mut Vec<Step>) {
        if world.hosts.as_ref().is_some_and(|hosts| hosts.joined < hosts.desired) {
            steps.push(Step::Join);
        }
        for (index, member) in world.members.iter().enumerate() {
            let has = |health| member.tasks.iter().any(|task| task.health == health);
            let grows = |next: &Member| next.tasks.len() > member.tasks.len();
            if events::ecs(member).is_some_and(|next| !grows(&next) || hosts::has_place(world)) {
                steps.push(Step::Ecs(index));
            }
            if has(Health::Starting) {
                steps.push(Step::Rise(index));
            }
            if has(Health::Ill) {
                steps.push(Step::Heal(index));
            }
            if world.still.trouble > 0 && (has(Health::Healthy) || has(Health::Starting)) {
                steps.push(Step::Fall(index));
            }
        }
    }
}
