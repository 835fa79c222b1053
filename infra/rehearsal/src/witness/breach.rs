//! What was broken, by invariant.

use std::collections::BTreeMap;

/// Most sentences that are kept of one invariant: the first ones tell the most.
const MOST_SENTENCES: usize = 10;

/// Sentences of what broke, by the number of the invariant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaches {
    sentences: BTreeMap<u8, Vec<String>>,
}

impl Breaches {
    /// An invariant is broken. The same sentence is kept once.
    pub fn add(&mut self, invariant: u8, sentence: impl Into<String>) {
        let sentences = self.sentences.entry(invariant).or_default();
        let sentence = sentence.into();
        if sentences.len() < MOST_SENTENCES && !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }

    /// Takes over what another watch found.
    pub fn extend(&mut self, other: Self) {
        for (invariant, sentences) in other.sentences {
            for sentence in sentences {
                self.add(invariant, sentence);
            }
        }
    }

    /// Whether an invariant held.
    pub fn held(&self, invariant: u8) -> bool {
        !self.sentences.contains_key(&invariant)
    }

    /// Every sentence, with its invariant's number.
    pub fn sentences(&self) -> impl Iterator<Item = (u8, &str)> {
        self.sentences
            .iter()
            .flat_map(|(number, sentences)| sentences.iter().map(|sentence| (*number, sentence.as_str())))
    }
}
