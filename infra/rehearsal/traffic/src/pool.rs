//! Kept-alive connections waiting for their next request.

use crate::connection::Connection;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::time::Duration;

/// The most connections kept waiting.
const MAX_IDLE: usize = 256;

/// The pool. The connection used last is used next; those that nobody needs grow old and are closed.
#[derive(Default)]
pub struct Pool {
    idle: Mutex<VecDeque<Connection>>,
}

impl Pool {
    /// A connection that, as far as can be seen from here, is still open.
    pub fn take(&self, idle_at_most: Duration) -> Option<Connection> {
        let mut idle = self.idle.lock();
        while idle.front().is_some_and(|oldest| oldest.idle_since.elapsed() > idle_at_most) {
            idle.pop_front();
        }
        while let Some(connection) = idle.pop_back() {
            if connection.sender.is_ready() && !connection.sender.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection that can take another request.
    pub fn put(&self, connection: Connection) {
        let mut idle = self.idle.lock();
        if idle.len() == MAX_IDLE {
            idle.pop_front();
        }
        idle.push_back(connection);
    }

    /// Closes all.
    pub fn clear(&self) {
        self.idle.lock().clear();
    }
}
