//! The Resource Groups Tagging API: resources found by their tags, over a listing someone else owns.

use crate::input::{list, page, text, texts, unknown};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::sync::Arc;

/// Resources on a page unless asked otherwise, and at most.
const PAGE: u64 = 100;

/// The bounds of `TagsPerPage`.
const TAGS_PER_PAGE: (u64, u64) = (100, 500);

/// A resource's ARN and its tags.
type Tagged = (String, Vec<(String, String)>);

/// Everything that has tags now: ARN and tags.
pub type Listing = Arc<dyn Fn() -> Vec<Tagged> + Send + Sync>;

/// The API over a listing. Cheap to clone.
#[derive(Clone)]
pub struct Tagging {
    listing: Listing,
}

impl Tagging {
    /// Finds resources in this listing.
    #[must_use]
    pub fn new(listing: Listing) -> Self {
        Self { listing }
    }

    /// Answers one call of the service `resourcegroupstaggingapi`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        if operation != "GetResources" {
            return Err(unknown(operation));
        }
        let filters = list(input, "TagFilters");
        let types = texts(input, "ResourceTypeFilters");
        let arns = texts(input, "ResourceARNList");
        let mut found: Vec<_> = (self.listing)();
        found.retain(|(arn, tags)| {
            !tags.is_empty()
                && (arns.is_empty() || arns.contains(&arn.as_str()))
                && (types.is_empty() || types.iter().any(|kind| is_of_type(arn, kind)))
                && filters.iter().all(|filter| passes(tags, filter))
        });
        found.sort();
        let size = bounded(input, "ResourcesPerPage", (1, PAGE))?;
        let most_tags = bounded(input, "TagsPerPage", TAGS_PER_PAGE)?;
        let token = text(input, "PaginationToken");
        if !arns.is_empty() && (size.is_some() || most_tags.is_some() || token.is_some()) {
            let message =
                "ResourceARNList cannot be combined with ResourcesPerPage, TagsPerPage or PaginationToken";
            return Err(ApiError::new("InvalidParameterException", message));
        }
        let size = usize::try_from(size.unwrap_or(PAGE)).unwrap_or(1);
        let (mut resources, mut next) = page(&found, token, size, "PaginationTokenExpiredException")?;
        let fit = most_tags.map_or(resources.len(), |most| within(&resources, most));
        if fit < resources.len() {
            let from: usize = token.and_then(|token| token.parse().ok()).unwrap_or(0);
            resources.truncate(fit);
            next = Some((from + fit).to_string());
        }
        let resources: Vec<Value> = resources
            .into_iter()
            .map(|(arn, tags)| {
                let tags: Vec<Value> =
                    tags.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
                json!({ "ResourceARN": arn, "Tags": tags })
            })
            .collect();
        Ok(json!({ "ResourceTagMappingList": resources, "PaginationToken": next.unwrap_or_default() }))
    }
}

/// How many resources have no more tags than that together; one at least.
fn within(resources: &[Tagged], most: u64) -> usize {
    let mut tags = 0;
    let fit = resources.iter().take_while(|(_, own)| {
        tags += own.len() as u64;
        tags <= most
    });
    fit.count().max(1)
}

/// A number within AWS's bounds, if it is given.
fn bounded(input: &Value, name: &str, (least, most): (u64, u64)) -> Result<Option<u64>, ApiError> {
    let Some(given) = input.get(name).filter(|given| !given.is_null()) else { return Ok(None) };
    let number = given.as_u64().filter(|number| (least..=most).contains(number));
    let refused = || {
        let message = format!("{name} must be between {least} and {most}");
        ApiError::new("InvalidParameterException", message)
    };
    number.map(Some).ok_or_else(refused)
}

/// Every filter has to be met; of its values, one.
fn passes(tags: &[(String, String)], filter: &Value) -> bool {
    let Some(key) = text(filter, "Key") else { return true };
    let values = texts(filter, "Values");
    tags.iter().any(|(name, value)| name == key && (values.is_empty() || values.contains(&value.as_str())))
}

/// `SERVICE` or `SERVICE:TYPE`, such as `ecs:service`.
fn is_of_type(arn: &str, kind: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (Some(service), Some(resource)) = (parts.next(), parts.nth(2)) else { return false };
    match kind.split_once(':') {
        None => service == kind,
        Some((wanted, of)) => service == wanted && resource.split(['/', ':']).next() == Some(of),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagging() -> Tagging {
        let service = |name: &str, repository: &str| {
            let arn = format!("arn:aws:ecs:us-east-1:123456789012:service/shop/{name}");
            (arn, vec![("changeover:repository".to_owned(), repository.to_owned())])
        };
        let all = vec![
            service("web", "web"),
            service("api", "api"),
            service("web-green", "web"),
            (
                "arn:aws:ecs:us-east-1:123456789012:cluster/shop".to_owned(),
                vec![("changeover:repository".to_owned(), "web".to_owned())],
            ),
            ("arn:aws:ecs:us-east-1:123456789012:service/shop/bare".to_owned(), vec![]),
        ];
        Tagging::new(Arc::new(move || all.clone()))
    }

    fn arns(answer: &Value) -> Vec<&str> {
        list(answer, "ResourceTagMappingList").iter().filter_map(|r| text(r, "ResourceARN")).collect()
    }

    #[test]
    fn finds_by_key_value_and_type() {
        let filter = json!({
            "ResourceTypeFilters": ["ecs:service"],
            "TagFilters": [{ "Key": "changeover:repository", "Values": ["web", "other"] }],
        });
        let answer = tagging().call("GetResources", &filter).unwrap();
        let found = arns(&answer);
        assert_eq!(found.len(), 2);
        assert!(found[0].ends_with("service/shop/web") && found[1].ends_with("service/shop/web-green"));
        assert_eq!(answer["PaginationToken"], "");
        let any = json!({ "TagFilters": [{ "Key": "changeover:repository" }] });
        assert_eq!(arns(&tagging().call("GetResources", &any).unwrap()).len(), 4);
    }

    #[test]
    fn pages_hold_no_more_tags_than_asked_for() {
        let tags = |count: usize| (0..count).map(|n| (format!("k{n:02}"), "v".to_owned())).collect();
        let all: Vec<Tagged> = (0..5).map(|n| (format!("arn:{n}"), tags(40))).collect();
        let tagging = Tagging::new(Arc::new(move || all.clone()));
        let (mut token, mut sizes) = (json!(null), Vec::new());
        loop {
            let input = json!({ "TagsPerPage": 100, "PaginationToken": token });
            let answer = tagging.call("GetResources", &input).unwrap();
            sizes.push(arns(&answer).len());
            token = answer["PaginationToken"].clone();
            if token == "" {
                break;
            }
        }
        assert_eq!(sizes, [2, 2, 1]);
        for wrong in
            [json!({ "TagsPerPage": 99 }), json!({ "ResourceARNList": ["arn:1"], "ResourcesPerPage": 1 })]
        {
            assert_eq!(tagging.call("GetResources", &wrong).unwrap_err().code, "InvalidParameterException");
        }
    }

    #[test]
    fn pages() {
        let first = tagging().call("GetResources", &json!({ "ResourcesPerPage": 3 })).unwrap();
        assert_eq!(arns(&first).len(), 3);
        let token = &first["PaginationToken"];
        let second = tagging().call("GetResources", &json!({ "PaginationToken": token })).unwrap();
        assert_eq!(arns(&second).len(), 1);
        let error = tagging().call("GetResources", &json!({ "PaginationToken": "x" })).unwrap_err();
        assert_eq!(error.code, "PaginationTokenExpiredException");
    }
}
