//! CloudWatch alarms by their names.

use crate::{At, Aws};
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use changeover_domain::StepError;
use changeover_domain::alarm::{AlarmSeen, MAX_ALARMS};

/// Alarms on a page: as many as may be asked for, so that one call tells all of them.
const PAGE: i32 = 100;

/// The alarms of these names that there are, metric and composite ones. Without names nothing is asked.
///
/// # Errors
/// `Busy` or `Aws`, as DescribeAlarms answers.
pub async fn alarms(aws: &Aws, names: &[String]) -> Result<Vec<AlarmSeen>, StepError> {
    let mut seen = Vec::new();
    for names in names.chunks(MAX_ALARMS) {
        let request = aws
            .cloudwatch()
            .describe_alarms()
            .set_alarm_names(Some(names.to_vec()))
            // Without types only metric alarms are told.
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(PAGE);
        let answer = request.send().await.at("DescribeAlarms", &names.join(" "))?;
        let of = |name: Option<&str>, state: Option<&StateValue>, reason: Option<&str>| AlarmSeen {
            name: name.unwrap_or_default().to_owned(),
            is_red: state == Some(&StateValue::Alarm),
            reason: reason.unwrap_or("it gives no reason").to_owned(),
        };
        let metric = answer.metric_alarms().iter();
        seen.extend(metric.map(|one| of(one.alarm_name(), one.state_value(), one.state_reason())));
        let composite = answer.composite_alarms().iter();
        seen.extend(composite.map(|one| of(one.alarm_name(), one.state_value(), one.state_reason())));
    }
    Ok(seen)
}
