//! The clients: one connection pool and one TLS stack for all, each client built when it is first used.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::sync::OnceLock;
use std::time::Duration;

/// How often the SDK tries a call before it reports it; the state machine retries the whole step after that.
const ATTEMPTS: u32 = 3;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest wait for one try's answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a call with all its tries: well within every function's own timeout.
const CALL_TIMEOUT: Duration = Duration::from_secs(25);

/// What calls go over, where it is not the network.
pub struct Wire {
    /// Takes requests and brings answers.
    pub http: SharedHttpClient,
    /// Tells the time that requests are signed with.
    pub time: SharedTimeSource,
}

/// Every client a function may need. A function links only those that it calls.
pub struct Aws {
    config: SdkConfig,
    ecs: OnceLock<aws_sdk_ecs::Client>,
    elb: OnceLock<aws_sdk_elasticloadbalancingv2::Client>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    sfn: OnceLock<aws_sdk_sfn::Client>,
    ecr: OnceLock<aws_sdk_ecr::Client>,
    autoscaling: OnceLock<aws_sdk_autoscaling::Client>,
    cloudwatch: OnceLock<aws_sdk_cloudwatch::Client>,
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    tagging: OnceLock<aws_sdk_resourcegroupstagging::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
    lambda: OnceLock<aws_sdk_lambda::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
}

/// The network, with the only TLS stack there is.
fn network() -> Wire {
    Wire { http: http(), time: SharedTimeSource::default() }
}

/// An HTTP client with the only TLS stack there is.
pub fn http() -> SharedHttpClient {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    Builder::new().tls_provider(tls).build_https()
}

impl Aws {
    /// From the variables that Lambda sets: region, the role's credentials, and the endpoint if it is not AWS's.
    ///
    /// # Errors
    /// Names the variables that are missing, all at once.
    pub fn from_env() -> Result<Self, String> {
        Self::read(|name| std::env::var(name).ok(), None)
    }

    /// The same from variables that somebody else keeps, over a wire of their own.
    ///
    /// # Errors
    /// As [`Aws::from_env`].
    pub fn read(variable: impl Fn(&str) -> Option<String>, wire: Option<Wire>) -> Result<Self, String> {
        let names = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let values: Vec<Option<String>> = names.iter().map(|name| variable(name)).collect();
        let [Some(region), Some(key), Some(secret)] = values.as_slice() else {
            let missing: Vec<&str> = names
                .iter()
                .zip(&values)
                .filter(|(_, value)| value.is_none())
                .map(|(name, _)| *name)
                .collect();
            return Err(format!("missing in the environment: {}; Lambda sets them", missing.join(", ")));
        };
        let token = variable("AWS_SESSION_TOKEN");
        let credentials = Credentials::new(key, secret, token, None, "lambda environment");
        Ok(Self::new(region.clone(), credentials, variable("AWS_ENDPOINT_URL"), wire))
    }

    /// Whether AWS itself is what is called, and nothing that stands for it.
    pub fn is_itself(&self) -> bool {
        self.config.endpoint_url().is_none()
    }

    fn new(region: String, credentials: Credentials, endpoint: Option<String>, wire: Option<Wire>) -> Self {
        let Wire { http, time } = wire.unwrap_or_else(network);
        let mut config = SdkConfig::builder()
            .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http)
            .time_source(time)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
        config.set_endpoint_url(endpoint);
        Self::of(config.build())
    }

    /// From region, credentials, endpoint and HTTP client that somebody else has found; how often and for how long a call
    /// is tried is our own.
    pub fn of(config: SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let config = config
            .into_builder()
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts);
        Self {
            config: config.build(),
            ecs: OnceLock::new(),
            elb: OnceLock::new(),
            dynamodb: OnceLock::new(),
            sfn: OnceLock::new(),
            ecr: OnceLock::new(),
            autoscaling: OnceLock::new(),
            cloudwatch: OnceLock::new(),
            logs: OnceLock::new(),
            tagging: OnceLock::new(),
            sns: OnceLock::new(),
            events: OnceLock::new(),
            lambda: OnceLock::new(),
            ssm: OnceLock::new(),
        }
    }

    /// Amazon ECS.
    pub fn ecs(&self) -> &aws_sdk_ecs::Client {
        self.ecs.get_or_init(|| aws_sdk_ecs::Client::new(&self.config))
    }

    /// Elastic Load Balancing v2.
    pub fn elb(&self) -> &aws_sdk_elasticloadbalancingv2::Client {
        self.elb.get_or_init(|| aws_sdk_elasticloadbalancingv2::Client::new(&self.config))
    }

    /// DynamoDB.
    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.config))
    }

    /// Step Functions.
    pub fn sfn(&self) -> &aws_sdk_sfn::Client {
        self.sfn.get_or_init(|| aws_sdk_sfn::Client::new(&self.config))
    }

    /// The container registry.
    pub fn ecr(&self) -> &aws_sdk_ecr::Client {
        self.ecr.get_or_init(|| aws_sdk_ecr::Client::new(&self.config))
    }

    /// EC2 Auto Scaling.
    pub fn autoscaling(&self) -> &aws_sdk_autoscaling::Client {
        self.autoscaling.get_or_init(|| aws_sdk_autoscaling::Client::new(&self.config))
    }

    /// CloudWatch metrics.
    pub fn cloudwatch(&self) -> &aws_sdk_cloudwatch::Client {
        self.cloudwatch.get_or_init(|| aws_sdk_cloudwatch::Client::new(&self.config))
    }

    /// CloudWatch Logs.
    pub fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.logs.get_or_init(|| aws_sdk_cloudwatchlogs::Client::new(&self.config))
    }

    /// Resource tagging.
    pub fn tagging(&self) -> &aws_sdk_resourcegroupstagging::Client {
        self.tagging.get_or_init(|| aws_sdk_resourcegroupstagging::Client::new(&self.config))
    }

    /// Notifications.
    pub fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns.get_or_init(|| aws_sdk_sns::Client::new(&self.config))
    }

    /// EventBridge.
    pub fn events(&self) -> &aws_sdk_eventbridge::Client {
        self.events.get_or_init(|| aws_sdk_eventbridge::Client::new(&self.config))
    }

    /// Lambda, for the functions of other people.
    pub fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.lambda.get_or_init(|| aws_sdk_lambda::Client::new(&self.config))
    }

    /// Systems Manager.
    pub fn ssm(&self) -> &aws_sdk_ssm::Client {
        self.ssm.get_or_init(|| aws_sdk_ssm::Client::new(&self.config))
    }
}
