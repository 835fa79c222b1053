//! What deployers meet: many pushes, events that come twice, late or never, and people who lend a hand.

mod hand;
mod human;
mod many;
mod redriven;
mod room;
mod show;
mod trace;
mod wishes;
