//! What calls of ECS need.

use super::{Place, one, text, texts};
use crate::need::Need;
use rehearsal_wire::{Call, Service};
use serde_json::Value;
use std::collections::BTreeSet;

/// The cluster of calls that name none.
const DEFAULT_CLUSTER: &str = "default";

/// Who takes on the roles of a task definition.
const TASKS: &str = "ecs-tasks.amazonaws.com";

pub(super) fn needs(operation: &str, input: &Value, place: &Place<'_>) -> Option<Vec<Need>> {
    let action = format!("ecs:{operation}");
    let cluster =
        Cluster { arn: place.arn("ecs", "cluster/", text(input, "cluster").unwrap_or(DEFAULT_CLUSTER)) };
    let each = |kind: &str, members: &str| {
        let all = texts(input, members).into_iter();
        Some(all.map(|name| cluster.need(&action, cluster.resource(kind, name))).collect())
    };
    match operation {
        "DescribeServices" => each("service", "services"),
        "DescribeTasks" => each("task", "tasks"),
        "DescribeContainerInstances" | "UpdateContainerInstancesState" => {
            each("container-instance", "containerInstances")
        }
        // About a container instance if one is named; the cluster is only in its condition key.
        "ListTasks" => {
            let instance = text(input, "containerInstance");
            let about =
                instance.map_or_else(|| "*".to_owned(), |id| cluster.resource("container-instance", id));
            Some(vec![cluster.need(&action, about)])
        }
        "ListContainerInstances" => Some(vec![Need::new(action, cluster.arn)]),
        "ListServiceDeployments" => {
            Some(vec![cluster.need(&action, cluster.resource("service", text(input, "service")?))])
        }
        "RunTask" => run(&action, input, place, &cluster),
        "StopTask" => Some(vec![cluster.need(&action, cluster.resource("task", text(input, "task")?))]),
        // No resource level.
        "DescribeTaskDefinition" | "ListTaskDefinitions" => one(&action, "*"),
        "RegisterTaskDefinition" => register(&action, input, place),
        "UpdateService" => {
            let service = cluster.resource("service", text(input, "service")?);
            let need = cluster.need(&action, service);
            Some(vec![match text(input, "taskDefinition") {
                Some(definition) => {
                    need.with("ecs:task-definition", place.arn("ecs", "task-definition/", definition))
                }
                None => need,
            }])
        }
        _ => None,
    }
}

/// The cluster a call is about.
struct Cluster {
    arn: String,
}

impl Cluster {
    /// The ARN of something in it, which may be given as such already.
    fn resource(&self, kind: &str, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        format!("{}/{name}", self.arn.replacen(":cluster/", &format!(":{kind}/"), 1))
    }

    fn need(&self, action: &str, resource: String) -> Need {
        Need::new(action, resource).with("ecs:cluster", &self.arn)
    }
}

/// The tags that a call gives to what it makes.
fn request_tags(input: &Value) -> Vec<(&str, &str)> {
    let tags = input.get("tags").and_then(Value::as_array).into_iter().flatten();
    let pair = |tag| Some((text(tag, "key")?, Value::as_str(tag.get("value")?).unwrap_or_default()));
    tags.filter_map(pair).collect()
}

/// A task that runs once: its task definition, and its tags.
fn run(action: &str, input: &Value, place: &Place<'_>, cluster: &Cluster) -> Option<Vec<Need>> {
    let definition = place.arn("ecs", "task-definition/", text(input, "taskDefinition")?);
    let tags = request_tags(input);
    let tagged = |mut need: Need| {
        tags.iter().for_each(|(key, value)| need.add_request_tag(key, value));
        need
    };
    let mut all = vec![tagged(cluster.need(action, definition))];
    if !tags.is_empty() {
        let tasks = cluster.resource("task", "*");
        all.push(tagged(Need::new("ecs:TagResource", tasks).with("ecs:CreateAction", "RunTask")));
    }
    Some(all)
}

/// A new revision: itself, its tags, and the right to hand its roles to tasks. Which number it gets is not known yet,
/// so AWS asks about `FAMILY:*`.
fn register(action: &str, input: &Value, place: &Place<'_>) -> Option<Vec<Need>> {
    let family = place.arn("ecs", "task-definition/", &format!("{}:*", text(input, "family")?));
    let tags = request_tags(input);
    let tagged = |mut need: Need| {
        tags.iter().for_each(|(key, value)| need.add_request_tag(key, value));
        need
    };
    let mut all = vec![tagged(Need::new(action, &family))];
    if !tags.is_empty() {
        all.push(tagged(
            Need::new("ecs:TagResource", family).with("ecs:CreateAction", "RegisterTaskDefinition"),
        ));
    }
    all.extend(to_pass(input, place));
    Some(all)
}

/// The right to hand to tasks the roles that a task definition names.
///
/// It is in the shape of `RegisterTaskDefinition`'s input or of what `DescribeTaskDefinition` tells.
#[must_use]
pub fn to_pass(definition: &Value, place: &Place<'_>) -> Vec<Need> {
    let roles: BTreeSet<String> = ["taskRoleArn", "executionRoleArn"]
        .into_iter()
        .filter_map(|member| text(definition, member))
        // A role may be named without its ARN, and has no region.
        .map(|role| match role.strip_prefix("arn:") {
            Some(_) => role.to_owned(),
            None => format!("arn:aws:iam::{}:role/{role}", place.account),
        })
        .collect();
    let pass = |role| Need::new("iam:PassRole", role).with("iam:PassedToService", TASKS);
    roles.into_iter().map(pass).collect()
}

