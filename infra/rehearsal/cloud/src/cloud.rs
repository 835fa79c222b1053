//! The cloud as its callers hold it: started from a template, reached by port or by hand, shut down whole.

use crate::autoscaling::AutoScaling;
use crate::between::{Functions, Groups, Images, letters};
use crate::cloudformation::CloudFormation;
use crate::cloudwatch::CloudWatch;
use crate::config::CloudConfig;
use crate::deploy::deploy;
use crate::dynamodb::DynamoDb;
use crate::ecr::Ecr;
use crate::events::Events;
use crate::front::{Access, ApiFaultRule, Calls, Door, FaultHook, Gate};
use crate::iam::{Guard, Iam};
use crate::keeping::keep;
use crate::logs::{Line, Logs, Source, Stream};
use crate::measures::{of_executions, of_functions};
use crate::scaling::Scaling;
use crate::scheduler::Scheduler;
use crate::services::Services;
use crate::sns::Sns;
use crate::sqs::Sqs;
use crate::ssm::Ssm;
use crate::targets::Hub;
use crate::template::{Options, Stack};
use anyhow::Context as _;
use rehearsal_ecs::Ecs;
use rehearsal_elb::Elb;
use rehearsal_iam::Used;
use rehearsal_lambda::{Lambda, Pull};
use rehearsal_stepfunctions::StepFunctions;
use rehearsal_wire::{ApiError, Call, Key, Service, validate};
use rehearsal_world::net::Listener;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;
use tokio_util::sync::CancellationToken;

/// AWS in miniature. Cheap to clone; the last clone takes everything along.
#[derive(Clone)]
pub struct Cloud {
    inner: Arc<Inner>,
}

struct Inner {
    stack: Stack,
    services: Arc<Services>,
    iam: Arc<Iam>,
    gate: Arc<Gate>,
    door: Door,
    keeping: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeping.cancel();
    }
}

impl Cloud {
    /// Reads the template, starts the services, makes what the template describes, and opens the port.
    ///
    /// # Errors
    /// If the template has mistakes, a function has no binary, or the port is taken.
    pub async fn start(config: CloudConfig) -> anyhow::Result<Self> {
        let options = Options {
            account: config.account.clone(),
            stack_name: config.stack_name.clone(),
            parameters: config.parameters.clone(),
        };
        let stack = Stack::read(&config.template, &options)?;
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let listener =
            Listener::bind(config.port).await.with_context(|| format!("cannot listen on {here}"))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let iam = Arc::new(Iam::of(&stack, &config.account, config.enforce_policies)?);
        let services = Arc::new(start_services(&config, &stack, &iam, endpoint)?);
        let callers = deploy(&stack, &config.binaries, &services).await?;
        let gate = Arc::new(Gate::new(callers, config.limits, services.clone()));
        let guard = Guard {
            iam: iam.clone(),
            ecs: services.ecs.clone(),
            elb: services.elb.clone(),
            lambda: services.lambda.clone(),
            autoscaling: services.autoscaling.clone(),
        };
        gate.set_access(config.enforce_policies.then(|| Arc::new(guard) as Arc<dyn Access>));
        let door = Door::open(listener, gate.clone())?;
        let keeping = keep(&services);
        Ok(Self { inner: Arc::new(Inner { stack, services, iam, gate, door, keeping }) })
    }

    /// Calls an API from within, as an operator: validated and counted, but neither limited nor spoiled.
    ///
    /// # Errors
    /// What AWS would answer.
    pub async fn call(&self, service: Service, operation: &str, input: Value) -> Result<Value, ApiError> {
        let violations = validate(service, operation, &input);
        if !violations.is_empty() {
            return Err(ApiError::new("ValidationException", violations.join("; ")));
        }
        let region = self.inner.services.account.region.clone();
        let call =
            Call { service, operation: operation.to_owned(), input, access_key: None, region, trace: None };
        self.inner.gate.pass_within(call).await
    }

