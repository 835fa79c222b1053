//! What the application has begun and not finished: connections and WebSockets.

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Tasks that end with the application, whether they have finished or not.
#[derive(Default)]
pub struct Begun {
    tasks: TaskTracker,
    gone: CancellationToken,
}

impl Begun {
    /// Begins something.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let gone = self.gone.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = gone.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Waits until all of it is finished.
    pub async fn wait(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Ends all of it when dropped.
    pub fn gone_with(&self) -> DropGuard {
        self.gone.clone().drop_guard()
    }
}
