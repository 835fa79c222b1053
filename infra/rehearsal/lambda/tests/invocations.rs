//! Real processes against the Runtime API: what an invocation gives, and how each way of failing is named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use parking_lot::Mutex;
use rehearsal_lambda::{Config, Credentials, Fault, FaultRule, Function, InvokeError, Lambda};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

fn function(name: &str) -> Function {
    Function {
        command: None,
        name: name.to_owned(),
        arn: format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"),
        binary: env!("CARGO_BIN_EXE_rehearsal-test-function").into(),
        environment: vec![("LEDGER".to_owned(), "table".to_owned())],
        memory_mb: 128,
        timeout: Duration::from_secs(10),
        handler: "bootstrap".to_owned(),
        role: String::new(),
        credentials: Credentials::default(),
    }
}

fn lambda_with(function: Function) -> Lambda {
    let lambda = Lambda::new(Config {
        endpoint_url: Some("http://127.0.0.1:4566".to_owned()),
        max_environments: 2,
        async_retries: vec![Duration::ZERO],
        ..Config::default()
    });
    lambda.deploy(function);
    lambda
}

async fn invoke(lambda: &Lambda, event: Value) -> Result<Value, InvokeError> {
    let answer = lambda.invoke("swap", Bytes::from(event.to_string())).await?;
    Ok(serde_json::from_slice(&answer).expect("an answer in JSON"))
}

fn rule(fault: Fault) -> FaultRule {
    FaultRule { function: "swap".to_owned(), skip: 0, times: 1, fault }
}

