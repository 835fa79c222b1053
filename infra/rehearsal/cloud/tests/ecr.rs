//! The registry as the AWS CLI uses it: what is put can be found, pulled, and is told about.

use rehearsal_cloud::ecr::{Ecr, architecture, index, manifest};
use rehearsal_cloud::{Account, EventSink};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

fn registry() -> (Ecr, Arc<Mutex<Vec<Value>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let sink: EventSink = Arc::new(move |event| heard.lock().unwrap().push(event));
    let ecr = Ecr::new(Account::default(), sink);
    ecr.call("CreateRepository", &json!({ "repositoryName": "shop/web" })).unwrap();
    (ecr, events)
}

fn put(ecr: &Ecr, command: &str, tag: Option<&str>) -> Value {
    let manifest = manifest(&[command.to_owned()], &[]);
    let mut input = json!({ "repositoryName": "shop/web", "imageManifest": manifest });
    if let Some(tag) = tag {
        input["imageTag"] = tag.into();
    }
    ecr.call("PutImage", &input).unwrap()["image"]["imageId"]["imageDigest"].clone()
}

#[test]
fn a_push_emits_the_event_of_ecr() {
    let (ecr, events) = registry();
    let digest = put(&ecr, "v1", Some("latest"));
    put(&ecr, "v2", None);
    let events = events.lock().unwrap();
    let detail = json!({
        "result": "SUCCESS", "repository-name": "shop/web", "image-digest": digest,
        "action-type": "PUSH", "image-tag": "latest",
    });
    assert_eq!(events[0]["detail"], detail);
    assert_eq!((&events[0]["source"], &events[0]["resources"]), (&json!("aws.ecr"), &json!([])));
    assert_eq!(events[0]["detail-type"], "ECR Image Action");
    assert_eq!(events[1]["detail"].get("image-tag"), None);
}

#[test]
fn images_are_described_by_tag_and_by_digest() {
    let (ecr, _) = registry();
    let first = put(&ecr, "v1", Some("latest"));
    let second = put(&ecr, "v2", Some("latest"));
    let describe =
        |id: Value| ecr.call("DescribeImages", &json!({ "repositoryName": "shop/web", "imageIds": [id] }));
    let by_tag = describe(json!({ "imageTag": "latest" })).unwrap();
    assert_eq!(by_tag["imageDetails"][0]["imageDigest"], second);
    assert_eq!(by_tag["imageDetails"][0]["imageTags"], json!(["latest"]));
    let by_digest = describe(json!({ "imageDigest": first })).unwrap();
    assert_eq!(by_digest["imageDetails"][0].get("imageTags"), None, "the tag has moved away");
    let error = describe(json!({ "imageTag": "nope" })).unwrap_err();
    assert_eq!(error.code, "ImageNotFoundException");
    assert_eq!(
        error.message,
        "The image with imageId {imageDigest:'null', imageTag:'nope'} does not exist within the repository with name 'shop/web' in the registry with id '123456789012'"
    );
    let nowhere = ecr.call("DescribeImages", &json!({ "repositoryName": "nope" })).unwrap_err();
    assert_eq!(nowhere.code, "RepositoryNotFoundException");
    assert_eq!(
        nowhere.message,
        "The repository with name 'nope' does not exist in the registry with id '123456789012'"
    );
}

#[test]
fn gets_lists_and_deletes() {
    let (ecr, events) = registry();
    put(&ecr, "v1", Some("v1"));
    put(&ecr, "v2", None);
    let ids = json!([{ "imageTag": "v1" }, { "imageTag": "nope" }]);
    let input = json!({ "repositoryName": "shop/web", "imageIds": ids });
    let got = ecr.call("BatchGetImage", &input).unwrap();
    assert!(got["images"][0]["imageManifest"].as_str().unwrap().contains("vnd.oci.image.config.v1+json"));
    assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound");
    let list = |status| {
        let filter = json!({ "repositoryName": "shop/web", "filter": { "tagStatus": status } });
        ecr.call("ListImages", &filter).unwrap()["imageIds"].as_array().unwrap().len()
    };
    assert_eq!((list("TAGGED"), list("UNTAGGED"), list("ANY")), (1, 1, 2));
    let deleted = ecr.call("BatchDeleteImage", &input).unwrap();
    assert_eq!((deleted["imageIds"].as_array().unwrap().len(), list("ANY")), (1, 1));
    assert_eq!(events.lock().unwrap().last().unwrap()["detail"]["action-type"], "DELETE");
    let again = ecr.call("CreateRepository", &json!({ "repositoryName": "shop/web" })).unwrap_err();
    assert_eq!(again.code, "RepositoryAlreadyExistsException");
}

