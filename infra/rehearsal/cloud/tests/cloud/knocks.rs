//! Who may knock at the port of the APIs: not a page of the web, and nobody without the keys.

use crate::support::{Answer, form_call, json_call, raw, send, signed, start};
use http::request::Builder;
use http::{HeaderValue, Request};
use rehearsal_cloud::Cloud;
use rehearsal_wire::Service;
use serde_json::{Value, json};

const PUT_IMAGE: &str = "AmazonEC2ContainerRegistry_V20150921.PutImage";
const LIST: &str = "AmazonEC2ContainerServiceV20141113.ListClusters";

fn host(cloud: &Cloud) -> String {
    cloud.endpoint().trim_start_matches("http://").to_owned()
}

/// A call that the operator signed, and to which something is added on its way.
async fn spoiled(cloud: &Cloud, request: Builder, body: &str, headers: &[(&'static str, String)]) -> Answer {
    let text = signed(cloud, "ecs", request, body);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
    for (name, value) in headers {
        lines.retain(|line| !line.starts_with(&format!("{name}:")));
        lines.push(format!("{name}: {value}"));
    }
    send(&host(cloud), &format!("{}\r\n\r\n{body}", lines.join("\r\n"))).await.unwrap()
}

#[tokio::test]
async fn a_page_of_the_web_is_not_answered_whatever_it_sends() {
    let cloud = start().await;
    let port = host(&cloud).rsplit(':').next().unwrap().to_owned();
    cloud.call(Service::Ecr, "CreateRepository", json!({"repositoryName": "web"})).await.unwrap();

    // A name of its own that points here, as in DNS rebinding: signed or not.
    for name in ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1:1".to_owned()] {
        let answer = spoiled(&cloud, json_call(LIST), "{}", &[("host", name.clone())]).await;
        assert_eq!((answer.status, &answer.json()["__type"]), (403, &Value::from("AccessDeniedException")));
        assert!(answer.body.contains(&name) && answer.body.contains("127.0.0.1:"), "{}", answer.body);
    }
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let answer = spoiled(&cloud, json_call(LIST), "{}", &[("origin", origin.to_owned())]).await;
        assert_eq!(answer.status, 403, "{origin}: {}", answer.body);
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    // What was shown once: an image whose config names a command.
    let manifest = rehearsal_cloud::ecr::manifest(&["/bin/true".to_owned()], &[]);
    let image = json!({"repositoryName": "web", "imageTag": "v2", "imageManifest": manifest}).to_string();
    let request = json_call(PUT_IMAGE).header("host", "evil.example").header("origin", "http://evil.example");
    let parts = request.body(()).unwrap().into_parts().0;
    assert_eq!(send(&host(&cloud), &raw(&parts, &image)).await.unwrap().status, 403);
    let images = cloud.call(Service::Ecr, "DescribeImages", json!({"repositoryName": "web"})).await.unwrap();
    assert_eq!(images["imageDetails"], json!([]));
    cloud.shutdown().await;
}

#[tokio::test]
async fn no_preflight_gets_a_permission_and_no_form_an_answer() {
    let cloud = start().await;
    let here = host(&cloud);
    let preflight = Request::options("/").header("host", &here).header("origin", "http://evil.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    let answer = send(&here, &raw(&preflight.body(()).unwrap().into_parts().0, "")).await.unwrap();
    assert_eq!(answer.status, 403);
    assert!(!answer.head.contains("access-control"), "{}", answer.head);

    let form = "Action=CreateTopic&Version=2010-03-31&Name=mine";
    let unsigned = form_call().header("host", &here);
    let other = form_call().header("host", &here).header("origin", "http://evil.example");
    let image =
        Request::get(format!("/?{form}")).header("host", &here).header("sec-fetch-site", "cross-site");
    let mut said = Vec::new();
    for (request, body) in [(unsigned, form), (other, form), (image, "")] {
        let parts = request.body(()).unwrap().into_parts().0;
        let answer = send(&here, &raw(&parts, body)).await.unwrap();
        assert_eq!(answer.status, 403, "{}", answer.body);
        said.push(answer.body);
    }
    assert!(said[0].contains("<Code>MissingAuthenticationToken</Code>"), "{said:?}");
    let topics = cloud.call(Service::Sns, "ListTopics", json!({})).await.unwrap();
    assert!(!topics.to_string().contains(":mine"), "{topics}");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_stranger_without_the_keys_is_not_answered() {
    let (cloud, other) = (start().await, start().await);
    let here = host(&cloud);
    let unsigned = json_call(LIST).header("host", &here).body(()).unwrap().into_parts().0;
    let answer = send(&here, &raw(&unsigned, "{}")).await.unwrap();
    assert_eq!(
        (answer.status, &answer.json()["__type"]),
        (400, &Value::from("MissingAuthenticationTokenException"))
    );

    // The keys of another run, and a made-up signature under the right key.
    let mut foreign = json_call(LIST).header("host", &here).body(()).unwrap().into_parts().0;
    let now = std::time::SystemTime::now();
    rehearsal_wire::sign(&mut foreign, b"{}", other.operator_key(), ("us-east-1", "ecs"), now).unwrap();
    let answer = send(&here, &raw(&foreign, "{}")).await.unwrap();
    assert_eq!(answer.json()["__type"], "UnrecognizedClientException");
    let text = foreign.headers["authorization"].to_str().unwrap();
    let guessed = text.replace(&other.operator_key().access_key_id, &cloud.operator_key().access_key_id);
    foreign.headers.insert("authorization", HeaderValue::from_str(&guessed).unwrap());
    let answer = send(&here, &raw(&foreign, "{}")).await.unwrap();
    assert_eq!(answer.json()["__type"], "InvalidSignatureException");
    cloud.shutdown().await;
    other.shutdown().await;
}

#[tokio::test]
async fn a_browser_is_told_what_this_is_and_nothing_else() {
    let cloud = start().await;
    let here = host(&cloud);
    let visit = Request::get("/").header("host", &here).header("accept", "text/html,*/*");
    let answer = send(&here, &raw(&visit.body(()).unwrap().into_parts().0, "")).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("cargo rehearse push") && answer.head.contains("default-src 'none'"));
    let key = cloud.operator_key();
    assert!(!answer.body.contains(&key.secret_access_key) && !answer.body.contains(&key.access_key_id));
    cloud.shutdown().await;
}
