//! `changeover why`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::reasons::{self, Reason};
use crate::service::{self, Service};
use crate::session::Session;
use crate::suggest::{meant, or_list};
use changeover_aws::ecr::{Which, find};
use changeover_domain::choice::passed_over;
use changeover_domain::image::tag_matches;
use changeover_domain::moves::Moves;
use clap::Args;
use serde::{Deserialize, Serialize};

/// About what.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover why main/web          # why does it not run what I pushed, what does it wait for\n  changeover why web:v42           # what came of this push: REPOSITORY:TAG\n  changeover why main/web -o json"
)]
pub struct Options {
    /// A service, or a pushed image as REPOSITORY:TAG.
    #[arg(value_name = "SERVICE|REPOSITORY:TAG")]
    what: String,
}

/// The answer: for each service that is concerned, the reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// What was asked about.
    pub about: String,
    /// The reasons that concern no single service.
    pub reasons: Vec<Reason>,
    /// The services that are concerned.
    pub services: Vec<Of>,
}

/// A service and its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Of {
    /// The service.
    pub service: String,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Says why.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let what = &options.what;
    let why = match what.split_once(':').filter(|_| !what.starts_with("arn:")) {
        Some((repository, tag)) => of_image(&session, what, repository, tag).await?,
        None => {
            let service = service::find(&session.aws, what).await?;
            let reasons = reasons::of_service(&session, &service).await?;
            let of = Of { service: service.name.to_string(), reasons };
            Why { about: what.clone(), reasons: Vec::new(), services: vec![of] }
        }
    };
    session.screen.answer(&why, || {
        let mut parts = Vec::new();
        if !why.reasons.is_empty() {
            parts.push(reasons::words(&session.screen, &why.reasons));
        }
        for of in &why.services {
            parts.push(format!(
                "{}\n{}",
                session.screen.bold(&of.service),
                reasons::words(&session.screen, &of.reasons)
            ));
        }
        parts.join("\n\n")
    });
    Ok(Exit::Good)
}

async fn of_image(session: &Session, about: &str, repository: &str, tag: &str) -> Result<Why, Failure> {
    // Users may paste what they push, registry and all.
    let repository = repository
        .split_once('/')
        .filter(|(host, _)| host.contains('.'))
        .map_or(repository, |(_, name)| name);
    let all = service::all(&session.aws).await?;
    let mut why = Why { about: about.to_owned(), reasons: Vec::new(), services: Vec::new() };
    let found = find(&session.aws, repository, Which::Tag(tag), &Moves::default(), session.now()).await?;
    if let Err(none) = found {
        why.reasons.push(Reason::new(
            format!("No container can be started from {repository}:{tag}: {none}."),
            "Check the name, the region and whether the push went through.",
        ));
    }
    let (of_repository, deployed) = concerned(&all, repository, tag);
    if of_repository.is_empty() {
        let mut known: Vec<String> =
            all.iter().filter_map(|one| one.tags.get("repository").cloned()).collect();
        known.sort();
        known.dedup();
        why.reasons.push(Reason::new(
            format!("No service has the tag changeover:repository with the value {repository}.{}", meant(repository, &known).unwrap_or_default()),
            format!("Pushes deploy services by {}. `changeover init CLUSTER/NAME --repository {repository}` proposes the tags for another.", or_list(&known)),
        ));
    } else if deployed.is_empty() {
        let patterns: Vec<String> =
            of_repository.iter().map(|one| format!("{} ({})", one.name, pattern(one))).collect();
        why.reasons.push(Reason::new(
            format!("No service of repository {repository} is deployed by the tag {tag}: {}.", or_list(&patterns)),
            "Push under such a tag, or set changeover:image-tag; `changeover deploy SERVICE --image-tag TAG` brings any tag once.",
        ));
    }
    for service in deployed {
        if let Some(over) = passed_over(pattern(service), tag) {
            why.reasons.push(Reason::new(
                format!("The push of {tag} did not deploy {}: {over}.", service.name),
                "Another tag of the same push does, or a narrower changeover:image-tag.",
            ));
        }
        let reasons = reasons::of_service(session, service).await?;
        why.services.push(Of { service: service.name.to_string(), reasons });
    }
    Ok(why)
}

fn pattern(service: &Service) -> &str {
    service.tags.get("image-tag").map_or("latest", |tag| tag.trim())
}

/// The services of a repository, and those of them that a tag deploys.
fn concerned<'a>(all: &'a [Service], repository: &str, tag: &str) -> (Vec<&'a Service>, Vec<&'a Service>) {
    let is_of = |one: &&Service| one.tags.get("repository").map(|name| name.trim()) == Some(repository);
    let of_repository: Vec<&Service> = all.iter().filter(is_of).collect();
    let deployed = of_repository.iter().copied().filter(|one| tag_matches(pattern(one), tag)).collect();
    (of_repository, deployed)
}
