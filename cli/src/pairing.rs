//! From a rolling service to a pair: what is in the way, and what has to be made. Pure.

use changeover_domain::evidence::ServiceSeen;
use changeover_domain::route::Weight;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest name that Elastic Load Balancing takes for a target group.
const MAX_GROUP_NAME: usize = 32;
/// How the two sides of a pair are called where nobody says otherwise.
const SIDES: [&str; 2] = ["-blue", "-green"];

/// What was seen of a service that is to become one of a pair.
pub struct Seen<'a> {
    /// Itself.
    pub member: &'a ServiceSeen,
    /// Its only target group; none if it has none or several.
    pub group: Option<GroupSeen<'a>>,
    /// The weights of the routes that forward to that.
    pub routes: Vec<&'a BTreeMap<String, Weight>>,
    /// What it has that is not copied.
    pub apart: &'a [&'static str],
    /// The name of the second service.
    pub second: &'a str,
    /// The target groups of the second service, if it is there already.
    pub second_groups: Option<Vec<&'a str>>,
    /// The ARN of the second target group, if it is there already.
    pub second_group: Option<&'a str>,
    /// The deployment that is on the way, if one is.
    pub on_the_way: Option<&'a str>,
}

/// A target group.
pub struct GroupSeen<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Whether clients are pinned to its targets.
    pub pins: bool,
    /// Whether a Network Load Balancer forwards to it.
    pub behind_network: bool,
}

/// One thing that has to be made or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What, in words.
    pub what: String,
    /// How the AWS CLI does it; null where that cannot be written whole.
    pub command: Option<String>,
    /// Whether it is so already.
    pub done: bool,
}

/// The second service's name where nobody says one: it sorts after the first, so that the pair goes by the first's name and
/// keeps its ledger.
pub fn second_name(first: &str) -> String {
    let [blue, green] = SIDES;
    format!("{}{green}", first.strip_suffix(blue).unwrap_or(first))
}

/// The second target group's name where nobody says one.
pub fn second_group_name(first: &str) -> String {
    let [blue, green] = SIDES;
    let stem = first.strip_suffix(blue).unwrap_or(first);
    let stem = stem.get(..stem.len().min(MAX_GROUP_NAME - green.len())).unwrap_or(stem);
    format!("{}{green}", stem.trim_end_matches('-'))
}

/// Everything that is in the way, with what to do about it.
pub fn against(seen: &Seen<'_>) -> Vec<String> {
    let name = &seen.member.name;
    let mut against = of_itself(seen);
    match &seen.group {
        None => against.push(format!(
            "{name} has {} target groups: a member of a pair needs just one, behind a listener's rule",
            seen.member.target_groups.len()
        )),
        Some(group) => against.extend(of_routes(seen, group)),
    }
    if seen.second == name {
        against.push(format!("the second service needs another name than {name}: give --name"));
    }
    if let Some(groups) = &seen.second_groups
        && seen.second_group.is_none_or(|group| *groups != [group])
    {
        against.push(format!(
            "there is a service {} already, behind other target groups: give --name, or, if the two are to be a pair, `changeover init` with --pair",
            seen.second
        ));
    }
    if let Some(deployment) = seen.on_the_way {
        against.push(format!("{deployment} is on the way: let it end first"));
    }
    against
}

fn of_itself(seen: &Seen<'_>) -> Vec<String> {
    let member = seen.member;
    let name = &member.name;
    let mut against = Vec::new();
    if let Some(other) = member.settings.get("pair").filter(|other| other.trim() != seen.second) {
        against.push(format!("{name} has the tag changeover:pair already: it is a pair with {other}"));
    }
    if member.scheduling == "DAEMON" {
        against.push(format!("{name} runs one task on each instance (DAEMON): it cannot have two sides"));
    }
    against.extend(seen.apart.iter().map(|what| {
        format!("{name} {what}: a second service is made by hand then, with a configuration of its own")
    }));
    against
}

