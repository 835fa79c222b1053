//! The page: every service at one glance, live, with the orders as buttons. On loopback, for whoever started it.
//!
//! One look serves all tabs ([`watch`]); what is drawn is drawn on the server ([`draw`]), so that reading needs no
//! JavaScript; a small script puts newer drawings in place as they come. Who may come in is said at the [`door`].

mod door;
mod draw;
mod evidence;
mod numbers;
mod path;
mod server;
mod watch;

pub use server::serve;
