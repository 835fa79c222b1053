//! Free ports on loopback for tasks.

use crate::task::ADDRESS;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ephemeral ranges of Linux and macOS, so that no client's own port gets in the way between
/// choosing a port and listening on it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Where to look next. Ports are never part of what a seed repeats, so several rehearsals on one machine may
/// start at different places.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nothing listens on and no task holds.
pub(crate) fn free(held: &BTreeSet<u16>) -> Option<u16> {
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or(0);
    (0..COUNT).find_map(|_| {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start.wrapping_mul(31) % COUNT + step) % COUNT;
        (!held.contains(&port) && unused(port)).then_some(port)
    })
}

/// The one asked for if it can be had. Instances have one address between them here, so two of them with the
/// same static port cannot both have it; the second task gets another, and its binding says which.
pub(crate) fn fixed(wanted: u16, held: &BTreeSet<u16>) -> Option<u16> {
    if !held.contains(&wanted) && unused(wanted) { Some(wanted) } else { free(held) }
}

fn unused(port: u16) -> bool {
    TcpListener::bind((ADDRESS, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_port_is_not_given_again() {
        let first = free(&BTreeSet::new()).expect("a port");
        let held = BTreeSet::from([first]);
        assert_ne!(free(&held), Some(first));
        assert_ne!(fixed(first, &held), Some(first));
    }
}
