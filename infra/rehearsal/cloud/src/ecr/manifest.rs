//! Images that are a command: a manifest whose config, embedded as OCI descriptors allow, names it.

use super::repository::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

/// The media type of a config that names a command: OCI's, as every image that a container can be started from has.
pub const COMMAND_CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// What a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Of the manifest.
    pub digest: String,
    /// The program with its first arguments, if the image has an entry point.
    pub entry_point: Vec<String>,
    /// The command, or what comes after the entry point.
    pub command: Vec<String>,
    /// The variables the image brings along.
    pub environment: Vec<(String, String)>,
}

/// What is read of an OCI image configuration.
#[derive(Deserialize)]
struct Configuration {
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    entrypoint: Vec<String>,
    #[serde(default)]
    cmd: Vec<String>,
    /// `NAME=VALUE`.
    #[serde(default)]
    env: Vec<String>,
}

/// The manifest of an image that runs this command, as `PutImage` takes it; one without an entry point.
#[must_use]
pub fn manifest(command: &[String], environment: &[(String, String)]) -> String {
    manifest_of(&[], command, environment)
}

/// The same of an image that has an entry point as well.
#[must_use]
pub fn manifest_of(entry_point: &[String], command: &[String], environment: &[(String, String)]) -> String {
    let variables: Vec<String> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Entrypoint": entry_point, "Cmd": command, "Env": variables },
        "rootfs": { "type": "layers", "diff_ids": [] },
    })
    .to_string();
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": COMMAND_CONFIG,
            "size": config.len(),
            "digest": digest(config.as_bytes()),
            "data": BASE64.encode(&config),
        },
        "layers": [],
    })
    .to_string()
}

/// A manifest with these annotations, as OCI has them.
///
/// # Errors
/// If it is no JSON object.
pub fn annotated(manifest: &str, annotations: &[(String, String)]) -> Result<String, serde_json::Error> {
    let mut manifest: serde_json::Map<String, Value> = serde_json::from_str(manifest)?;
    if !annotations.is_empty() {
        let all = annotations.iter().map(|(key, value)| (key.clone(), json!(value)));
        manifest.insert("annotations".to_owned(), all.collect());
    }
    Ok(Value::Object(manifest).to_string())
}

/// Reads the command out of a manifest, or says what is wrong with it.
pub(crate) fn command(of: &str, manifest: &str) -> Result<Image, String> {
    let manifest: Value = serde_json::from_str(manifest).map_err(|error| format!("no JSON: {error}"))?;
    let config = &manifest["config"];
    let media_type = config["mediaType"].as_str().unwrap_or("none");
    if media_type != COMMAND_CONFIG {
        return Err(format!(
            "its config is {media_type}; the rehearsal runs {COMMAND_CONFIG} with its data embedded"
        ));
    }
    let data = config["data"].as_str().ok_or("its config has no embedded data")?;
    let data = BASE64.decode(data).map_err(|error| format!("its config's data is no base64: {error}"))?;
    if config["digest"].as_str() != Some(&digest(&data))
        || config["size"].as_u64() != u64::try_from(data.len()).ok()
    {
        return Err("its config's data has another digest or size than the manifest says".to_owned());
    }
    let Configuration { config } =
        serde_json::from_slice(&data).map_err(|error| format!("its config names no command: {error}"))?;
    let (entry_point, command) = (config.entrypoint, config.cmd);
    if entry_point.is_empty() && command.is_empty() {
        return Err("its config's command is empty".to_owned());
    }
    let variables = config.env.iter().filter_map(|variable| variable.split_once('='));
    let environment = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Image { digest: of.to_owned(), entry_point, command, environment })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let words = ["sample-webapp".to_owned(), "--version".to_owned(), "v2".to_owned()];
        let variables = [("COLOR".to_owned(), "blue".to_owned())];
        let text = manifest(&words, &variables);
        let image = command("sha256:x", &text).unwrap();
        assert_eq!(image.command, words);
        assert_eq!(image.environment, variables);
    }

    #[test]
    fn what_cannot_run_is_refused_in_words() {
        let docker = json!({ "config": { "mediaType": "application/vnd.docker.container.image.v1+json" } });
        assert!(command("x", &docker.to_string()).unwrap_err().contains("vnd.docker.container.image"));
        let empty = manifest(&[], &[]);
        assert_eq!(command("x", &empty).unwrap_err(), "its config's command is empty");
        let tampered = manifest(&["a".to_owned()], &[]).replace("sha256:", "sha256:0");
        assert!(command("x", &tampered).unwrap_err().contains("another digest"));
    }
}
