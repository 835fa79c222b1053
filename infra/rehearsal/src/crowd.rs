//! Many services that deploy at once, by one push, with AWS's own API rates enforced.

use crate::binaries::Binaries;
use crate::stage::{Image, Pace, Setting, Stage};
use crate::story::{stories, until_over};
use crate::witness::{Before, after, read_ledger};
use rehearsal_traffic::{Config, Mix, Traffic};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// The longest that a crowd may take.
const DEADLINE: Duration = Duration::from_secs(600);
/// How long users come before and after.
const AROUND: Duration = Duration::from_secs(2);
/// CPU units and MiB of each container instance.
const INSTANCE: (u32, u32) = (4096, 8192);

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Crowd {
    /// How many services.
    pub services: u16,
    /// Deployments by how they ended.
    pub outcomes: BTreeMap<String, u64>,
    /// From the push to the end of the last deployment.
    pub took: Duration,
    /// API calls of the functions, and those that were refused because there were too many.
    pub calls: (u64, u64),
    /// Requests that users sent, and those that failed.
    pub requests: (u64, u64),
    /// What did not hold.
    pub broken: Vec<String>,
}

/// Lets so many services deploy at once.
///
/// # Errors
/// If the stage cannot be set.
pub async fn crowd(binaries: &Binaries, services: u16, seed: u64, rate: f64) -> anyhow::Result<Crowd> {
    let settings = [("image-tag", "v@"), ("bake", "2s"), ("healthy-checks", "2"), ("minimum-requests", "1")];
    let tags = settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let instances = vec![INSTANCE; usize::from(services).div_ceil(5)];
    let setting = Setting {
        seed,
        pair: false,
        rolling: services,
        tasks: 1,
        instances,
        tags,
        pace: Pace::BRISK,
        ..Setting::default()
    };
    let stage = Stage::set(binaries, &setting).await?;
    let crowded = on_stage(&stage, services, seed, rate).await;
    stage.strike().await;
    crowded
}

async fn on_stage(stage: &Stage, services: u16, seed: u64, rate: f64) -> anyhow::Result<Crowd> {
    let earlier = stories(stage).await?.len();
    let (mut befores, mut traffics) = (Vec::new(), Vec::new());
    for sample in &stage.samples {
        befores.push(Before::look(stage, sample).await?);
        let mix = Mix { websockets: 0, ..Mix::default() };
        traffics.push(Traffic::start(Config { rate, seed, mix, ..Config::new(sample.address) }));
    }
    tokio::time::sleep(AROUND).await;
    let calls = stage.cloud.calls();
    let began = Instant::now();
    stage.push("api", "v2", &Image::sample(&stage.binaries, "v2", &[])).await?;
    let over = until_over(stage, earlier + usize::from(services), DEADLINE, async |_| {}).await;
    let mut told = Crowd { services, took: began.elapsed(), ..Crowd::default() };
    told.broken.extend(over.err().map(|error| format!("{error:#}")));
    for count in &stage.cloud.calls().since(&calls).counts {
        told.calls = (told.calls.0 + count.calls, told.calls.1 + count.throttled);
    }
    tokio::time::sleep(AROUND).await;
    for traffic in traffics {
        let record = traffic.stop().await;
        let totals = record.summary.totals;
        told.requests = (told.requests.0 + totals.total, told.requests.1 + totals.failed);
        told.broken.extend(record.summary.failures.first().map(|failure| format!("{failure:?}")));
    }
    for (sample, before) in stage.samples.iter().zip(&befores) {
        let ledger = read_ledger(stage, &sample.service).await;
        for deployment in &ledger.deployments {
            let outcome = deployment.outcome.clone().unwrap_or_else(|| "none".to_owned());
            if outcome != "Succeeded" {
                let why = deployment.reason.as_deref().unwrap_or_default();
                told.broken.push(format!("{} ended {outcome}, not Succeeded: {why}", sample.service));
            }
            *told.outcomes.entry(outcome).or_default() += 1;
        }
        let breaches = after(stage, sample, before, &ledger).await?;
        let sentences = breaches.sentences();
        told.broken
            .extend(sentences.map(|(number, one)| format!("{}: invariant {number}: {one}", sample.service)));
    }
    Ok(told)
}
