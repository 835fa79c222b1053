//! However a served cloud ends, no process and no port is left.

use crate::processes::{descendants, gone};
use crate::server::{END_DEADLINE, REHEARSE, Served, until};
use nix::sys::signal::Signal;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::process::Command;

/// At least: the tasks of both sample services and the watchdog.
const PROCESSES: usize = 9;

/// Ports that nobody else is given by chance, so that they are free again afterwards: below the ephemeral ones. Each
/// call gives three more, and another run of these tests at the same time has most likely others.
fn own_ports() -> (u16, u16) {
    const FIRST: u32 = 20_000;
    const RUNS: u32 = 500;
    const EACH: u32 = 12;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let first = FIRST + std::process::id() % RUNS * EACH + GIVEN.fetch_add(3, Ordering::Relaxed);
    let first = u16::try_from(first).expect("below 26,000");
    (first, first + 1)
}

async fn start() -> Served {
    let (port, traffic) = own_ports();
    let served =
        Served::start_on(&["--port", &port.to_string(), "--traffic-port", &traffic.to_string()]).await;
    let asked: Vec<u16> = ports(&served).iter().map(SocketAddr::port).collect();
    assert_eq!(asked, [port, traffic, traffic + 1]);
    served
}

async fn serves(served: &Served) {
    for repository in ["web", "api"] {
        assert_eq!(served.body(repository).await.as_deref(), Ok("v1"), "{repository}");
    }
}

fn ports(served: &Served) -> Vec<SocketAddr> {
    let endpoint = served.endpoint().trim_start_matches("http://").parse().expect("an address");
    vec![endpoint, served.address("web"), served.address("api")]
}

fn are_free(ports: &[SocketAddr]) {
    for port in ports {
        TcpListener::bind(port).unwrap_or_else(|error| panic!("{port} is not free: {error}"));
    }
}

/// Not even when its reader has gone (`| head`), so that it cannot say that it ends.
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_nothing() {
    let mut served = start().await;
    serves(&served).await;
    let (processes, ports) = (descendants(served.process()), ports(&served));
    assert!(processes.len() >= PROCESSES, "{processes:?}");
    served.hang_up();
    assert_eq!(served.end(Signal::SIGINT).await.code(), Some(0));
    gone(&processes, END_DEADLINE).await;
    are_free(&ports);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_leaves_nothing_in_the_middle_of_a_deployment() {
    let served = start().await;
    let before = descendants(served.process()).len();
    served.push(&["--tag", "v2"]).await;
    // The functions of the deployment, and then the tasks of the other side.
    until("the next side starts", async || descendants(served.process()).len() >= before + PROCESSES).await;
    let (processes, ports) = (descendants(served.process()), ports(&served));
    assert_eq!(served.end(Signal::SIGTERM).await.code(), Some(0));
    gone(&processes, END_DEADLINE).await;
    are_free(&ports);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_leaves_nothing_before_it_is_up() {
    let served = Served::begin(&["--port", "0", "--traffic-port", "0"]).await;
    until("the first tasks start", async || descendants(served.process()).len() >= 4).await;
    let processes = descendants(served.process());
    assert_eq!(served.end(Signal::SIGTERM).await.code(), Some(0));
    gone(&processes, END_DEADLINE).await;
}

/// Nothing can be tidied up by who is killed; the watchdog does it.
#[tokio::test(flavor = "multi_thread")]
async fn sigkill_leaves_nothing() {
    let served = start().await;
    let (processes, ports) = (descendants(served.process()), ports(&served));
    assert_eq!(served.end(Signal::SIGKILL).await.code(), None);
    gone(&processes, END_DEADLINE).await;
    are_free(&ports);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("any port");
    let port = taken.local_addr().expect("it has one").port().to_string();
    for options in [["--port", &port, "--traffic-port", "0"], ["--port", "0", "--traffic-port", &port]] {
        let mut serve = Command::new(REHEARSE);
        serve.arg("serve").args(options).stdin(Stdio::null()).kill_on_drop(true);
        let ended =
            tokio::time::timeout(END_DEADLINE, serve.output()).await.expect("in time").expect("it runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.starts_with(&format!("error: port {port} of 127.0.0.1 is not free")), "{said}");
        assert!(ended.stdout.is_empty());
    }
}
