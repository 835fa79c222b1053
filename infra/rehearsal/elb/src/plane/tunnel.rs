//! An upgraded connection: bytes both ways until either side ends, falls silent, or the target is cut off.

use crate::target::InFlight;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::time::{Instant, sleep_until};

/// Bytes read at a time, each way.
const BUFFER: usize = 16 * 1024;

/// Joins a client's and a target's upgraded connections.
pub(crate) async fn tunnel(client: OnUpgrade, target: OnUpgrade, in_flight: InFlight, silence: Duration) {
    let (Ok(client), Ok(target)) = tokio::join!(client, target) else {
        return;
    };
    let (client_out, client_in) = split(TokioIo::new(client));
    let (target_out, target_in) = split(TokioIo::new(target));
    let last = Mutex::new(Instant::now());
    let both =
        async { tokio::try_join!(pump(client_out, target_in, &last), pump(target_out, client_in, &last)) };
    tokio::select! {
        biased;
        _ended = both => {}
        () = in_flight.target().cut.cancelled() => {}
        () = silent(&last, silence) => {}
    }
}

type Side = TokioIo<Upgraded>;

/// Copies one way, and passes on the end of it.
async fn pump(mut from: ReadHalf<Side>, mut to: WriteHalf<Side>, last: &Mutex<Instant>) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        *last.lock() = Instant::now();
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
        to.flush().await?;
    }
}

async fn silent(last: &Mutex<Instant>, limit: Duration) {
    loop {
        let due = *last.lock() + limit;
        if due <= Instant::now() {
            return;
        }
        sleep_until(due).await;
    }
}
