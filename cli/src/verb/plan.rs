//! `changeover plan`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use crate::service::{self, Service};
use crate::session::Session;
use crate::{settings, start, words};
use anstyle::AnsiColor;
use changeover_aws::ecs;
use changeover_domain::image::is_digest;
use changeover_domain::name::ServiceName;
use changeover_domain::plan::Plan;
use changeover_domain::record::Outcome;
use changeover_domain::settings::Strategy;
use changeover_domain::span::Seconds;
use changeover_domain::state::Request;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Before the reasons, in the answer of a dry run that would be refused.
const REFUSED: &str = "would be refused: ";

/// Of what.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover plan main/web\n  changeover plan main/web --image-tag v42 --set \"steps=5 25 100\"\n  changeover plan web -o json | jq .longest_seconds"
)]
pub struct Options {
    /// The service.
    service: String,
    /// This image tag instead of what the tag changeover:image-tag finds.
    #[arg(long, value_name = "TAG", conflicts_with = "digest")]
    image_tag: Option<String>,
    /// Just this image.
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// A setting, over the service's tags; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Plan even for what runs already.
    #[arg(long)]
    redeploy: bool,
}

/// What a deployment would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Would {
    /// The service.
    pub service: ServiceName,
    /// In a sentence.
    pub says: String,
    /// The plan; null if nothing would be done, or it would be refused.
    pub plan: Option<Plan>,
    /// Every reason against it; empty if there is none.
    pub refused: Vec<String>,
    /// The image that the container has now; null without a plan.
    pub image_now: Option<String>,
    /// The longest that it takes if it waits for everything that it may wait for, and goes back in the end, but for requests
    /// that do not come; null without a plan.
    pub longest_seconds: Option<u64>,
}

/// Says what would be done.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    if let Some(digest) = options.digest.as_deref().filter(|digest| !is_digest(digest)) {
        return Err(Failure::usage(format!(
            "--digest {digest}: a digest is sha256: and 64 hexadecimal digits"
        )));
    }
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let request = Request {
        tag: options.image_tag.clone(),
        digest: options.digest.clone(),
        settings: settings::typed(&options.settings, &service.tags)?,
        redeploy: options.redeploy,
        ..Request::of(service.asked.clone())
    };
    let would = ask(&session, &service, request).await?;
    session.screen.answer(&would, || in_words(&session.screen, &would));
    Ok(if would.refused.is_empty() { Exit::Good } else { Exit::Outcome(Outcome::Refused) })
}

/// Lets the stack plan, with nothing put on record.
pub async fn ask(session: &Session, service: &Service, request: Request) -> Result<Would, Failure> {
    // Only who goes past a calendar has to say why.
    let cause = request.cause.clone().filter(|_| request.calendar.is_some());
    let request = Request { dry_run: true, cause, ..request };
    let started = start::start(session, service, &request).await?;
    let output = match start::answer(session, &started.arn).await? {
        Ok(output) => output,
        Err(why) => return Err(Failure { words: why, exit: Exit::Outcome(Outcome::Refused) }),
    };
    let says = output["note"].as_str().unwrap_or_default().to_owned();
    let plan: Option<Plan> = serde_json::from_value(output["plan"].clone()).map_err(|error| {
        Failure::not(format!(
            "The stack's plan cannot be read by this version: {error}. Install the version of the stack."
        ))
    })?;
    let image_now = match &plan {
        Some(plan) => image_now(session, plan).await?,
        None => None,
    };
    let refused = says.strip_prefix(REFUSED).map(|reasons| reasons.split("; ").map(str::to_owned).collect());
    Ok(Would {
        service: service.name.clone(),
        longest_seconds: plan.as_ref().map(|plan| plan.pace.longest(&plan.settings, Seconds(0)).0),
        refused: refused.unwrap_or_default(),
        says,
        plan,
        image_now,
    })
}

