//! How long each function takes from exec to its first poll, and how much memory it holds at most.
//!
//! `cargo run -p rehearsal-cloud --example init -- FOLDER [RUNS]`, with the functions' binaries in `FOLDER`, each as
//! `NAME` or `NAME/bootstrap`. In each run every function starts once in a cloud of its own, made from `template.yaml`,
//! and gets the example of its state, so that it has called AWS at least once. A line a function, separated by tabs: name,
//! memory in the template (MB), init (ms: median, slowest), peak memory (KiB, the highest).

use anyhow::{Context as _, bail};
use bytes::Bytes;
use rehearsal_cloud::template::{Function, Options, Stack};
use rehearsal_cloud::{Cloud, CloudConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs unless told otherwise: odd, so that there is one in the middle.
const RUNS: usize = 15;
/// Most runs that make sense.
const MOST_RUNS: usize = 1001;
/// What `dispatch`, which is no state's function, is started with.
const TICK: &str = r#"{"reconcile":true}"#;

/// What was measured of one function.
#[derive(Debug, Default)]
struct Measured {
    memory_mb: u32,
    inits: Vec<Duration>,
    peak_kib: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context("which folder has the binaries?")?);
    let runs = arguments.next().map_or(Ok(RUNS), |runs| runs.parse()).context("how many runs?")?;
    if !(1..=MOST_RUNS).contains(&runs) {
        bail!("{runs} runs are not within 1 and {MOST_RUNS}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).context("the workspace")?;
    let template = root.join("template.yaml");
    let functions = Stack::read(&template, &Options::default())?.functions;
    let (mut binaries, mut events) = (BTreeMap::new(), BTreeMap::new());
    for function in &functions {
        let name = function.binary.clone().context("a function without a binary")?;
        events.insert(function.name.clone(), event(root, function)?);
        binaries.insert(name.clone(), binary(&folder, &name)?);
    }
    let config = CloudConfig { template, binaries, ..CloudConfig::default() };
    let mut measured: BTreeMap<String, Measured> = BTreeMap::new();
    for _ in 0..runs {
        run(&config, &events, &mut measured).await?;
    }
    for function in &functions {
        let mut of = measured.remove(&function.name).context("a function that did not start")?;
        of.inits.sort_unstable();
        let ms = |init: Duration| init.as_secs_f64() * 1e3;
        let (middle, slowest) = (of.inits[of.inits.len() / 2], of.inits[of.inits.len() - 1]);
        let name = function.binary.as_deref().unwrap_or_default();
        println!("{name}\t{}\t{:.1}\t{:.1}\t{}", of.memory_mb, ms(middle), ms(slowest), of.peak_kib);
    }
    Ok(())
}

/// Every function once, one after the other, each in a process of its own.
async fn run(
    config: &CloudConfig,
    events: &BTreeMap<String, Bytes>,
    measured: &mut BTreeMap<String, Measured>,
) -> anyhow::Result<()> {
    let cloud = Cloud::start(config.clone()).await?;
    for (function, event) in events {
        // The ledger is empty, so most answer that nothing is on record. That is answer enough.
        let _ = cloud.lambda().invoke(function, event.clone()).await;
    }
    for record in cloud.lambda().records() {
        let of = measured.entry(record.function.clone()).or_default();
        of.memory_mb = record.memory_mb;
        of.inits.extend(record.init);
        of.peak_kib = of.peak_kib.max(record.peak_memory_kib.unwrap_or_default());
    }
    cloud.shutdown().await;
    Ok(())
}

fn binary(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let found =
        [folder.join(name), folder.join(name).join("bootstrap")].into_iter().find(|path| path.is_file());
    found.with_context(|| format!("{} has no {name}", folder.display()))
}

/// The input of the example of the state that the function is for.
fn event(root: &Path, function: &Function) -> anyhow::Result<Bytes> {
    let state = function.logical_id.strip_suffix("Function").unwrap_or(&function.logical_id);
    let path = root.join(format!("statemachine/examples/{state}.json"));
    if !path.is_file() {
        return Ok(Bytes::from_static(TICK.as_bytes()));
    }
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let example: Value = serde_json::from_str(&text)?;
    Ok(example["input"].to_string().into())
}