#[test]
fn pulls_say_why_they_fail() {
    let (ecr, _) = registry();
    let digest = put(&ecr, "v1", Some("latest"));
    let digest = digest.as_str().unwrap();
    for image in
        [format!("{HOST}/shop/web:latest"), format!("{HOST}/shop/web"), format!("{HOST}/shop/web@{digest}")]
    {
        let pulled = ecr.resolve(&image).unwrap();
        assert_eq!((pulled.digest.as_str(), pulled.command), (digest, vec!["v1".to_owned()]));
    }
    let reason = |image: &str| ecr.resolve(image).unwrap_err();
    assert_eq!(
        reason(&format!("{HOST}/shop/web:v9")),
        format!(
            "CannotPullContainerError: Error response from daemon: manifest for {HOST}/shop/web:v9 not found: manifest unknown: Requested image not found"
        )
    );
    assert!(reason(&format!("{HOST}/nope:v9")).contains("The repository with name 'nope' does not exist"));
    assert!(reason("nginx:latest").contains("pull access denied for nginx:latest"));
}

#[test]
fn an_index_runs_the_image_of_this_machine_and_is_told_by_its_own_digest() {
    let (ecr, _) = registry();
    let other = if architecture() == "amd64" { "arm64" } else { "amd64" };
    let (ours, theirs) = (put(&ecr, "ours", None), put(&ecr, "theirs", None));
    let of = |images: &[(&str, &Value)]| {
        let images: Vec<(&str, &str)> =
            images.iter().map(|(on, digest)| (*on, digest.as_str().unwrap())).collect();
        json!({ "repositoryName": "shop/web", "imageManifest": index(&images), "imageTag": "both" })
    };
    let absent = ecr.call("PutImage", &of(&[(other, &json!("sha256:00"))])).unwrap_err();
    assert_eq!(absent.code, "ReferencedImagesNotFoundException");
    let both = ecr.call("PutImage", &of(&[(other, &theirs), (architecture(), &ours)])).unwrap();
    let both = both["image"]["imageId"]["imageDigest"].clone();
    let pulled = ecr.resolve(&format!("{HOST}/shop/web:both")).unwrap();
    assert_eq!((json!(pulled.digest), pulled.command), (both.clone(), vec!["ours".to_owned()]));
    assert!(ecr.resolve_one(&format!("{HOST}/shop/web:both")).unwrap_err().contains("is not supported"));
    let delete = |digest: &Value| {
        let ids = json!({ "repositoryName": "shop/web", "imageIds": [{ "imageDigest": digest }] });
        ecr.call("BatchDeleteImage", &ids).unwrap()
    };
    assert_eq!(delete(&ours)["failures"][0]["failureCode"], "ImageReferencedByManifestList");
    assert_eq!(delete(&both)["failures"], json!([]));
    assert_eq!(delete(&ours)["failures"], json!([]));
    ecr.call("PutImage", &of(&[(other, &theirs)])).unwrap();
    let none = ecr.resolve(&format!("{HOST}/shop/web:both")).unwrap_err();
    assert!(none.contains("does not contain descriptor matching platform"), "{none}");
}

#[test]
fn what_names_no_image_is_told_for_each_and_other_registries_have_nothing() {
    let (ecr, _) = registry();
    let digest = put(&ecr, "v1", Some("v1"));
    put(&ecr, "v2", Some("v2"));
    let ids = json!([{}, { "imageDigest": "v1" }, { "imageDigest": digest, "imageTag": "v2" }, { "imageTag": "v3" }]);
    let got = ecr.call("BatchGetImage", &json!({ "repositoryName": "shop/web", "imageIds": ids })).unwrap();
    let codes: Vec<&Value> =
        got["failures"].as_array().unwrap().iter().map(|failure| &failure["failureCode"]).collect();
    assert_eq!(
        codes,
        ["MissingDigestAndTag", "InvalidImageDigest", "ImageTagDoesNotMatchDigest", "ImageNotFound"]
    );
    let input = json!({ "repositoryName": "shop/web", "imageIds": [{ "imageDigest": "v1" }] });
    assert_eq!(ecr.call("DescribeImages", &input).unwrap_err().code, "InvalidParameterException");
    let elsewhere = json!({ "registryId": "999999999999", "repositoryName": "shop/web" });
    let error = ecr.call("ListImages", &elsewhere).unwrap_err();
    assert!(error.message.ends_with("in the registry with id '999999999999'"), "{error}");
    let all = ecr.call("DescribeRepositories", &json!({ "registryId": "999999999999" })).unwrap();
    assert_eq!(all["repositories"], json!([]));
}

#[test]
fn a_repositorys_settings_are_acted_on_or_refused() {
    let (ecr, _) = registry();
    let make = |name: &str, settings: Value| {
        let mut input = settings;
        input["repositoryName"] = name.into();
        ecr.call("CreateRepository", &input)
    };
    let refused = make(
        "one",
        json!({
            "imageScanningConfiguration": { "scanOnPush": true }, "encryptionConfiguration": { "encryptionType": "KMS" },
            "tags": [{ "Key": "a", "Value": "b" }],
        }),
    );
    let words = refused.unwrap_err().message;
    assert!(words.contains("scanned") && words.contains("KMS") && words.contains("tags"), "{words}");
    let filters = json!([{ "filterType": "WILDCARD", "filter": "dev-*" }]);
    let settings = json!({ "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": filters });
    let made = make("two", settings).unwrap();
    assert_eq!(made["repository"]["imageTagMutabilityExclusionFilters"], filters);
    assert_eq!(made["repository"]["encryptionConfiguration"], json!({ "encryptionType": "AES256" }));
    assert!(make("three", json!({ "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION" })).is_err());
}
