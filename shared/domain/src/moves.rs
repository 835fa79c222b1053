//! When tags were moved, as push events told: no registry says it. Pure.

use crate::Timestamp;
use crate::record::SCHEMA;
use serde::{Deserialize, Serialize};

/// Most moves that are kept for a service. The newest decides; the others are there for events that come out of order.
const MOST: usize = 64;

/// One move: a push event's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The tag.
    pub tag: String,
    /// The digest that it was moved to.
    pub digest: String,
    /// When, by the event's own time.
    pub at: Timestamp,
}

/// The moves that a service was told of, newest last; of each tag the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// The shape of this record.
    pub schema: u32,
    /// Counts the writes, so that of two at once the second is noticed.
    pub version: u64,
    /// The moves.
    pub moves: Vec<Move>,
}

impl Default for Moves {
    fn default() -> Self {
        Self { schema: SCHEMA, version: 0, moves: vec![] }
    }
}

impl Moves {
    /// Keeps a move, in whatever order events come: of two of one tag the later counts. Events tell whole seconds, so that of
    /// two in one second both are kept, and the registry says which came last. False if it changes nothing.
    pub fn hear(&mut self, heard: Move) -> bool {
        let same = |known: &&Move| known.tag == heard.tag;
        if self.moves.iter().filter(same).any(|known| known.at > heard.at || *known == heard) {
            return false;
        }
        self.moves.retain(|known| known.tag != heard.tag || known.at == heard.at);
        self.moves.push(heard.clone());
        self.moves.sort_by(|a, b| (a.at, &a.tag).cmp(&(b.at, &b.tag)));
        let surplus = self.moves.len().saturating_sub(MOST);
        self.moves.drain(..surplus);
        self.moves.contains(&heard)
    }

    /// When a tag was moved to this digest, if that was told and nothing was told of it since.
    pub fn told(&self, tag: &str, digest: &str) -> Option<Timestamp> {
        self.moves.iter().find(|known| known.tag == tag && known.digest == digest).map(|known| known.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(tag: &str, digest: &str, second: i64) -> Move {
        Move { tag: tag.into(), digest: digest.into(), at: Timestamp::from_second(second).unwrap() }
    }

    #[test]
    fn the_latest_move_of_a_tag_counts_in_whichever_order_they_come() {
        for events in [[moved("v", "a", 1), moved("v", "b", 2)], [moved("v", "b", 2), moved("v", "a", 1)]] {
            let mut moves = Moves::default();
            for event in events {
                moves.hear(event);
            }
            assert_eq!(moves.told("v", "b"), Some(Timestamp::from_second(2).unwrap()));
            assert_eq!(moves.told("v", "a"), None);
        }
    }

    #[test]
    fn of_two_moves_of_a_tag_in_one_second_the_registry_says_which_was_last() {
        for events in [[moved("v", "a", 1), moved("v", "b", 1)], [moved("v", "b", 1), moved("v", "a", 1)]] {
            let mut moves = Moves::default();
            assert!(events.into_iter().all(|event| moves.hear(event)));
            let at = Some(Timestamp::from_second(1).unwrap());
            assert_eq!((moves.told("v", "a"), moves.told("v", "b")), (at, at));
        }
    }

    #[test]
    fn a_doubled_event_changes_nothing_and_the_oldest_are_forgotten() {
        let mut moves = Moves::default();
        assert!(moves.hear(moved("v", "a", 1)) && !moves.hear(moved("v", "a", 1)));
        for second in 2..100 {
            assert!(moves.hear(moved(&format!("v{second}"), "a", second)));
        }
        assert_eq!(moves.moves.len(), MOST);
        assert!(!moves.hear(moved("late", "a", 1)), "older than all that are kept");
        assert!(moves.told("v99", "a").is_some() && moves.told("v", "a").is_none());
    }
}
