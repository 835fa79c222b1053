//! `cargo rehearse serve`

use super::keys::KeyFile;
use super::page::{self, Page};
use super::words::words;
use crate::advice::advice;
use crate::binaries::Binaries;
use crate::stage::{Image, Setting, Stage};
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Images that are there from the beginning under tags that deploy nothing: a tag that does is given to them later.
/// Their tags, the version that they answer with, and the options of the sample application.
pub(super) const BUILDS: [(&str, &str, &[&str]); 2] =
    [("build-2", "v2", &[]), ("build-3", "v3", &["--error-rate", "0.3"])];

/// The settings of the sample services: quicker than the defaults, for whoever watches.
pub(super) const SETTINGS: [(&str, &str); 6] = [
    ("image-tag", "v@"),
    ("steps", "10 50 100"),
    ("bake", "5s"),
    ("healthy-checks", "2"),
    ("health-timeout", "90s"),
    ("minimum-requests", "0"),
];

/// How often a served cloud is looked at for what AWS would punish.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// Leaves a cloud up with both sample services until Ctrl-C or SIGTERM; no process is left after that.
///
/// # Errors
/// If a port is taken or the services do not come up.
pub async fn serve(port: u16, traffic_port: u16, seed: u64) -> anyhow::Result<()> {
    // Listened for from the beginning, so that none is missed while the stage is set.
    let mut end = End::watch()?;
    // Before anything is built, which takes minutes the first time.
    let ports = free(port, traffic_port)?;
    let binaries = Binaries::build()?;
    let command_line = page::build()?;
    drop(ports);
    let tags: BTreeMap<String, String> =
        SETTINGS.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let setting = Setting { seed, port, traffic_port, rolling: 1, tags, ..Setting::default() };
    let set = async {
        let stage = Stage::set(&binaries, &setting).await?;
        stock(&stage).await?;
        anyhow::Ok(stage)
    };
    let stage = tokio::select! {
        biased;
        stage = set => stage?,
        () = end.asked() => return Ok(()),
    };
    let keys = KeyFile::write(&stage.cloud.endpoint(), stage.cloud.operator_key())?;
    let page = match Page::open(&command_line, &stage).await {
        Ok(page) => Some(page),
        Err(error) => {
            note(&format!("the page cannot be shown: {error:#}"));
            None
        }
    };
    let address = page.as_ref().map(|page| page.address.as_str());
    say(&words(&stage, keys.path(), &command_line, address)?);
    tokio::select! {
        biased;
        () = end.asked() => {}
        () = warn(&stage) => {}
    }
    say("taking everything down");
    drop(page);
    stage.strike().await;
    Ok(())
}

/// Says what AWS would punish as soon as it is seen, and again when there is more of it.
async fn warn(stage: &Stage) {
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    loop {
        for sample in &stage.samples {
            let told = advice(stage, sample).join("\n");
            let known = said.entry(sample.service.to_string()).or_default();
            if !told.is_empty() && *known != told {
                say(&format!("{}: {told}", sample.service));
                *known = told;
            }
        }
        tokio::time::sleep(WARN_EVERY).await;
    }
}

/// Ctrl-C and SIGTERM.
struct End {
    interrupt: Signal,
    terminate: Signal,
}

impl End {
    fn watch() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { interrupt: on(SignalKind::interrupt())?, terminate: on(SignalKind::terminate())? })
    }

    /// Either has come.
    async fn asked(&mut self) {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Holds the ports that were asked for, or says what to do about one that is taken.
fn free(port: u16, traffic_port: u16) -> anyhow::Result<Vec<TcpListener>> {
    let mut wanted = vec![("--port", port)];
    if traffic_port != 0 {
        let Some(next) = traffic_port.checked_add(1) else {
            bail!("--traffic-port {traffic_port} leaves no next port for the rolling service")
        };
        wanted.extend([("--traffic-port", traffic_port), ("--traffic-port", next)]);
    }
    let mut held: Vec<TcpListener> = Vec::new();
    for (option, port) in wanted {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
            format!("port {port} of 127.0.0.1 is not free (another `cargo rehearse serve`?); choose one with {option}, 0 for any")
        })?;
        held.push(listener);
    }
    Ok(held)
}

/// Pushes the builds to every repository.
async fn stock(stage: &Stage) -> anyhow::Result<()> {
    for repository in stage.samples.iter().map(|sample| &sample.repository) {
        for (tag, version, options) in BUILDS {
            let image = Image::sample(&stage.binaries, version, options);
            stage.push(repository, tag, &image).await?;
        }
    }
    Ok(())
}

/// Says what goes on, beside what a reader of the output waits for.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says it, also to nobody: a reader who has gone is no reason to leave processes behind.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_ports_are_told_apart() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let told = format!("{:#}", free(port, 0).unwrap_err());
        assert!(told.contains(&format!("port {port} of 127.0.0.1 is not free")), "{told}");
        assert!(told.contains("choose one with --port"), "{told}");
        let told = format!("{:#}", free(0, port).unwrap_err());
        assert!(told.contains("choose one with --traffic-port"), "{told}");
        assert!(free(0, u16::MAX).is_err());
        assert_eq!(free(0, 0).unwrap().len(), 1);
    }
}
