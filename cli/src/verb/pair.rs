//! `changeover pair`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::pairing::{self, GroupSeen, Step};
use crate::proposal::{self, Format, Proposal, propose};
use crate::screen::Screen;
use crate::session::Session;
use crate::{account, service, settings};
use changeover_aws::twin::{self, First, Group};
use changeover_aws::{Aws, ecs};
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::name::ServiceName;
use changeover_domain::settings::Raw;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What stands for the second target group's ARN until it is there.
const GROUP: &str = "{the second target group}";

/// Which service, and what its second is called.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover pair main/web                                  # prints AWS CLI commands\n  changeover pair main/web --set \"steps=10 50 100\" --apply\n  changeover pair main/web --name web-b --target-group web-b --apply --yes\n\nNone of it moves a request: the second target group gets no weight, the second service no task. What was made before is found,\nso that it can be typed again."
)]
pub struct Options {
    /// The rolling service, CLUSTER/NAME.
    service: String,
    /// The second service's name; otherwise that of the first with -green.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The second target group's name; otherwise that of the first with -green.
    #[arg(long, value_name = "NAME")]
    target_group: Option<String>,
    /// A setting of the pair; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Make all of it now.
    #[arg(long)]
    apply: bool,
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairing {
    /// The service that there is.
    pub service: ServiceName,
    /// The second service's name.
    pub second: String,
    /// The second target group's name.
    pub target_group: String,
    /// What has to be made or changed, in its order.
    pub steps: Vec<Step>,
    /// What is in the way, and what to do about it.
    pub against: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// Whether all of it has been made.
    pub applied: bool,
}

/// Everything that was seen, and what is to come of it.
struct View {
    first: First,
    second: String,
    group_name: String,
    second_group: Option<Group>,
    second_service: Option<ServiceSeen>,
    on_the_way: Option<String>,
    tags: [Proposal; 2],
}

/// Proposes, and makes it if asked to.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let aws = account::connect(globals).await?;
    let screen = Screen::of(globals);
    let name = service::read(&options.service)?;
    let view = look(&aws, globals, options, &name).await?;
    let mut pairing = propose_pair(&view, &name);
    let fits = pairing.against.is_empty();
    if options.apply {
        if !fits {
            screen.answer(&pairing, || in_words(&screen, &pairing));
            return Err(Failure::not("Nothing was made: put right what is in the way first."));
        }
        let asked = in_words(&screen, &pairing);
        screen.confirm(&format!("Make {} and {} a pair?\n{asked}", name, pairing.second))?;
        make(&aws, &view).await?;
        pairing.applied = true;
        pairing.steps.iter_mut().for_each(|step| step.done = true);
    }
    screen.answer(&pairing, || match pairing.applied {
        true => format!(
            "{name} and {} are a pair. `changeover doctor {name}` says whether a deployment would go through.",
            pairing.second
        ),
        false => in_words(&screen, &pairing),
    });
    Ok(if fits { Exit::Good } else { Exit::Not })
}

async fn look(aws: &Aws, globals: &Globals, options: &Options, name: &ServiceName) -> Result<View, Failure> {
    let first = twin::look(aws, name).await?.ok_or_else(|| {
        Failure::usage(format!(
            "There is no active service {name}: check both names, --region and --profile."
        ))
    })?;
    let second = options.name.clone().unwrap_or_else(|| pairing::second_name(&name.name));
    let group = first.group.as_ref().map(|group| group.name.as_str()).unwrap_or(&name.name);
    let group_name = options.target_group.clone().unwrap_or_else(|| pairing::second_group_name(group));
    let second_service = ecs::services(aws, &name.cluster, &[&second]).await?.pop();
    let on_the_way = match Session::open(globals).await {
        Ok(session) => session.ledger().lease(name).await?.holder.map(|holder| holder.to_string()),
        // Without a stack nothing is on the way.
        Err(_) => None,
    };
    let given = settings::typed(&options.settings, &Raw::new())?;
    let tags = tags(aws, &first, &second, name, &given).await?;
    let second_group = twin::group_named(aws, &group_name).await?;
    Ok(View { first, second, group_name, second_group, second_service, on_the_way, tags })
}

/// The tags of both, as `changeover init` proposes them.
async fn tags(
    aws: &Aws,
    first: &First,
    second: &str,
    name: &ServiceName,
    given: &Raw,
) -> Result<[Proposal; 2], Failure> {
    let (definition, _) = ecs::task_definition(aws, &first.member.task_definition).await?;
    let containers: Vec<(String, String, bool)> = definition
        .container_definitions()
        .iter()
        .map(|one| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            (text(one.name()), text(one.image()), one.essential().unwrap_or(true))
        })
        .collect();
    let of = |member: &ServiceSeen, other: &str, arn: String| {
        let seen = proposal::Seen {
            cluster: &name.cluster,
            member,
            containers: containers.clone(),
            other: Some(other),
        };
        propose(&seen, arn, given)
    };
    let twin = ServiceSeen { name: second.to_owned(), ..first.member.clone() };
    Ok([of(&first.member, second, first.arn.clone()), of(&twin, &name.name, String::new())])
}

