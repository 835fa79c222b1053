//! The account: credentials, region and endpoint as the AWS CLI finds them.

use crate::args::Globals;
use crate::failure::Failure;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use changeover_aws::Aws;
use std::error::Error;

/// Finds region and credentials, before anything is asked: what is missing is told at once, and in words.
pub async fn connect(globals: &Globals) -> Result<Aws, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(changeover_aws::http());
    if let Some(profile) = &globals.profile {
        // As with the AWS CLI, a profile that is named goes before exported keys.
        let chosen = ProviderConfig::without_region().with_http_client(changeover_aws::http());
        let keys = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&chosen).build();
        loader = loader.profile_name(profile).credentials_provider(keys);
    }
    if let Some(region) = &globals.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &globals.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    if config.region().is_none() {
        return Err(Failure::usage(
            "No region is known: give --region, export AWS_REGION, or set `region` in the profile.",
        ));
    }
    credentials(&config, globals).await?;
    Ok(Aws::of(config))
}

async fn credentials(config: &SdkConfig, globals: &Globals) -> Result<(), Failure> {
    use aws_credential_types::provider::ProvideCredentials as _;
    let Some(provider) = config.credentials_provider() else { return Err(no_credentials(globals, "")) };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let mut why = error.to_string();
            let mut source = error.source();
            while let Some(error) = source {
                why = format!("{why}: {error}");
                source = error.source();
            }
            Err(no_credentials(globals, &why))
        }
    }
}

fn no_credentials(globals: &Globals, why: &str) -> Failure {
    let whose = match &globals.profile {
        Some(profile) => format!("The profile {profile} gives no credentials"),
        None => "There are no AWS credentials".to_owned(),
    };
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    Failure::aws(format!(
        "{whose}{why}.\nThey are looked for where the AWS CLI looks: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, --profile or AWS_PROFILE, `aws sso login`, `aws login`, a role of the machine. See which ones there are with `aws configure list`."
    ))
}
