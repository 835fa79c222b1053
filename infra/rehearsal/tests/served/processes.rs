//! Which processes there are, asked of `ps`: it is the same on Linux and macOS.

use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

/// How often waiting looks again.
pub const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A running process.
struct Process {
    id: i32,
    parent: i32,
}

/// All that run; those that only wait for their parent to take notice do not.
fn running() -> Vec<Process> {
    let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]).output().expect("ps runs");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let process = |line: &str| {
        let mut words = line.split_whitespace();
        let (id, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        (!words.next()?.starts_with('Z')).then_some(Process { id, parent })
    };
    text.lines().filter_map(process).collect()
}

/// The children of a process, their children, and so on.
pub fn descendants(of: Pid) -> BTreeSet<i32> {
    let all = running();
    let mut found = BTreeSet::from([of.as_raw()]);
    loop {
        let known = found.len();
        found.extend(
            all.iter().filter(|one| found.contains(&one.parent)).map(|one| one.id).collect::<Vec<_>>(),
        );
        if found.len() == known {
            found.remove(&of.as_raw());
            return found;
        }
    }
}

/// Waits until none of these runs any more.
pub async fn gone(ids: &BTreeSet<i32>, deadline: Duration) {
    let began = Instant::now();
    loop {
        let left: Vec<i32> = running().iter().map(|one| one.id).filter(|id| ids.contains(id)).collect();
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < deadline, "left behind after {deadline:?}: {left:?}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
