//! Whether copies of a task definition can be registered, and whether a service can run them: what AWS would refuse in
//! the middle of a deployment is refused before it.

use crate::definition::DefinitionSeen;
use crate::evidence::ServiceSeen;
use crate::name::is_within;

/// Most tags of a resource that ECS takes (Amazon ECS developer guide, tag restrictions).
pub const MAX_TAGS: usize = 50;
/// The tag of a deployment's new revision: its id.
pub const DEPLOYMENT_TAG: &str = "changeover:deployment";
/// The tag of the copy that a deployment goes back to: its id.
pub const WAY_BACK_TAG: &str = "changeover:way-back";
/// The tags that copies get from us. Only one of them is on a copy, in the place of whichever the source has.
pub const OUR_TAGS: [&str; 2] = [DEPLOYMENT_TAG, WAY_BACK_TAG];
/// What AWS's own tags begin with; they are not copied, and do not count.
const RESERVED: &str = "aws:";

/// Which roles a copy may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles<'a> {
    /// The stack's `TaskRoles`: a name with its path, or a pattern as IAM has them.
    pub allowed: &'a str,
    /// The account that the service is in: roles of another cannot be passed.
    pub account: &'a str,
}

/// Whether only AWS may give a tag of this key, as CloudFormation does to the task definitions it makes. A copy that named
/// one would be refused: "Do not use aws:, AWS:, or any upper or lowercase combination of such as a prefix" (ECS, Tag).
pub fn is_reserved(key: &str) -> bool {
    key.get(..RESERVED.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(RESERVED))
}

/// Why a copy of a revision could not be registered, a sentence each.
pub fn of_copy(revision: &str, definition: &DefinitionSeen, roles: Roles<'_>) -> Vec<String> {
    let mut mistakes = Vec::new();
    let own = definition.tags.keys().filter(|key| !is_reserved(key) && !OUR_TAGS.contains(&key.as_str()));
    let own = own.count();
    if own >= MAX_TAGS {
        mistakes.push(format!(
            "{revision} has {own} tags, and a copy needs one more than that while ECS takes {MAX_TAGS} at most: register a revision with fewer, and let the service run it"
        ));
    }
    for role in &definition.roles {
        mistakes.extend(of_role(revision, role, roles));
    }
    mistakes
}

/// Whether `iam:PassRole` is granted for a role, by what the stack's template grants: AWS itself only tells when it is tried.
fn of_role(revision: &str, role: &str, roles: Roles<'_>) -> Option<String> {
    // arn:PARTITION:iam::ACCOUNT:role/PATH/NAME, or only the name.
    let name = role.split_once(":role/").map_or(role, |(_, name)| name);
    let account = role.split(':').nth(4).filter(|account| !account.is_empty());
    let foreign = account.filter(|account| !roles.account.is_empty() && *account != roles.account);
    match foreign {
        Some(account) => Some(format!(
            "{revision} names the role {role} of account {account}, which can be passed to no task of account {}: name a role of that account",
            roles.account
        )),
        None if !is_within(roles.allowed, name) => Some(format!(
            "{revision} names the role {role}, and the stack's TaskRoles, {}, lets no copy of it carry that on: let TaskRoles include {name}, or name another role",
            roles.allowed
        )),
        None => None,
    }
}

