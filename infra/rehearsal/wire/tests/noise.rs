//! Whatever comes in, something is answered: no input makes the decoder panic, and every refusal is a 4xx
//! with an error in it.

use http::Request;
use proptest::prelude::*;
use rehearsal_wire::{Service, decode};

const CASES: u32 = 400;
const SEED: u64 = 7;

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(SEED),
        ..ProptestConfig::with_cases(CASES)
    }
}

/// Bodies that are nearly right, and some that are not at all.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let json = prop::sample::select(vec![
        "{}",
        "{\"services\":[{}]}",
        "[",
        "null",
        "{\"TableName\":{\"S\":1}}",
        "7",
    ]);
    let form = "Action=[A-Z][A-Za-z]{0,9}(&[A-Za-z.0-9]{1,20}=[%A-Za-z0-9+]{0,6}){0,4}";
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        json.prop_map(|text| text.as_bytes().to_vec()),
        form.prop_map(String::into_bytes),
    ]
}

/// Paths of all protocols, with operations that exist and some that do not.
fn paths() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("/".to_owned()),
        "/schedules/[a-z%]{0,6}",
        "/2015-03-31/functions/[a-z%:]{0,6}/invocations",
        "/service/GraniteServiceVersion20100801/operation/(ListMetrics|GetMetricData|X)",
        "/[a-z/?=&%]{0,20}",
    ]
}

fn targets() -> impl Strategy<Value = Option<String>> {
    let operations: Vec<String> = Service::ALL
        .iter()
        .flat_map(|service| service.operations().map(move |operation| format!("{service}.{operation}")))
        .chain(
            ["AmazonEC2ContainerServiceV20141113.DescribeServices", "DynamoDB_20120810.GetItem", "", "."]
                .map(Into::into),
        )
        .collect();
    prop::option::of(prop::sample::select(operations))
}

fn signing_names() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(Service::ALL.map(Service::signing_name).to_vec()))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn noise_is_answered(
        path in paths(),
        get in any::<bool>(),
        target in targets(),
        signed_for in signing_names(),
        body in bodies(),
    ) {
        let mut request = Request::builder().method(if get { "GET" } else { "POST" }).uri(path);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        if let Some(name) = signed_for {
            request = request.header("authorization", format!("AWS4-HMAC-SHA256 Credential=A/d/r/{name}/aws4_request"));
        }
        // Some of the paths are no URIs; those never get as far as the decoder.
        if let Ok(request) = request.body(()) {
            let (parts, ()) = request.into_parts();
            match decode(&parts, &body) {
                Ok((call, _)) => prop_assert!(call.service.operations().any(|known| known == call.operation)),
                Err(refusal) => {
                    prop_assert!(refusal.status().is_client_error());
                    prop_assert!(!refusal.body().is_empty());
                }
            }
        }
    }
}
