//! Every order of events in a small world: two sides, one route, one ledger, executions that are doubled, die and lose
//! answers, tasks that fall ill, people who push and meddle. The functions' own decisions are made in it, and the
//! state machine that ships leads from one to the next.
//!
//! What is small: one task a side, one route, two steps, at most so many troubles in one story. What is not modelled:
//! what AWS itself gets wrong. What functions do besides deciding is written here a second time; that they do it so is
//! what the matrix tests.

pub mod checks;
pub mod deciders;
pub mod events;
pub mod functions;
pub mod hosts;
pub mod ledger;
pub mod look;
pub mod machine;
pub mod mutants;
pub mod noted;
mod offers;
pub mod people;
pub mod pins;
mod revision;
mod sample;
pub mod small;
pub mod step;
mod when;
pub mod world;
