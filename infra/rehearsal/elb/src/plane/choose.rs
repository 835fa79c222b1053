//! Which target a request goes to, by one node's view.

use super::cookie;
use super::node::{Node, View};
use crate::api::action::{Action, FixedResponse, Forward};
use crate::arn;
use crate::metrics;
use crate::target::Target;
use http::HeaderValue;
use http::request::Parts;
use std::sync::Arc;

/// What to do with a request.
pub(crate) enum Choice {
    /// Answer this.
    Fixed(FixedResponse),
    /// Send it there.
    Target { target: Arc<Target>, fail_open: bool, cookies: Vec<HeaderValue> },
    /// The chosen group has no target that the node has judged: 503.
    Nobody,
}

/// Chooses by the first rule that matches.
pub(crate) fn choose(node: &Node, view: &View, listener: &str, parts: &Parts) -> Choice {
    let rules = view.rules.get(listener).map_or(&[][..], |rules| rules);
    let rule = rules.iter().find(|rule| rule.conditions.iter().all(|condition| condition.matches(parts)));
    match rule.and_then(|rule| rule.actions.last()) {
        None => Choice::Nobody,
        Some(Action::Fixed(fixed)) => Choice::Fixed(fixed.clone()),
        Some(Action::Forward(forward)) => forward_to(node, view, forward, parts),
    }
}

fn forward_to(node: &Node, view: &View, forward: &Forward, parts: &Parts) -> Choice {
    let now = metrics::now();
    let pin = |name: &str| cookie::pinned(&parts.headers, name, now);
    let pinned = forward.stickiness.and_then(|_| pinned(forward, pin(cookie::GROUP)?));
    let total = forward.groups.iter().map(|share| share.weight).sum();
    // A pin holds though the group has no target left: while the cookie lives, that is a 503. Nor is there a failover
    // between weights.
    let group = pinned.or_else(|| pick(forward, node.draw(total))).and_then(|group| view.groups.get(group));
    let to = pin(cookie::TARGET).and_then(|mark| u64::from_str_radix(mark, 16).ok());
    let Some(taken) = group.and_then(|group| group.next(to, |bound| node.draw(bound))) else {
        return Choice::Nobody;
    };
    let target = Arc::clone(taken.target);
    let of_group =
        forward.stickiness.map(|life| cookie::pin(cookie::GROUP, arn::tail(&target.group.arn), life, now));
    let of_target = taken
        .stickiness
        .map(|life| cookie::pin(cookie::TARGET, &format!("{:016x}", target.mark()), life, now));
    let cookies = [of_group, of_target].into_iter().flatten().flatten().flatten().collect();
    Choice::Target { target, fail_open: taken.fail_open, cookies }
}

/// The group on whose stretch of the weights, laid end to end, the draw falls. With all weights 0, none.
fn pick(forward: &Forward, draw: u32) -> Option<&str> {
    let mut end = 0;
    forward.groups.iter().find_map(|share| {
        end += share.weight;
        (draw < end).then_some(share.group.as_str())
    })
}

/// The group that a cookie's text means, if the rule still has it: at weight 0 too.
fn pinned<'a>(forward: &'a Forward, text: &str) -> Option<&'a str> {
    forward.groups.iter().map(|share| share.group.as_str()).find(|group| arn::tail(group) == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::action::Share;
    use std::time::Duration;

    fn forward(weights: &[u32]) -> Forward {
        let share = |(index, weight): (usize, &u32)| Share { group: format!("tg/{index}"), weight: *weight };
        Forward {
            groups: weights.iter().enumerate().map(share).collect(),
            stickiness: Some(Duration::from_secs(60)),
            order: None,
        }
    }

    #[test]
    fn weights_are_stretches_of_the_draw() {
        let weighted = forward(&[1, 0, 3]);
        let groups: Vec<_> = (0..4).filter_map(|draw| pick(&weighted, draw)).collect();
        assert_eq!(groups, ["tg/0", "tg/2", "tg/2", "tg/2"]);
        assert_eq!(pick(&forward(&[0, 0]), 0), None);
    }

    #[test]
    fn a_pin_holds_at_weight_0_as_long_as_the_rule_has_its_group() {
        assert_eq!(pinned(&forward(&[1, 0]), "1"), Some("tg/1"));
        assert_eq!(pinned(&forward(&[1, 0]), "9"), None);
    }
}
