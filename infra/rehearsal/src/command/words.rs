//! What `cargo rehearse serve` says: where everything is, and commands that work as they stand.

use super::keys::{USUAL_PORT, exports};
use super::serve::{BUILDS, SETTINGS};
use crate::stage::{CLUSTER, Sample, Stage};
use std::fmt::Write as _;
use std::path::Path;

/// How to drive a served cloud.
pub(super) fn words(
    stage: &Stage,
    keys: &Path,
    command_line: &Path,
    page: Option<&str>,
) -> anyhow::Result<String> {
    let mut text = format!("The cloud is up at {}\n\n", stage.cloud.endpoint());
    for sample in &stage.samples {
        let _ = writeln!(text, "  http://{}/  {}", sample.address, about(sample));
    }
    if let Some(page) = page {
        let _ = writeln!(text, "\nSee it all on a page:\n\n  {page}");
    }
    let settings: Vec<String> = SETTINGS.iter().map(|(key, value)| format!("{key} {value}")).collect();
    let _ = writeln!(
        text,
        "\nThe settings of both are quicker than the defaults: {}. With minimum-requests 0, a bake passes without any request.",
        settings.join(", ")
    );
    text.push_str(&pushing(&stage.cloud.endpoint()));
    if let Some(sample) = stage.samples.first() {
        text.push_str(&driving(stage, sample, keys)?);
        text.push_str(&by_verbs(command_line, &sample.service.to_string()));
        let address = sample.address;
        let _ = writeln!(
            text,
            "\nA bake judges by requests, so let some come:\n\n  while curl --silent http://{address}/; do sleep 0.05; done"
        );
    }
    text.push_str("\nCtrl-C takes everything down.");
    Ok(text)
}

fn about(sample: &Sample) -> String {
    let kind = if sample.is_pair() { "blue/green pair" } else { "rolling service" };
    format!("{} ({kind}), deployed by tags like v2 that are pushed to {}", sample.service, sample.repository)
}

fn pushing(endpoint: &str) -> String {
    let port = match endpoint.rsplit(':').next() {
        Some(port) if port != USUAL_PORT.to_string() => format!(" --port {port}"),
        _ => String::new(),
    };
    format!(
        r#"
Push a version, and another that goes wrong; or a server of your own, which answers /health as well:

  cargo rehearse push{port} --tag v4
  cargo rehearse push{port} --tag v5 --sample "--error-rate 0.5"
  cargo rehearse push{port} --tag v6 -- python3 -c '{SERVER}'
"#
    )
}

/// The shortest server of one's own.
const SERVER: &str = r#"import os, http.server as h
class Mine(h.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200), self.end_headers(), self.wfile.write(b"mine")
h.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Mine).serve_forever()"#;

fn driving(stage: &Stage, sample: &Sample, keys: &Path) -> anyhow::Result<String> {
    let keys = keys.display();
    let [(good, ..), (bad, ..)] = BUILDS;
    let first = &sample.members[0];
    Ok(format!(
        r#"
With the AWS CLI; giving a build a tag is a push ({good} is good, {bad} answers with errors).
The keys are new each time, and only you can read the file that holds them: . {keys}

  {exports}
  export STACK={stack} MACHINE={machine} TABLE={table}
  aws ecr put-image --repository-name {repository} --image-tag v2 --image-manifest "$(aws ecr batch-get-image --repository-name {repository} --image-ids imageTag={good} --query 'images[0].imageManifest' --output text)"
  aws stepfunctions list-executions --state-machine-arn {machine}
  aws stepfunctions start-execution --state-machine-arn {machine} --input '{{"service":"{name}","redeploy":true}}'
  aws stepfunctions start-execution --state-machine-arn {machine} --input '{{"service":"{name}","dry_run":true}}'
  aws stepfunctions start-execution --state-machine-arn {machine} --input '{{"service":"{name}","rollback":true,"cause":"mine"}}'
  aws ecs describe-services --cluster {CLUSTER} --services {service}
  aws ecs list-tasks --cluster {CLUSTER} --service-name {service}
  aws elbv2 describe-rules --listener-arn {listener}
  aws elbv2 describe-target-health --target-group-arn {group}
  aws dynamodb query --table-name {table} --key-condition-expression 'service = :s' --expression-attribute-values '{{":s":{{"S":"{name}"}}}}'
"#,
        exports = exports(&stage.cloud.endpoint(), stage.cloud.operator_key()),
        repository = sample.repository,
        machine = stage.state_machine()?,
        name = sample.service,
        service = first.ecs_service,
        listener = sample.listener,
        group = first.target_group,
        table = stage.table()?,
        stack = stage.cloud.stack().name,
    ))
}

/// The command line of the product.
fn by_verbs(program: &Path, service: &str) -> String {
    format!(
        r#"
With Changeover's own command line, after the same exports:

  alias changeover={program}
  changeover status
  changeover plan {service} --image-tag build-2
  changeover deploy {service} --image-tag build-2 --wait
  changeover show {service}
  changeover rollback {service}
"#,
        program = program.display()
    )
}
