//! What is deployed: a function, and the account it is deployed to.

use crate::code::Code;
use crate::made::Pull;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Environments one function may have at once, unless configured. AWS's own limit is 1,000 an account.
const MAX_ENVIRONMENTS: usize = 16;

/// How long a failed asynchronous invocation waits before each of its two retries. AWS waits one minute,
/// then two; a rehearsal is not that patient.
const ASYNC_RETRIES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// The account and region functions live in, and the bounds they run under.
#[derive(Clone)]
pub struct Config {
    /// Twelve digits.
    pub account: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Where the functions find all AWS APIs; set as `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// Environments one function may have at once; one more invocation is throttled.
    pub max_environments: usize,
    /// Waits before the retries of an asynchronous invocation that failed.
    pub async_retries: Vec<Duration>,
    /// What is called in place of the functions' binaries; without, they run as processes.
    pub code: Option<Arc<dyn Code>>,
    /// Says what images run that somebody makes functions of; without, there is no registry.
    pub pull: Option<Pull>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("account", &self.account)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint_url: None,
            max_environments: MAX_ENVIRONMENTS,
            async_retries: ASYNC_RETRIES.to_vec(),
            code: None,
            pull: None,
        }
    }
}

/// What a function signs its AWS calls with. Its access key tells the rehearsal whose role is calling.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            access_key_id: "ASIAREHEARSAL0000000".to_owned(),
            secret_access_key: "rehearsal".to_owned(),
            session_token: "rehearsal".to_owned(),
        }
    }
}

/// One function, as `CreateFunction` would describe it, with a binary in place of a zip.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name in the account.
    pub name: String,
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
    pub arn: String,
    /// The bootstrap: started as it is, without arguments.
    pub binary: PathBuf,
    /// Of a function that somebody made of an image: what it runs for each event, which it gets on standard input.
    pub command: Option<Vec<String>>,
    /// The variables of the function's own configuration.
    pub environment: Vec<(String, String)>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; reported against, not enforced.
    pub memory_mb: u32,
    /// How long one invocation may take before its environment is killed.
    pub timeout: Duration,
    /// `_HANDLER`.
    pub handler: String,
    /// The ARN of the role it runs as.
    pub role: String,
    /// What it signs with.
    pub credentials: Credentials,
}
