//! API rate limits: a token bucket for each group of operations, with AWS's sizes and refusals.

use parking_lot::Mutex;
use rehearsal_wire::{ApiError, Service};
use tokio::time::Instant;

/// One bucket: which operations share it, how many may come at once, and how many a second from then on.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// The service.
    pub service: Service,
    /// The operations that share the bucket; a `*` at the end stands for any rest.
    pub operations: Vec<String>,
    /// How many may come at once.
    pub burst: f64,
    /// How many a second may come for long.
    pub rate: f64,
}

/// Step Functions' buckets: how many at once, how many a second from then on.
const STATE_MACHINES: [(&str, f64, f64); 15] = [
    ("StartExecution", 1_300.0, 300.0),
    ("RedriveExecution", 1_300.0, 300.0),
    ("StopExecution", 1_000.0, 200.0),
    ("DescribeExecution", 300.0, 15.0),
    ("ListExecutions", 200.0, 5.0),
    ("GetExecutionHistory", 400.0, 20.0),
    ("DescribeStateMachine", 200.0, 20.0),
    ("DescribeStateMachineForExecution", 200.0, 1.0),
    ("ListStateMachines", 100.0, 5.0),
    ("CreateStateMachine", 100.0, 1.0),
    ("UpdateStateMachine", 100.0, 1.0),
    ("DeleteStateMachine", 100.0, 1.0),
    ("TagResource", 200.0, 1.0),
    ("UntagResource", 200.0, 1.0),
    ("ListTagsForResource", 100.0, 1.0),
];
/// CloudWatch's quotas, in calls a second.
const ALARMS_AND_METRICS: [(&str, f64); 8] = [
    ("DescribeAlarms", 9.0),
    ("DeleteAlarms", 3.0),
    ("SetAlarmState", 3.0),
    ("PutMetricAlarm", 3.0),
    ("GetMetricData", 50.0),
    ("GetMetricStatistics", 400.0),
    ("ListMetrics", 25.0),
    ("PutMetricData", 500.0),
];
/// What shares Lambda's *remainder of the control plane*.
const OF_FUNCTIONS: [&str; 7] = [
    "CreateFunction",
    "DeleteFunction",
    "GetFunctionConfiguration",
    "ListFunctions",
    "ListTags",
    "TagResource",
    "UntagResource",
];

/// All buckets of an account. An operation counts against the first one that has it, or against none.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// In the order in which they are looked through.
    pub all: Vec<Limit>,
}

impl Limits {
    /// What AWS allows an account in us-east-1.
    ///
    /// Compared with AWS's pages, as AWS has archived them: Step Functions but for `RedriveExecution`, CloudWatch, Lambda.
    /// Not compared: ECS, of whose page only `DescribeClusters` could be read; `RedriveExecution`. Elastic Load Balancing
    /// publishes none; these were seen by others. Services that are not here have no bucket: no page of theirs was read, or
    /// it gives so much that nothing here comes near it. `docs/rehearsal.md` says the same.
    #[must_use]
    pub fn aws() -> Self {
        use Service::{CloudWatch, Ecs, Elbv2, Lambda, StepFunctions};
        let of = |service, operations: &[&str], burst: f64, rate: f64| Limit {
            service,
            operations: operations.iter().map(|name| (*name).to_owned()).collect(),
            burst,
            rate,
        };
        let tasks = ["DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances"];
        let clusters = ["CreateCluster", "DeleteCluster", "UpdateCluster*", "PutClusterCapacityProviders"];
        let of_services = ["CreateService", "UpdateService", "DeleteService"];
        let definitions = ["DescribeTaskDefinition", "ListTaskDefinition*"];
        let mut all = vec![
            of(Ecs, &["RegisterTaskDefinition", "DeregisterTaskDefinition"], 20.0, 1.0),
            of(Ecs, &of_services, 50.0, 5.0),
            of(Ecs, &["DescribeServices", "ListServices"], 100.0, 20.0),
            of(Ecs, &definitions, 50.0, 20.0),
            of(Ecs, &clusters, 20.0, 1.0),
            of(Ecs, &["DescribeClusters", "ListClusters"], 50.0, 20.0),
            of(Ecs, &tasks, 100.0, 20.0),
            of(Ecs, &["ListServiceDeployments"], 50.0, 20.0),
            of(Ecs, &["DescribeServiceDeployments"], 50.0, 20.0),
            of(Elbv2, &["RegisterTargets", "DeregisterTargets"], 20.0, 4.0),
            of(Elbv2, &["Describe*"], 40.0, 10.0),
            of(Elbv2, &["*"], 20.0, 3.0),
        ];
        all.extend(STATE_MACHINES.map(|(name, burst, rate)| of(StepFunctions, &[name], burst, rate)));
        // Calls a second, without a burst beyond.
        all.extend(ALARMS_AND_METRICS.map(|(name, rate)| of(CloudWatch, &[name], rate, rate)));
        all.push(of(Lambda, &["GetFunction"], 100.0, 100.0));
        all.push(of(Lambda, &OF_FUNCTIONS, 15.0, 15.0));
        Self { all }
    }
}

