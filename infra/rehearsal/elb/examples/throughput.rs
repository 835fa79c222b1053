//! How fast the balancer is, and what it adds: the same requests to a backend directly and through it, in
//! one run and one process.
//!
//! `cargo run --release -p rehearsal-elb --example throughput [SECONDS] [CONNECTIONS]`

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rehearsal_elb::{Config, Elb};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long the target may take to become healthy.
const HEALTHY_WITHIN: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let connections: usize = arguments.next().map_or(Ok(16), |text| text.parse())?;
    let backend = backend().await?;
    let elb = Elb::new(Config::default().without_lag());
    let front = balancer(&elb, backend).await?;
    let span = Duration::from_secs(seconds.max(1));
    println!("{connections} kept-alive connections for {seconds} s each, closed loop, 1 KiB answers");
    println!("{:<10} {:>12} {:>10} {:>10}", "", "requests/s", "p50", "p99");
    let direct = measure(backend, connections, span).await?;
    row("direct", &direct, span);
    let through = measure(front, connections, span).await?;
    row("balancer", &through, span);
    println!("one connection, what the balancer adds to a request:");
    let direct = measure(backend, 1, span).await?;
    let through = measure(front, 1, span).await?;
    for quantile in [0.5, 0.99] {
        let added = at(&through, quantile).as_secs_f64() - at(&direct, quantile).as_secs_f64();
        println!("  p{:<3} {:>8.1} µs", quantile * 100.0, added * 1e6);
    }
    elb.shutdown().await;
    Ok(())
}

async fn backend() -> Outcome<SocketAddr> {
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let body = Bytes::from(vec![b'x'; 1_024]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let _ = stream.set_nodelay(true);
            let body = body.clone();
            let service = service_fn(move |_| {
                let body = body.clone();
                async move { Ok::<_, Infallible>(Response::new(Full::new(body))) }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    Ok(address)
}

async fn balancer(elb: &Elb, backend: SocketAddr) -> Outcome<SocketAddr> {
    let arn = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let made =
        elb.call("CreateLoadBalancer", json!({"Name": "bench", "Subnets": ["subnet-1", "subnet-2"]})).await?;
    let balancer = arn(&made["LoadBalancers"][0]["LoadBalancerArn"]);
    let group = json!({"Name": "bench", "Protocol": "HTTP", "Port": 80, "TargetType": "ip"});
    let group = arn(&elb.call("CreateTargetGroup", group).await?["TargetGroups"][0]["TargetGroupArn"]);
    let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
    let listener =
        json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 0, "DefaultActions": actions});
    let listener = arn(&elb.call("CreateListener", listener).await?["Listeners"][0]["ListenerArn"]);
    let (id, port) = (backend.ip().to_string(), backend.port());
    elb.register(&group, &id, port)?;
    let mut changes = elb.changes();
    let healthy = async {
        while elb.target_health(&group, &id, port).is_none_or(|health| health.state != "healthy") {
            changes.changed().await?;
        }
        Outcome::Ok(())
    };
    tokio::time::timeout(HEALTHY_WITHIN, healthy).await??;
    elb.listener_address(&listener).ok_or_else(|| "the listener has no address".into())
}

/// The time of every request, sorted.
async fn measure(address: SocketAddr, connections: usize, span: Duration) -> Outcome<Vec<Duration>> {
    let until = Instant::now() + span;
    let clients: Vec<_> = (0..connections).map(|_| tokio::spawn(client(address, until))).collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    times.sort_unstable();
    Ok(times)
}

async fn client(address: SocketAddr, until: Instant) -> Outcome<Vec<Duration>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut times = Vec::new();
    while Instant::now() < until {
        let from = Instant::now();
        sender.ready().await?;
        let request = Request::get("/").header("host", "bench").body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(format!("answered {}", response.status()).into());
        }
        response.into_body().collect().await?;
        times.push(from.elapsed());
    }
    Ok(times)
}

fn at(sorted: &[Duration], quantile: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let place = (last as f64 * quantile).round() as usize;
    sorted.get(place).copied().unwrap_or_default()
}

fn row(name: &str, times: &[Duration], span: Duration) {
    let micros = |quantile| at(times, quantile).as_secs_f64() * 1e6;
    let rate = times.len() as f64 / span.as_secs_f64();
    println!("{name:<10} {rate:>12.0} {:>7.0} µs {:>7.0} µs", micros(0.5), micros(0.99));
}
