//! ARNs in AWS's formats.

use crate::config::Config;

/// What a resource's ARN is derived from: the account, and names and ids along its path.
pub(crate) struct Arns<'a> {
    config: &'a Config,
}

impl<'a> Arns<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        Self { config }
    }

    fn with(&self, rest: &str) -> String {
        format!("arn:aws:elasticloadbalancing:{}:{}:{rest}", self.config.region, self.config.account)
    }

    pub(crate) fn load_balancer(&self, name: &str, id: u64) -> String {
        self.with(&format!("loadbalancer/app/{name}/{id:016x}"))
    }

    pub(crate) fn group(&self, name: &str, id: u64) -> String {
        self.with(&format!("targetgroup/{name}/{id:016x}"))
    }
}

/// `loadbalancer/app/N/ID` becomes `listener/app/N/ID/LID`.
pub(crate) fn listener(load_balancer: &str, id: u64) -> String {
    format!("{}/{id:016x}", load_balancer.replacen(":loadbalancer/", ":listener/", 1))
}

/// `listener/app/N/ID/LID` becomes `listener-rule/app/N/ID/LID/RID`.
pub(crate) fn rule(listener: &str, id: u64) -> String {
    format!("{}/{id:016x}", listener.replacen(":listener/", ":listener-rule/", 1))
}

/// The id at the end of an ARN.
pub(crate) fn tail(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_nest_as_in_aws() {
        let config = Config::default();
        let balancer = Arns::new(&config).load_balancer("web", 0x50dc_6c49_5c0c_9188);
        let prefix = "arn:aws:elasticloadbalancing:us-east-1:123456789012";
        assert_eq!(balancer, format!("{prefix}:loadbalancer/app/web/50dc6c495c0c9188"));
        let listener = listener(&balancer, 0xf2f7_dc8e_fc52_2ab2);
        assert_eq!(listener, format!("{prefix}:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"));
        let rule = rule(&listener, 1);
        assert_eq!(
            rule,
            format!("{prefix}:listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/0000000000000001")
        );
        assert_eq!(tail(&rule), "0000000000000001");
    }
}