/// Why a service could not run a copy of a revision, a sentence each.
pub fn of_service(service: &ServiceSeen, revision: &str, definition: &DefinitionSeen) -> Vec<String> {
    let name = &service.name;
    let mut mistakes = Vec::new();
    for exposed in &service.exposes {
        let (container, by) = (&exposed.container, &exposed.by);
        let found = definition.container(container);
        let what = match (found, exposed.port) {
            (None, _) => format!("container {container}"),
            (Some(found), Some(port)) if !found.ports.contains(&port) => {
                format!("port {port} of container {container}")
            }
            _ => continue,
        };
        mistakes.push(format!(
            "service {name} serves {what} to {by}, which {revision} does not have: name in both the same container and port"
        ));
    }
    let named = |port: &&String| definition.containers.iter().any(|one| one.port_names.contains(*port));
    for port in service.port_names.iter().filter(|port| !named(port)) {
        mistakes.push(format!(
            "Service Connect of {name} names the port mapping {port}, which {revision} does not have: name one that it has"
        ));
    }
    let fargate = service.launch_type.as_deref() == Some("FARGATE");
    let fits = definition.compatibilities.iter().any(|one| one == "FARGATE");
    if fargate && !definition.compatibilities.is_empty() && !fits {
        mistakes.push(format!(
            "service {name} has launch type FARGATE, and {revision} is not compatible with that: register one that requires FARGATE"
        ));
    }
    let awsvpc = definition.network_mode == "awsvpc";
    if awsvpc != service.has_network && !definition.network_mode.is_empty() {
        mistakes.push(if awsvpc {
            format!("{revision} has network mode awsvpc, and service {name} has no network configuration: give it one")
        } else {
            format!(
                "service {name} has a network configuration, and {revision} has network mode {}, which takes none: make them fit",
                definition.network_mode
            )
        });
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::ContainerSeen;
    use crate::evidence::Exposed;
    use std::collections::BTreeMap;

    const ALL: Roles<'_> = Roles { allowed: "*", account: "1" };

    fn definition() -> DefinitionSeen {
        DefinitionSeen {
            containers: vec![ContainerSeen {
                name: "web".into(),
                ports: vec![8080],
                port_names: vec!["http".into()],
                ..ContainerSeen::default()
            }],
            network_mode: "awsvpc".into(),
            compatibilities: vec!["EC2".into()],
            ..DefinitionSeen::default()
        }
    }

    fn service() -> ServiceSeen {
        let exposed = Exposed { container: "web".into(), port: Some(8080), by: "green".into() };
        ServiceSeen {
            name: "web-green".into(),
            exposes: vec![exposed],
            port_names: vec!["http".into()],
            has_network: true,
            ..ServiceSeen::default()
        }
    }

    fn only(mistakes: &[String], part: &str) {
        assert!(mistakes.len() == 1 && mistakes[0].contains(part), "{part} in {mistakes:#?}");
    }

    #[test]
    fn what_fits_is_not_complained_about() {
        assert_eq!(of_service(&service(), "web:1", &definition()), [""; 0]);
        assert_eq!(of_copy("web:1", &definition(), ALL), [""; 0]);
    }

    #[test]
    fn a_container_or_port_of_the_other_side_that_is_not_copied_is_named() {
        let other = |container: &str, port| ServiceSeen {
            exposes: vec![Exposed { container: container.into(), port: Some(port), by: "green".into() }],
            ..service()
        };
        only(&of_service(&other("api", 8080), "web:1", &definition()), "container api to green");
        only(&of_service(&other("web", 9090), "web:1", &definition()), "port 9090 of container web");
        let any = Exposed { container: "web".into(), port: None, by: "registry".into() };
        let any = ServiceSeen { exposes: vec![any], ..service() };
        assert_eq!(of_service(&any, "web:1", &definition()), [""; 0]);
        let connected = ServiceSeen { port_names: vec!["grpc".into()], ..service() };
        only(&of_service(&connected, "web:1", &definition()), "port mapping grpc");
    }

    #[test]
    fn what_the_service_cannot_run_is_named() {
        let fargate = ServiceSeen { launch_type: Some("FARGATE".into()), ..service() };
        only(&of_service(&fargate, "web:1", &definition()), "FARGATE");
        let without = ServiceSeen { has_network: false, ..service() };
        only(&of_service(&without, "web:1", &definition()), "no network configuration");
        let bridge = DefinitionSeen { network_mode: "bridge".into(), ..definition() };
        only(&of_service(&service(), "web:1", &bridge), "network mode bridge");
    }

    #[test]
    fn a_tag_too_many_is_counted_without_awss_and_our_own() {
        let tags = |count: usize| -> BTreeMap<String, String> {
            let own = (0..count).map(|number| format!("team-{number}"));
            let others = ["aws:cloudformation:stack-name", OUR_TAGS[0], OUR_TAGS[1]].map(str::to_owned);
            own.chain(others).map(|key| (key, "x".to_owned())).collect()
        };
        let with = |count| DefinitionSeen { tags: tags(count), ..definition() };
        assert_eq!(of_copy("web:1", &with(MAX_TAGS - 1), ALL), [""; 0]);
        only(&of_copy("web:1", &with(MAX_TAGS), ALL), "has 50 tags");
    }

    #[test]
    fn a_role_that_may_not_be_passed_is_named() {
        let with = |role: &str| DefinitionSeen { roles: vec![role.into()], ..definition() };
        let team = Roles { allowed: "team/*", account: "1" };
        let fits = with("arn:aws:iam::1:role/team/web");
        assert_eq!(of_copy("web:1", &fits, team), [""; 0]);
        only(&of_copy("web:1", &with("arn:aws:iam::1:role/web"), team), "TaskRoles include web");
        only(&of_copy("web:1", &with("arn:aws:iam::2:role/team/web"), team), "of account 2");
        assert_eq!(of_copy("web:1", &with("web"), ALL), [""; 0]);
    }
}