fn alive(pid: &Value) -> bool {
    let pid = i32::try_from(pid.as_i64().expect("a process id")).expect("a process id");
    // A zombie has ended; it is only waiting to be read.
    let zombie = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')));
    !zombie && nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_idle_environment_is_used_again() {
    let lambda = lambda_with(function("swap"));
    let first = invoke(&lambda, json!({ "n": 1 })).await.unwrap();
    let second = invoke(&lambda, json!({ "n": 2 })).await.unwrap();
    assert_eq!(first["pid"], second["pid"]);
    assert_eq!((&first["served"], &second["served"]), (&json!(1), &json!(2)));
    let records = lambda.records();
    assert!(records[0].init.is_some_and(|init| init > Duration::ZERO));
    assert_eq!(records[1].init, None);
    assert!(records.iter().all(|record| record.error.is_none() && record.billed_ms >= 1));
    lambda.shutdown().await;
}

#[tokio::test]
async fn one_invocation_at_a_time_per_environment_and_a_bound_on_environments() {
    let lambda = lambda_with(function("swap"));
    let hanging = lambda.clone();
    let first = tokio::spawn(async move { invoke(&hanging, json!({ "do": "hang" })).await });
    let log = lambda.clone();
    until("the first is served", || log.logs("swap").iter().any(|line| line.text.contains("hang"))).await;
    let second = invoke(&lambda, json!({})).await.unwrap();
    assert_eq!(second["served"], 1, "a busy environment takes nothing else");
    let hanging = lambda.clone();
    let third = tokio::spawn(async move { invoke(&hanging, json!({ "do": "hang", "n": 3 })).await });
    until("the third is served", || log.logs("swap").iter().any(|line| line.text.contains("\"n\":3"))).await;
    let throttled = invoke(&lambda, json!({})).await.unwrap_err();
    assert_eq!(throttled.error, "Lambda.TooManyRequestsException");
    lambda.shutdown().await;
    assert!(first.await.unwrap().is_err() && third.await.unwrap().is_err());
}

#[tokio::test]
async fn errors_keep_their_names() {
    let lambda = lambda_with(function("swap"));
    let error = invoke(&lambda, json!({ "do": "fail", "argument": "RouteDrifted" })).await.unwrap_err();
    assert_eq!(error.error, "RouteDrifted");
    let cause: Value = serde_json::from_str(&error.cause).unwrap();
    assert_eq!(cause, json!({ "errorType": "RouteDrifted", "errorMessage": "as told", "stackTrace": [] }));
    let again = invoke(&lambda, json!({})).await.unwrap();
    assert_eq!(again["served"], 2, "an error does not end the environment");
    lambda.shutdown().await;
}

#[tokio::test]
async fn a_timeout_kills_the_environment() {
    let lambda = lambda_with(Function { timeout: Duration::from_millis(300), ..function("swap") });
    let pid = invoke(&lambda, json!({})).await.unwrap()["pid"].clone();
    let error = invoke(&lambda, json!({ "do": "hang" })).await.unwrap_err();
    assert_eq!(error.error, "Sandbox.Timedout");
    assert!(error.cause.contains("Error: Task timed out after 0.30 seconds"), "{}", error.cause);
    assert!(!alive(&pid));
    let fresh = invoke(&lambda, json!({})).await.unwrap();
    assert_ne!(fresh["pid"], pid);
    lambda.shutdown().await;
}

#[tokio::test]
async fn exits_and_init_failures_are_told_apart() {
    let lambda = lambda_with(function("swap"));
    let error = invoke(&lambda, json!({ "do": "exit", "argument": "1" })).await.unwrap_err();
    assert_eq!(error.error, "Runtime.ExitError");
    assert!(error.cause.contains("Error: Runtime exited with error: exit status 1"), "{}", error.cause);

    let environment = vec![("TEST_INIT".to_owned(), "exit".to_owned())];
    lambda.deploy(Function { environment, ..function("swap") });
    let error = invoke(&lambda, json!({})).await.unwrap_err();
    assert!(error.cause.contains("exit status 3"), "{}", error.cause);

    let environment = vec![("TEST_INIT".to_owned(), "error".to_owned())];
    lambda.deploy(Function { environment, ..function("swap") });
    assert_eq!(invoke(&lambda, json!({})).await.unwrap_err().error, "Config.Missing");

    lambda.deploy(Function { binary: "/no/such/bootstrap".into(), ..function("swap") });
    let error = invoke(&lambda, json!({})).await.unwrap_err();
    assert_eq!(error.error, "Runtime.InvalidEntrypoint");
    lambda.shutdown().await;
}

#[tokio::test]
async fn an_environment_that_died_while_idle_is_replaced() {
    let lambda = lambda_with(function("swap"));
    let pid = invoke(&lambda, json!({ "do": "answer-then-exit" })).await.unwrap()["pid"].clone();
    until("it has exited", || !alive(&pid)).await;
    assert_ne!(invoke(&lambda, json!({})).await.unwrap()["pid"], pid);
    lambda.shutdown().await;
}

#[tokio::test]
async fn an_answer_over_the_limit_is_an_error() {
    let lambda = lambda_with(function("swap"));
    let error = invoke(&lambda, json!({ "do": "large" })).await.unwrap_err();
    assert_eq!(error.error, "Function.ResponseSizeTooLarge");
    lambda.shutdown().await;
}

#[tokio::test]
async fn faults_before_and_after_the_act() {
    let folder = std::env::temp_dir();
    let mark = folder.join(format!("rehearsal-lambda-{}", rehearsal_world::uuid()));
    let write = json!({ "do": "write", "argument": mark });
    let lambda = lambda_with(Function { timeout: Duration::from_millis(500), ..function("swap") });

    lambda.inject(rule(Fault::KillBefore));
    let error = invoke(&lambda, write.clone()).await.unwrap_err();
    assert!(error.cause.contains("signal: killed"), "{}", error.cause);
    assert!(!mark.exists(), "killed before it acted");

    lambda.inject(rule(Fault::Stall));
    assert_eq!(invoke(&lambda, write.clone()).await.unwrap_err().error, "Sandbox.Timedout");
    assert!(!mark.exists(), "stalled before it acted");

    lambda.inject(rule(Fault::ActThenDie));
    assert_eq!(invoke(&lambda, write.clone()).await.unwrap_err().error, "Runtime.ExitError");
    assert!(mark.exists(), "acted, then died");
    std::fs::remove_file(&mark).unwrap();

    lambda.inject(rule(Fault::ActThenStall));
    assert_eq!(invoke(&lambda, write.clone()).await.unwrap_err().error, "Sandbox.Timedout");
    assert!(mark.exists(), "acted, then stalled");
    std::fs::remove_file(&mark).unwrap();

    lambda.inject(rule(Fault::Unavailable(Duration::from_secs(600))));
    assert_eq!(invoke(&lambda, json!({})).await.unwrap_err().error, "Lambda.ServiceException");
    assert_eq!(invoke(&lambda, json!({})).await.unwrap_err().error, "Lambda.ServiceException");
    lambda.clear_faults();
    assert!(invoke(&lambda, json!({})).await.is_ok());
    lambda.shutdown().await;
}

#[tokio::test]
async fn the_function_sees_what_lambda_gives_and_nothing_else() {
    let lambda = lambda_with(function("swap"));
    let variables = invoke(&lambda, json!({ "do": "variables" })).await.unwrap();
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "swap");
    assert_eq!(variables["AWS_ENDPOINT_URL"], "http://127.0.0.1:4566");
    assert_eq!(variables["LEDGER"], "table");
    assert_eq!(variables["TZ"], ":UTC");
    assert!(variables["AWS_LAMBDA_LOG_STREAM_NAME"].as_str().unwrap().contains("[$LATEST]"));
    assert_eq!(variables.get("CARGO_MANIFEST_DIR"), None);

    let headers = invoke(&lambda, json!({ "do": "headers" })).await.unwrap();
    let headers = headers.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_lowercase());
    let headers: Vec<String> = headers.collect();
    for name in ["aws-request-id", "deadline-ms", "invoked-function-arn", "trace-id"] {
        let name = format!("lambda-runtime-{name}:");
        assert!(headers.iter().any(|line| line.starts_with(&name)), "{name} in {headers:?}");
    }
    lambda.shutdown().await;
}

