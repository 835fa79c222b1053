//! What happens in one round, by chance: pushes, and trouble.

use crate::binaries::{Binaries, FUNCTIONS};
use crate::stage::Image;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rehearsal_cloud::events::{EventFault, EventFaultRule};
use rehearsal_cloud::{ApiFault, ApiFaultRule, Cloud};
use rehearsal_lambda::{Fault, FaultRule};
use serde::Serialize;
use std::time::Duration;

/// What an image is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is well.
    Good,
    /// It exits at start.
    Crashing,
    /// It never passes its health check.
    Unhealthy,
    /// It is healthy and answers half of the requests with 500.
    Erring,
}

/// What goes wrong besides.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// An invocation of a function.
    Function(FaultRule),
    /// API calls of a function.
    Api(ApiFaultRule),
    /// The push's event.
    Event(EventFault),
    /// An operator aborts the execution after so long.
    Abort(Duration),
    /// An operator asks for a rollback after so long.
    Rollback(Duration),
}

/// One round.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// Versions with what they are like, and how long after the one before they are pushed.
    pub pushes: Vec<(String, Kind, Duration)>,
    /// What goes wrong.
    pub trouble: Trouble,
}

/// The longest pause between two pushes of a round.
const LONGEST_PAUSE_MS: u64 = 4_000;
/// The longest wait of an operator.
const LONGEST_WAIT_MS: u64 = 12_000;

impl Deed {
    /// Draws a round.
    pub fn draw(chance: &mut StdRng, number: u64) -> Self {
        let count = if chance.random_bool(0.25) { chance.random_range(2..=4) } else { 1 };
        let pushes = (0..count)
            .map(|index| {
                let kind = match chance.random_range(0..10) {
                    0..=5 => Kind::Good,
                    6 => Kind::Crashing,
                    7 => Kind::Unhealthy,
                    _ => Kind::Erring,
                };
                let pause = Duration::from_millis(chance.random_range(0..LONGEST_PAUSE_MS));
                (format!("v{number}.{index}"), kind, pause)
            })
            .collect();
        Self { pushes, trouble: Trouble::draw(chance) }
    }

    /// How the deployment of the image that was pushed last has to end; none if somebody takes a hand in it.
    pub fn expected(&self) -> Option<&'static str> {
        let (_, kind, _) = self.pushes.last()?;
        match self.trouble {
            Trouble::Abort(_) | Trouble::Rollback(_) => None,
            _ if *kind == Kind::Good => Some("Succeeded"),
            _ => Some("RolledBack"),
        }
    }

    /// In words, for people.
    pub fn words(&self) -> String {
        let pushes: Vec<String> = self
            .pushes
            .iter()
            .map(|(version, kind, _)| format!("{version} {kind:?}").to_lowercase())
            .collect();
        format!("{}; {}", pushes.join(", "), self.trouble.words())
    }
}

impl Trouble {
    fn draw(chance: &mut StdRng) -> Self {
        let wait = Duration::from_millis(chance.random_range(200..LONGEST_WAIT_MS));
        // What the stack calls its functions.
        let function = format!("changeover-{}", FUNCTIONS[chance.random_range(0..FUNCTIONS.len())]);
        let skip = chance.random_range(0..3);
        match chance.random_range(0..10) {
            0 | 1 => Self::None,
            2..=4 => {
                let faults = [
                    Fault::KillBefore,
                    Fault::ActThenDie,
                    Fault::Stall,
                    Fault::ActThenStall,
                    Fault::Unavailable(Duration::from_secs(5)),
                    Fault::Throttled(Duration::from_secs(5)),
                ];
                let fault = faults[chance.random_range(0..faults.len())];
                Self::Function(FaultRule { function, skip, times: 1, fault })
            }
            5 | 6 => {
                let (fault, times) = match chance.random_range(0..3) {
                    0 => (ApiFault::Throttle, 4),
                    1 => (ApiFault::ActThenDrop, 1),
                    _ => (ApiFault::Delay(Duration::from_secs(2)), 2),
                };
                let caller = Some(function);
                Self::Api(ApiFaultRule {
                    caller,
                    service: None,
                    operation: None,
                    skip: skip * 3,
                    times,
                    fault,
                })
            }
            7 => {
                let faults =
                    [EventFault::Drop, EventFault::Double, EventFault::Delay(Duration::from_secs(3))];
                Self::Event(faults[chance.random_range(0..faults.len())])
            }
            8 => Self::Abort(wait),
            _ => Self::Rollback(wait),
        }
    }

    /// What can be arranged beforehand.
    pub fn arrange(&self, cloud: &Cloud) {
        match self {
            Self::Function(rule) => cloud.lambda().inject(rule.clone()),
            Self::Api(rule) => cloud.inject(rule.clone()),
            Self::Event(fault) => cloud.events().inject(EventFaultRule {
                source: Some("aws.ecr".to_owned()),
                detail_type: None,
                times: 1,
                fault: *fault,
            }),
            Self::None | Self::Abort(_) | Self::Rollback(_) => {}
        }
    }

    /// In words, for people and for counting.
    pub fn words(&self) -> String {
        match self {
            Self::None => "no trouble".to_owned(),
            Self::Function(rule) => format!("{:?} of {}", rule.fault, rule.function),
            Self::Api(rule) => {
                format!(
                    "{:?} of {} calls of {}",
                    rule.fault,
                    rule.times,
                    rule.caller.as_deref().unwrap_or("all")
                )
            }
            Self::Event(fault) => format!("event {fault:?}"),
            Self::Abort(after) => format!("abort after {after:?}"),
            Self::Rollback(after) => format!("rollback asked for after {after:?}"),
        }
    }
}

impl Kind {
    /// The image of a version.
    pub fn image(self, binaries: &Binaries, version: &str) -> Image {
        let options: &[&str] = match self {
            Self::Good => &[],
            Self::Crashing => &["--crash", "3"],
            Self::Unhealthy => &["--unhealthy"],
            Self::Erring => &["--error-rate", "0.5"],
        };
        Image::sample(binaries, version, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_image_says_how_a_round_has_to_end() {
        let pushes = |kinds: &[Kind]| {
            kinds.iter().map(|kind| ("v".to_owned(), *kind, Duration::ZERO)).collect::<Vec<_>>()
        };
        let expected = |kinds: &[Kind], trouble: Trouble| Deed { pushes: pushes(kinds), trouble }.expected();
        assert_eq!(expected(&[Kind::Crashing, Kind::Good], Trouble::None), Some("Succeeded"));
        assert_eq!(
            expected(&[Kind::Good, Kind::Erring], Trouble::Event(EventFault::Drop)),
            Some("RolledBack")
        );
        assert_eq!(expected(&[Kind::Good], Trouble::Abort(Duration::ZERO)), None);
    }
}
