//! The functions of a scenario's hooks, made by Lambda's API as people make theirs: of images in a repository of their own,
//! with the tag without which nothing invokes them.

use super::Scenario;
use crate::stage::{Image, Stage};
use anyhow::Context as _;
use rehearsal_wire::Service;
use serde_json::json;

/// The repository that their images are in.
const REPOSITORY: &str = "hooks";
/// Whom they run as: nobody looks, and Lambda wants to know.
const ROLE: &str = "arn:aws:iam::123456789012:role/hooks";

/// Makes them.
pub(super) async fn make(stage: &Stage, scenario: &Scenario) -> anyhow::Result<()> {
    if scenario.functions.is_empty() {
        return Ok(());
    }
    let made = stage.call(Service::Ecr, "CreateRepository", json!({"repositoryName": REPOSITORY})).await?;
    let uri = made["repository"]["repositoryUri"].as_str().context("CreateRepository: no URI")?;
    for (name, statuses) in scenario.functions {
        let image = Image::sample(&stage.binaries, name, &["--hook", statuses]);
        stage.push(REPOSITORY, name, &image).await?;
        let function = json!({
            "FunctionName": name,
            "Role": ROLE,
            "PackageType": "Image",
            "Code": {"ImageUri": format!("{uri}:{name}")},
            "Tags": {"changeover:hook": "scenario"},
        });
        stage.call(Service::Lambda, "CreateFunction", function).await?;
    }
    Ok(())
}