fn propose_pair(view: &View, name: &ServiceName) -> Pairing {
    let first = &view.first;
    let seen = pairing::Seen {
        member: &first.member,
        group: first.group.as_ref().map(|group| GroupSeen {
            arn: &group.arn,
            pins: group.pins,
            behind_network: group.behind_network,
        }),
        routes: first.routes.iter().map(|route| &route.route.weights).collect(),
        apart: &first.apart,
        second: &view.second,
        second_groups: view
            .second_service
            .as_ref()
            .map(|service| service.target_groups.keys().map(String::as_str).collect()),
        second_group: view.second_group.as_ref().map(|group| group.arn.as_str()),
        on_the_way: view.on_the_way.as_deref(),
    };
    let mut against = pairing::against(&seen);
    let of_tags = &view.tags[0].against;
    against.extend(of_tags.iter().filter(|one| !one.contains("target groups")).cloned());
    let mut notes = vec![
        "policies that scale the first service are not copied: scale the second one as well, with the same bounds"
            .to_owned(),
        "write both into your own infrastructure code, and let that leave the weights alone".to_owned(),
    ];
    if view.second < name.name {
        notes.push(format!(
            "a pair goes by the name that sorts first: from now on {}, and what is on record of {} stays under that name",
            view.second, name.name
        ));
    }
    Pairing {
        service: name.clone(),
        second: view.second.clone(),
        target_group: view.group_name.clone(),
        steps: first.group.as_ref().map(|group| steps(view, group)).unwrap_or_default(),
        against,
        notes,
        applied: false,
    }
}

/// Everything that has to be made or changed, in its order.
fn steps(view: &View, group: &Group) -> Vec<Step> {
    let (first, second) = (&view.first, view.second_group.as_ref());
    let arn = second.map_or(GROUP, |second| second.arn.as_str());
    let is_there = second.is_some();
    let make_group = match second {
        Some(second) => format!("GROUP={}", second.arn),
        None => format!(
            "GROUP=$(aws elbv2 create-target-group --cli-input-json {} --query 'TargetGroups[0].TargetGroupArn' --output text)",
            quoted(&group.twin(&view.group_name))
        ),
    };
    let attributes = format!(
        "aws elbv2 modify-target-group-attributes --target-group-arn \"$GROUP\" --attributes {}",
        quoted(&group.attributes())
    );
    let mut steps = vec![Step {
        what: format!("a target group {} as {} is", view.group_name, group.name),
        command: Some(format!("{make_group}\n{attributes}")),
        done: is_there,
    }];
    for route in &first.routes {
        let (operation, named, option, id) = twin::change_of(&route.route.id);
        let actions = twin::both_in_words(route, &group.arn, arn);
        steps.push(Step {
            what: format!("{id} forwards to both: 100 to {}, 0 to {}", group.name, view.group_name),
            command: actions
                .map(|actions| format!("aws elbv2 {operation} {named} {id} {option} {}", quoted(&actions))),
            done: second.is_some_and(|second| route.route.weights.contains_key(&second.arn)),
        });
    }
    let service = first.twin(&view.second, arn, &second_tags(view));
    steps.push(Step {
        what: format!("a service {} as {} is, without tasks", view.second, first.member.name),
        command: Some(format!("aws ecs create-service --cli-input-json {}", quoted(&service))),
        done: view.second_service.is_some(),
    });
    let tags = &view.tags[0];
    steps.push(Step {
        what: format!("tags on {}: it is one of a pair", first.member.name),
        command: Some(Format::AwsCli.print(tags)),
        done: tags.tags.iter().all(|(key, value)| first.tags.get(key) == Some(value)),
    });
    steps
}

/// What the first has, and the tags that make it one of a pair.
fn second_tags(view: &View) -> BTreeMap<String, String> {
    let mut tags = view.first.tags.clone();
    tags.extend(view.tags[1].tags.clone());
    tags
}

/// A document as one word of a shell, with the variable in place of what is not there yet.
fn quoted(document: &Value) -> String {
    let text = document.to_string().replace('\'', "'\\''");
    format!("'{}'", text.replace(GROUP, "'\"$GROUP\"'"))
}

/// Makes what is not there yet. The tags come last: until then it is deployed as before.
async fn make(aws: &Aws, view: &View) -> Result<(), Failure> {
    let first = &view.first;
    let Some(group) = &first.group else { return Ok(()) };
    let second = match &view.second_group {
        Some(second) => second.arn.clone(),
        None => group.make_twin(aws, &view.group_name).await?,
    };
    for route in first.routes.iter().filter(|route| !route.route.weights.contains_key(&second)) {
        twin::add_group(aws, route, &group.arn, &second).await?;
    }
    if view.second_service.is_none() {
        first.make_twin(aws, &view.second, &second, &second_tags(view)).await?;
    }
    ecs::tag_service(aws, &first.arn, &view.tags[0].tags).await?;
    Ok(())
}

fn in_words(screen: &Screen, pairing: &Pairing) -> String {
    let mut lines = Vec::new();
    lines.extend(pairing.against.iter().map(|against| format!("{} {against}", screen.mark(false))));
    for step in &pairing.steps {
        let done = if step.done { " (is there)" } else { "" };
        lines.push(format!("# {}{done}", step.what));
        match &step.command {
            _ if step.done && !step.what.starts_with("a target group") => {}
            Some(command) => lines.push(command.clone()),
            None => lines.push(
                "# this rule does more than to forward, which cannot be written whole: --apply keeps it"
                    .to_owned(),
            ),
        }
    }
    lines.extend(pairing.notes.iter().map(|note| screen.faint(format!("# {note}"))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_one_word_of_a_shell_and_has_the_variable_in_it() {
        let document = json!({ "arn": GROUP, "note": "it's" });
        assert_eq!(quoted(&document), r#"'{"arn":"'"$GROUP"'","note":"it'\''s"}'"#);
    }
}
