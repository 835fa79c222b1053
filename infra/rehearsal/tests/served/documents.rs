//! The commands of the documents, typed in the order of the page into a served cloud. Each either runs or is excused here,
//! with the reason; names are those of the sample services.

use crate::clients::{Shell, there_is};
use crate::command_line::{over, printed};
use crate::server::Served;
use rehearsal::build::workspace;
use std::collections::{BTreeMap, BTreeSet};

/// How commands begin that are not run, and why.
const EXCUSED: [(&str, &str); 14] = [
    ("changeover ", "changeover.rs beside this types it, and checks what it brings about"),
    ("pip ", "it would change this machine; CI installs what it names"),
    ("sam ", "the rehearsal stands for what it deploys, by the same template"),
    ("cargo ", "other tests and the contract tests run it"),
    ("docker ", "no Docker is needed here; `rehearse push` stands for a push, and other tests run that"),
    ("aws ecr get-login-password", "it is for Docker"),
    ("aws autoscaling create-or-update-tags", "the served cloud's instances are in no Auto Scaling group"),
    (
        "aws cloudformation describe-stacks --stack-name changeover-sample",
        "the sample's stack is none of this cloud's",
    ),
    ("aws cloudformation deploy", "CloudFormation only tells here"),
    ("aws cloudformation update-stack", "CloudFormation only tells here; contract tests know the parameters"),
    ("aws cloudformation delete-stack", "CloudFormation only tells here"),
    ("aws cloudformation wait", "CloudFormation only tells here"),
    ("while sleep", "it has no end: users are in other tests"),
    ("aws stepfunctions stop-execution", "another test stops one that runs, and sees what comes of it"),
];
/// The documents, each with a cloud of its own.
const DOCUMENTS: [&str; 3] = ["docs/guide.md", "docs/operations.md", "infra/sample/README.md"];
/// The deployment that the documents speak of.
const DEPLOYMENT: &str = "20261123T022727123Z-web-7d865e959b24-12";
/// What the documents call things, and what is there. The first that fits goes first.
const NAMES: [(&str, &str); 9] = [
    ("changeover-sample/web-blue", "rehearsal/web-blue"),
    ("main/web", "rehearsal/web-blue"),
    ("--cluster main", "--cluster rehearsal"),
    ("--cluster changeover-sample", "--cluster rehearsal"),
    ("--services web ", "--services web-blue "),
    ("--service web ", "--service web-blue "),
    ("pair,value=web ", "pair,value=web-blue "),
    ("--task-definition web:43", "--task-definition web:1"),
    ("imageTag=prod-41", "imageTag=v1"),
];

/// The calendar that the guide speaks of, as it shows it.
const FREEZES: &str = "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\nBEGIN:VEVENT\nDTSTART:20261224T000000Z\nDTEND:20261227T000000Z\nEND:VEVENT\nEND:VCALENDAR\n";

/// The commands in the blocks of a document that are for a shell. A loop is one command.
fn commands(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(workspace().join(document)).expect("a document");
    let (mut found, mut open, mut fenced): (Vec<String>, Option<String>, bool) = (Vec::new(), None, false);
    for line in text.replace("\\\n", " ").lines().map(str::trim) {
        if line.starts_with("```") {
            assert_eq!(open, None, "{document}: a loop has no end");
            fenced = !fenced && line == "```sh";
        } else if fenced && !line.is_empty() {
            match &mut open {
                Some(inside) => {
                    inside.push('\n');
                    inside.push_str(line);
                    if line == "done" {
                        found.extend(open.take());
                    }
                }
                None if line.starts_with("for ") => open = Some(line.to_owned()),
                None => found.push(line.to_owned()),
            }
        }
    }
    found
}

/// What the cloud calls what CloudFormation would tell of the sample's stack, and of a table that a deleted stack left.
async fn told_of_others(served: &Served, shell: &Shell) -> BTreeMap<&'static str, String> {
    let create = "aws dynamodb create-table --table-name left --billing-mode PAY_PER_REQUEST \
        --attribute-definitions AttributeName=service,AttributeType=S \
        --key-schema AttributeName=service,KeyType=HASH --query TableDescription.TableName --output text";
    BTreeMap::from([
        ("LEFT", shell.text(create).await),
        ("WEB", format!("http://{}", served.address("web"))),
        ("REPOSITORY", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web".to_owned()),
    ])
}

