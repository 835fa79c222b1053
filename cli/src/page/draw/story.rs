//! The story of one deployment.

use super::parts::{badge, lines, when};
use crate::told::Story;
use crate::words;
use changeover_domain::Timestamp;
use changeover_domain::plan::Plan;
use changeover_domain::settings::OnPush;
use maud::{Markup, html};

/// A deployment, whole.
pub fn story(story: &Story, now: Timestamp) -> Markup {
    let one = &story.summary;
    html! {
        p { a href={ "/service/" (one.service) } { (one.service) } " / " a href={ "/service/" (one.service) "/history" } { "history" } }
        h1 { (words::image(one.image.as_ref())) " " (badge(one.outcome)) }
        section.card {
            dl.facts {
                dt { "service" } dd { (one.service) }
                dt { "asked by" } dd { (one.cause) }
                dt { "began" } dd { (when(one.began_at, now)) " UTC" }
                @if let Some(ended) = one.ended_at { dt { "ended" } dd { (when(ended, now)) " UTC, after " (words::span(one.seconds)) } }
                @if let Some(why) = &one.taken_back { dt { "taken back" } dd { (why) } }
                @if let Some(reason) = &one.reason { dt { "reason" } dd { (reason) } }
                dt { "deployment" } dd { code { (one.deployment) } }
            }
        }
        section.card { h2 { "Story" } (lines(one.began_at, &story.timeline, false)) }
        @if let Some(plan) = &story.plan { (planned(plan)) }
        @if let Some(receipt) = &story.receipt {
            section.card {
                h2 { "Where the time went" }
                dl.facts {
                    dt { "all" } dd { (words::span(receipt.seconds)) }
                    dt { "until healthy" } dd { (words::span(receipt.health_seconds)) }
                    dt { "watching" } dd { (words::span(receipt.bake_seconds)) }
                    dt { "draining" } dd { (words::span(receipt.drain_seconds)) }
                    dt { "going back" } dd { (words::span(receipt.rollback_seconds)) }
                    @if let Some(proven) = &receipt.proven { dt { "proven" } dd { (proven) } }
                    dt { "weights that users saw" } dd { @for weight in &receipt.weights { (weight) " % " } }
                }
            }
        }
    }
}

/// What was planned, and that going back would work.
pub fn planned(plan: &Plan) -> Markup {
    let settings = &plan.settings;
    html! {
        section.card {
            h2 { "Plan" }
            dl.facts {
                dt { "image" } dd { code { (plan.image.uri) } }
                dt { "container" } dd { (plan.container) }
                dt { "tasks" } dd { (plan.tasks) " on " (plan.target().ecs_service) }
                dt { "steps" } dd { @for weight in &settings.steps { (weight) " % " } }
                dt { "watched after each" } dd { (settings.bake) }
                dt { "rollback window" } dd { (settings.rollback_window) }
                dt { "a push meanwhile" } dd { (on_push(settings.on_push)) }
            }
            @if !plan.notes.is_empty() { h3 { "Worth knowing" } ul { @for note in &plan.notes { li { (note) } } } }
            @if !plan.readiness.found.is_empty() || plan.readiness.copy.is_some() {
                h3 { "Going back" }
                ul {
                    @for found in &plan.readiness.found { li { (found) } }
                    @if let Some(copy) = &plan.readiness.copy { li { "Going back goes to a copy of the live revision: " (copy.why) } }
                }
            }
        }
    }
}

/// What a push during the deployment does.
fn on_push(on_push: OnPush) -> &'static str {
    match on_push {
        OnPush::Queue => "waits until it is over",
        OnPush::Supersede => "takes it back and comes first",
    }
}
