//! What an execution is asked for: its input, as people and rules write it.

use crate::StepError;
use crate::calendar::Override;
use crate::gate::{Kind, Promote};
use crate::name::{DeploymentId, ServiceName};
use crate::record::Wanted;
use crate::settings::Raw;
use serde::{Deserialize, Serialize};

/// Most characters of an execution's settings: they are kept with what is wanted.
pub const MAX_SETTINGS: usize = 4_000;

/// What an execution is asked to do: the input that people and `dispatch` write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Which service.
    pub service: ServiceName,
    /// This image tag instead of what `changeover:image-tag` finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Just this digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Settings that go over the tags, by the same names without the prefix.
    #[serde(default, skip_serializing_if = "Raw::is_empty")]
    pub settings: Raw,
    /// Bring what is wanted, as the ledger has it: for executions that `dispatch` and `finish` start. Without it, whoever
    /// asks decides what is wanted.
    #[serde(default)]
    pub wanted: bool,
    /// Deploy even what runs already: a canary of the way itself.
    #[serde(default)]
    pub redeploy: bool,
    /// Plan and say what would be done, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Roll back the deployment that is on the way or in its rollback window.
    #[serde(default)]
    pub rollback: bool,
    /// End the pause or the bake that the deployment is in: `true`, or `"all"` to do without the rest of the bakes and pauses
    /// between steps as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote: Option<Promote>,
    /// Stop the deployment at the next point.
    #[serde(default)]
    pub pause: bool,
    /// End the pause that the deployment is in, or do not stop at the next point after all.
    #[serde(default, rename = "continue")]
    pub go_on: bool,
    /// Deploy although the service's change calendar is closed; with a cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Override>,
    /// The deployment whose execution died: take over its lease and bring it to an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover: Option<DeploymentId>,
    /// Who or what asks, for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl Request {
    /// To bring a service to what its tag points to, and nothing special.
    pub fn of(service: ServiceName) -> Self {
        Self {
            service,
            tag: None,
            digest: None,
            settings: Raw::new(),
            wanted: false,
            redeploy: false,
            dry_run: false,
            rollback: false,
            promote: None,
            pause: false,
            go_on: false,
            calendar: None,
            recover: None,
            cause: None,
        }
    }

    /// What is asked when this brings what is wanted: with what somebody asked for besides the image, if anybody did.
    #[must_use]
    pub fn with_wish(&self, wanted: Option<&Wanted>) -> Self {
        let asked = wanted.filter(|_| self.wanted).and_then(|wanted| wanted.asked.as_ref());
        let Some(asked) = asked else { return self.clone() };
        // It was asked for once, and has been done.
        let redeploy = self.redeploy || (asked.redeploy && !wanted.is_some_and(Wanted::is_settled));
        let mut settings = asked.settings.clone();
        settings.extend(self.settings.clone());
        Self { settings, redeploy, ..self.clone() }
    }

    /// Who goes past a closed calendar and why, if anybody does: this execution itself, or somebody who asked for what it
    /// brings. That holds until there is an answer.
    pub fn overrides(&self, wanted: Option<&Wanted>, execution: &str) -> Option<String> {
        if self.calendar.is_some() {
            return Some(format!("{} (execution {execution})", self.cause.as_deref().unwrap_or_default()));
        }
        let wanted = wanted.filter(|wanted| self.wanted && !wanted.is_settled())?;
        wanted.asked.as_ref()?.overridden.clone()
    }

    /// Reads an execution's input.
    ///
    /// # Errors
    /// `BadInput` in words, naming the fields.
    pub fn read(input: &serde_json::Value) -> Result<Self, StepError> {
        if !input.is_object() {
            return Err(StepError::BadInput(format!(
                "the execution's input must be an object such as {{\"service\": \"main/web\"}}, not {input}"
            )));
        }
        let mistakes = mistakes_in(input);
        if !mistakes.is_empty() {
            return Err(StepError::BadInput(format!(
                "the execution's input is not one of ours: {}",
                mistakes.join("; ")
            )));
        }
        let request: Self = serde_json::from_value(input.clone()).map_err(|error| {
            StepError::BadInput(format!(
                "the execution's input is not one of ours: {error}; it takes service (CLUSTER/NAME) and, if wanted, tag, digest, settings, wanted, redeploy, dry_run, rollback, promote, pause, continue, calendar, recover, cause"
            ))
        })?;
        let written: usize = request.settings.iter().map(|(key, value)| key.len() + value.len()).sum();
        if written > MAX_SETTINGS {
            return Err(StepError::BadInput(format!(
                "the settings of the execution's input have {written} characters; {MAX_SETTINGS} are kept at most"
            )));
        }
        let orders: Vec<&str> = [
            ("rollback", request.rollback),
            ("promote", request.promote.is_some()),
            ("pause", request.pause),
            ("continue", request.go_on),
            ("recover", request.recover.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, asked)| asked.then_some(name))
        .collect();
        if let [_, _, ..] = orders.as_slice() {
            return Err(StepError::BadInput(format!(
                "the execution's input has {}: an execution does one of them, start one for each",
                orders.join(" and ")
            )));
        }
        if request.calendar.is_some() {
            if request.cause.as_deref().is_none_or(|cause| cause.trim().is_empty()) {
                return Err(StepError::BadInput(
                    "the execution's input has calendar and no cause: say who goes past the calendar and why, for the record"
                        .to_owned(),
                ));
            }
            if let Some(order) = orders.first() {
                return Err(StepError::BadInput(format!(
                    "the execution's input has both calendar and {order}: a calendar keeps no {order} away, leave it out"
                )));
            }
        }
        match orders.first() {
            Some(does) if request.dry_run => Err(StepError::BadInput(format!(
                "the execution's input has both dry_run and {does}: there is nothing to plan in {does}, leave one of them out"
            ))),
            _ => Ok(request),
        }
    }
}

