//! Capacity provider strategies: which provider the next task goes to. Pure.

use serde_json::{Value, json};

/// The providers that every account has.
pub(crate) const FARGATE: &str = "FARGATE";
pub(crate) const FARGATE_SPOT: &str = "FARGATE_SPOT";

/// AWS's bound on a strategy's providers.
const MOST_PROVIDERS: usize = 20;
/// AWS's bound on a weight.
const MOST_WEIGHT: u64 = 1_000;
/// AWS's bound on a base.
const MOST_BASE: u64 = 100_000;

/// One provider's part of a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) provider: String,
    pub(crate) weight: u32,
    pub(crate) base: u32,
}

impl Share {
    /// Whether its tasks run on Fargate.
    pub(crate) fn is_fargate(&self) -> bool {
        is_fargate(&self.provider)
    }
}

/// Whether a provider is one of Fargate's.
pub(crate) fn is_fargate(provider: &str) -> bool {
    provider == FARGATE || provider == FARGATE_SPOT
}

/// Reads a strategy.
///
/// # Errors
/// Everything that is wrong with it, in words.
pub(crate) fn read(list: &Value) -> Result<Vec<Share>, String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let (mut shares, mut wrong): (Vec<Share>, Vec<String>) = (Vec::new(), Vec::new());
    if list.len() > MOST_PROVIDERS {
        wrong.push(format!(
            "A capacity provider strategy can contain a maximum of {MOST_PROVIDERS} capacity providers."
        ));
    }
    for given in list {
        let name = given["capacityProvider"].as_str().unwrap_or_default();
        // By its ARN as well.
        let provider = name.rsplit('/').next().unwrap_or(name).to_owned();
        let mut number = |member: &str, most: u64| {
            let number = given[member].as_u64().unwrap_or(0);
            if number > most {
                wrong.push(format!(
                    "The {member} of capacity provider {provider} must be between 0 and {most}."
                ));
            }
            u32::try_from(number.min(most)).unwrap_or(0)
        };
        let (weight, base) = (number("weight", MOST_WEIGHT), number("base", MOST_BASE));
        if shares.iter().any(|known| known.provider == provider) {
            wrong.push(format!("Capacity provider {provider} is in the strategy more than once."));
        }
        shares.push(Share { provider, weight, base });
    }
    if shares.iter().filter(|share| share.base > 0).count() > 1 {
        wrong.push("Only one capacity provider in a strategy can have a base defined.".to_owned());
    }
    if shares.len() > 1 && shares.iter().all(|share| share.weight == 0) {
        wrong.push(
            "At least one capacity provider of a strategy must have a weight greater than zero.".to_owned(),
        );
    }
    if shares.iter().any(Share::is_fargate) && !shares.iter().all(Share::is_fargate) {
        wrong.push(
            "A strategy has capacity providers of Fargate or of Auto Scaling groups, not both.".to_owned(),
        );
    }
    if wrong.is_empty() { Ok(shares) } else { Err(wrong.join(" ")) }
}

/// In the shape of answers.
pub(crate) fn json(strategy: &[Share]) -> Value {
    let told = strategy.iter().map(
        |share| json!({ "capacityProvider": share.provider, "weight": share.weight, "base": share.base }),
    );
    told.collect()
}

/// The provider that the next task goes to, given how many each has: first the base, then by weight.
pub(crate) fn next(strategy: &[Share], has: impl Fn(&str) -> u32) -> Option<&Share> {
    if let Some(based) = strategy.iter().find(|share| has(&share.provider) < share.base) {
        return Some(based);
    }
    // Least of what it has beyond its base, for each unit of weight; a lone provider needs no weight.
    let beyond = |share: &Share| u64::from(has(&share.provider) - share.base.min(has(&share.provider)));
    let weighted = strategy.iter().filter(|share| share.weight > 0);
    let least = weighted.min_by(|one, other| {
        let (left, right) = (beyond(one) * u64::from(other.weight), beyond(other) * u64::from(one.weight));
        left.cmp(&right)
    });
    least.or(strategy.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn spread(strategy: &[Share], tasks: u32) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for _ in 0..tasks {
            let chosen = next(strategy, |name| counts.get(name).copied().unwrap_or(0)).unwrap();
            *counts.entry(chosen.provider.clone()).or_default() += 1;
        }
        counts
    }

    #[test]
    fn the_base_comes_first_and_then_weights() {
        let given = json!([
            { "capacityProvider": "FARGATE", "weight": 1, "base": 2 }, { "capacityProvider": "FARGATE_SPOT", "weight": 4 },
        ]);
        let strategy = read(&given).unwrap();
        assert_eq!(spread(&strategy, 2), [("FARGATE".to_owned(), 2)].into());
        assert_eq!(spread(&strategy, 12), [("FARGATE".to_owned(), 4), ("FARGATE_SPOT".to_owned(), 8)].into());
        let alone = read(&json!([{ "capacityProvider": "FARGATE_SPOT" }])).unwrap();
        assert_eq!(spread(&alone, 3), [("FARGATE_SPOT".to_owned(), 3)].into());
        assert!(next(&[], |_| 0).is_none());
    }

    #[test]
    fn every_mistake_is_told() {
        let wrong = read(&json!([
            { "capacityProvider": "FARGATE", "weight": 1001, "base": 1 }, { "capacityProvider": "workers", "base": 1 },
            { "capacityProvider": "FARGATE" },
        ]))
        .unwrap_err();
        for part in ["weight of capacity provider FARGATE", "more than once", "have a base", "not both"] {
            assert!(wrong.contains(part), "{wrong}");
        }
        let unweighted = json!([{ "capacityProvider": "FARGATE" }, { "capacityProvider": "FARGATE_SPOT" }]);
        assert!(read(&unweighted).unwrap_err().contains("greater than zero"));
    }
}
