//! What a plan says besides: nothing of it stands against the deployment.

use crate::View;
use crate::decide::pace;
use changeover_aws::elb::TargetGroup;
use changeover_domain::settings::{Settings, Strategy};
use changeover_domain::span::Seconds;

/// Shorter than this, a deregistration delay ends before every balancer node has stopped sending requests.
const SHORT_DELAY: Seconds = Seconds(30);

/// All of it, a sentence each.
pub(crate) fn notes(view: &View, settings: &Settings) -> Vec<String> {
    let short = view.groups.iter().filter(|group| group.deregistration_delay < SHORT_DELAY);
    let short = short.map(|group| {
        format!(
            "{} has a deregistration delay of {}: balancer nodes may send requests for longer than that; 30s or more is safe",
            group.arn, group.deregistration_delay
        )
    });
    let window = settings.rollback_window;
    let no_window = (settings.strategy == Strategy::Rolling && window > Seconds(0)).then(|| {
        format!(
            "changeover:rollback-window is {window} and without effect: a rolling service keeps no old tasks"
        )
    });
    let uncounted = (!view.groups.is_empty() && !view.groups.iter().any(TargetGroup::is_counted)).then(|| {
        "no Application Load Balancer counts the requests of this service: its bakes judge by health and by tasks that stop"
            .to_owned()
    });
    short.chain(no_window).chain(uncounted).chain(pinned(view, settings)).collect()
}

/// What becomes of clients that are pinned to a side, in words.
fn pinned(view: &View, settings: &Settings) -> Option<String> {
    let pace = pace(view);
    if settings.strategy == Strategy::Rolling || pace.stickiness == Seconds(0) {
        return None;
    }
    let stickiness = pace.stickiness;
    let pins: Vec<&str> =
        view.groups.iter().filter(|group| group.pins).map(|group| group.arn.as_str()).collect();
    Some(if pins.is_empty() {
        format!(
            "clients are pinned for {stickiness}: with the last shift stickiness is switched off, and given back once every pin has run out, before the old tasks go; going back does the same"
        )
    } else {
        format!(
            "clients are pinned for {stickiness}, and those who keep coming for longer: stickiness cannot be switched off, since {} pins them to its targets, which AWS allows with it alone; as long as some of them come, the old tasks are left running",
            pins.join(" and ")
        )
    })
}
