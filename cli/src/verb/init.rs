//! `changeover init`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::proposal::{Format, Proposal, Seen, propose};
use crate::screen::Screen;
use crate::session::Session;
use crate::{account, service, settings};
use changeover_aws::{Aws, ecs};
use changeover_domain::name::ServiceName;
use changeover_domain::settings::{Raw, TAG_PREFIX};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which services, and how.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover init main/web                                 # prints AWS CLI commands\n  changeover init main/web --format terraform\n  changeover init main/web-blue --pair web-green --set \"steps=10 50 100\" --apply\n  changeover init main/web --repository web --image-tag prod-@ --apply --yes"
)]
pub struct Options {
    /// The services, each CLUSTER/NAME.
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<String>,
    /// The ECR repository whose pushes deploy it; otherwise that of the image it runs.
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// The image tag, or a pattern such as prod-@, that is deployed.
    #[arg(long, value_name = "TAG")]
    image_tag: Option<String>,
    /// The other ECS service of a pair: the strategy is blue-green then.
    #[arg(long, value_name = "NAME")]
    pair: Option<String>,
    /// Another setting; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::AwsCli, value_name = "FORMAT")]
    format: Format,
    /// Set the tags now.
    #[arg(long)]
    apply: bool,
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposals {
    /// For each ECS service.
    pub services: Vec<Proposal>,
    /// Whether the tags have been set.
    pub applied: bool,
}

/// Proposes, and sets the tags if asked to.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let aws = account::connect(globals).await?;
    let screen = Screen::of(globals);
    let mut given = settings::typed(&options.settings, &Raw::new())?;
    let own = [("repository", &options.repository), ("image-tag", &options.image_tag)];
    given.extend(own.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))));
    let mut services = Vec::new();
    for text in &options.services {
        let name = service::read(text)?;
        services.extend(of_service(&aws, &name, options.pair.as_deref(), &given).await?);
    }
    let fits = services.iter().all(|one| one.against.is_empty());
    let mut proposals = Proposals { services, applied: false };
    if options.apply {
        if !fits {
            screen.answer(&proposals, || in_words(&screen, &proposals, options.format));
            return Err(Failure::not("No tag was set: put right what is in the way first."));
        }
        let names: Vec<String> = proposals.services.iter().map(|one| one.service.to_string()).collect();
        screen.confirm(&format!(
            "Set these tags on {}?\n{}",
            names.join(" and "),
            in_words(&screen, &proposals, options.format)
        ))?;
        for one in &proposals.services {
            ecs::tag_service(&aws, &one.arn, &one.tags).await?;
        }
        proposals.applied = true;
    }
    screen.answer(&proposals, || match proposals.applied {
        true => format!(
            "The tags are set. `changeover doctor {}` says whether a deployment would go through.",
            proposals.services[0].service
        ),
        false => in_words(&screen, &proposals, options.format),
    });
    // Without a stack the tags do nothing; that is worth a word, not a failure.
    if let Err(failure) = Session::open(globals).await {
        screen.tell(format!("\n{}", failure.words));
    }
    Ok(if fits { Exit::Good } else { Exit::Not })
}

/// What is proposed for a service, or for both of a pair.
async fn of_service(
    aws: &Aws,
    name: &ServiceName,
    pair: Option<&str>,
    given: &Raw,
) -> Result<Vec<Proposal>, Failure> {
    let mut names = vec![name.name.as_str()];
    names.extend(pair);
    let members = ecs::services(aws, &name.cluster, &names).await?;
    let missing: Vec<&str> =
        names.iter().copied().filter(|name| !members.iter().any(|member| member.name == *name)).collect();
    if !missing.is_empty() {
        return Err(Failure::usage(format!(
            "There is no active service {} in a cluster {}: check both names, --region and --profile. `aws ecs list-services --cluster {}` lists what is there.",
            missing.join(" and none of the name "),
            name.cluster,
            name.cluster
        )));
    }
    let mut proposals = Vec::new();
    for member in &members {
        let (definition, _) = ecs::task_definition(aws, &member.task_definition).await?;
        let containers = definition.container_definitions().iter().map(|one| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            (text(one.name()), text(one.image()), one.essential().unwrap_or(true))
        });
        let other = pair.map(|pair| if member.name == name.name { pair } else { name.name.as_str() });
        let seen = Seen { cluster: &name.cluster, member, containers: containers.collect(), other };
        proposals.push(propose(
            &seen,
            arn(definition.task_definition_arn().unwrap_or_default(), &name.cluster, &member.name),
            given,
        ));
    }
    Ok(proposals)
}

/// The ECS service's ARN, in the partition, region and account of its task definition.
fn arn(definition: &str, cluster: &str, service: &str) -> String {
    let home: Vec<&str> = definition.split(':').take(5).collect();
    format!("{}:service/{cluster}/{service}", home.join(":"))
}

fn in_words(screen: &Screen, proposals: &Proposals, format: Format) -> String {
    let mut parts = Vec::new();
    for one in &proposals.services {
        for against in &one.against {
            parts.push(format!("{} {against}", screen.mark(false)));
        }
        for note in &one.notes {
            parts.push(screen.faint(format!("# {note}")));
        }
        parts.push(format.print(one));
    }
    parts.join("\n")
}

/// A proposal's tags with their prefix.
pub fn prefixed(raw: &Raw) -> BTreeMap<String, String> {
    raw.iter().map(|(key, value)| (format!("{TAG_PREFIX}{key}"), value.clone())).collect()
}
