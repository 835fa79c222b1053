//! Each granted action and resource taken away in turn: a request on record is refused. And what is not granted is
//! refused.

use permissions::{check, policies, record};
use rehearsal_cloud::template::Stack;
use rehearsal_cloud::{Grant, Judge, Used};
use std::collections::BTreeSet;

fn stack() -> Stack {
    policies::stack(&policies::template().expect("a template")).expect("no mistakes")
}

fn judge() -> Judge {
    policies::judge(&stack()).expect("no mistakes")
}

fn on_record() -> Vec<Used> {
    record::read().expect("there is a record")
}

#[test]
fn without_any_one_action_or_resource_a_request_is_refused() {
    let (stack, record) = (stack(), on_record());
    let parts = check::parts(&judge().grants());
    assert!(parts.len() > 200, "only {} actions and resources were seen", parts.len());
    for part in parts {
        let refused = check::refused_without(&stack, &part, &record).expect("it can be taken away");
        let expected: Vec<&Used> = record.iter().filter(|used| part.lets(used)).collect();
        assert!(!expected.is_empty(), "nobody needs {part:?}");
        // Exactly these: no other statement makes up for it, and nothing else is lost.
        assert_eq!(refused, expected, "{part:?}");
    }
}

#[test]
fn everything_on_record_is_granted_and_nothing_else_is() {
    let (stack, record) = (stack(), on_record());
    assert_eq!(check::missing(&stack, &record).expect("no mistakes"), [""; 0]);
    assert_eq!(check::needless(&stack, &record).expect("no mistakes"), [""; 0]);
    assert_eq!(check::wide(&stack, &record).expect("no mistakes"), [""; 0]);
}

/// The template with one edit.
fn edited(from: &str, to: &str) -> Stack {
    let template = policies::template().expect("a template");
    assert!(template.contains(from), "the template does not say {from}");
    policies::stack(&template.replacen(from, to, 1)).expect("the edit is sound")
}

const QUERY: &str = "\n                  - dynamodb:Query";
const STEPS: &str = "\n                  - !GetAtt PlanFunction.Arn";
const FIND: &str = "\n              - Sid: FindServices";

#[test]
fn a_grant_too_many_is_named() {
    let needless =
        |from: &str, to: &str| check::needless(&edited(from, to), &on_record()).expect("no mistakes");
    let scan = format!("{QUERY}\n                  - dynamodb:Scan");
    assert_eq!(needless(QUERY, &scan), ["DispatchRole Ledger: dynamodb:Scan"]);
    let dispatch = format!("{STEPS}\n                  - !GetAtt DispatchFunction.Arn");
    assert_eq!(
        needless(STEPS, &dispatch),
        ["StateMachineRole InvokeSteps: arn:aws:lambda:us-east-1:123456789012:function:changeover-dispatch"]
    );
    let again =
        "\n              - {Sid: Again, Effect: Allow, Action: dynamodb:Query, Resource: !GetAtt Table.Arn}";
    let twice = needless(FIND, &format!("{again}{FIND}"));
    assert!(twice.contains(&"DispatchRole Again: dynamodb:Query".to_owned()), "{twice:?}");
    assert!(twice.contains(&"DispatchRole Ledger: dynamodb:Query".to_owned()), "{twice:?}");
}

#[test]
fn a_grant_that_the_course_does_not_use_is_named() {
    let unused = |from: &str, to: &str| {
        let judge = policies::judge(&edited(from, to)).expect("no mistakes");
        check::unused(&judge.grants(), &on_record())
    };
    assert_eq!(unused(QUERY, QUERY), [""; 0]);
    let scan = unused(QUERY, &format!("{QUERY}\n                  - dynamodb:Scan"));
    assert!(scan.len() == 1 && scan[0].starts_with("DispatchRole Ledger: dynamodb:Scan on "), "{scan:?}");
    let dispatch = unused(STEPS, &format!("{STEPS}\n                  - !GetAtt DispatchFunction.Arn"));
    assert!(dispatch.len() == 1 && dispatch[0].ends_with(":function:changeover-dispatch"), "{dispatch:?}");
}

#[test]
fn a_grant_too_few_is_named() {
    let missing =
        |from: &str, to: &str| check::missing(&edited(from, to), &on_record()).expect("no mistakes");
    assert_eq!(missing(QUERY, ""), ["DispatchRole: dynamodb:Query"]);
    assert_eq!(
        missing(STEPS, ""),
        ["StateMachineRole: lambda:InvokeFunction"],
        "of eight functions one cannot be invoked"
    );
    let source = "SourceArn: !GetAtt PushRule.Arn";
    assert_eq!(
        missing(source, "SourceArn: !GetAtt DeadExecutionRule.Arn"),
        ["DispatchFunction: lambda:InvokeFunction"],
        "the push rule's events are not let in"
    );
}

#[test]
fn a_grant_too_wide_is_named() {
    let wide = |from: &str, to: &str| check::wide(&edited(from, to), &on_record()).expect("no mistakes");
    assert_eq!(wide(QUERY, "\n                  - dynamodb:Quer*"), ["DispatchRole Ledger: dynamodb:Quer*"]);
    let topic = "Action: sns:Publish\n                Resource: !Ref Topic";
    assert_eq!(
        wide(topic, "Action: sns:Publish\n                Resource: '*'"),
        ["PlanRole TellPeople: sns:Publish on *"]
    );
}

