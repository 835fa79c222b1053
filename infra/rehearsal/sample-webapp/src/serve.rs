//! Listens, serves connections, and stops without cutting off what has begun.
//!
//! On SIGTERM no new connection is taken; those that the kernel has already taken for us count as begun. What
//! is in flight is finished with `Connection: close`, idle connections are closed, WebSockets get a close
//! frame, and the process exits with 0.

use crate::answer::App;
use crate::fault::{self, Errors};
use crate::options::Options;
use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a connection may be idle or take over the head of a request. Longer than a load balancer's idle
/// timeout (60 s), so that it is never this end that closes a connection just as a request is on its way.
const IDLE_AT_MOST: Duration = Duration::from_secs(75);
/// How long, once stopping, a connection on which nothing was ever asked may still ask something.
const FIRST_REQUEST_WITHIN: Duration = Duration::from_secs(1);
/// How long to wait after the system refuses a connection, for instance for want of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Runs the application until it is told to stop, or crashes as it was told to.
pub async fn run(options: Options) -> io::Result<ExitCode> {
    if let Some(code) = options.crash {
        fault::explain_crash(&options.version_name, code);
        return Ok(ExitCode::from(code));
    }
    let mut stop =
        Stop { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
    println!("INFO  sample-webapp {} starting", options.version_name);
    if let Some(delay) = options.start_delay {
        tokio::select! {
            biased;
            () = tokio::time::sleep(delay) => {}
            () = stop.asked() => return Ok(ExitCode::SUCCESS),
        }
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    println!("INFO  listening on http://{}", listener.local_addr()?);
    LocalSet::new().run_until(serve(listener, options, stop)).await
}

/// What asks the process to stop: ECS by SIGTERM, a person by Ctrl-C.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    async fn asked(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn serve(listener: TcpListener, options: Options, mut stop: Stop) -> io::Result<ExitCode> {
    let app = Rc::new(App {
        errors: Errors::new(options.error_rate, options.seed),
        hangs: Errors::new(options.hang_rate, options.seed),
        options,
        stopping: CancellationToken::new(),
        begun: TaskTracker::new(),
    });
    let crash = crash_after(app.options.crash_after);
    tokio::pin!(crash);
    loop {
        tokio::select! {
            biased;
            () = stop.asked() => break,
            () = &mut crash => {
                eprintln!("FATAL out of memory, exiting with code {}", fault::EXIT_CRASHED);
                return Ok(ExitCode::from(fault::EXIT_CRASHED));
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => begin(&app, stream),
                Err(error) => {
                    eprintln!("ERROR cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            },
        }
    }
    if app.options.drop_on_sigterm {
        eprintln!("INFO  told to stop, dropping every connection");
        return Ok(ExitCode::from(fault::EXIT_DROPPED));
    }
    println!("INFO  told to stop, finishing what has begun");
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        begin(&app, stream);
    }
    drop(listener);
    app.stopping.cancel();
    app.begun.close();
    // Not bounded here: how long a task may take to stop is ECS's stopTimeout, which ends in SIGKILL.
    app.begun.wait().await;
    println!("INFO  finished, exiting");
    Ok(ExitCode::SUCCESS)
}

async fn crash_after(delay: Option<Duration>) {
    match delay {
        Some(delay) => tokio::time::sleep(delay).await,
        None => std::future::pending().await,
    }
}

fn begin(app: &Rc<App>, stream: TcpStream) {
    let served = serve_connection(Rc::clone(app), stream);
    app.begun.spawn_local(served);
}

async fn serve_connection(app: Rc<App>, stream: TcpStream) {
    // Small answers must not wait for the acknowledgement of the piece before.
    if let Err(error) = stream.set_nodelay(true) {
        eprintln!("INFO  a connection went away before it began: {error}");
        return;
    }
    let answering = Rc::clone(&app);
    let used = Cell::new(false);
    let service = service_fn(|request| {
        used.set(true);
        let app = Rc::clone(&answering);
        async move { Ok::<_, Infallible>(app.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_AT_MOST)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    // How a connection ends is the client's affair; it is the client's record that counts.
    tokio::select! {
        biased;
        _ = connection.as_mut() => {}
        () = app.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                _ = connection => {}
                () = never_used(&used) => {}
            }
        }
    }
}

/// Ends when a connection had its time and nothing was asked on it; never, if something was.
async fn never_used(used: &Cell<bool>) {
    tokio::time::sleep(FIRST_REQUEST_WITHIN).await;
    if used.get() {
        std::future::pending::<()>().await;
    }
}
