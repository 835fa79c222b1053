//! Which target a request goes to, by one node's view.

use super::node::{Node, View};
use crate::api::action::{Action, FixedResponse, Forward};
use crate::arn;
use crate::metrics;
use crate::target::Target;
use http::request::Parts;
use http::{HeaderMap, header};
use std::sync::Arc;

/// The cookie that pins a client to a target group.
const COOKIE: &str = "AWSALBTG";

/// What to do with a request.
pub(crate) enum Choice {
    /// Answer this.
    Fixed(FixedResponse),
    /// Send it there.
    Target { target: Arc<Target>, unhealthy: bool, cookie: Option<String> },
    /// The chosen group has no target: 503.
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
    let pinned = forward.stickiness.and_then(|_| pinned(forward, &parts.headers, metrics::now()));
    let total = forward.groups.iter().map(|share| share.weight).sum();
    let drawn = || pick(forward, node.draw(total));
    // A pin on a group without targets is let go; between weights there is no such failover.
    let group = pinned
        .filter(|group| view.groups.contains_key(*group))
        .or_else(drawn)
        .filter(|group| view.groups.contains_key(*group));
    let Some((target, unhealthy)) = group.and_then(|group| view.groups[group].next()) else {
        return Choice::Nobody;
    };
    let cookie = forward.stickiness.map(|duration| {
        let seconds = duration.as_secs();
        let until = metrics::now() + seconds;
        format!("{COOKIE}={}-{until}; Max-Age={seconds}; Path=/", arn::tail(&target.group.arn))
    });
    Choice::Target { target: Arc::clone(target), unhealthy, cookie }
}

/// The group on whose stretch of the weights, laid end to end, the draw falls. With all weights 0, none.
fn pick(forward: &Forward, draw: u32) -> Option<&str> {
    let mut end = 0;
    forward.groups.iter().find_map(|share| {
        end += share.weight;
        (draw < end).then_some(share.group.as_str())
    })
}

/// The group a client's cookie pins it to, if the rule still has it: at weight 0 too.
fn pinned<'a>(forward: &'a Forward, headers: &HeaderMap, now: u64) -> Option<&'a str> {
    let value = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    let (id, until) = value.split_once('-')?;
    let fresh = until.parse::<u64>().is_ok_and(|until| now < until);
    let groups = forward.groups.iter().map(|share| share.group.as_str());
    groups.filter(|_| fresh).find(|group| arn::tail(group) == id)
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
    fn a_fresh_cookie_pins_even_at_weight_0_and_a_stale_or_foreign_one_does_not() {
        let forward = forward(&[1, 0]);
        let pinned_by = |cookie: &'static str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, http::HeaderValue::from_static(cookie))]);
            pinned(&forward, &headers, 100)
        };
        assert_eq!(pinned_by("a=b; AWSALBTG=1-101"), Some("tg/1"));
        assert_eq!(pinned_by("AWSALBTG=1-100"), None);
        assert_eq!(pinned_by("AWSALBTG=9-101"), None);
        assert_eq!(pinned_by("AWSALBTGCORS=1-101"), None);
        assert_eq!(pinned_by("AWSALBTG=rubbish"), None);
    }
}
