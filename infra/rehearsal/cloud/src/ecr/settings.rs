//! Repositories themselves: what they are made with, and how they are told. What nothing here would act on is refused.

use super::repository::{Mutability, Repository};
use super::{Ecr, INVALID, paged};
use crate::account::epoch;
use crate::input::{list, required, text, texts};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// The encryption of a repository that asks for none, and the only one that is played.
const ENCRYPTION: &str = "AES256";

impl Ecr {
    pub(super) fn create(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "repositoryName", INVALID)?;
        if !is_name(name) {
            let message = format!(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression': {name}"
            );
            return Err(ApiError::new(INVALID, message));
        }
        check_settings(input)?;
        let mutability = mutability(input)?;
        let mut repositories = self.repositories.lock();
        if repositories.contains_key(name) {
            let message = format!(
                "The repository with name '{name}' already exists in the registry with id '{}'",
                self.account.id
            );
            return Err(ApiError::new("RepositoryAlreadyExistsException", message));
        }
        let repository = Repository::new(mutability);
        let answer = json!({ "repository": self.describe(name, &repository) });
        repositories.insert(name.to_owned(), repository);
        Ok(answer)
    }

    pub(super) fn describe_repositories(&self, input: &Value) -> Result<Value, ApiError> {
        let names = texts(input, "repositoryNames");
        let repositories = self.repositories.lock();
        for name in &names {
            if !repositories.contains_key(*name) {
                return Err(self.no_repository(name));
            }
        }
        let all: Vec<Value> = (repositories.iter())
            .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()))
            .map(|(name, repository)| self.describe(name, repository))
            .collect();
        paged("repositories", &all, input)
    }

    fn describe(&self, name: &str, repository: &Repository) -> Value {
        let mut told = json!({
            "repositoryArn": self.account.arn("ecr", &format!("repository/{name}")),
            "registryId": self.account.id,
            "repositoryName": name,
            "repositoryUri": format!("{}/{name}", self.host()),
            "createdAt": epoch(repository.created),
            "imageTagMutability": repository.mutability.name(),
            "imageScanningConfiguration": { "scanOnPush": false },
            "encryptionConfiguration": { "encryptionType": ENCRYPTION },
        });
        let filters = repository.mutability.filters().iter();
        let filters: Vec<Value> =
            filters.map(|filter| json!({ "filterType": "WILDCARD", "filter": filter })).collect();
        if !filters.is_empty() {
            told["imageTagMutabilityExclusionFilters"] = filters.into();
        }
        told
    }
}

/// Every setting that AWS would act on and nothing here does, told at once.
fn check_settings(input: &Value) -> Result<(), ApiError> {
    let encryption = input["encryptionConfiguration"]["encryptionType"].as_str();
    let complaints = [
        (
            input["imageScanningConfiguration"]["scanOnPush"] == true,
            "images are not scanned here: leave scanOnPush off",
        ),
        (encryption.is_some_and(|kind| kind != ENCRYPTION), "nothing is encrypted by KMS here: use AES256"),
        (!list(input, "tags").is_empty(), "repositories have no tags here: leave them out"),
    ];
    let said: Vec<&str> = complaints.into_iter().filter_map(|(wrong, why)| wrong.then_some(why)).collect();
    if said.is_empty() { Ok(()) } else { Err(ApiError::new(INVALID, said.join("; "))) }
}

fn mutability(input: &Value) -> Result<Mutability, ApiError> {
    let filters: Vec<String> = list(input, "imageTagMutabilityExclusionFilters")
        .iter()
        .filter_map(|filter| text(filter, "filter").map(str::to_owned))
        .collect();
    let mode = text(input, "imageTagMutability").unwrap_or("MUTABLE");
    if mode.ends_with("_WITH_EXCLUSION") == filters.is_empty() {
        let message = format!(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: '{mode} {} exclusion filters'",
            if filters.is_empty() { "needs" } else { "takes no" }
        );
        return Err(ApiError::new(INVALID, message));
    }
    Ok(Mutability::new(mode.starts_with("IMMUTABLE"), filters))
}

/// 2 to 256 of lower-case letters, digits and separators, as the API's model has it.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    (2..=256).contains(&name.len())
        && name.chars().all(allowed)
        && name.split('/').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.ends_with(|c: char| c.is_ascii_alphanumeric())
        })
}
