//! Links into AWS's console.

/// The page of an execution in the console of its partition and region; none if that is no ARN of one.
pub fn execution(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let (_, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, _, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if service != "states" || !rest.starts_with("execution:") {
        return None;
    }
    let console = match partition {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    Some(format!("https://{region}.{console}/states/home?region={region}#/v2/executions/details/{arn}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_console() {
        let of = |partition: &str, region: &str| {
            execution(&format!("arn:{partition}:states:{region}:123456789012:execution:changeover:web-1"))
        };
        assert_eq!(
            of("aws", "eu-west-1").as_deref(),
            Some(
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn:aws:states:eu-west-1:123456789012:execution:changeover:web-1"
            )
        );
        assert!(of("aws-cn", "cn-north-1").is_some_and(|link| link.contains("console.amazonaws.cn/")));
        assert!(
            of("aws-us-gov", "us-gov-west-1")
                .is_some_and(|link| link.contains("console.amazonaws-us-gov.com/"))
        );
        for none in
            ["arn", "arn:aws:states:eu-west-1:1:stateMachine:x", "arn:aws:ecs:eu-west-1:1:execution:x"]
        {
            assert_eq!(execution(none), None, "{none}");
        }
    }
}
