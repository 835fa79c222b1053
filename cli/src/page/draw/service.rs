//! One service: what it runs, what is on the way, why that waits, and what would decide it.

use super::list::{frozen, live, trouble};
use super::parts::{badge, bar, lines, rows, when};
use super::story::planned;
use crate::orders::What;
use crate::page::evidence::known;
use crate::page::path::{Stand, deadline, measured, path};
use crate::page::watch::{One, Picture};
use crate::told::Summary;
use crate::words;
use changeover_domain::Timestamp;
use changeover_domain::record::Deployment;
use changeover_domain::verdict::{Kind, SoFar};
use maud::{Markup, html};

/// Size of the drawing of how the evidence grew.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 80.0;

/// A service of the picture.
pub fn service(picture: &Picture, name: &str) -> Markup {
    let Some(one) = picture.find(name) else {
        return html! { h1 { (name) } (trouble(picture)) p { "Nothing has been seen of it." } };
    };
    html! {
        h1 { (name) }
        (trouble(picture))
        (frozen(picture))
        p.glance role="status" { (glance(one)) }
        @if let Some(record) = &one.holder { (on_the_way(picture, one, record)) }
        (sides(one))
        @if let Some(record) = &one.holder {
            (evidence(picture, record))
            section.card { h2 { "Story" } (lines(record.began_at, &record.timeline, true)) }
            @if let Some(plan) = &record.plan { (planned(plan)) }
        }
        (last(picture, one))
    }
}

/// How it is, in one sentence.
fn glance(one: &One) -> String {
    let image =
        live(one).and_then(|side| side.image.as_deref()).map_or("nothing".to_owned(), words::reference);
    match &one.status.on_the_way {
        Some(summary) => format!("It runs {image}; {} is on the way.", words::image(summary.image.as_ref())),
        None => format!("It runs {image}; nothing is on the way."),
    }
}

fn on_the_way(picture: &Picture, one: &One, record: &Deployment) -> Markup {
    let summary = Summary::of(record, picture.at);
    html! {
        section.card.way {
            h2 { "On the way: " (words::image(summary.image.as_ref())) }
            ol.path {
                @for part in path(record) {
                    li class=(class(part.stand)) aria-current=[(part.stand == Stand::Now).then_some("step")] {
                        (part.name) span.hidden { " (" (part.stand.word()) ")" }
                    }
                }
            }
            dl.facts {
                dt { "now" } dd { (words::standing(&summary)) }
                @if let Some(waits) = one.status.waits.as_ref().filter(|waits| **waits != summary.note) {
                    dt { "waits for" } dd { (waits) }
                }
                @if let Some((what, until)) = deadline(record) { dt { "until" } dd { (what) " " (when(until, picture.at)) " UTC" } }
                @if let Some(why) = record.reason.as_ref().or(record.orders.taken_back.as_ref()) { dt { "goes back" } dd.bad { (why) } }
                dt { "asked by" } dd { (summary.cause) }
                dt { "for" } dd { (words::span(summary.seconds)) ", since " (when(record.began_at, picture.at)) " UTC" }
                dt { "deployment" } dd { a href={ "/service/" (summary.service) "/deployment/" (summary.deployment) } { code { (summary.deployment) } } }
            }
            @let orders = What::offered(record);
            @if !orders.is_empty() {
                p.buttons { @for what in orders { a.button href={ "/service/" (summary.service) "/order/" (what.name()) } { (what.words()) } } }
            }
        }
    }
}

fn class(stand: Stand) -> &'static str {
    match stand {
        Stand::Done => "done",
        Stand::Now => "now",
        Stand::ToCome => "coming",
        Stand::Dropped => "dropped",
    }
}