/// Fields that are true or false.
const FLAGS: [&str; 6] = ["wanted", "redeploy", "dry_run", "rollback", "pause", "continue"];
/// Fields that are texts.
const TEXTS: [&str; 5] = ["service", "tag", "digest", "recover", "cause"];

/// What has another type than its field, each by the field's name; all at once.
fn mistakes_in(input: &serde_json::Value) -> Vec<String> {
    let of = |names: &[&str], what: &str, fits: fn(&serde_json::Value) -> bool| -> Vec<String> {
        let given = names.iter().filter_map(|name| Some((*name, input.get(*name)?)));
        given
            .filter(|(_, value)| !fits(value))
            .map(|(name, value)| format!("{name} is {value}, and must be {what}"))
            .collect()
    };
    let mut mistakes = of(&FLAGS, "true or false without quotes", serde_json::Value::is_boolean);
    mistakes.extend(of(&TEXTS, "a text in quotes", |value| value.is_string() || value.is_null()));
    if let Some(given) = input.get("calendar").filter(|given| !given.is_null())
        && given.as_str() != Some(Override::WORD)
    {
        mistakes.push(format!("calendar is {given}, and must be \"{}\"", Override::WORD));
    }
    match input.get("settings") {
        Some(serde_json::Value::Object(settings)) => {
            let numbers = settings.iter().filter(|(_, value)| !value.is_string());
            mistakes.extend(numbers.map(|(key, value)| {
                format!("settings.{key} is {value}, and must be a text in quotes, as the tag would have it")
            }));
        }
        Some(other) => {
            mistakes.push(format!("settings is {other}, and must be an object such as {{\"bake\": \"5m\"}}"));
        }
        None => {}
    }
    mistakes
}

