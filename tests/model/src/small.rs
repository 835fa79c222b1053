//! The model: the small world, every step that it can take, and where each leads.

use crate::checks::properties;
use crate::deciders::{Deciders, REAL};
use crate::events::{self, Hand};
use crate::functions::{Functions, point};
use crate::hosts::{self, Hosts};
use crate::look::{Clock, Evidence};
use crate::machine::{Kind, Machine};
use crate::noted::Noted;
use crate::people::{People, SILENT};
use crate::step::Step;
use crate::when::{circumstances, end_stalled};
use crate::world::{Change, Event, Execution, Health, Ledger, Member, Name, Request, Still, World};
use changeover_domain::gate;
use stateright::{Model, Property};

/// The error of a function that died or did not answer.
const DIED: &str = "Runtime.ExitError";
/// The error of a function that AWS never answers, and that is not tried any more.
const BUSY: &str = "Busy";
/// The error of a function whose call AWS refused for good.
const REFUSED: &str = "Aws";

/// The orders that people may give besides that to take back.
const ORDERS: [gate::Kind; 4] =
    [gate::Kind::Promote, gate::Kind::PromoteAll, gate::Kind::Pause, gate::Kind::Continue];

/// One small world's laws.
pub struct Small {
    /// Whether the service is a pair.
    pub is_pair: bool,
    /// Whether tasks have to be placed on instances, of which there are just enough for one side.
    pub is_crowded: bool,
    /// Whether others may come between what `dispatch` does one after the other, and `finish` at its end. It makes many
    /// worlds of one.
    pub is_gradual: bool,
    /// Whether clients are pinned to the side that they met.
    pub is_sticky: bool,
    /// How many things may go wrong in one story.
    pub trouble: u8,
    /// The functions.
    pub functions: Functions,
    /// The state machine.
    pub machine: Machine,
}

impl Small {
    /// A world in which image 2 has just been pushed.
    pub fn new(is_pair: bool, on_push: &'static str, trouble: u8) -> Self {
        Self::with(REAL, is_pair, on_push, trouble)
    }

    /// The same with other decisions.
    pub fn with(deciders: Deciders, is_pair: bool, on_push: &'static str, trouble: u8) -> Self {
        Self {
            is_pair,
            is_crowded: false,
            is_gradual: false,
            is_sticky: false,
            trouble,
            functions: Functions { deciders, on_push, people: SILENT },
            machine: Machine::load(),
        }
    }

    /// The same with instances that are full.
    #[must_use]
    pub fn crowded(self) -> Self {
        Self { is_crowded: true, ..self }
    }

    /// The same where `dispatch` and `finish` take their time.
    #[must_use]
    pub fn gradual(self) -> Self {
        Self { is_gradual: true, ..self }
    }

    /// The same where people have something to say.
    #[must_use]
    pub fn with_people(mut self, people: People) -> Self {
        self.functions.people = people;
        self
    }

    /// The same where clients are pinned to the side that they met.
    #[must_use]
    pub fn sticky(self) -> Self {
        Self { is_sticky: true, ..self }
    }