/// Tasks and shares: as set, and as requests really arrived.
fn sides(one: &One) -> Markup {
    let record = one.holder.as_ref();
    let next =
        record.and_then(|record| record.plan.as_ref()?.next.as_ref()).map(|next| next.ecs_service.as_str());
    let arrived = record.and_then(measured);
    html! {
        section.card {
            h2 { "Tasks and traffic" }
            div.wide { table {
                thead { tr { th { "ECS service" } th { "image" } th { "task definition" } th.number { "tasks" } th { "share that is set" } th { "share that arrived since" } } }
                tbody {
                    @for side in &one.status.sides {
                        @let is_next = next == Some(side.ecs_service.as_str());
                        @let shown = if is_next { "next" } else { "live" };
                        tr {
                            td { (side.ecs_service) }
                            td { code { (side.image.as_deref().map_or("-".to_owned(), words::reference)) } }
                            td { (side.task_definition) }
                            td.number { (side.running) " of " (side.desired) }
                            td { @match side.weight { Some(weight) => (bar(weight / 100.0, shown, &format!("{weight:.0} %"))), None => "-" } }
                            td {
                                @match arrived.filter(|_| next.is_some()) {
                                    Some(share) => { @let share = if is_next { share } else { 1.0 - share }; (bar(share, shown, &format!("{:.1} %", share * 100.0))) },
                                    None => "-",
                                }
                            }
                        }
                    }
                }
            } }
        }
    }
}

/// What is known of the new tasks by their requests, and how much of what takes them back is there.
fn evidence(picture: &Picture, record: &Deployment) -> Markup {
    let known = known(record);
    html! {
        @if !known.is_empty() {
            section.card {
                h2 { "What their requests say" }
                div.wide { table {
                    thead { tr { th { "the new tasks'" } th.number { "count" } th.number { "of requests" } th.number { "share" } th.number { "to be expected" } th { "evidence against them" } } }
                    tbody { @for one in &known { (row(one)) } }
                } }
                (grown(picture.evidences.of(&record.id)))
                p.muted { "At 100 % the deployment goes back. The live side has had " (record.progress.watching.proof.live_requests()) " requests in the same minutes." }
            }
        }
    }
}

fn row(one: &SoFar) -> Markup {
    let kind = match one.kind {
        Kind::Errors => "errors".to_owned(),
        Kind::ClientErrors => "answers 4xx".to_owned(),
        Kind::Redirects => "answers 3xx".to_owned(),
        Kind::Slow(limit) => format!("answers slower than {limit} s"),
    };
    let share = if one.requests > 0.0 { one.part / one.requests } else { 0.0 };
    html! {
        tr {
            td { (kind) }
            td.number { (format!("{:.0}", one.part)) }
            td.number { (format!("{:.0}", one.requests)) }
            td.number { (format!("{:.2} %", share * 100.0)) }
            td.number { (format!("{:.2} %", one.expected * 100.0)) }
            td { (bar(one.evidence, "against", &format!("{:.0} %", one.evidence * 100.0))) }
        }
    }
}

/// How the strongest evidence grew.
fn grown(points: &[(Timestamp, f64)]) -> Markup {
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return html! {} };
    let span = last.duration_since(*first).as_secs_f64();
    if span <= 0.0 {
        return html! {};
    }
    let at = |(when, level): &(Timestamp, f64)| {
        let x = when.duration_since(*first).as_secs_f64() / span * WIDTH;
        format!("{x:.1},{:.1}", HEIGHT - level * HEIGHT)
    };
    let line: Vec<String> = points.iter().map(at).collect();
    html! {
        svg.grown viewBox={ "0 -4 " (WIDTH) " " (HEIGHT + 8.0) } role="img" aria-label="How the strongest evidence grew; the dashed line takes the version back" {
            line.limit x1="0" y1="0" x2=(WIDTH) y2="0" {}
            line.floor x1="0" y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
            polyline points=(line.join(" ")) {}
        }
    }
}

fn last(picture: &Picture, one: &One) -> Markup {
    let ended: Vec<Summary> = one
        .recent
        .iter()
        .filter(|record| record.outcome.is_some())
        .map(|record| Summary::of(record, picture.at))
        .collect();
    html! {
        section.card {
            h2 { "Last ones" }
            @match &one.status.wanted {
                Some(wanted) => p {
                    "Wanted: " (wanted.image) " since " (when(wanted.since, picture.at)) " UTC by " (wanted.cause) ", "
                    @match wanted.tried { Some(outcome) => { "came to " (badge(Some(outcome))) }, None => "not tried yet" } "."
                },
                None => p { "Nothing was asked for yet. A push of " code { (one.status.image_tag) } " to " code { (one.status.repository.as_deref().unwrap_or("-")) } " deploys it." },
            }
            @if ended.is_empty() { p { "None has ended yet." } } @else { (rows(&ended, picture.at)) }
            p { a href={ "/service/" (one.status.service) "/history" } { "History and numbers" } }
        }
    }
}