/// The registered task definition whose roles a call hands to tasks, besides what [`needs`](super::needs) says; the
/// call only names it, so whoever has task definitions looks it up and asks [`to_pass`].
///
/// The Service Authorization Reference has no `iam:PassRole` beside UpdateService. It is taken from what was observed:
/// calls with `taskDefinition` are refused with "is not authorized to perform: iam:PassRole on resource: …", and those
/// with only `desiredCount` pass; AWS's managed policies for CodeDeploy grant it for the same call.
#[must_use]
pub fn passes(call: &Call) -> Option<&str> {
    let starts =
        call.service == Service::Ecs && ["UpdateService", "RunTask"].contains(&call.operation.as_str());
    starts.then(|| text(&call.input, "taskDefinition")).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HOME: &str = "arn:aws:ecs:us-east-1:123456789012";

    fn of(operation: &str, input: &Value) -> Vec<Need> {
        let place = Place { account: "123456789012", region: "us-east-1" };
        needs(operation, input, &place).expect("it is listed")
    }

    fn cluster() -> String {
        format!("{HOME}:cluster/shop")
    }

    #[test]
    fn services_are_found_by_name_and_arn_in_their_cluster() {
        let arn = format!("{HOME}:service/shop/api");
        let all = of("DescribeServices", &json!({ "cluster": "shop", "services": ["web", arn] }));
        let web = Need::new("ecs:DescribeServices", format!("{HOME}:service/shop/web"));
        assert_eq!(all[0], web.with("ecs:cluster", cluster()));
        assert_eq!(all[1].resource, arn);
        let all = of("DescribeServices", &json!({ "services": ["web"] }));
        assert_eq!(all[0].resource, format!("{HOME}:service/default/web"));
        let all = of("DescribeTasks", &json!({ "cluster": cluster(), "tasks": ["1a2b"] }));
        assert_eq!(all[0].resource, format!("{HOME}:task/shop/1a2b"));
    }

    #[test]
    fn updates_come_with_their_cluster_and_task_definition() {
        let input = json!({ "cluster": "shop", "service": "web", "taskDefinition": "web:7" });
        let need = Need::new("ecs:UpdateService", format!("{HOME}:service/shop/web"))
            .with("ecs:cluster", cluster())
            .with("ecs:task-definition", format!("{HOME}:task-definition/web:7"));
        assert_eq!(of("UpdateService", &input), [need]);
    }

    #[test]
    fn an_update_passes_on_the_roles_of_the_task_definition_that_it_names() {
        let call = |operation: &str, input: Value| Call {
            service: Service::Ecs,
            operation: operation.to_owned(),
            input,
            access_key: None,
            region: "us-east-1".to_owned(),
            trace: None,
        };
        let update = call("UpdateService", json!({ "service": "web", "taskDefinition": "web:7" }));
        assert_eq!(passes(&update), Some("web:7"));
        assert_eq!(passes(&call("UpdateService", json!({ "service": "web", "desiredCount": 3 }))), None);
        assert_eq!(passes(&call("DescribeTaskDefinition", json!({ "taskDefinition": "web:7" }))), None);

        let place = Place { account: "123456789012", region: "us-east-1" };
        let pass = Need::new("iam:PassRole", "arn:aws:iam::123456789012:role/web-task");
        let told = to_pass(&json!({ "family": "web", "taskRoleArn": "web-task" }), &place);
        assert_eq!(told, [pass.with("iam:PassedToService", TASKS)]);
        assert_eq!(to_pass(&json!({ "family": "web" }), &place), []);
    }

    #[test]
    fn lists_are_about_a_cluster_each_in_its_own_way() {
        let input = json!({ "cluster": "shop", "serviceName": "web" });
        assert_eq!(of("ListTasks", &input), [Need::new("ecs:ListTasks", "*").with("ecs:cluster", cluster())]);
        let on_one = json!({ "cluster": "shop", "containerInstance": "9f" });
        assert_eq!(of("ListTasks", &on_one)[0].resource, format!("{HOME}:container-instance/shop/9f"));
        let all = of("ListContainerInstances", &json!({ "cluster": "shop" }));
        assert_eq!(all, [Need::new("ecs:ListContainerInstances", cluster())]);
    }

    #[test]
    fn a_revision_needs_its_tags_and_its_roles_too() {
        let role = "arn:aws:iam::123456789012:role/web-task";
        let input = json!({
            "family": "web", "taskRoleArn": role, "executionRoleArn": "web-execution",
            "tags": [{ "key": "changeover:deployment", "value": "d-1" }],
        });
        let all = of("RegisterTaskDefinition", &input);
        let told: Vec<(&str, &str)> =
            all.iter().map(|need| (need.action.as_str(), need.resource.as_str())).collect();
        let family = format!("{HOME}:task-definition/web:*");
        assert_eq!(
            told,
            [
                ("ecs:RegisterTaskDefinition", family.as_str()),
                ("ecs:TagResource", &family),
                ("iam:PassRole", "arn:aws:iam::123456789012:role/web-execution"),
                ("iam:PassRole", role),
            ]
        );
        let context = |need: &Need, key: &str| need.context.get(key).map(<[String]>::concat);
        assert_eq!(context(&all[1], "ecs:CreateAction").as_deref(), Some("RegisterTaskDefinition"));
        assert_eq!(context(&all[1], "aws:RequestTag/changeover:deployment").as_deref(), Some("d-1"));
        assert_eq!(context(&all[2], "iam:PassedToService").as_deref(), Some(TASKS));
        let same = json!({ "family": "web", "taskRoleArn": role, "executionRoleArn": role });
        assert_eq!(of("RegisterTaskDefinition", &same).len(), 2, "no tags, and one role");
    }
}
