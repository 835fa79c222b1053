//! What goes on by itself: tables are swept, queues are counted, alarms are evaluated and told.

use crate::measures::of_queues;
use crate::services::Services;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the tables are swept of what has outlived its time. AWS does it within days.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// How often alarms are evaluated. AWS does it every minute: an alarm rises here within a second of what AWS takes a
/// minute to see, and as there it stays for as long as its periods hold what raised it.
const EVALUATE_EVERY: Duration = Duration::from_secs(1);

/// Keeps the services in order until it is told to stop.
pub(crate) fn keep(services: &Arc<Services>) -> CancellationToken {
    let stop = CancellationToken::new();
    let (stopped, services) = (stop.clone(), services.clone());
    tokio::spawn(async move {
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        let mut evaluate = tokio::time::interval(EVALUATE_EVERY);
        loop {
            tokio::select! {
                biased;
                () = stopped.cancelled() => return,
                _ = sweep.tick() => {
                    if let Err(error) = services.dynamodb.sweep() {
                        tracing::warn!(%error, "the tables could not be swept");
                    }
                }
                _ = evaluate.tick() => alarms(&services),
            }
        }
    });
    stop
}

/// Evaluates the alarms, and tells the topics of those that have changed.
fn alarms(services: &Services) {
    of_queues(&services.sqs, &services.cloudwatch);
    for news in services.cloudwatch.evaluate() {
        let input = json!({ "TopicArn": news.action, "Subject": news.subject, "Message": news.message });
        if let Err(error) = services.sns.call("Publish", &input) {
            tracing::warn!(%error, action = news.action, "an alarm could not be told");
        }
    }
}
