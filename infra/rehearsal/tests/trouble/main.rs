//! What deployers meet: many pushes, events that come twice, late or never, and people who lend a hand.

mod alarms;
mod hand;
mod human;
mod late;
mod many;
mod redriven;
mod room;
mod show;
mod timed_out;
mod trace;
mod wishes;
