//! A deployer that others have written: `ecs-deploy` from PyPI does rolling deployments here, unmodified.

use crate::clients::{Shell, there_is};
use crate::server::Served;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The repository as images name it.
const API: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/api";
/// Between two requests of a user.
const OFTEN: Duration = Duration::from_millis(25);

#[tokio::test(flavor = "multi_thread")]
async fn ecs_deploy_deploys() {
    // Somebody else's program may have this short name.
    if !there_is("ecs --version | grep '^ecs-deploy, version '").await {
        return;
    }
    let served = Served::start().await;
    let shell = Shell::of(&served);
    let users = Users::come(&served);

    // Pinned by digest as the service is, it cannot be given a tag; so a whole image is named first.
    let said = shell.text(&format!("ecs deploy rehearsal api --image api {API}:build-2")).await;
    assert!(said.contains("Successfully created revision: 2"), "{said}");
    assert!(said.contains("Deployment successful"), "{said}");
    assert_eq!(served.body("api").await.as_deref(), Ok("v2"));

    // From then on by tags; such as no service is deployed by.
    served.push(&["--repository", "api", "--tag", "plain-3"]).await;
    let said = shell.text("ecs deploy rehearsal api --tag plain-3 --env api COLOUR green").await;
    assert!(said.contains("Deployment successful") && said.contains("deregistered revision: 2"), "{said}");
    assert_eq!(served.body("api").await.as_deref(), Ok("plain-3"));

    // What does not come up is taken back, and says so.
    let output = shell.run("ecs deploy rehearsal api --tag nothing --timeout 15 --rollback").await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("service has been rolled back to previous task definition: api:3"), "{said}");
    assert_eq!(served.body("api").await.as_deref(), Ok("plain-3"));

    let said = shell.text("ecs scale rehearsal api 2").await;
    assert!(said.contains("Successfully changed desired count to: 2"), "{said}");
    users.leave().await;
    served.close().await;
}

/// Somebody who asks all the time and is never let down.
struct Users {
    enough: Arc<AtomicBool>,
    asking: tokio::task::JoinHandle<usize>,
}

impl Users {
    fn come(served: &Served) -> Self {
        let (enough, address) = (Arc::new(AtomicBool::new(false)), served.address("api"));
        let stop = Arc::clone(&enough);
        let asking = tokio::spawn(async move {
            let mut answers = 0;
            while !stop.load(Ordering::Relaxed) {
                let answer = crate::server::get(address).await;
                assert!(answer.is_ok(), "after {answers} answers: {answer:?}");
                answers += 1;
                tokio::time::sleep(OFTEN).await;
            }
            answers
        });
        Self { enough, asking }
    }

    async fn leave(self) {
        self.enough.store(true, Ordering::Relaxed);
        let answers = self.asking.await.expect("every request was answered");
        assert!(answers > 100, "{answers}");
    }
}