    /// Where all APIs are, such as `http://127.0.0.1:4566`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.inner.door.address())
    }

    /// What an operator signs with: made anew for each cloud.
    #[must_use]
    pub fn operator_key(&self) -> &Key {
        self.inner.gate.callers().operator()
    }

    /// What the template describes.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.inner.stack
    }

    /// The load balancers.
    #[must_use]
    pub fn elb(&self) -> &Elb {
        &self.inner.services.elb
    }

    /// ECS.
    #[must_use]
    pub fn ecs(&self) -> &Ecs {
        &self.inner.services.ecs
    }

    /// The groups of container instances.
    #[must_use]
    pub fn autoscaling(&self) -> &AutoScaling {
        &self.inner.services.autoscaling
    }

    /// The registry.
    #[must_use]
    pub fn ecr(&self) -> &Ecr {
        &self.inner.services.ecr
    }

    /// Lambda; faults of invocations are injected there.
    #[must_use]
    pub fn lambda(&self) -> &Lambda {
        &self.inner.services.lambda
    }

    /// Step Functions.
    #[must_use]
    pub fn stepfunctions(&self) -> &StepFunctions {
        &self.inner.services.stepfunctions
    }

    /// The event bus; faults of events are injected there.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.inner.services.events
    }

    /// The schedules.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.inner.services.scheduler
    }

    /// The tables.
    #[must_use]
    pub fn dynamodb(&self) -> &DynamoDb {
        &self.inner.services.dynamodb
    }

    /// Metrics and alarms.
    #[must_use]
    pub fn cloudwatch(&self) -> &CloudWatch {
        &self.inner.services.cloudwatch
    }

    /// Logs of tasks and functions.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.inner.services.logs
    }

    /// The topics and what was published to them.
    #[must_use]
    pub fn sns(&self) -> &Sns {
        &self.inner.services.sns
    }

    /// The queues and what they hold.
    #[must_use]
    pub fn sqs(&self) -> &Sqs {
        &self.inner.services.sqs
    }

    /// The template's policies.
    #[must_use]
    pub fn iam(&self) -> &Iam {
        &self.inner.iam
    }

    /// The grants of the template's policies that let requests through so far, each with the first request; among
    /// them what AWS's services do in the name of a role that has been at work.
    #[must_use]
    pub fn grants_used(&self) -> Vec<Used> {
        let worked = |name: &str| self.lambda().records().iter().any(|record| record.function == name);
        self.inner.iam.note_services(&self.inner.stack, worked);
        self.inner.iam.used()
    }

    /// How often who called what so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.inner.gate.calls()
    }

    /// Spoils API calls to come over the wire.
    pub fn inject(&self, rule: ApiFaultRule) {
        self.inner.gate.inject(rule);
    }

    /// Asks this before every API call over the wire whether and how to spoil it.
    pub fn set_fault_hook(&self, hook: Option<FaultHook>) {
        self.inner.gate.set_hook(hook);
    }

    /// Asks this before every API call over the wire whether the caller may, in place of the template's policies.
    pub fn set_access(&self, access: Option<Arc<dyn Access>>) {
        self.inner.gate.set_access(access);
    }

    /// How many invocations of a function, and how many API calls of it, were spoiled on purpose so far.
    #[must_use]
    pub fn spoiled(&self, function: &str) -> u64 {
        self.inner.gate.spoiled(function) + self.lambda().spoiled(function)
    }

    /// Forgets every fault of API calls, invocations and events.
    pub fn clear_faults(&self) {
        self.inner.gate.clear_faults();
        self.lambda().clear_faults();
        self.events().clear_faults();
    }

    /// Ends everything: no process, connection or timer is left.
    pub async fn shutdown(&self) {
        let Services { scheduler, events, stepfunctions, lambda, ecs, elb, .. } = &*self.inner.services;
        self.inner.keeping.cancel();
        scheduler.shutdown().await;
        events.shutdown().await;
        stepfunctions.shutdown().await;
        lambda.shutdown().await;
        self.inner.door.shut().await;
        ecs.shutdown().await;
        elb.shutdown().await;
    }
}

