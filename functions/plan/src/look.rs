//! What `plan` looks at: the service or pair, its routes and target groups, the image, the room.

use crate::decide::UNKNOWN_IMAGE;
use crate::{View, definition, registry};
use changeover_aws::ecr::{Which, find};
use changeover_aws::invoke::refused;
use changeover_aws::{alarms, autoscaling, calendar, ecs, elb};
use changeover_domain::StepError;
use changeover_domain::definition::DefinitionSeen;
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::gate::Hook;
use changeover_domain::image::{PinnedImage, is_exact};
use changeover_domain::moves::Moves;
use changeover_domain::name::{ServiceName, is_within};
use changeover_domain::record::Wanted;
use changeover_domain::settings::{Raw, Settings, from_labels, of_both, read, read_with_labels};
use changeover_domain::span::Seconds;
use changeover_domain::state::Request;
use changeover_domain::wish::given_up;
use changeover_lambda::Context;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds of a minute.
const MINUTE: u64 = 60;

/// The service that was asked for, by the name it goes by, and its members' names.
pub(crate) struct Asked {
    pub service: ServiceName,
    pub names: Vec<String>,
    pub members: Vec<ServiceSeen>,
    pub settings: Result<Settings, Vec<String>>,
}

/// Finds out which ECS services are meant: the one named, and the other of its pair.
pub(crate) async fn members(context: &Context, request: &Request) -> Result<Asked, StepError> {
    let named = &request.service;
    if !is_within(&context.config.cluster, &named.cluster) {
        // IAM lets nobody look there, so that its refusal would tell nothing.
        let why = format!(
            "this stack deploys services of cluster {} (its parameter ClusterName), not of {}: check the cluster's name",
            context.config.cluster, named.cluster
        );
        let (names, members) = (vec![], vec![]);
        return Ok(Asked { service: named.clone(), names, members, settings: Err(vec![why]) });
    }
    let mut members = ecs::services(&context.aws, &named.cluster, &[&named.name]).await?;
    let tags = tags_of(&members, &named.name);
    let raw_pair = request.settings.get("pair").or_else(|| tags.get("pair"));
    let pair = raw_pair.map(|pair| pair.trim().to_owned()).filter(|pair| !pair.is_empty());
    let mut names = vec![named.name.clone()];
    if let Some(other) = pair.as_ref().filter(|other| **other != named.name) {
        members.extend(ecs::services(&context.aws, &named.cluster, &[other]).await?);
        names.push(other.clone());
    }
    let settings = settings(context, request, (&members, &names), &Raw::new());
    Ok(Asked { service: named.of_pair(pair.as_deref()), names, members, settings })
}

/// The settings, or every mistake in them and in the stack's own.
fn settings(
    context: &Context,
    request: &Request,
    (members, names): (&[ServiceSeen], &[String]),
    labels: &Raw,
) -> Result<Settings, Vec<String>> {
    let tags = together(members, names);
    let settings = read_with_labels(&request.settings, &tags, labels, &context.config.defaults);
    let Some(why) = odd_period(context.config.metric_period, context.aws.is_itself()) else {
        return settings;
    };
    let mut mistakes = settings.err().unwrap_or_default();
    mistakes.push(why);
    Err(mistakes)
}

/// Our Docker labels of the containers of task definitions.
fn labels(definitions: &BTreeMap<String, DefinitionSeen>) -> Raw {
    let containers = definitions.values().flat_map(|definition| &definition.containers);
    let labels = containers.flat_map(|container| &container.labels);
    from_labels(labels.map(|(key, value)| (key.as_str(), value.as_str())))
}

/// Why functions of hooks cannot be invoked, one sentence each.
async fn closed(
    context: &Context,
    settings: &Result<Settings, Vec<String>>,
) -> Result<Vec<String>, StepError> {
    let mut closed = Vec::new();
    for placed in settings.iter().flat_map(|settings| &settings.hooks) {
        if let Hook::Lambda { name } = &placed.hook
            && let Some(why) = refused(&context.aws, name).await?
        {
            closed.push(format!("the hook at {}: {why}", placed.point));
        }
    }
    Ok(closed)
}

/// CloudWatch keeps the numbers of load balancers by whole minutes, and answers no question for other periods. What stands
/// for AWS may be quicker.
fn odd_period(period: Seconds, is_aws: bool) -> Option<String> {
    (is_aws && (period.0 == 0 || !period.0.is_multiple_of(MINUTE))).then(|| {
        format!(
            "the stack's parameter MetricPeriodSeconds is {}: in AWS it must be a multiple of {MINUTE}",
            period.0
        )
    })
}

