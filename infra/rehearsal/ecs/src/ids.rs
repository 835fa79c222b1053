//! Seeded identifiers and lags, in the forms AWS gives them.

use crate::config::Lag;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::time::Duration;

/// The one source of randomness.
pub(crate) struct Ids {
    rng: StdRng,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed) }
    }

    /// 32 hexadecimal digits: tasks, container instances.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:032x}", self.rng.random::<u128>())
    }

    /// A UUID (version 4): events, containers, attachments.
    pub(crate) fn uuid(&mut self) -> String {
        let bits = self.rng.random::<u128>() & !(0xf << 76) & !(0xc << 60) | (0x4 << 76) | (0x8 << 60);
        let hex = format!("{bits:032x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// 19 decimal digits: deployments, service revisions.
    pub(crate) fn digits(&mut self) -> String {
        self.rng.random_range(1_000_000_000_000_000_000_u64..9_000_000_000_000_000_000).to_string()
    }

    /// 21 characters: service deployments.
    pub(crate) fn short(&mut self) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        (0..21).map(|_| char::from(ALPHABET[self.rng.random_range(0..ALPHABET.len())])).collect()
    }

    /// A time within the lag's bounds.
    pub(crate) fn draw(&mut self, lag: Lag) -> Duration {
        if lag.least >= lag.most { lag.least } else { self.rng.random_range(lag.least..=lag.most) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_ids() {
        let (mut one, mut two) = (Ids::new(7), Ids::new(7));
        assert_eq!(one.uuid(), two.uuid());
        assert_eq!(one.hex().len(), 32);
        assert_eq!(one.digits().len(), 19);
    }

    #[test]
    fn uuids_are_of_version_four() {
        let id = Ids::new(7).uuid();
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(matches!(id.as_bytes()[19], b'8'..=b'b'), "{id}");
    }
}
