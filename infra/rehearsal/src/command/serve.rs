//! `cargo rehearse serve`

use crate::binaries::Binaries;
use crate::stage::{CLUSTER, Sample, Setting, Stage};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tokio::signal::unix::{SignalKind, signal};

/// Leaves a cloud up with both sample services until Ctrl-C or SIGTERM; no process is left after that.
///
/// # Errors
/// If a port is taken or the services do not come up.
pub async fn serve(port: u16, traffic_port: u16, seed: u64) -> anyhow::Result<()> {
    // Listened for from the beginning, so that none is missed while the stage is set.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let binaries = Binaries::build()?;
    let settings = [
        ("image-tag", "v*"),
        ("steps", "10 50 100"),
        ("bake", "5s"),
        ("healthy-checks", "2"),
        ("health-timeout", "90s"),
        ("minimum-requests", "0"),
    ];
    let tags: BTreeMap<String, String> =
        settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let setting = Setting { seed, port, traffic_port, rolling: 1, tags, ..Setting::default() };
    let stage = tokio::select! {
        stage = Stage::set(&binaries, &setting) => stage?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    println!("{}", words(&stage)?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("taking everything down");
    stage.strike().await;
    Ok(())
}

/// How to drive it.
fn words(stage: &Stage) -> anyhow::Result<String> {
    let (machine, table) = (stage.state_machine()?, stage.table()?);
    let mut text = format!("The cloud is up at {}\n\n", stage.cloud.endpoint());
    for sample in &stage.samples {
        let _ = writeln!(text, "  http://{}/  {}", sample.address, about(sample));
    }
    let sample = &stage.samples[0];
    let (name, repository) = (sample.service.to_string(), &sample.repository);
    let _ = write!(
        text,
        r#"
Push a version, and another that goes wrong:

  cargo rehearse push --tag v2
  cargo rehearse push --tag v3 --sample "--error-rate 0.5"
  cargo rehearse push --tag v4 -- python3 -c 'import os,http.server as h; h.test(h.SimpleHTTPRequestHandler, port=int(os.environ["PORT"]), bind="127.0.0.1")'

With the AWS CLI:

  export AWS_ENDPOINT_URL={endpoint} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=operator AWS_SECRET_ACCESS_KEY=operator
  aws stepfunctions start-execution --state-machine-arn {machine} --input '{{"service":"{name}","redeploy":true}}'
  aws stepfunctions list-executions --state-machine-arn {machine}
  aws ecr describe-images --repository-name {repository}
  aws ecs describe-services --cluster {CLUSTER} --services {member}
  aws elbv2 describe-rules --listener-arn {listener}
  aws dynamodb query --table-name {table} --key-condition-expression 'service = :s' --expression-attribute-values '{{":s":{{"S":"{name}"}}}}'

Ctrl-C takes everything down."#,
        endpoint = stage.cloud.endpoint(),
        member = sample.members[0].ecs_service,
        listener = sample.listener,
    );
    Ok(text)
}

fn about(sample: &Sample) -> String {
    let kind = if sample.is_pair() { "blue/green pair" } else { "rolling service" };
    format!("{} ({kind}), deployed by pushes to {}", sample.service, sample.repository)
}