/// What is wanted now; and what is asked for with it, of which ECS services.
pub(crate) async fn meant(
    context: &Context,
    request: &Request,
) -> Result<(Option<Wanted>, Request, Asked), StepError> {
    let asked = members(context, request).await?;
    let wanted = context.ledger().wanted(&asked.service).await?;
    let whole = request.with_wish(wanted.as_ref());
    // Settings that somebody gave with the wish may name another pair.
    let asked = if whole.settings == request.settings { asked } else { members(context, &whole).await? };
    Ok((wanted, whole, asked))
}

/// What else there is to see. An execution that brings what is wanted is told what that is.
pub(crate) async fn look(
    context: &Context,
    request: &Request,
    asked: Asked,
    (wanted, execution): (Option<&Wanted>, &str),
) -> Result<View, StepError> {
    let Asked { service, names, members, settings } = asked;
    let aws = &context.aws;
    let whence = settings.as_ref().ok().cloned().or_else(|| whence(context, request, &members, &names));
    let arns: BTreeSet<String> =
        members.iter().flat_map(|member| member.target_groups.keys().cloned()).collect();
    let arns: Vec<String> = arns.into_iter().collect();
    let groups = elb::target_groups(aws, &arns).await?;
    let balancers: BTreeSet<String> = groups.iter().flat_map(|group| group.load_balancers.clone()).collect();
    let balancers: Vec<String> = balancers.into_iter().collect();
    let ours: Vec<&str> = arns.iter().map(String::as_str).collect();
    let routes = elb::routes(aws, &balancers, &ours).await?;
    let mut definitions = BTreeMap::new();
    let mut tasks = BTreeMap::new();
    for member in &members {
        tasks.insert(member.name.clone(), ecs::tasks(aws, &service.cluster, &member.name).await?);
        let set_to = std::iter::once(&member.task_definition);
        for arn in set_to.chain(member.deployments.iter().map(|deployment| &deployment.task_definition)) {
            if definitions.contains_key(arn) {
                continue;
            }
            if let Some((found, tags)) = ecs::find_task_definition(aws, arn).await? {
                definitions.insert(arn.clone(), definition::seen(&found, tags));
            }
        }
    }
    let labels = labels(&definitions);
    let settings = if labels.is_empty() {
        settings
    } else {
        self::settings(context, request, (&members, &names), &labels)
    };
    let on_instances = members.iter().any(|member| member.launch_type.as_deref() == Some("EC2"));
    let instances = if on_instances { Some(ecs::instances(aws, &service.cluster).await?) } else { None };
    let group = if on_instances { autoscaling::group_of(aws, &service.cluster).await? } else { None };
    let image = image(context, request, &service, whence.as_ref(), wanted).await?;
    let watched = settings.as_ref().map_or(&[][..], |settings| &settings.alarms);
    let calendar = match settings.as_ref().ok().and_then(|settings| settings.calendar.as_ref()) {
        Some(name) => Some(calendar::state(aws, name).await?),
        None => None,
    };
    Ok(View {
        calendar,
        overridden: request.overrides(wanted, execution),
        alarms: alarms::alarms(aws, watched).await?,
        now: context.now(),
        redeploy: request.redeploy,
        annotations: registry::annotations(context, image.as_ref().ok(), &definitions, &tasks).await?,
        database: context.ledger().schema(&service).await?.and_then(|had| had.version),
        registry: registry::look(context, image.as_ref().ok(), &definitions, &tasks).await?,
        task_roles: context.config.task_roles.clone(),
        tasks,
        image,
        instances,
        group,
        closed_hooks: closed(context, &settings).await?,
        container: container_of(context, request, &members, &names),
        numbers_after: context.config.numbers_after(),
        service,
        names,
        settings,
        routes: routes.into_iter().map(|found| found.route).collect(),
        groups,
        definitions,
        members,
    })
}

