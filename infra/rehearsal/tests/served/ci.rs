//! What CI runs: the shell steps of the GitHub action and of the GitLab snippet, as they stand, against a served cloud.

use crate::binaries::changeover;
use crate::clients::Shell;
use crate::server::Served;
use rehearsal::build::workspace;
use serde_json::Value;
use std::path::Path;

fn yaml(path: &str) -> Value {
    let text = std::fs::read_to_string(workspace().join(path)).expect("it is there");
    serde_norway::from_str(&text).expect("it is YAML")
}

fn shell(served: &Served, folder: &Path) -> Shell {
    let mut shell = Shell::of(served).in_folder(folder);
    let programs = changeover().parent().expect("a folder").display().to_string();
    shell.export("PATH", &format!("{programs}:{}", std::env::var("PATH").unwrap_or_default()));
    shell
}

/// What a run of the action left.
struct Run {
    code: Option<i32>,
    said: String,
    outputs: String,
    summary: String,
}

/// Runs the action's steps as GitHub does: inputs that are not given have their defaults, and each step its variables.
async fn action(served: &Served, inputs: &[(&str, &str)]) -> Run {
    let action = yaml("infra/github-action/action.yml");
    let value = |text: &str| match text.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}"))
    {
        Some(name) => {
            let given = inputs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let input = &action["inputs"][name];
            assert!(input.is_object(), "the action has no input {name}");
            given.or_else(|| input["default"].as_str().map(str::to_owned)).expect("it is required")
        }
        None => text.to_owned(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut shell = shell(served, folder.path());
    shell.export("GITHUB_ACTION_PATH", &workspace().join("infra/github-action").display().to_string());
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        shell.export(name, &folder.path().join(name).display().to_string());
    }
    let (mut code, mut said) = (None, String::new());
    for step in action["runs"]["steps"].as_array().expect("steps") {
        for (name, text) in step["env"].as_object().into_iter().flatten() {
            shell.export(name, &value(text.as_str().expect("text")));
        }
        let output = shell.run(step["run"].as_str().expect("a shell step")).await;
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        code = output.status.code();
        if code != Some(0) {
            break;
        }
    }
    let left = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    Run { code, said, outputs: left("GITHUB_OUTPUT"), summary: left("GITHUB_STEP_SUMMARY") }
}

#[tokio::test(flavor = "multi_thread")]
async fn ci_waits_for_the_outcome_and_says_why() {
    let served = Served::start().await;
    served.push(&["--repository", "api", "--tag", "v2"]).await;
    let good = action(&served, &[("service", "rehearsal/api"), ("image-tag", "v2")]).await;
    assert_eq!(good.code, Some(0), "{}", good.said);
    assert!(
        good.outputs.contains("outcome=Succeeded\n") && good.outputs.contains("deployment=20"),
        "{}",
        good.outputs
    );
    assert!(
        good.summary.contains("### Succeeded: rehearsal/api") && good.summary.contains("CheckHealth"),
        "{}",
        good.summary
    );
    assert!(!good.said.contains("::error"), "{}", good.said);

    served.push(&["--repository", "api", "--tag", "v3", "--sample", "--crash 3"]).await;
    let bad = action(&served, &[("service", "rehearsal/api"), ("image-tag", "v3")]).await;
    assert_eq!(bad.code, Some(10), "{}", bad.said);
    assert!(
        bad.said.contains("::error title=RolledBack: rehearsal/api::") && bad.said.contains("exit"),
        "{}",
        bad.said
    );
    assert!(bad.outputs.contains("outcome=RolledBack\n"), "{}", bad.outputs);

    let missing = action(&served, &[("service", "rehearsal/nothing"), ("image-tag", "v3")]).await;
    assert_eq!(missing.code, Some(2), "{}", missing.said);
    assert!(missing.said.contains("::error") && missing.said.contains("nothing"), "{}", missing.said);

    let job = yaml("infra/gitlab/changeover.yml")[".changeover"].clone();
    let folder = tempfile::tempdir().expect("a folder");
    let mut shell = shell(&served, folder.path());
    for (name, value) in [("SERVICE", "rehearsal/api"), ("IMAGE_TAG", "v2"), ("TIMEOUT", "60m")] {
        assert!(job["variables"][name].is_string(), "{name}");
        shell.export(name, value);
    }
    let line = |part: &str| job[part][0].as_str().expect("a line").to_owned();
    assert_eq!(shell.run(&line("script")).await.status.code(), Some(0));
    shell.text(&line("after_script")).await;
    let story = std::fs::read_to_string(folder.path().join("changeover.txt")).expect("an artifact");
    assert!(story.contains("RolledBack"), "{story}");
    served.close().await;
}