#[tokio::test]
async fn a_caller_that_stops_waiting_does_not_stop_the_function() {
    let mark = std::env::temp_dir().join(format!("rehearsal-lambda-{}", rehearsal_world::uuid()));
    let lambda = lambda_with(function("swap"));
    let waiting = lambda.clone();
    let event = json!({ "do": "write", "argument": mark });
    let caller = tokio::spawn(async move { invoke(&waiting, event).await });
    let log = lambda.clone();
    until("it has begun", || log.logs("swap").iter().any(|line| line.text.starts_with("START"))).await;
    caller.abort();
    until("it has acted", || mark.exists()).await;
    std::fs::remove_file(&mark).unwrap();
    lambda.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_is_left_behind() {
    for by_drop in [false, true] {
        let lambda = lambda_with(function("swap"));
        let idle = invoke(&lambda, json!({})).await.unwrap()["pid"].clone();
        let grandchild = invoke(&lambda, json!({ "do": "fork" })).await.unwrap();
        let busy = lambda.clone();
        let hanging =
            tokio::spawn(async move { busy.invoke("swap", Bytes::from_static(br#"{"do":"hang"}"#)).await });
        until("it hangs", || lambda.logs("swap").iter().any(|line| line.text.contains("hang"))).await;
        assert!(alive(&idle) && alive(&grandchild));
        if by_drop {
            hanging.abort();
            drop(lambda);
        } else {
            lambda.shutdown().await;
            let refused = lambda.invoke("swap", Bytes::new()).await.unwrap_err();
            assert_eq!(refused.error, "Lambda.ServiceException");
        }
        until("all have gone", || !alive(&idle) && !alive(&grandchild)).await;
    }
}

#[tokio::test]
async fn the_invoke_api_speaks_as_aws_does() {
    let lambda = lambda_with(function("swap"));
    let payload = |event: Value| BASE64.encode(event.to_string());
    let input = json!({ "FunctionName": "swap", "Payload": payload(json!({ "n": 7 })), "LogType": "Tail" });
    let answer = lambda.call("Invoke", input).await.unwrap();
    assert_eq!((&answer["StatusCode"], answer.get("FunctionError")), (&json!(200), None));
    let body: Value =
        serde_json::from_slice(&BASE64.decode(answer["Payload"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(body["event"]["n"], 7);
    assert!(answer["LogResult"].is_string());

    let arn = "arn:aws:lambda:us-east-1:123456789012:function:swap:$LATEST";
    let failing = payload(json!({ "do": "fail", "argument": "BadInput" }));
    let answer = lambda.call("Invoke", json!({ "FunctionName": arn, "Payload": failing })).await.unwrap();
    assert_eq!(answer["FunctionError"], "Unhandled");

    let error = lambda.call("Invoke", json!({ "FunctionName": "plan" })).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.status), ("ResourceNotFoundException", 404));
    assert_eq!(error.message, "Function not found: arn:aws:lambda:us-east-1:123456789012:function:plan");

    let listed = lambda.call("ListFunctions", json!({})).await.unwrap();
    assert_eq!(listed["Functions"][0]["FunctionName"], "swap");
    assert!(listed.get("NextMarker").is_none());
    lambda.deploy(function("drain"));
    let first = lambda.call("ListFunctions", json!({ "MaxItems": 1 })).await.unwrap();
    assert_eq!(
        (&first["Functions"][0]["FunctionName"], &first["NextMarker"]),
        (&json!("drain"), &json!("drain"))
    );
    let last = lambda.call("ListFunctions", json!({ "MaxItems": 1, "Marker": "drain" })).await.unwrap();
    assert_eq!((&last["Functions"][0]["FunctionName"], last.get("NextMarker")), (&json!("swap"), None));
    let got = lambda.call("GetFunction", json!({ "FunctionName": "swap" })).await.unwrap();
    assert_eq!(got["Configuration"]["Environment"]["Variables"]["LEDGER"], "table");
    let error = lambda.call("DeleteEverything", json!({})).await.unwrap_err();
    assert_eq!(error.code, "UnknownOperationException");
    lambda.shutdown().await;
}

#[tokio::test]
async fn an_asynchronous_invocation_is_tried_again() {
    let lambda = lambda_with(function("swap"));
    lambda.inject(rule(Fault::KillBefore));
    let mark = std::env::temp_dir().join(format!("rehearsal-lambda-{}", rehearsal_world::uuid()));
    let event = json!({ "do": "write", "argument": mark }).to_string();
    let input = json!({ "FunctionName": "swap", "InvocationType": "Event", "Payload": BASE64.encode(event) });
    assert_eq!(lambda.call("Invoke", input).await.unwrap(), json!({ "StatusCode": 202 }));
    until("the second attempt has acted", || Path::new(&mark).exists()).await;
    std::fs::remove_file(&mark).unwrap();
    lambda.shutdown().await;
}

#[tokio::test]
async fn what_fails_once_too_often_is_a_dead_letter() {
    let lambda = lambda_with(function("swap"));
    let letters = Arc::new(Mutex::new(Vec::new()));
    let kept = letters.clone();
    lambda.set_dead_letter_sink(Arc::new(move |function, event| {
        kept.lock().push((function.name.clone(), event.clone()));
    }));
    // Two tries fail, and there is no third.
    lambda.inject(FaultRule { times: 2, ..rule(Fault::KillBefore) });
    let event = Bytes::from(json!({ "n": 1 }).to_string());
    lambda.invoke_event("swap", event.clone());
    until("the event is given up", || letters.lock().len() == 1).await;
    assert_eq!(*letters.lock(), [("swap".to_owned(), event)]);
    // One that fails only once is none.
    lambda.inject(rule(Fault::KillBefore));
    lambda.invoke_event("swap", Bytes::from(json!({ "n": 2 }).to_string()));
    until("the second try is over", || lambda.records().last().is_some_and(|last| last.error.is_none()))
        .await;
    assert_eq!(letters.lock().len(), 1);
    lambda.shutdown().await;
}

#[tokio::test]
async fn a_function_of_ones_own_answers_on_standard_output() {
    let shell = |script: &str| vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()];
    let pull = move |image: &str| match image {
        "hooks:echo" => Ok(shell("cat")),
        "hooks:fail" => Ok(shell("echo 'no way' >&2; exit 3")),
        other => Err(format!("{other}: not found")),
    };
    let lambda = Lambda::new(Config { pull: Some(Arc::new(pull)), ..Config::default() });
    let create = async |name: &str, image: &str| {
        let input = json!({
            "FunctionName": name, "Role": "arn:aws:iam::123456789012:role/hooks", "PackageType": "Image",
            "Code": {"ImageUri": image}, "Tags": {"changeover:hook": "yes"},
        });
        lambda.call("CreateFunction", input).await
    };
    let made = create("echo", "hooks:echo").await.expect("it is made");
    assert_eq!((&made["PackageType"], &made["Timeout"]), (&json!("Image"), &json!(3)));
    let answer = lambda.invoke("echo", Bytes::from_static(b"{\"a\":1}")).await.expect("an answer");
    assert_eq!(answer, Bytes::from_static(b"{\"a\":1}"));
    create("fail", "hooks:fail").await.expect("it is made");
    let error = lambda.invoke("fail", Bytes::new()).await.expect_err("it fails");
    assert!(error.cause.contains("no way"), "{error:?}");
    assert_eq!(lambda.tags_of("echo").get("changeover:hook").map(String::as_str), Some("yes"));
    let code = async |name, image| create(name, image).await.expect_err("it is refused").code;
    assert_eq!(code("echo", "hooks:echo").await, "ResourceConflictException");
    assert_eq!(code("other", "hooks:other").await, "InvalidParameterValueException");
    let zip = json!({"FunctionName": "zip", "Role": "arn:aws:iam::1:role/x", "Code": {"ZipFile": ""}});
    let refused = lambda.call("CreateFunction", zip).await.expect_err("it is refused");
    assert!(refused.message.contains("PackageType Image"), "{}", refused.message);
    lambda.call("DeleteFunction", json!({"FunctionName": "echo"})).await.expect("it is gone");
    assert!(lambda.invoke("echo", Bytes::new()).await.is_err());
}