/// A page that is being followed.
struct Reader<'a> {
    shell: Shell,
    told: &'a BTreeMap<&'static str, String>,
    deployment: &'a str,
    excuses: BTreeSet<&'static str>,
    typed: usize,
}

impl Reader<'_> {
    async fn follows(&mut self, command: &str) {
        let excuse = EXCUSED.iter().find(|(begin, _)| command.starts_with(begin));
        if let Some((begin, _)) = excuse {
            self.excuses.insert(*begin);
            return;
        }
        let named = NAMES.iter().fold(command.replace(DEPLOYMENT, self.deployment), |text, (page, here)| {
            text.replace(page, here)
        });
        let Some((name, value)) = named.strip_prefix("export ").and_then(|rest| rest.split_once('=')) else {
            let said = self.shell.text(&named).await;
            assert!(said != "None" && !said.starts_with("RUNNING"), "{named}: {said}");
            self.typed += 1;
            return;
        };
        let value = match self.told.get(name).filter(|_| value.starts_with("$(aws cloudformation")) {
            Some(told) => told.clone(),
            None => {
                self.typed += 1;
                self.shell.text(&format!("printf %s {value}")).await
            }
        };
        assert!(!value.is_empty() && value != "None", "{named} has found nothing");
        self.shell.export(name, &value);
    }
}

/// Lets a deployment run, so that there is something to look at; its id.
async fn deployed(served: &Served, shell: &Shell) -> String {
    let machine = machine(served);
    let start = format!(
        "aws stepfunctions start-execution --state-machine-arn {machine} --query executionArn --output text \
         --input '{{\"service\": \"rehearsal/web-blue\", \"redeploy\": true}}'"
    );
    let ended = over(shell, &shell.text(&start).await).await;
    let output: serde_json::Value =
        serde_json::from_str(ended["output"].as_str().expect("it succeeds")).expect("JSON");
    output["deployment"].as_str().expect("an id").to_owned()
}

fn machine(served: &Served) -> String {
    option(served, "list-executions", "--state-machine-arn")
}

/// The value of an option in a command that the cloud prints.
fn option(served: &Served, part: &str, option: &str) -> String {
    let command = printed(served, part);
    let mut words = command.split_whitespace().skip_while(|word| *word != option);
    words.nth(1).unwrap_or_else(|| panic!("{command} has no {option}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_documents_runs_or_is_excused() {
    if !there_is("aws --version").await {
        return;
    }
    let mut excuses = BTreeSet::new();
    for document in DOCUMENTS {
        let served = Served::start().await;
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("freezes.ics"), FREEZES).expect("a file");
        let mut shell = Shell::of(&served).in_folder(folder.path());
        let told = told_of_others(&served, &shell).await;
        let speaks_of_one = commands(document).iter().any(|command| command.contains(DEPLOYMENT));
        let deployment = if speaks_of_one { deployed(&served, &shell).await } else { String::new() };
        if document != DOCUMENTS[0] {
            // From the guide, as the page says.
            shell.export("MACHINE", &machine(&served));
            shell.export("TABLE", &option(&served, "dynamodb query", "--table-name"));
            shell.export("STACK", "changeover");
        }
        let mut reader =
            Reader { shell, told: &told, deployment: &deployment, excuses: BTreeSet::new(), typed: 0 };
        for command in commands(document) {
            reader.follows(&command).await;
        }
        assert!(reader.typed > 4, "only {} commands of {document} were typed", reader.typed);
        excuses.extend(reader.excuses);
        served.close().await;
    }
    let needed: BTreeSet<&str> = EXCUSED.iter().map(|(begin, _)| *begin).collect();
    assert_eq!(excuses, needed, "excuses that no command needs");
}