async fn image_now(session: &Session, plan: &Plan) -> Result<Option<String>, Failure> {
    let (definition, _) = ecs::task_definition(&session.aws, &plan.live.task_definition).await?;
    let container = definition.container_definitions().iter().find(|one| one.name() == Some(&plan.container));
    Ok(container.and_then(|one| one.image()).map(str::to_owned))
}

fn in_words(screen: &Screen, would: &Would) -> String {
    let Some(plan) = &would.plan else {
        if would.refused.is_empty() {
            return format!("Nothing would be done: {}.", would.says);
        }
        let each = would.refused.iter().map(|reason| format!("- {reason}")).collect::<Vec<_>>().join("\n");
        return format!("A deployment of {} would be refused:\n{each}", would.service);
    };
    let red = |text: String| screen.style(AnsiColor::Red.on_default(), text);
    let green = |text: String| screen.style(AnsiColor::Green.on_default(), text);
    let family = plan.live.task_definition.rsplit('/').next().unwrap_or_default();
    let mut text = format!(
        "{} would get {}\n\ntask definition: a new revision, copied from {family}\n  container {}\n  {}\n  {}\n\n",
        screen.bold(&would.service),
        plan.image,
        plan.containers().join(", "),
        red(format!("- image: {}", would.image_now.as_deref().unwrap_or("-"))),
        green(format!("+ image: {}", plan.image.uri)),
    );
    way(&mut text, plan);
    if let Some(longest) = would.longest_seconds {
        let _ = writeln!(
            text,
            "time    at most {}, if it waits for everything that it may wait for and goes back in the end",
            words::span(longest)
        );
    }
    for note in &plan.notes {
        let _ = writeln!(text, "note    {note}");
    }
    text.trim_end().to_owned()
}

/// Tasks, steps, health and the way back.
fn way(text: &mut String, plan: &Plan) {
    let settings = &plan.settings;
    match (&plan.next, plan.strategy()) {
        (Some(next), _) => {
            let steps: Vec<String> = settings
                .steps
                .iter()
                .map(|step| format!("{step} %, watched for {}", settings.bake))
                .collect();
            let _ = writeln!(
                text,
                "tasks   {} new ones in {} beside {} in {}",
                plan.tasks, next.ecs_service, plan.live.running, plan.live.ecs_service
            );
            let _ = writeln!(text, "steps   {}", steps.join("; "));
            let _ = writeln!(
                text,
                "routes  {}",
                plan.routes.iter().map(|route| route.id.to_string()).collect::<Vec<_>>().join("\n        ")
            );
        }
        (None, _) => {
            let _ = writeln!(
                text,
                "tasks   ECS replaces the {} of {}; then they are watched for {}",
                plan.tasks, plan.live.ecs_service, settings.bake
            );
        }
    }
    let _ = writeln!(
        text,
        "health  {} healthy readings in a row within {}; a bake judges by {} requests or more",
        settings.healthy_checks, settings.health_timeout, settings.minimum_requests
    );
    for placed in &settings.hooks {
        let _ = writeln!(text, "hook    {}: {}", placed.point, placed.hook);
    }
    if !settings.alarms.is_empty() {
        let ignored = &plan.ignored_alarms;
        let each = settings.alarms.iter().map(|name| {
            if ignored.contains(name) { format!("{name} (red before, and ignored)") } else { name.clone() }
        });
        let _ = writeln!(text, "alarms  {}", each.collect::<Vec<_>>().join(", "));
    }
    if let Some(calendar) = &settings.calendar {
        let _ = writeln!(text, "begins  while calendar {calendar} is open");
    }
    let back = match plan.strategy() {
        Strategy::BlueGreen if settings.rollback_window > Seconds(0) => format!(
            "by a shift of weights until {} after the last request to the old tasks; after that the image before is deployed again",
            settings.rollback_window
        ),
        Strategy::BlueGreen => "by a shift of weights until the old tasks are stopped; changeover:rollback-window keeps them longer".to_owned(),
        Strategy::Rolling => "ECS replaces the tasks again".to_owned(),
    };
    let _ = writeln!(text, "back    {back}");
}