/// The requests on record, changed; those that cannot be changed like this are left out.
fn changed(change: impl Fn(&Used) -> Option<Used>) -> Vec<Used> {
    let changed: Vec<Used> = on_record().iter().filter_map(change).collect();
    assert!(!changed.is_empty(), "nothing was changed");
    changed
}

fn allowed(requests: Vec<Used>) -> Vec<Used> {
    let judge = judge();
    requests.into_iter().filter(|used| check::is_allowed(&judge, used)).collect()
}

#[test]
fn nothing_of_another_account_or_region_is_granted() {
    for (here, there) in [("123456789012", "210987654321"), ("us-east-1", "eu-west-1")] {
        let requests = changed(|used| {
            let mut used = used.clone();
            used.need.resource = used.need.resource.replace(here, there);
            used.need.resource.contains(there).then_some(used)
        });
        assert_eq!(allowed(requests), [], "{there}");
    }
}

#[test]
fn nothing_of_another_cluster_is_granted() {
    let requests = changed(|used| {
        let text = serde_json::to_string(&used.need).expect("JSON");
        let other = text.replace("/rehearsal/", "/other/").replace("cluster/rehearsal", "cluster/other");
        let need = serde_json::from_str(&other).expect("JSON");
        (other != text).then(|| Used { need, ..used.clone() })
    });
    assert_eq!(allowed(requests), []);
}

#[test]
fn conditions_count() {
    let judge = judge();
    let mut needed = BTreeSet::new();
    for used in on_record() {
        for key in used.need.context.keys() {
            let mut less = used.clone();
            less.need.context = used.need.context.clone().without(key);
            if !check::is_allowed(&judge, &less) {
                let Grant { holder, statement, .. } = &used.grant;
                needed.insert(format!("{holder} {statement}: {key}"));
            }
        }
    }
    let repository = "aws:resourcetag/changeover:repository";
    let mut expected: BTreeSet<String> = [
        "DeadLetters KeepEvents: aws:sourcearn",
        "DispatchFunction #0: aws:sourcearn",
        "RegisterRevisionRole TagRevisions: ecs:createaction",
        "RollbackRole TagRevisions: ecs:createaction",
    ]
    .map(str::to_owned)
    .into();
    for role in ["CheckHealthRole", "DrainRole", "PlanRole", "RollbackRole", "SwapRole"] {
        expected.insert(format!("{role} ListTasks: ecs:cluster"));
    }
    let cluster = "aws:resourcetag/changeover:cluster";
    expected.insert(format!("UpdateServiceRole EnlargeGroups: {cluster}"));
    for role in ["DrainRole", "RollbackRole"] {
        expected.insert(format!("{role} CloseInstances: ecs:cluster"));
        expected.insert(format!("{role} GiveInstancesBack: {cluster}"));
    }
    let (hook, deployment) = ("aws:resourcetag/changeover:hook", "aws:resourcetag/changeover:deployment");
    for (role, statement) in [("GateRole", "InvokeHooks"), ("PlanRole", "LookAtHooks")] {
        expected.insert(format!("{role} {statement}: {hook}"));
    }
    for what in [deployment, "ecs:cluster"] {
        expected.insert(format!("GateRole RunHooks: {what}"));
    }
    expected.insert(format!("GateRole StopHooks: {deployment}"));
    expected.insert("GateRole TagHooks: ecs:createaction".to_owned());
    for role in ["GateRole", "RegisterRevisionRole", "RollbackRole", "UpdateServiceRole"] {
        expected.insert(format!("{role} PassTaskRoles: iam:passedtoservice"));
    }
    for role in ["FinishRole", "GateRole", "PlanRole", "RollbackRole", "SwapRole"] {
        expected.insert(format!("{role} TellPrograms: events:source"));
    }
    for role in ["DrainRole", "RollbackRole", "UpdateServiceRole"] {
        expected.insert(format!("{role} ChangeServices: ecs:cluster"));
        expected.insert(format!("{role} ChangeServices: {repository}"));
    }
    assert_eq!(needed, expected);
}

#[test]
fn no_role_may_what_only_others_need() {
    let (judge, record) = (judge(), on_record());
    let holders: BTreeSet<&str> = record.iter().map(|used| used.grant.holder.as_str()).collect();
    let does: BTreeSet<(&str, &str)> =
        record.iter().map(|used| (used.grant.holder.as_str(), used.need.action.as_str())).collect();
    let mut refused = 0;
    for holder in holders {
        for used in &record {
            let mut asked = used.clone();
            holder.clone_into(&mut asked.grant.holder);
            if !check::is_allowed(&judge, &asked) {
                refused += 1;
            } else {
                assert!(does.contains(&(holder, &used.need.action)), "{holder} may {}", used.need.action);
            }
        }
    }
    assert!(refused > 500, "only {refused} were refused");
}

#[test]
fn nobody_else_is_let_in_by_resources() {
    let requests = changed(|used| {
        let principal = used.principal.as_ref()?;
        let other = serde_json::to_string(principal).expect("JSON").replace("events.", "s3.");
        Some(Used { principal: serde_json::from_str(&other).expect("JSON"), ..used.clone() })
    });
    assert!(requests.iter().all(|used| format!("{:?}", used.principal).contains("s3.")));
    assert_eq!(allowed(requests), []);
}