impl Request {
    /// The order that it gives to the deployment on the way, if it gives one that may be ended or taken back again.
    pub fn order(&self) -> Option<Kind> {
        match self.promote {
            Some(Promote::This) => Some(Kind::Promote),
            Some(Promote::All) => Some(Kind::PromoteAll),
            None if self.pause => Some(Kind::Pause),
            None if self.go_on => Some(Kind::Continue),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Outcome, Tried};
    use serde_json::json;

    #[test]
    fn a_request_needs_only_its_service() {
        let request = Request::read(&json!({"service": "main/web"})).unwrap();
        assert_eq!(request.service, ServiceName::new("main", "web"));
    }

    #[test]
    fn a_foreign_input_is_told_in_words() {
        for (input, part) in [
            (json!("web"), "must be an object"),
            (json!({}), "service"),
            (json!({"service": "web"}), "CLUSTER/NAME"),
            (json!({"service": "main/web", "image": "x"}), "image"),
        ] {
            let error = Request::read(&input).unwrap_err();
            assert_eq!(error.name(), "BadInput");
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn every_field_of_another_type_is_named() {
        let input = json!({"service": 5, "dry_run": "true", "rollback": 1, "settings": {"bake": 300, "steps": [10, 100]}});
        let error = Request::read(&input).unwrap_err().to_string();
        for part in [
            "service is 5",
            "dry_run is \"true\"",
            "rollback is 1",
            "settings.bake is 300",
            "settings.steps is [10,100]",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(
            Request::read(&json!({"service": "main/web", "settings": "bake=5m"}))
                .unwrap_err()
                .to_string()
                .contains("settings is")
        );
        assert!(Request::read(&json!({"service": "main/web", "tag": null, "dry_run": true})).is_ok());
    }

    #[test]
    fn settings_that_would_not_fit_are_told_in_words() {
        let settings = json!({"bake": "9".repeat(MAX_SETTINGS)});
        let error = Request::read(&json!({"service": "main/web", "settings": settings})).unwrap_err();
        assert!(error.to_string().contains("4000 are kept at most"), "{error}");
    }

    #[test]
    fn only_who_brings_what_is_wanted_gets_what_was_asked_with_it() {
        let mut wanted: Wanted =
            serde_json::from_value(json!({"generation": 1, "since": "2026-01-01T00:00:00Z",
            "cause": "console", "image": {"repository": "web", "digest": "sha256:1", "uri": "r/web@sha256:1"},
            "asked": {"deployment": "d", "settings": {"bake": "5m"}, "redeploy": true}}))
            .unwrap();
        let by_hand = Request::of(ServiceName::new("main", "web"));
        assert_eq!(by_hand.with_wish(Some(&wanted)), by_hand);
        let follows = Request { wanted: true, ..by_hand };
        let brought = follows.with_wish(Some(&wanted));
        assert_eq!((brought.settings.get("bake").map(String::as_str), brought.redeploy), (Some("5m"), true));
        wanted.tried = Some(Tried {
            deployment: DeploymentId::from("d"),
            outcome: Outcome::Succeeded,
            attempts: 1,
            uncounted: 0,
            postponed: None,
            at: None,
        });
        assert!(!follows.with_wish(Some(&wanted)).redeploy, "once is what was asked for");
        wanted.asked = None;
        assert_eq!(follows.with_wish(Some(&wanted)), follows);
    }

    #[test]
    fn an_execution_gives_one_order() {
        let read = |field: &str, value| Request::read(&json!({"service": "main/web", field: value}));
        for (field, value, kind) in [
            ("promote", json!(true), Some(Kind::Promote)),
            ("promote", json!("all"), Some(Kind::PromoteAll)),
            ("pause", json!(true), Some(Kind::Pause)),
            ("continue", json!(true), Some(Kind::Continue)),
            ("rollback", json!(true), None),
        ] {
            assert_eq!(read(field, value).unwrap().order(), kind, "{field}");
        }
        assert!(read("promote", json!(false)).unwrap_err().to_string().contains("true or \"all\""));
        let two = Request::read(&json!({"service": "main/web", "pause": true, "promote": true})).unwrap_err();
        assert!(two.to_string().contains("promote and pause: an execution does one of them"), "{two}");
    }

    #[test]
    fn going_past_a_calendar_needs_a_cause_and_is_for_deployments() {
        let read = |input: serde_json::Value| Request::read(&input);
        let words = |input| read(input).unwrap_err().to_string();
        assert!(words(json!({"service": "main/web", "calendar": "open"})).contains("must be \"override\""));
        assert!(words(json!({"service": "main/web", "calendar": true})).contains("must be \"override\""));
        for cause in [json!(null), json!("  ")] {
            let why = words(json!({"service": "main/web", "calendar": "override", "cause": cause}));
            assert!(why.contains("no cause"), "{why}");
        }
        let both = json!({"service": "main/web", "calendar": "override", "cause": "me", "rollback": true});
        assert!(words(both).contains("both calendar and rollback"));
        let request = read(json!({"service": "main/web", "calendar": "override", "cause": "INC-1"})).unwrap();
        let who = request.overrides(None, "by-hand");
        assert_eq!(who.as_deref(), Some("INC-1 (execution by-hand)"));
        // Whoever brings what was asked for does as was asked, until that has an answer.
        let mut wanted: Wanted =
            serde_json::from_value(json!({"generation": 1, "since": "2026-01-01T00:00:00Z",
            "cause": "console", "image": {"repository": "web", "digest": "sha256:1", "uri": "r/web@sha256:1"},
            "asked": {"deployment": "d", "overridden": who}}))
            .unwrap();
        let follows = Request { wanted: true, ..Request::of(ServiceName::new("main", "web")) };
        assert_eq!(follows.overrides(Some(&wanted), "next"), who);
        assert_eq!(Request::of(ServiceName::new("main", "web")).overrides(Some(&wanted), "other"), None);
        wanted.tried =
            serde_json::from_value(json!({"deployment": "d", "outcome": "Succeeded", "attempts": 1}))
                .unwrap();
        assert_eq!(follows.overrides(Some(&wanted), "canary"), None);
    }

    /// Whoever asks for a dry run does not want anything changed.
    #[test]
    fn a_dry_run_of_what_has_no_plan_is_told_in_words() {
        for (field, value) in [
            ("rollback", json!(true)),
            ("promote", json!("all")),
            ("pause", json!(true)),
            ("continue", json!(true)),
            ("recover", json!("d")),
        ] {
            let error =
                Request::read(&json!({"service": "main/web", "dry_run": true, field: value})).unwrap_err();
            assert_eq!(error.name(), "BadInput");
            let words = error.to_string();
            assert!(words.contains("dry_run") && words.contains(field), "{words}");
        }
        assert!(Request::read(&json!({"service": "main/web", "dry_run": true, "rollback": false})).is_ok());
    }
}