fn start_services(
    config: &CloudConfig,
    stack: &Stack,
    iam: &Arc<Iam>,
    endpoint: String,
) -> anyhow::Result<Services> {
    let account = config.account.clone();
    let (id, region) = (account.id.clone(), account.region.clone());
    // The registry tells of pushes on a bus whose events come to functions, so it is there after them.
    let registry: Arc<OnceLock<Ecr>> = Arc::default();
    let lambda = Lambda::new(rehearsal_lambda::Config {
        account: id.clone(),
        region: region.clone(),
        endpoint_url: Some(endpoint),
        pull: Some(pull(registry.clone())),
        ..config.lambda.clone()
    });
    let elb = Elb::new(rehearsal_elb::Config {
        account: id.clone(),
        region: region.clone(),
        seed: config.seed,
        ..config.elb.clone()
    });
    let (sns, sqs) = (Sns::new(account.clone()), Sqs::new(account.clone()));
    lambda.set_dead_letter_sink(letters(stack, iam, &sqs));
    let cloudwatch = CloudWatch::new(account.clone(), elb.clone(), config.metrics);
    of_functions(&lambda, stack, iam, &cloudwatch);
    let cloudformation = CloudFormation::new(&account, stack);
    let hub = Arc::new(Hub {
        lambda: lambda.clone(),
        sns: sns.clone(),
        sqs: sqs.clone(),
        iam: iam.clone(),
        machines: OnceLock::new(),
    });
    let events = Events::new(account.clone(), hub.clone());
    let stepfunctions = StepFunctions::new(
        rehearsal_stepfunctions::Config { account: id.clone(), region: region.clone(), seed: config.seed },
        Arc::new(Functions { lambda: lambda.clone(), iam: iam.clone() }),
        of_executions(events.sink(), cloudwatch.clone()),
    );
    hub.machines.get_or_init(|| stepfunctions.clone());
    let ecr = Ecr::new(account.clone(), events.sink());
    registry.get_or_init(|| ecr.clone());
    let ecs = Ecs::new(
        rehearsal_ecs::Config { account: id, region, seed: config.seed, ..config.ecs.clone() },
        Arc::new(Images(ecr.clone())),
        Arc::new(Groups(elb.clone())),
        events.sink(),
    );
    let logs = Logs::new(account.clone(), printed(&ecs, &lambda, stack, iam));
    Ok(Services {
        scheduler: Scheduler::new(account.clone(), hub),
        cloudformation,
        cloudwatch,
        dynamodb: DynamoDb::new(account.clone())?,
        scaling: Scaling::new(account.clone()),
        autoscaling: AutoScaling::new(account.clone(), ecs.clone()),
        ssm: Ssm::new(account.clone()),
        account,
        elb,
        ecs,
        ecr,
        lambda,
        stepfunctions,
        events,
        logs,
        sns,
        sqs,
    })
}

/// What the images run that somebody makes functions of.
fn pull(registry: Arc<OnceLock<Ecr>>) -> Pull {
    Arc::new(move |image| {
        let registry = registry.get().ok_or("the registry is not there yet")?;
        let image = registry.resolve_one(image)?;
        Ok(image.entry_point.into_iter().chain(image.command).collect())
    })
}

/// What tasks and functions print, as the streams of CloudWatch Logs.
fn printed(ecs: &Ecs, lambda: &Lambda, stack: &Stack, iam: &Arc<Iam>) -> Source {
    let (ecs, lambda, iam) = (ecs.clone(), lambda.clone(), iam.clone());
    let functions = stack.functions.clone();
    Arc::new(move || {
        let mut streams: Vec<Stream> = (ecs.log_streams().into_iter())
            .map(|stream| {
                let lines = stream.lines.into_iter();
                let lines = lines.map(|line| Line { at: line.timestamp, text: line.message }).collect();
                Stream { group: stream.group, name: stream.stream, lines }
            })
            .collect();
        // What a function may not write is lost, and nobody is told, as in AWS.
        for function in functions.iter().filter(|function| iam.may_write_logs(function)) {
            let mut by_stream: BTreeMap<String, Vec<Line>> = BTreeMap::new();
            for line in lambda.logs(&function.name) {
                let at = line.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
                let at = u64::try_from(at).unwrap_or(u64::MAX);
                by_stream.entry(line.stream).or_default().push(Line { at, text: line.text });
            }
            let of_function = by_stream.into_iter();
            let group = &function.log_group;
            streams.extend(of_function.map(|(name, lines)| Stream { group: group.clone(), name, lines }));
        }
        streams
    })
}
