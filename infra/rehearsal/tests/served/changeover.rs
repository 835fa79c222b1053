//! `changeover`, the command line, typed into a served cloud as people and CI type it: words, documents, exit codes.

use crate::binaries::changeover;
use crate::clients::Shell;
use crate::server::Served;
use serde_json::Value;

/// Whoever types it.
pub struct User {
    shell: Shell,
}

impl User {
    pub fn of(served: &Served) -> Self {
        let mut shell = Shell::of(served);
        let folder = changeover().parent().expect("a folder").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        shell.export("PATH", &format!("{folder}:{path}"));
        Self { shell }
    }

    /// How it ended, what it said and what it complained of.
    pub async fn types(&self, line: &str) -> (i32, String, String) {
        let output = self.shell.run(line).await;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    /// What it said, having ended with this code.
    pub async fn says(&self, code: i32, line: &str) -> String {
        let (ended, said, complained) = self.types(line).await;
        assert_eq!(ended, code, "{line}: {said}\n{complained}");
        assert!(!said.contains('\x1b'), "{line}: colours are for terminals: {said}");
        said
    }

    /// The document it gave, having ended with this code.
    pub async fn gives(&self, code: i32, line: &str) -> Value {
        let (ended, said, complained) = self.types(&format!("{line} -o json")).await;
        assert_eq!(ended, code, "{line}: {said}\n{complained}");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{line}: {error}: {said}\n{complained}"))
    }

    /// What it complained of, having ended with this code and said nothing.
    pub async fn fails(&self, code: i32, line: &str, parts: &[&str]) {
        let (ended, said, complained) = self.types(line).await;
        assert_eq!((ended, said.as_str()), (code, ""), "{line}: {complained}");
        for part in parts {
            assert!(complained.contains(part), "{line}: {part} in {complained}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_ci_drive_a_stack_by_the_command_line() {
    let served = Served::start().await;
    let user = User::of(&served);
    looks_around(&user).await;
    is_told_what_is_wrong(&user).await;
    let pair = async {
        lets_a_pair_go_on(&user).await;
        takes_back_a_pair(&user).await;
    };
    tokio::join!(deploys_a_rolling_service(&user), pair);
    finds_out_why(&user).await;
    served.close().await;
}

async fn looks_around(user: &User) {
    let status = user.gives(0, "changeover status").await;
    let services: Vec<&str> = status["services"]
        .as_array()
        .expect("services")
        .iter()
        .filter_map(|one| one["service"].as_str())
        .collect();
    assert_eq!(services, ["rehearsal/api", "rehearsal/web-blue"], "a pair is one service");
    let pair = &status["services"][1];
    assert_eq!(
        (&pair["sides"][0]["weight"], &pair["sides"][1]["weight"]),
        (&100.0.into(), &0.0.into()),
        "{pair}"
    );
    let words = user.says(0, "changeover status").await;
    assert!(words.contains("RUNS") && words.contains("rehearsal/web-blue"), "{words}");
    let words = user.says(0, "changeover status web-green").await;
    assert!(words.contains("100 % of the requests") && words.contains("on the way   nothing"), "{words}");

    let plan = user.gives(0, "changeover plan web-blue --image-tag build-2 --set 'steps=5 100'").await;
    assert_eq!(plan["plan"]["image"]["tag"], "build-2", "{plan}");
    assert_eq!(plan["plan"]["settings"]["steps"], serde_json::json!([5, 100]));
    assert!(plan["longest_seconds"].as_u64() > Some(60), "{plan}");
    let words = user.says(0, "changeover plan web-blue --image-tag build-2").await;
    for part in ["would get web:build-2", "- image:", "+ image:", "steps   10 %", "back    by a shift"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    let doctor = user.gives(0, "changeover doctor").await;
    assert_eq!(doctor["well"], true, "{doctor}");
    assert_eq!(doctor["checks"].as_array().map(Vec::len), Some(3), "{doctor}");
    let tags = user.says(0, "changeover init rehearsal/api --format terraform").await;
    assert!(tags.contains("\"changeover:repository\" = \"api\""), "{tags}");
    assert!(user.says(0, "changeover completions bash").await.contains("_changeover"));
    assert!(user.gives(0, "changeover version").await["version"].is_string());
}

async fn is_told_what_is_wrong(user: &User) {
    let digest = format!("sha256:{}", "0".repeat(63));
    for (code, line, parts) in [
        (2, "changeover deply web-blue", vec!["deploy"]),
        (
            2,
            "changeover deploy web-bleu --yes",
            vec!["no service web-bleu", "Did you mean web-blue?", "rehearsal/api"],
        ),
        (2, "changeover status main/web-blue", vec!["cluster main", "Did you mean rehearsal/web-blue?"]),
        (2, "changeover status --stack changover", vec!["no stack changover", "Did you mean changeover?"]),
        (2, "changeover deploy web-blue --yes --set bak=5m", vec!["no such setting", "Did you mean bake?"]),
        (2, "changeover deploy web-blue --yes --set bake=5", vec!["bake", "45s"]),
        (2, &format!("changeover deploy web-blue --yes --digest {digest}"), vec!["64 hexadecimal digits"]),
        (2, "changeover deploy web-blue --image-tag build-2", vec!["Deploy image tag build-2", "say --yes"]),
        (2, "changeover abort web-blue --yes", vec!["No deployment of rehearsal/web-blue is on the way"]),
        (2, "changeover show api", vec!["No deployment of rehearsal/api is on record yet"]),
        (2, "changeover init rehearsal/nothing", vec!["no active service nothing in a cluster rehearsal"]),
        (
            3,
            "changeover status --endpoint-url http://127.0.0.1:1",
            vec!["GetResources", "Nothing answers there"],
        ),
        (2, "env -u AWS_DEFAULT_REGION changeover status", vec!["No region is known", "--region"]),
        (3, "env -u AWS_ACCESS_KEY_ID changeover status", vec!["no AWS credentials", "aws sso login"]),
        (3, "changeover status --profile nobody", vec!["nobody"]),
    ] {
        user.fails(code, line, &parts).await;
    }
    // Programs are told in JSON as well.
    let (_, _, complained) = user.types("changeover status web-bleu -o json").await;
    let error: Value = serde_json::from_str(&complained).expect("JSON");
    assert_eq!(error["exit"], 2, "{error}");
}

/// One that succeeds, one that is refused, and their stories.
async fn deploys_a_rolling_service(user: &User) {
    let story = user
        .gives(0, "changeover deploy api --image-tag build-2 --set bake=2s --cause INC-7 --wait --yes")
        .await;
    assert_eq!((&story["outcome"], &story["cause"]), (&"Succeeded".into(), &"INC-7".into()), "{story}");
    assert!(story["timeline"].as_array().is_some_and(|lines| lines.len() > 3), "{story}");
    let refused = user.gives(11, "changeover deploy api --image-tag nope --wait --yes").await;
    assert!(refused["reason"].as_str().is_some_and(|why| why.contains("nope")), "{refused}");
    let history = user.gives(0, "changeover history api").await;
    let outcomes: Vec<&str> = history["deployments"]
        .as_array()
        .expect("deployments")
        .iter()
        .filter_map(|one| one["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["Refused", "Succeeded"]);
    let only = user.gives(0, "changeover history api --outcome Succeeded").await;
    assert_eq!(only["deployments"].as_array().map(Vec::len), Some(1), "{only}");
    let id = story["deployment"].as_str().expect("an id");
    let words = user.says(0, &format!("changeover show api {id}")).await;
    for part in ["Succeeded", "asked by    INC-7", "api:build-2", "CheckHealth", "of "] {
        assert!(words.contains(part), "{part} in {words}");
    }
    user.fails(2, "changeover show api 2026", &["no deployment 2026", id]).await;
    assert_eq!(user.gives(0, &format!("changeover wait api --deployment {id}")).await["deployment"], id);
    let lines = user.gives(0, &format!("changeover logs api {id}")).await;
    assert!(
        lines.as_array().is_some_and(|lines| lines.iter().any(|line| line["outcome"] == "Succeeded")),
        "{lines}"
    );
}

/// One that is held at two points, by a setting and by an order, and each time let go on; then it is taken back.
async fn lets_a_pair_go_on(user: &User) {
    let line = "changeover deploy web-blue --image-tag build-2 --set 'steps=10 100' --set bake=10m --set 'before-traffic=pause 1h' --until paused --yes";
    let held = user.gives(0, line).await;
    assert_eq!((&held["state"], &held["weight"]), (&"BeforeTraffic".into(), &0.into()), "{held}");
    let why = user.says(0, "changeover why web-green").await;
    assert!(why.contains("held at before-traffic") && why.contains("changeover promote"), "{why}");
    let said = |given: &Value| given["said"].as_str().unwrap_or_default().to_owned();
    let given = user.gives(0, "changeover promote web-blue --cause 'it works' --yes").await;
    assert!(said(&given).starts_with("promote is on the record of"), "{given}");
    let at = user.gives(0, "changeover wait web-blue --until step:1").await;
    assert_eq!(at["weight"], 10, "{at}");
    let given = user.gives(0, "changeover pause web-blue --yes").await;
    assert!(said(&given).starts_with("pause is on the record of"), "{given}");
    // The pause comes when the bake is over, which is ended here.
    user.says(0, "changeover promote web-blue --yes").await;
    let held = user.gives(0, "changeover wait web-blue --until paused").await;
    assert_eq!((&held["state"], &held["weight"]), (&"AfterStep".into(), &10.into()), "{held}");
    user.says(0, "changeover continue web-blue --yes").await;
    let whole = user.gives(0, "changeover wait web-blue --until traffic").await;
    assert_eq!(whole["weight"], 100, "{whole}");
    user.fails(11, "changeover continue web-blue --yes", &["not paused: there is nothing to continue"]).await;
    user.says(0, "changeover abort web-blue --yes").await;
    assert_eq!(user.gives(10, "changeover wait web-blue").await["outcome"], "RolledBack");
    user.fails(
        2,
        "changeover promote web-blue --yes",
        &["No deployment of rehearsal/web-blue is on the way"],
    )
    .await;
}

/// One that is followed to a step and then taken back.
async fn takes_back_a_pair(user: &User) {
    let line = "changeover deploy web-blue --image-tag build-2 --set 'steps=10 100' --set bake=10m --until step:1 --yes";
    let at = user.gives(0, line).await;
    assert_eq!((&at["weight"], &at["outcome"]), (&10.into(), &Value::Null), "{at}");
    let words = user.says(0, "changeover status web-blue").await;
    assert!(words.contains("on the way   web:build-2") && words.contains("10 % of the requests"), "{words}");
    let why = user.says(0, "changeover why web-green").await;
    assert!(why.contains("brings web:build-2") && why.contains("changeover abort"), "{why}");
    let late = user.says(1, "changeover wait web-blue --timeout 1s").await;
    assert!(late.contains("The time is over"), "{late}");
    let given = user.gives(0, "changeover abort web-blue --cause INC-8 --yes").await;
    assert!(given["said"].as_str().is_some_and(|said| said.contains("takes web:build-2")), "{given}");
    let back = user.gives(10, "changeover wait web-blue").await;
    assert_eq!(back["outcome"], "RolledBack", "{back}");
    assert!(back["reason"].as_str().is_some_and(|why| why.contains("INC-8")), "{back}");
}

async fn finds_out_why(user: &User) {
    for (line, part) in [
        ("changeover why web:v99", "has no image with tag v99"),
        ("changeover why web:build-2", "No service of repository web is deployed by the tag build-2"),
        ("changeover why wbe:v1", "there is no repository wbe"),
        ("changeover why wbe:v1", "Did you mean web?"),
        ("changeover why api", "Somebody asked for api:build-2"),
    ] {
        let words = user.says(0, line).await;
        assert!(words.contains(part), "{line}: {part} in {words}");
    }
    user.fails(2, "changeover rollback api --yes", &["No image before", "changeover history"]).await;
}