    fn of_executions(&self, world: &World, steps: &mut Vec<Step>) {
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

    fn of_others(&self, world: &World, steps: &mut Vec<Step>) {
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

    fn of_tasks(&self, world: &World, steps: &mut Vec<Step>) {
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

    /// The world after a tick of `reconcile`, once nothing runs any more that could do what it would.
    pub fn reconciled(&self, world: &World) -> World {
        let mut after = world.clone();
        if world.events.is_empty() && !world.executions.iter().any(|execution| execution.running) {
            events::reconcile(&mut after, &self.machine, &self.functions.deciders);
        }
        after
    }

    /// Lets a function decide, and then act if it is to; what it answers is lost if `is_lost`.
    fn run(&self, world: &mut World, number: usize, (clock, evidence): (Clock, Evidence), is_lost: bool) {
        let state = world.executions[number].state;
        let name = self.machine.name(state).to_owned();
        let baton = world.executions[number].baton;
        let mut came = if world.executions[number].pending.is_some() {
            self.functions.act(world, number)
        } else {
            if clock >= Clock::Past {
                end_stalled(world, number);
            }
            let waits_for_pins = name == "Drain" || name == "Rollback";
            if clock >= Clock::Later && world.sticks == Some(false) && waits_for_pins {
                // So long after clients were let go every pin has run out; a bake may be shorter.
                world.pins = [false, false];
            }
            self.functions.decide(world, number, &name, clock, evidence)
        };
        if is_lost && came == Ok(None) {
            came = self.functions.act(world, number);
        }
        // What it has begun at its end it goes on with, if nobody may come between.
        while !self.is_gradual && matches!(world.executions[number].pending, Some((Change::Follow, _))) {
            came = self.functions.act(world, number);
        }
        events::begin(world, &self.machine);
        if !world.executions[number].running {
            // Nobody waits for the answer any more.
            if came != Ok(None) {
                world.executions[number].pending = None;
            }
            return;
        }
        if is_lost {
            // The answer, were it an error, is lost as well, and with it the baton.
            world.executions[number].pending = None;
            world.executions[number].baton = baton;
            return;
        }
        match came {
            Ok(None) => {}
            Ok(Some(answer)) => {
                let is_pair = self.is_pair && has_plan(world, number);
                world.executions[number].caught = false;
                let next = self.machine.after(state, answer.word, answer.more_steps, is_pair);
                self.enter(world, number, next);
            }
            Err(error) => self.fail(world, number, error),
        }
    }

    fn fail(&self, world: &mut World, number: usize, error: &str) {
        let next = self.machine.caught(world.executions[number].state, error);
        world.executions[number].caught = true;
        self.enter(world, number, next);
    }

    fn enter(&self, world: &mut World, number: usize, state: usize) {
        let execution = &mut world.executions[number];
        execution.pending = None;
        execution.state = state;
        execution.running = self.machine.kind(state) == Kind::Task;
        let passed =
            point(self.machine.name(state)).and_then(|point| self.functions.passes(world, number, point));
        if let Some(answer) = passed {
            let is_pair = self.is_pair && has_plan(world, number);
            let next = self.machine.after(state, answer.word, answer.more_steps, is_pair);
            self.enter(world, number, next);
        }
    }
}

/// Whether the deployment that an execution carries has a plan, by which the state machine knows its strategy.
fn has_plan(world: &World, number: usize) -> bool {
    let baton = world.executions[number].baton;
    baton
        .and_then(|(deployment, _)| world.ledger.records.get(&deployment))
        .is_some_and(|one| one.plan.is_some())
}

impl Model for Small {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        let members = if self.is_pair {
            vec![Member::running(1), Member::running(0)]
        } else {
            vec![Member::running(1)]
        };
        let People { orders, do_else, .. } = self.functions.people;
        let still = Still {
            trouble: self.trouble,
            orders,
            push: do_else,
            double: do_else,
            take_back: do_else,
            hand: do_else,
        };
        vec![World {
            members,
            hosts: self.is_crowded.then(Hosts::full),
            weight: 0,
            sticks: self.is_sticky.then_some(true),
            pins: [self.is_sticky, false],
            registry: 2,
            events: vec![Event::Sent],
            registered: Vec::new(),
            ledger: Ledger::default(),
            executions: Vec::new(),
            still,
            noted: Noted::default(),
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        self.of_executions(world, steps);
        self.of_others(world, steps);
        self.of_tasks(world, steps);
    }

    fn next_state(&self, before: &World, step: Step) -> Option<World> {
        let mut world = before.clone();
        if step.is_trouble() {
            world.still.trouble -= 1;
        }
        match step {
            Step::Decide(number, clock, evidence) => self.run(&mut world, number, (clock, evidence), false),
            Step::Act(number) => self.run(&mut world, number, (Clock::Early, Evidence::Good), false),
            Step::Forget(number, clock, evidence) => self.run(&mut world, number, (clock, evidence), true),
            Step::Stumble(number) => world.executions[number].pending = None,
            Step::Exhaust(number, error) => self.fail(&mut world, number, error),
            // What its function is about to do, it does all the same.
            Step::Abort(number) => world.executions[number].running = false,
            Step::Stall(number) => {
                world.executions[number].running = false;
                world.executions[number].is_past_fence = true;
            }
            Step::Redrive(number) => world.executions[number].running = true,
            Step::Recover => {
                let (holder, fence) = events::dead(&world)?;
                events::start(
                    &mut world,
                    self.machine.start(),
                    Name::Recover { fence },
                    Request::Recover(holder),
                );
            }
            Step::Event(index) => {
                while events::dispatch(&mut world, &self.machine, index) && !self.is_gradual {}
            }
            Step::Lose(index) => {
                world.events.remove(index);
            }
            Step::Reconcile => world = self.reconciled(&world),
            Step::Push => {
                world.still.push = false;
                world.registry = 3;
                world.events.push(Event::Sent);
            }
            Step::Double => {
                world.still.double = false;
                events::start(&mut world, self.machine.start(), Name::Console, Request::Ask);
            }
            Step::TakeBack => {
                world.still.take_back = false;
                events::start(&mut world, self.machine.start(), Name::TakeBack, Request::TakeBack);
            }
            Step::Order(kind) => {
                world.still.orders -= 1;
                events::start(&mut world, self.machine.start(), Name::Order, Request::Order(kind));
            }
            Step::Meddle(hand) => {
                world.still.hand = false;
                events::meddle(&mut world, hand);
            }
            Step::Join => {
                hosts::join(&mut world);
            }
            Step::Ecs(index) => world.members[index] = events::ecs(&world.members[index])?,
            Step::Rise(index) => {
                events::turn(&mut world.members[index], Health::Starting, Health::Healthy);
            }
            Step::Heal(index) => {
                events::turn(&mut world.members[index], Health::Ill, Health::Healthy);
            }
            Step::Fall(index) => events::fall(&mut world.members[index]),
        }
        world.stick();
        // A step that leads nowhere else is none.
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties(self)
    }
}
