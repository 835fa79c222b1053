//! STS: who is calling.

use crate::account::Account;
use crate::input::unknown;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// Answers one call of the service `sts`. `role` is the name of the role that the access key belongs to.
pub fn call(account: &Account, operation: &str, role: Option<&str>) -> Result<Value, ApiError> {
    if operation != "GetCallerIdentity" {
        return Err(unknown(operation));
    }
    let (id, resource) = match role {
        Some(role) => (format!("AROAREHEARSAL:{role}"), format!("assumed-role/{role}/{role}")),
        None => ("AIDAREHEARSAL".to_owned(), "user/rehearsal".to_owned()),
    };
    let service = if role.is_some() { "sts" } else { "iam" };
    Ok(json!({ "UserId": id, "Account": account.id, "Arn": account.global_arn(service, &resource) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_a_user_or_an_assumed_role() {
        let account = Account::default();
        let user = call(&account, "GetCallerIdentity", None).unwrap();
        assert_eq!(user["Arn"], "arn:aws:iam::123456789012:user/rehearsal");
        let role = call(&account, "GetCallerIdentity", Some("swap")).unwrap();
        assert_eq!(role["Arn"], "arn:aws:sts::123456789012:assumed-role/swap/swap");
        assert_eq!(call(&account, "AssumeRole", None).unwrap_err().code, "UnknownOperationException");
    }
}