impl Limit {
    fn has(&self, service: Service, operation: &str) -> bool {
        self.service == service
            && self.operations.iter().any(|name| match name.strip_suffix('*') {
                Some(start) => operation.starts_with(start),
                None => operation == name,
            })
    }
}

/// The buckets as they are filled.
#[derive(Debug)]
pub(crate) struct Throttle {
    limits: Vec<Limit>,
    /// Tokens, and when they were counted.
    buckets: Mutex<Vec<(f64, Instant)>>,
}

impl Throttle {
    /// Full buckets.
    pub(crate) fn new(limits: Limits, now: Instant) -> Self {
        let buckets = limits.all.iter().map(|limit| (limit.burst, now)).collect();
        Self { limits: limits.all, buckets: Mutex::new(buckets) }
    }

    /// Takes a token, or refuses as the service does.
    pub(crate) fn admit(&self, service: Service, operation: &str, now: Instant) -> Result<(), ApiError> {
        let Some(place) = self.limits.iter().position(|limit| limit.has(service, operation)) else {
            return Ok(());
        };
        let limit = &self.limits[place];
        let mut buckets = self.buckets.lock();
        let (tokens, at) = &mut buckets[place];
        *tokens = (*tokens + now.saturating_duration_since(*at).as_secs_f64() * limit.rate).min(limit.burst);
        *at = now;
        if *tokens < 1.0 {
            return Err(refusal(service));
        }
        *tokens -= 1.0;
        Ok(())
    }
}

/// What a service says to too many calls.
pub(crate) fn refusal(service: Service) -> ApiError {
    let code = match service {
        Service::Elbv2
        | Service::CloudWatch
        | Service::CloudFormation
        | Service::AutoScaling
        | Service::Sts => "Throttling",
        Service::Sns => "ThrottledException",
        Service::Lambda => "TooManyRequestsException",
        _ => "ThrottlingException",
    };
    ApiError::new(code, "Rate exceeded")
}

/// Whether an error says that there were too many calls.
pub(crate) fn is_throttling(error: &ApiError) -> bool {
    ["Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"]
        .contains(&error.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn admitted(throttle: &Throttle, operation: &str, tries: u32) -> u32 {
        let let_in = |_: &u32| throttle.admit(Service::Ecs, operation, Instant::now()).is_ok();
        u32::try_from((0..tries).filter(let_in).count()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_a_steady_rate() {
        let throttle = Throttle::new(Limits::aws(), Instant::now());
        assert_eq!(admitted(&throttle, "UpdateService", 60), 50);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(admitted(&throttle, "UpdateService", 60), 10);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(admitted(&throttle, "UpdateService", 60), 50, "no more than the burst is saved up");
    }

    #[tokio::test(start_paused = true)]
    async fn operations_share_a_bucket_and_others_have_none() {
        let throttle = Throttle::new(Limits::aws(), Instant::now());
        assert_eq!(admitted(&throttle, "RegisterTaskDefinition", 15), 15);
        assert_eq!(admitted(&throttle, "DeregisterTaskDefinition", 15), 5);
        assert_eq!(admitted(&throttle, "ListTagsForResource", 500), 500);
        let elb = |operation| throttle.admit(Service::Elbv2, operation, Instant::now());
        assert_eq!((0..50).filter(|_| elb("DescribeRules").is_ok()).count(), 40);
        assert_eq!((0..50).filter(|_| elb("ModifyRule").is_ok()).count(), 20);
        assert_eq!((0..50).filter(|_| elb("RegisterTargets").is_ok()).count(), 20);
        let lambda = |operation| throttle.admit(Service::Lambda, operation, Instant::now()).is_ok();
        assert_eq!((0..20).filter(|_| lambda("ListFunctions")).count(), 15);
        assert!(!lambda("GetFunctionConfiguration") && lambda("GetFunction"), "the rest is one bucket");
        assert!((0..2_000).all(|_| lambda("Invoke")), "that is bounded by concurrency, not here");
    }

    #[test]
    fn each_service_refuses_in_its_own_words() {
        assert_eq!(refusal(Service::Elbv2).code, "Throttling");
        assert_eq!(refusal(Service::Ecs).to_string(), "ThrottlingException: Rate exceeded");
        assert!(Service::ALL.into_iter().all(|service| is_throttling(&refusal(service))));
    }
}
