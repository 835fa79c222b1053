//! Free ports on loopback for tasks.

use rehearsal_world::net;
use std::collections::BTreeSet;

/// Below the ephemeral ranges of Linux and macOS, so that no client's own port gets in the way between
/// choosing a port and listening on it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that nothing listens on and no task holds.
pub(crate) fn free(held: &BTreeSet<u16>) -> Option<u16> {
    (0..COUNT).find_map(|_| {
        let port = FIRST + net::turn() % COUNT;
        (!held.contains(&port) && net::is_free(port)).then_some(port)
    })
}

/// The one asked for if it can be had. Instances have one address between them here, so two of them with the
/// same static port cannot both have it; the second task gets another, and its binding says which.
pub(crate) fn fixed(wanted: u16, held: &BTreeSet<u16>) -> Option<u16> {
    if !held.contains(&wanted) && net::is_free(wanted) { Some(wanted) } else { free(held) }
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
