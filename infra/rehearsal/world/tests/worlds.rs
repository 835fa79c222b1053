//! An imagined world: its clock, its chance, its connections; and that the real one is what it was.

use jiff::Timestamp;
use rehearsal_world::net::{Listener, Stream, is_free};
use rehearsal_world::{imagine, is_imagined, now, since_epoch, uuid};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn new_year() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("a time")
}

#[tokio::test(start_paused = true)]
async fn wall_time_is_made_of_tokios_clock() {
    let world = imagine(1, new_year());
    tokio::time::sleep(Duration::from_secs(90 * 60)).await;
    assert_eq!(now().to_string(), "2026-01-01T01:30:00Z");
    assert_eq!(since_epoch().as_secs(), 1_767_225_600 + 5_400);
    drop(world);
    assert!(!is_imagined() && now() > new_year(), "the real world is there again");
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_its_ids_and_another_has_others() {
    let draw = |seed| {
        let _world = imagine(seed, new_year());
        [uuid(), uuid()]
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    assert_eq!(draw(7)[0].get_version_num(), 4);
    assert_ne!(uuid(), uuid());
}

#[tokio::test(start_paused = true)]
async fn connections_keep_what_tcp_promises() {
    let _world = imagine(1, new_year());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    assert_eq!(Stream::connect(address).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let mut listener = Listener::bind(80).await.unwrap();
    assert!(!is_free(80));
    assert_eq!(Listener::bind(80).await.unwrap_err().kind(), ErrorKind::AddrInUse);
    let mut client = Stream::connect(address).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    client.write_all(b"last words").await.unwrap();
    drop(client);
    let mut heard = String::new();
    server.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "last words", "what was sent before the end is read");
    assert!(server.write_all(b"too late").await.is_err());
    drop(listener);
    assert!(is_free(80));
    assert_eq!(Stream::connect(address).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let (one, other) = (Listener::bind(0).await.unwrap(), Listener::bind(0).await.unwrap());
    assert_ne!(one.local_addr().unwrap(), other.local_addr().unwrap());
}