/// Where to look for the image although another setting is wrong, so that one mistake does not hide another.
fn whence(
    context: &Context,
    request: &Request,
    members: &[ServiceSeen],
    names: &[String],
) -> Option<Settings> {
    let only = |raw: &Raw| -> Raw {
        let needed = raw.iter().filter(|(key, _)| matches!(key.as_str(), "repository" | "image-tag"));
        needed.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    read(&only(&request.settings), &only(&together(members, names)), &only(&context.config.defaults)).ok()
}

/// What is said of the container, in the order in which settings are read.
fn container_of(
    context: &Context,
    request: &Request,
    members: &[ServiceSeen],
    names: &[String],
) -> Option<String> {
    let tags = together(members, names);
    let layers = [&request.settings, &tags, &context.config.defaults];
    layers.into_iter().find_map(|layer| layer.get("container")).map(|name| name.trim().to_owned())
}

/// The image that is meant, pinned; or in words why there is none.
async fn image(
    context: &Context,
    request: &Request,
    service: &ServiceName,
    settings: Option<&Settings>,
    wanted: Option<&Wanted>,
) -> Result<Result<PinnedImage, String>, StepError> {
    let Some(settings) = settings else {
        return Ok(Err(UNKNOWN_IMAGE.to_owned()));
    };
    let wanted = wanted.filter(|_| request.wanted);
    if let Some(why) = wanted.and_then(given_up) {
        return Ok(Err(why));
    }
    let which = match (&request.digest, &request.tag, wanted) {
        (Some(digest), ..) => Which::Digest(digest),
        (None, Some(tag), _) => Which::Tag(tag),
        (None, None, Some(wanted)) => Which::Digest(&wanted.image.digest),
        (None, None, None) => Which::Tag(&settings.image_tag),
    };
    let moves = moves(context, service, which).await?;
    let found = find(&context.aws, &settings.repository, which, &moves, context.now()).await?;
    Ok(match (found, wanted, which) {
        // As it was found when it became wanted: the digest may have other tags as well.
        (Ok(image), Some(wanted), Which::Digest(_)) if image.digest == wanted.image.digest => {
            let PinnedImage { tag, chosen, .. } = wanted.image.clone();
            Ok(PinnedImage { tag: tag.or(image.tag), chosen, ..image })
        }
        (found, ..) => found.map_err(|why| why.to_string()),
    })
}

/// When tags were moved, where that decides.
async fn moves(context: &Context, service: &ServiceName, which: Which<'_>) -> Result<Moves, StepError> {
    match which {
        Which::Tag(pattern) if !is_exact(pattern) => context.ledger().moves(service).await,
        _ => Ok(Moves::default()),
    }
}

/// The digest that the service's image tag points to now, if the settings say where to look.
pub(crate) async fn tagged(context: &Context, view: &View) -> Result<Option<String>, StepError> {
    let Ok(settings) = &view.settings else { return Ok(None) };
    let which = Which::Tag(&settings.image_tag);
    let moves = moves(context, &view.service, which).await?;
    let found = find(&context.aws, &settings.repository, which, &moves, context.now()).await?;
    Ok(found.ok().map(|image| image.digest))
}

/// Our tags of a member, for comparing a pair's two.
pub(crate) fn tags_of(members: &[ServiceSeen], name: &str) -> Raw {
    members
        .iter()
        .find(|member| member.name == name)
        .map(|member| member.settings.clone())
        .unwrap_or_default()
}

/// Our tags of all members as one's, those of the one that was named first.
fn together(members: &[ServiceSeen], names: &[String]) -> Raw {
    let each = names.iter().map(|name| tags_of(members, name));
    each.reduce(|first, second| of_both(&first, &second)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_that_cloudwatch_does_not_have_is_refused_in_aws_alone() {
        for odd in [0, 1, 90] {
            assert!(odd_period(Seconds(odd), true).unwrap().contains("a multiple of 60"), "{odd}");
            assert_eq!(odd_period(Seconds(odd), false), None);
        }
        assert_eq!((odd_period(Seconds(60), true), odd_period(Seconds(120), true)), (None, None));
    }

    #[test]
    fn the_settings_of_a_pair_are_those_of_both_whichever_is_named() {
        let member = |name: &str, key: &str| ServiceSeen {
            name: name.into(),
            settings: Raw::from([(key.into(), "5m".into()), ("repository".into(), "web".into())]),
            ..ServiceSeen::default()
        };
        let members = [member("blue", "bake"), member("green", "health-timeout")];
        for names in [["blue", "green"], ["green", "blue"]] {
            let tags = together(&members, &names.map(str::to_owned));
            let keys: Vec<&str> = tags.keys().map(String::as_str).collect();
            assert_eq!(keys, ["bake", "health-timeout", "repository"]);
        }
        assert_eq!(together(&members, &["blue".to_owned()]), members[0].settings);
    }
}
