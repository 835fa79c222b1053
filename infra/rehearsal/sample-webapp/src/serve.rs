//! Listens, serves connections, and stops without cutting off what has begun.
//!
//! On SIGTERM no new connection is taken; those that the kernel has already taken for us count as begun. What
//! is in flight is finished with `Connection: close`, idle connections are closed, WebSockets get a close
//! frame, and the process exits with 0.

use crate::Say;
use crate::answer::App;
use crate::begun::Begun;
use crate::database::Database;
use crate::fault::{self, Errors};
use crate::options::Options;
use crate::probe;
use crate::spell::Spell;
use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rehearsal_world::net::{Listener, Stream};
use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long, once stopping, a connection on which nothing was ever asked may still ask something.
const FIRST_REQUEST_WITHIN: Duration = Duration::from_secs(1);
/// How long to wait after the system refuses a connection, for instance for want of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Runs the application until it is told to stop, or crashes as it was told to. Answers the exit code.
///
/// # Errors
/// If it cannot listen on its port.
pub async fn run(options: Options, stop: CancellationToken, say: Say) -> io::Result<u8> {
    if options.probe {
        return Ok(probe::ask(options.port).await);
    }
    if let Some(length) = options.once {
        say(&format!("INFO  sample-webapp {} does something else once", options.version_name));
        tokio::select! {
            biased;
            () = tokio::time::sleep(length) => {}
            () = stop.cancelled() => return Ok(u8::from(!length.is_zero())),
        }
        if options.crash.is_none() {
            say("INFO  done");
            return Ok(0);
        }
    }
    if let Some(code) = options.crash {
        fault::explain_crash(&options.version_name, code, &say);
        return Ok(code);
    }
    let mut users = options.database.as_deref().map(Database::open).transpose().map_err(io::Error::other)?;
    if let (Some(to), Some(users)) = (options.migrate, &mut users) {
        let did = users.migrate(to).map_err(io::Error::other)?;
        say(&format!("INFO  schema {to}: {}", if did { "brought" } else { "there already" }));
        return Ok(0);
    }
    if let (Some(to), Some(users)) = (options.migrate_back, &mut users) {
        let did = users.migrate_back(to).map_err(io::Error::other)?;
        say(&format!("INFO  schema {to}: {}", if did { "taken back to" } else { "there already" }));
        return Ok(0);
    }
    say(&format!("INFO  sample-webapp {} starting", options.version_name));
    if let Some(delay) = options.start_delay {
        tokio::select! {
            biased;
            () = tokio::time::sleep(delay) => {}
            () = stop.cancelled() => return Ok(0),
        }
    }
    let listener = Listener::bind(options.port).await?;
    say(&format!("INFO  listening on http://{}", listener.local_addr()?));
    Ok(serve(listener, (options, users), stop, say).await)
}

async fn serve(
    mut listener: Listener,
    (options, users): (Options, Option<Database>),
    stop: CancellationToken,
    say: Say,
) -> u8 {
    let app = Arc::new(App {
        say: say.clone(),
        trouble: Spell::new(options.trouble_after, options.trouble_at, options.trouble_for),
        errors: Errors::new(options.error_rate, options.seed),
        not_found: Errors::new(options.not_found_rate, options.seed),
        hangs: Errors::new(options.hang_rate, options.seed),
        options,
        users: users.map(Mutex::new),
        stopping: CancellationToken::new(),
        begun: Begun::default(),
    });
    // However this ends, nothing of it goes on: a process that exits takes its connections along.
    let _gone = app.begun.gone_with();
    let crash = crash_after(app.options.crash_after);
    tokio::pin!(crash);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = &mut crash => {
                say(&format!("FATAL out of memory, exiting with code {}", fault::EXIT_CRASHED));
                return fault::EXIT_CRASHED;
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => begin(&app, stream),
                Err(error) => {
                    say(&format!("ERROR cannot accept a connection: {error}"));
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            },
        }
    }
    if app.options.drop_on_sigterm {
        say("INFO  told to stop, dropping every connection");
        return fault::EXIT_DROPPED;
    }
    say("INFO  told to stop, finishing what has begun");
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        begin(&app, stream);
    }
    drop(listener);
    app.stopping.cancel();
    // Not bounded here: how long a task may take to stop is ECS's stopTimeout, which ends in SIGKILL.
    app.begun.wait().await;
    say("INFO  finished, exiting");
    0
}

async fn crash_after(delay: Option<Duration>) {
    match delay {
        Some(delay) => tokio::time::sleep(delay).await,
        None => std::future::pending().await,
    }
}

fn begin(app: &Arc<App>, stream: Stream) {
    let served = serve_connection(Arc::clone(app), stream);
    app.begun.spawn(served);
}

async fn serve_connection(app: Arc<App>, stream: Stream) {
    // Small answers must not wait for the acknowledgement of the piece before.
    if let Err(error) = stream.set_nodelay(true) {
        (app.say)(&format!("INFO  a connection went away before it began: {error}"));
        return;
    }
    let answering = Arc::clone(&app);
    let used = AtomicBool::new(false);
    let service = service_fn(|request| {
        used.store(true, Ordering::Relaxed);
        let app = Arc::clone(&answering);
        async move { Ok::<_, Infallible>(app.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // How long it may be idle, and how long the head of a request may take. Unless told otherwise that is longer
        // than a load balancer's idle timeout, so that it is never this end that closes a connection just as a request
        // is on its way.
        .header_read_timeout(app.options.keep_alive)
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
async fn never_used(used: &AtomicBool) {
    tokio::time::sleep(FIRST_REQUEST_WITHIN).await;
    if used.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}
