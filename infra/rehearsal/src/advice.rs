//! What a rehearsal saw that AWS punishes now and then, whether it was punished this time or not, and what to do.

use crate::stage::{Sample, Stage};
use rehearsal_elb::KeptConnections;
use std::time::Duration;

/// What there is to say of a service's sides.
pub(crate) fn advice(stage: &Stage, sample: &Sample) -> Vec<String> {
    let members = sample.members.iter();
    let kept = members.filter_map(|member| {
        keep_alive(&sample.side(member), &stage.cloud.elb().kept_connections(&member.target_group))
    });
    kept.collect()
}

/// A server that closes idle connections sooner than the load balancer does.
fn keep_alive(side: &str, kept: &KeptConnections) -> Option<String> {
    let soonest = kept.soonest.filter(|_| kept.closed_by_targets > 0)?;
    let lost = match kept.crossed {
        0 => "none did here, by luck".to_owned(),
        1 => "one was lost so here".to_owned(),
        many => format!("{many} were lost so here"),
    };
    Some(format!(
        "{side}'s server closes idle connections after {}, while the load balancer keeps them for {}. A request that \
         crosses such a close is answered 502, a GET as well: {lost}. Let the server's keep-alive be longer than the \
         load balancer's idle timeout (idle_timeout.timeout_seconds).",
        seconds(soonest),
        seconds(kept.idle_timeout)
    ))
}

fn seconds(time: Duration) -> String {
    // A tenth is as exact as a busy machine can measure: 1.004 s is told as 1 s in either world.
    let told = format!("{:.1}", time.as_secs_f64());
    format!("{} s", told.strip_suffix(".0").unwrap_or(&told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_keep_alive_is_named_with_what_to_do() {
        let kept = KeptConnections {
            closed_by_targets: 9,
            soonest: Some(Duration::from_millis(5_004)),
            crossed: 2,
            idle_timeout: Duration::from_secs(60),
        };
        let told = keep_alive("green", &kept).expect("advice");
        for part in
            ["green's server closes idle connections after 5 s", "for 60 s", "2 were lost", "longer than"]
        {
            assert!(told.contains(part), "{part} in {told}");
        }
        let lucky = keep_alive("green", &KeptConnections { crossed: 0, ..kept }).expect("advice");
        assert!(lucky.contains("by luck"), "{lucky}");
        assert_eq!(keep_alive("green", &KeptConnections::default()), None);
    }
}
