//! Who knocks at a served cloud: a page of the web that a browser shows, and another user of the machine. At every port
//! that its process has open.

use crate::clients::{Shell, there_is};
use crate::server::{PATIENCE, Served};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// `/proc/net/tcp`'s word for a socket that listens.
#[cfg(target_os = "linux")]
const LISTENS: &str = "0A";

/// The ports at which a process listens.
#[cfg(target_os = "linux")]
fn open_ports(process: i32) -> BTreeSet<u16> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).expect("it runs");
    let sockets: BTreeSet<String> = files
        .filter_map(|file| {
            let target = fs::read_link(file.ok()?.path()).ok()?;
            let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
            Some(inode)
        })
        .collect();
    let table = fs::read_to_string(format!("/proc/{process}/net/tcp")).expect("a table");
    let port = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (*fields.get(1)?, *fields.get(3)?, *fields.get(9)?);
        let (address, port) = local.split_once(':')?;
        let listens = state == LISTENS && sockets.contains(inode);
        assert!(!listens || address == "0100007F", "it listens at {local}, which is more than loopback");
        listens.then(|| u16::from_str_radix(port, 16).ok())?
    };
    table.lines().skip(1).filter_map(port).collect()
}

/// The status of the answer to these lines.
#[cfg(target_os = "linux")]
async fn knock(port: u16, head: &str) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!answer.to_ascii_lowercase().contains("access-control-allow"), "{answer}");
        std::io::Result::Ok(answer.split(' ').nth(1).unwrap_or_default().to_owned())
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("in time").expect("it is open")
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_port_but_the_balancers_answers_a_page_or_a_stranger() {
    let served = Served::start().await;
    // A deployment, so that functions wait at their ports for more.
    served.push(&["--tag", "v2"]).await;
    crate::server::until("functions wait", async || open_ports(served.process().as_raw()).len() >= 5).await;
    let balancers = [served.address("web").port(), served.address("api").port()];
    let open = open_ports(served.process().as_raw());
    assert!(balancers.iter().all(|port| open.contains(port)), "{open:?}");
    let api: u16 = served.port().parse().expect("a port");
    assert!(open.contains(&api), "{open:?}");
    for port in open.iter().filter(|port| !balancers.contains(port)) {
        let here = format!("host: 127.0.0.1:{port}\r\n");
        let rebound =
            format!("POST / HTTP/1.1\r\nhost: evil.example:{port}\r\norigin: http://evil.example:{port}\r\n");
        let form = format!("POST /?Action=ListTopics HTTP/1.1\r\n{here}origin: http://evil.example\r\n");
        let preflight = format!(
            "OPTIONS / HTTP/1.1\r\n{here}origin: http://evil.example\r\naccess-control-request-method: POST\r\n"
        );
        let next = "/2018-06-01/runtime/invocation/next";
        let stranger = format!("GET {next} HTTP/1.1\r\n{here}");
        for head in [rebound, form, preflight, stranger] {
            // An environment may have ended in the meantime; its port is then not open any more.
            if open_ports(served.process().as_raw()).contains(port) {
                assert_eq!(knock(*port, &head).await, "403", "{port}: {head}");
            }
        }
    }
    // A load balancer answers for whatever host: rules may ask for any. What it shows is the users' own application.
    for port in balancers {
        assert_eq!(knock(port, "GET / HTTP/1.1\r\nhost: evil.example\r\n").await, "200", "{port}");
    }
    served.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_are_new_each_time_and_in_a_file_for_the_user_alone() {
    let served = Served::start().await;
    let line = served.said.iter().find_map(|line| line.split_once(": . ")).expect("it says which file").1;
    let path = PathBuf::from(line);
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let folder = fs::metadata(path.parent().expect("a folder")).expect("a folder");
    assert_eq!(folder.mode() & 0o777, 0o700);
    let text = fs::read_to_string(&path).expect("text");
    let exports = served.exports();
    assert!(
        text.contains(&exports["AWS_SECRET_ACCESS_KEY"]),
        "what is printed and what is kept are the same"
    );
    if there_is("aws --version").await {
        let mut shell = Shell::of(&served);
        shell.text("aws sts get-caller-identity").await;
        shell.export("AWS_SECRET_ACCESS_KEY", "guessed");
        for (command, code) in [
            ("aws sts get-caller-identity", "SignatureDoesNotMatch"),
            ("aws ecs list-clusters", "InvalidSignatureException"),
        ] {
            let said = shell.run(command).await;
            let said = String::from_utf8_lossy(&said.stderr).into_owned();
            assert!(said.contains(&format!("({code})")), "{command}: {said}");
        }
        shell.export("AWS_ACCESS_KEY_ID", "operator");
        let said = String::from_utf8_lossy(&shell.run("aws ecs list-clusters").await.stderr).into_owned();
        assert!(said.contains("(UnrecognizedClientException)"), "{said}");
    }
    served.close().await;
    assert!(!path.exists(), "the keys go with the cloud");
    let again = Served::start().await;
    assert_ne!(again.exports()["AWS_SECRET_ACCESS_KEY"], exports["AWS_SECRET_ACCESS_KEY"]);
    again.close().await;
}
