//! One service's trouble is its own: every service is handled, and what failed is told together at the end.

use crate::Dispatched;
use changeover_domain::StepError;
use changeover_domain::name::ServiceName;
use changeover_domain::settings::Raw;
use futures_util::stream::{self, StreamExt as _};
use std::collections::BTreeMap;

/// How many services are handled at once: with so many, a thousand fit into one invocation.
const AT_ONCE: usize = 8;
/// Of how many services the error of the whole tells the reason; the log has them all.
const TOLD: usize = 10;

/// Handles every service.
///
/// # Errors
/// What went wrong with any of them, together, once all were handled: `Busy` if each of them is. Then Lambda runs the
/// event again, and what was done is found done.
pub(crate) async fn each<F>(
    what: &str,
    services: &BTreeMap<ServiceName, Raw>,
    handle: F,
) -> Result<Dispatched, StepError>
where
    F: AsyncFn(&ServiceName, &Raw) -> Result<Dispatched, StepError>,
{
    let handle = &handle;
    let all =
        stream::iter(services).map(|(service, raw)| async move { (service, handle(service, raw).await) });
    together(what, all.buffered(AT_ONCE).collect().await)
}

fn together(
    what: &str,
    all: Vec<(&ServiceName, Result<Dispatched, StepError>)>,
) -> Result<Dispatched, StepError> {
    let (mut dispatched, mut failed, count) = (Dispatched::default(), Vec::new(), all.len());
    for (service, came) in all {
        match came {
            Ok(one) => {
                dispatched.started.extend(one.started);
                dispatched.passed_over.extend(one.passed_over);
            }
            Err(error) => {
                tracing::error!(ecs_service = %service, error = error.name(), detail = %error, "{what} failed for a service");
                failed.push((service, error));
            }
        }
    }
    if failed.is_empty() {
        return Ok(dispatched);
    }
    let mut words: Vec<String> =
        failed.iter().take(TOLD).map(|(service, error)| format!("{service}: {error}")).collect();
    if failed.len() > TOLD {
        words.push(format!("and {} more", failed.len() - TOLD));
    }
    let (call, on) = (what.to_owned(), format!("{} of {count} services", failed.len()));
    let detail = words.join("; ");
    Err(if failed.iter().all(|(_, error)| matches!(error, StepError::Busy { .. })) {
        StepError::Busy { call, detail: format!("{on}: {detail}") }
    } else {
        StepError::Aws { call, on, detail }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(count: usize) -> Vec<ServiceName> {
        (0..count).map(|number| ServiceName::new("main", format!("web-{number}"))).collect()
    }

    fn started(name: &str) -> Result<Dispatched, StepError> {
        Ok(Dispatched { started: vec![name.to_owned()], ..Dispatched::default() })
    }

    fn busy() -> StepError {
        StepError::Busy { call: "GetItem".into(), detail: "throttled".into() }
    }

    fn refused() -> StepError {
        StepError::Aws { call: "DescribeImages".into(), on: "web".into(), detail: "AccessDenied".into() }
    }

    #[tokio::test]
    async fn one_failing_service_stops_none_of_the_others() {
        let known: BTreeMap<ServiceName, Raw> =
            services(3 * AT_ONCE).into_iter().map(|service| (service, Raw::new())).collect();
        let seen = std::sync::Mutex::new(Vec::new());
        let error = each("reconcile", &known, async |service: &ServiceName, _: &Raw| {
            seen.lock().unwrap().push(service.clone());
            if service.name == "web-0" { Err(refused()) } else { started(&service.name) }
        })
        .await
        .unwrap_err();
        assert_eq!(seen.lock().unwrap().len(), known.len());
        assert_eq!(error.name(), "Aws");
        let words = error.to_string();
        for part in ["reconcile", "1 of 24 services", "main/web-0", "AccessDenied"] {
            assert!(words.contains(part), "{part} in {words}");
        }
    }

    #[test]
    fn all_that_failed_is_told_and_only_what_is_all_busy_is_busy() {
        let names = services(TOLD + 2);
        let fine = together("reconcile", vec![(&names[0], started("a")), (&names[1], started("b"))]).unwrap();
        assert_eq!(fine.started, ["a", "b"]);
        let all_busy = names.iter().map(|name| (name, Err(busy()))).collect();
        let error = together("reconcile", all_busy).unwrap_err();
        assert_eq!(error.name(), "Busy");
        assert!(error.to_string().contains("and 2 more"), "{error}");
        let mixed = vec![(&names[0], Err(busy())), (&names[1], Err(refused()))];
        let error = together("push", mixed).unwrap_err();
        assert_eq!(error.name(), "Aws");
        assert!(
            error.to_string().contains("main/web-0") && error.to_string().contains("main/web-1"),
            "{error}"
        );
    }
}
