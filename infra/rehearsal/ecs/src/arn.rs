//! ARNs of ECS resources, made and taken apart.

/// Makes the ARNs of one account and region.
#[derive(Debug, Clone)]
pub(crate) struct Arns {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Arns {
    fn ecs(&self, resource: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{resource}", self.region, self.account)
    }

    pub(crate) fn cluster(&self, name: &str) -> String {
        self.ecs(&format!("cluster/{name}"))
    }

    pub(crate) fn service(&self, cluster: &str, name: &str) -> String {
        self.ecs(&format!("service/{cluster}/{name}"))
    }

    pub(crate) fn task(&self, cluster: &str, id: &str) -> String {
        self.ecs(&format!("task/{cluster}/{id}"))
    }

    pub(crate) fn container(&self, cluster: &str, task: &str, id: &str) -> String {
        self.ecs(&format!("container/{cluster}/{task}/{id}"))
    }

    pub(crate) fn definition(&self, family: &str, revision: u32) -> String {
        self.ecs(&format!("task-definition/{family}:{revision}"))
    }

    pub(crate) fn instance(&self, cluster: &str, id: &str) -> String {
        self.ecs(&format!("container-instance/{cluster}/{id}"))
    }

    pub(crate) fn service_deployment(&self, cluster: &str, service: &str, id: &str) -> String {
        self.ecs(&format!("service-deployment/{cluster}/{service}/{id}"))
    }

    pub(crate) fn service_revision(&self, cluster: &str, service: &str, id: &str) -> String {
        self.ecs(&format!("service-revision/{cluster}/{service}/{id}"))
    }

    pub(crate) fn capacity_provider(&self, name: &str) -> String {
        self.ecs(&format!("capacity-provider/{name}"))
    }

    pub(crate) fn root(&self) -> String {
        format!("arn:aws:iam::{}:root", self.account)
    }
}

/// The part after the last `/` of an ARN, or the name itself if it is not an ARN.
pub(crate) fn last_segment(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// A task definition as callers name it: `family`, `family:revision` or an ARN of that.
pub(crate) fn family_and_revision(reference: &str) -> (&str, Option<&str>) {
    let name = last_segment(reference);
    match name.split_once(':') {
        Some((family, revision)) => (family, Some(revision)),
        None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_found_in_each_of_its_names() {
        assert_eq!(family_and_revision("web"), ("web", None));
        assert_eq!(family_and_revision("web:3"), ("web", Some("3")));
        let arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3";
        assert_eq!(family_and_revision(arn), ("web", Some("3")));
    }
}