fn of_routes(seen: &Seen<'_>, group: &GroupSeen<'_>) -> Vec<String> {
    let name = &seen.member.name;
    let mut against = Vec::new();
    if group.behind_network {
        against.push(format!(
            "{name} is behind a Network Load Balancer: weights are for Application Load Balancers"
        ));
    }
    if group.pins {
        against.push(format!(
            "clients are pinned to single targets of {name}: Elastic Load Balancing refuses that beside weights without stickiness of the rule; switch stickiness.enabled of its target group off, or set the rule's"
        ));
    }
    if seen.routes.is_empty() {
        against.push(format!("no listener's rule forwards to the target group of {name}"));
    }
    let is_ours = |arn: &str| arn == group.arn || Some(arn) == seen.second_group;
    let shared = seen.routes.iter().filter(|weights| !weights.keys().all(|arn| is_ours(arn))).count();
    if shared > 0 {
        against.push(format!(
            "{shared} of the rules that forward to {name} forward to other target groups as well: their weights are somebody else's"
        ));
    }
    against
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "arn:first";

    fn member() -> ServiceSeen {
        ServiceSeen {
            name: "web".into(),
            target_groups: [(FIRST.to_owned(), 80)].into(),
            ..ServiceSeen::default()
        }
    }

    fn route() -> BTreeMap<String, Weight> {
        BTreeMap::from([(FIRST.to_owned(), 1)])
    }

    fn told<'a>(
        (member, route): (&'a ServiceSeen, &'a BTreeMap<String, Weight>),
        change: impl FnOnce(&mut Seen<'a>),
    ) -> String {
        let mut seen = Seen {
            member,
            group: Some(GroupSeen { arn: FIRST, pins: false, behind_network: false }),
            routes: vec![route],
            apart: &[],
            second: "web-green",
            second_groups: None,
            second_group: None,
            on_the_way: None,
        };
        change(&mut seen);
        against(&seen).join("; ")
    }

    #[test]
    fn a_service_behind_one_rule_fits_and_whatever_does_not_is_told() {
        let (member, route) = (member(), route());
        let plain = (&member, &route);
        assert_eq!(told(plain, |_| {}), "");
        let shared = BTreeMap::from([(FIRST.to_owned(), 1), ("arn:other".to_owned(), 1)]);
        let daemon = ServiceSeen { scheduling: "DAEMON".into(), ..member.clone() };
        let settings = [("pair".to_owned(), "web-old".to_owned())].into();
        let paired = ServiceSeen { settings, ..member.clone() };
        assert!(told(plain, |seen| seen.group = None).contains("needs just one"));
        assert!(told((&member, &shared), |_| {}).contains("other target groups as well"));
        assert!(told(plain, |seen| seen.routes.clear()).contains("no listener's rule"));
        assert!(told((&daemon, &route), |_| {}).contains("DAEMON"));
        assert!(told((&paired, &route), |_| {}).contains("a pair with web-old"));
        assert!(told(plain, |seen| seen.apart = &["takes part in Service Connect"]).contains("by hand"));
        assert!(told(plain, |seen| seen.second = "web").contains("another name than web"));
        assert!(told(plain, |seen| seen.second_groups = Some(vec!["arn:other"])).contains("already"));
        assert!(told(plain, |seen| seen.on_the_way = Some("d-1")).contains("d-1 is on the way"));
        let all = told(plain, |seen| {
            seen.group = Some(GroupSeen { arn: FIRST, pins: true, behind_network: true });
        });
        assert!(all.contains("Network Load Balancer") && all.contains("pinned"), "{all}");
    }

    #[test]
    fn what_was_made_before_is_no_reason_against_it() {
        let both = BTreeMap::from([(FIRST.to_owned(), 100), ("arn:second".to_owned(), 0)]);
        let all = told((&member(), &both), |seen| {
            seen.second_group = Some("arn:second");
            seen.second_groups = Some(vec!["arn:second"]);
        });
        assert_eq!(all, "");
    }

    #[test]
    fn the_second_sorts_after_the_first_and_group_names_stay_within_their_bound() {
        assert_eq!(
            (second_name("web").as_str(), second_name("web-blue").as_str()),
            ("web-green", "web-green")
        );
        assert!(second_name("web").as_str() > "web" && second_name("web-blue").as_str() > "web-blue");
        let long = second_group_name(&"x".repeat(32));
        assert_eq!((long.len(), long.ends_with("x-green")), (32, true), "{long}");
    }
}
