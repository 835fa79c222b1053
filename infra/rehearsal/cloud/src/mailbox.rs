//! Messages that were sent somewhere, kept for whoever wants to read them. Bounded.

use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};

/// Messages kept per address; the oldest go first.
const MAX_MESSAGES: usize = 1_024;

/// One message as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The subject, where there is such a thing.
    pub subject: Option<String>,
    /// The text.
    pub body: String,
    /// What a topic has for each protocol of its own; the text is for all others.
    pub each: BTreeMap<String, String>,
    /// What subscriptions may filter by.
    pub attributes: BTreeMap<String, String>,
    /// When it came.
    pub at: jiff::Timestamp,
}

/// A message that is to be left somewhere.
#[derive(Debug, Default)]
pub(crate) struct Letter {
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
    pub(crate) each: BTreeMap<String, String>,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Messages by address.
#[derive(Debug, Default)]
pub(crate) struct Mailboxes {
    boxes: Mutex<BTreeMap<String, VecDeque<Message>>>,
}

impl Mailboxes {
    /// Makes an address known.
    pub(crate) fn open(&self, address: &str) {
        self.boxes.lock().entry(address.to_owned()).or_default();
    }

    /// All known addresses.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.boxes.lock().keys().cloned().collect()
    }

    /// Puts a text down; its id, or nothing if the address is not known.
    pub(crate) fn put(&self, address: &str, subject: Option<String>, body: String) -> Option<String> {
        self.leave(address, Letter { subject, body, ..Letter::default() })
    }

    /// Puts a message down; its id, or nothing if the address is not known.
    pub(crate) fn leave(&self, address: &str, letter: Letter) -> Option<String> {
        let Letter { subject, body, each, attributes } = letter;
        let mut boxes = self.boxes.lock();
        let messages = boxes.get_mut(address)?;
        if messages.len() == MAX_MESSAGES {
            messages.pop_front();
        }
        let id = rehearsal_world::uuid().to_string();
        let at = rehearsal_world::now();
        messages.push_back(Message { id: id.clone(), subject, body, each, attributes, at });
        Some(id)
    }

    /// What an address holds, oldest first.
    pub(crate) fn read(&self, address: &str) -> Vec<Message> {
        self.boxes.lock().get(address).map(|all| all.iter().cloned().collect()).unwrap_or_default()
    }

    /// How many messages an address holds.
    pub(crate) fn held(&self, address: &str) -> usize {
        self.boxes.lock().get(address).map_or(0, VecDeque::len)
    }

    /// Takes one message out; whether it was there.
    pub(crate) fn remove(&self, address: &str, id: &str) -> bool {
        let mut boxes = self.boxes.lock();
        let Some(messages) = boxes.get_mut(address) else { return false };
        let before = messages.len();
        messages.retain(|message| message.id != id);
        messages.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_latest() {
        let boxes = Mailboxes::default();
        assert_eq!(boxes.put("a", None, String::new()), None);
        boxes.open("a");
        for n in 0..=MAX_MESSAGES {
            boxes.put("a", None, n.to_string());
        }
        let all = boxes.read("a");
        assert_eq!((all.len(), all[0].body.as_str()), (MAX_MESSAGES, "1"));
        assert!(boxes.remove("a", &all[0].id));
        assert_eq!(boxes.read("a")[0].body, "2");
    }
}
