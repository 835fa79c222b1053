//! The model: the small world, every step that it can take, and where each leads.

use crate::checks::properties;
use crate::deciders::{Deciders, REAL};
use crate::events;
use crate::functions::{Functions, point};
use crate::hosts::{self, Hosts};
use crate::look::{Clock, Evidence};
use crate::machine::{Kind, Machine};
use crate::noted::Noted;
use crate::people::{People, SILENT};
use crate::step::Step;
use crate::when::end_stalled;
use crate::world::{Change, Event, Health, Ledger, Member, Name, Request, Still, World};
use stateright::{Model, Property};

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
