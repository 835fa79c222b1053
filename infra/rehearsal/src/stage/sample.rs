//! What a sample service is, and what its images run.

use crate::binaries::Binaries;
use changeover_domain::name::ServiceName;
use rehearsal_cloud::ecr::{annotated, manifest_of};
use std::net::SocketAddr;

/// A service that users reach, as the stage set it up.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The name that deployments go by.
    pub service: ServiceName,
    /// The ECR repository whose pushes deploy it.
    pub repository: String,
    /// Its members: the side that serves at first, and for a pair the other one.
    pub members: Vec<Member>,
    /// The load balancer.
    pub load_balancer: String,
    /// The listener.
    pub listener: String,
    /// The rule that forwards to the members; a rolling service is behind the default action.
    pub rule: Option<String>,
    /// Where users reach it.
    pub address: SocketAddr,
}

/// One ECS service and its target group.
#[derive(Debug, Clone)]
pub struct Member {
    /// The ECS service's name.
    pub ecs_service: String,
    /// The target group's ARN.
    pub target_group: String,
}

impl Sample {
    /// Whether it is a blue/green pair.
    pub fn is_pair(&self) -> bool {
        self.members.len() == 2
    }

    /// What people call a member: its side of a pair, or the service.
    pub fn side(&self, member: &Member) -> String {
        let name = &member.ecs_service;
        if self.is_pair() { name.rsplit('-').next().unwrap_or(name).to_owned() } else { name.clone() }
    }
}

/// What an image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The program, where a task may have another command for it; none where the command has the program.
    pub entry_point: Vec<String>,
    /// The command with its arguments; it listens on `PORT`.
    pub command: Vec<String>,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
}

impl Image {
    /// The sample application under a version's name, with options of its own.
    pub fn sample(binaries: &Binaries, version: &str, options: &[&str]) -> Self {
        let path = binaries.sample_webapp().display().to_string();
        let words = ["--version-name", version].into_iter().chain(options.iter().copied());
        Self { entry_point: vec![path], command: words.map(str::to_owned).collect(), annotations: vec![] }
    }

    /// The same with annotations.
    #[must_use]
    pub fn annotated(self, annotations: Vec<(String, String)>) -> Self {
        Self { annotations, ..self }
    }

    /// Its manifest, as `PutImage` takes it.
    pub fn manifest(&self) -> String {
        let plain = manifest_of(&self.entry_point, &self.command, &[]);
        // What it has just written is JSON.
        annotated(&plain, &self.annotations).unwrap_or(plain)
    }
}
