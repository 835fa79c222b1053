//! The chart of a scenario: requests, weights, states, healthy tasks and latencies over one time axis.

use super::axis::{Axis, ceiling, time_ticks};
use super::band::{Band, bands};
use super::column::{Column, columns, seconds, versions};
use super::strip::Strip;
use super::words::clock;
use crate::report::fact::{Point, Scenario};
use crate::report::phase::Phase;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: f64 = 1_000.0;
/// Where the time axis begins.
pub const LEFT: f64 = 46.0;
/// Where the time axis ends.
pub const RIGHT: f64 = 916.0;
const TOP: f64 = 20.0;
const GAP: f64 = 30.0;
/// How high a column of failures is at least: one failure in a thousand must be seen.
const LEAST_FAILURE: f64 = 4.0;
/// How far apart labels at the end of lines are at least.
const LABEL_HEIGHT: f64 = 13.0;

/// One panel of the chart.
struct Panel {
    top: f64,
    bottom: f64,
    title: &'static str,
    max: f64,
}

impl Panel {
    fn new(top: f64, height: f64, title: &'static str, max: f64) -> Self {
        Self { top, bottom: top + height, title, max }
    }

    fn axis(&self) -> Axis {
        Axis { max: self.max, from: self.bottom, to: self.top }
    }
}

/// What is drawn, and where.
struct Chart<'a> {
    scenario: &'a Scenario,
    versions: Vec<&'a str>,
    columns: Vec<Column>,
    seconds: Vec<Column>,
    bands: Vec<Band>,
    span_ms: u64,
    x: Axis,
}

/// The chart, or nothing if there is nothing to draw.
pub fn chart(scenario: &Scenario) -> Markup {
    let series = &scenario.series;
    let versions = versions(scenario);
    let (columns, seconds) = (columns(scenario, &versions), seconds(series, &versions));
    let points = series.weights.values().chain(series.healthy.values()).flatten();
    let ends = points.map(|point| point.at_ms).chain(scenario.timeline.iter().map(|moment| moment.at_ms));
    let ends = ends.chain(seconds.iter().map(|column| column.to_ms));
    let span_ms = ends.chain(columns.iter().map(|column| column.to_ms)).max().unwrap_or(0);
    if span_ms == 0 {
        return html! { p.muted { "Nothing was seen over time." } };
    }
    let bands = bands(&scenario.timeline, span_ms);
    let x = Axis { max: span_ms as f64, from: LEFT, to: RIGHT };
    Chart { scenario, versions, columns, seconds, bands, span_ms, x }.draw()
}

impl Chart<'_> {
    fn draw(&self) -> Markup {
        let series = &self.scenario.series;
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let rate = most(&mut self.columns.iter().map(Column::total));
        let fit = most(&mut series.healthy.values().flatten().map(|point| f64::from(point.value)));
        let rates = self.seconds.iter().flat_map(|column| &column.by_version);
        let p99 = most(&mut rates.filter_map(|rate| rate.p99_ms));
        let requests = Panel::new(TOP, 190.0, "requests a second", ceiling(rate));
        let weights = Panel::new(requests.bottom + GAP, 70.0, "weight", 100.0);
        let strip = Strip::new(&self.bands, self.x, weights.bottom + GAP);
        let healthy = Panel::new(strip.bottom() + GAP, 48.0, "healthy tasks", fit + 1.0);
        let title = "latency of quick requests in ms, p99 and p50 (dashed)";
        let latency = Panel::new(healthy.bottom + GAP, 60.0, title, ceiling(p99));
        let bottom = latency.bottom;
        html! {
            svg.chart viewBox={ "0 0 " (WIDTH) " " (bottom + 24.0) } role="img"
                aria-label={ "Requests, weights, states, healthy tasks and latencies of " (self.scenario.name)
                             " over time; the same figures are in the tables below." } {
                (self.time_axis(bottom))
                (self.shifts(bottom))
                (frame(&requests))
                (self.areas(&requests))
                (self.failures(&requests))
                (frame(&weights))
                (self.steps(&weights, &series.weights))
                (strip.draw())
                (frame(&healthy))
                (self.steps(&healthy, &series.healthy))
                (frame(&latency))
                (self.latencies(&latency))
                (self.tips(bottom))
            }
        }
    }

    fn time_axis(&self, bottom: f64) -> Markup {
        html! {
            g.axis {
                @for tick in time_ticks(self.span_ms) {
                    @let x = self.x.at(tick as f64);
                    line.grid x1=(px(x)) x2=(px(x)) y1=(TOP) y2=(bottom) {}
                    text x=(px(x)) y=(bottom + 17.0) text-anchor="middle" { (clock(tick, false)) }
                }
            }
        }
    }

    /// The moments at which weights were written, through all panels.
    fn shifts(&self, bottom: f64) -> Markup {
        html! {
            @for band in self.bands.iter().filter(|band| band.phase == Phase::Shift) {
                @let x = px(self.x.at(band.from_ms as f64));
                line.moment x1=(x) x2=(x) y1=(TOP) y2=(bottom) {}
            }
        }
    }

    /// What went well by version, each upon the ones before.
    fn areas(&self, panel: &Panel) -> Markup {
        let y = panel.axis();
        let mut below = vec![0.0; self.columns.len()];
        let mut areas = Vec::new();
        for version in 0..self.versions.len() {
            let above: Vec<f64> = below
                .iter()
                .zip(&self.columns)
                .map(|(low, column)| low + column.by_version[version].ok)
                .collect();
            areas.push((self.colour(version), self.area(&below, &above, y)));
            below = above;
        }
        html! { @for (colour, path) in &areas { path class={ "area " (colour) } d=(path) {} } }
    }

    /// A stepped area between two heights. Columns without any height are left out.
    fn area(&self, below: &[f64], above: &[f64], y: Axis) -> String {
        let mut path = String::new();
        for ((column, low), high) in self.columns.iter().zip(below).zip(above).filter(|((_, l), h)| *h > *l) {
            let (from, to) = (px(self.x.at(column.from_ms as f64)), px(self.x.at(column.to_ms as f64)));
            let (low, high) = (px(y.at(*low)), px(y.at(*high)));
            // Writing to a String cannot fail.
            let _ = write!(path, "M{from} {low}V{high}H{to}V{low}Z");
        }
        path
    }

    /// What failed, on top of what went well, and never too small to be seen.
    fn failures(&self, panel: &Panel) -> Markup {
        let y = panel.axis();
        html! {
            @for column in self.columns.iter().filter(|column| column.failed() > 0.0) {
                @let from = self.x.at(column.from_ms as f64);
                @let low = y.at(column.total() - column.failed());
                @let height = (low - y.at(column.total())).max(LEAST_FAILURE);
                rect.failure x=(px(from)) y=(px(low - height)) height=(px(height))
                    width=(px(self.x.at(column.to_ms as f64) - from)) {}
            }
        }
    }

    /// Stepped lines, one a side, each with its name at its end.
    fn steps(&self, panel: &Panel, sides: &BTreeMap<String, Vec<Point>>) -> Markup {
        let y = panel.axis();
        let mut labels: Vec<(f64, String, String)> = Vec::new();
        for (place, (side, points)) in sides.iter().enumerate() {
            if let Some(last) = points.last() {
                labels.push((
                    y.at(f64::from(last.value)) + 4.0,
                    side_colour(side, place),
                    format!("{side} {}", last.value),
                ));
            }
        }
        labels.sort_by(|one, other| one.0.total_cmp(&other.0));
        for place in 1..labels.len() {
            labels[place].0 = labels[place].0.max(labels[place - 1].0 + LABEL_HEIGHT);
        }
        html! {
            // Where lines meet, the first is seen on both sides of the second.
            g.steps {
                @for (place, (side, points)) in sides.iter().enumerate() {
                    path class={ "line " (side_colour(side, place)) } d=(self.step_line(points, y)) {}
                }
            }
            @for (y, colour, words) in &labels {
                text class={ "end " (colour) } x=(RIGHT + 8.0) y=(px(*y)) { (words) }
            }
        }
    }

    fn step_line(&self, points: &[Point], y: Axis) -> String {
        let mut path = String::new();
        for point in points {
            let (x, y) = (px(self.x.at(point.at_ms as f64)), px(y.at(f64::from(point.value))));
            let _ = if path.is_empty() { write!(path, "M{x} {y}") } else { write!(path, "H{x}V{y}") };
        }
        if !path.is_empty() {
            let _ = write!(path, "H{}", px(RIGHT));
        }
        path
    }

    fn latencies(&self, panel: &Panel) -> Markup {
        let y = panel.axis();
        let line = |version: usize, value: fn(&super::column::Rate) -> Option<f64>| {
            let mut path = String::new();
            let mut joined = false;
            for column in &self.seconds {
                let Some(ms) = value(&column.by_version[version]) else {
                    joined = false;
                    continue;
                };
                let middle = px(self.x.at((column.from_ms + column.to_ms) as f64 / 2.0));
                let _ = write!(path, "{}{middle} {}", if joined { "L" } else { "M" }, px(y.at(ms)));
                joined = true;
            }
            path
        };
        html! {
            @for version in 0..self.versions.len() {
                path class={ "line thin dashed " (self.colour(version)) } d=(line(version, |rate| rate.p50_ms)) {}
                path class={ "line thin " (self.colour(version)) } d=(line(version, |rate| rate.p99_ms)) {}
            }
        }
    }

    /// A column's figures, for whoever points at it; without scripts the browser shows them by itself.
    fn tips(&self, bottom: f64) -> Markup {
        html! {
            g.tips {
                @for column in &self.seconds {
                    @let from = self.x.at(column.from_ms as f64);
                    g {
                        title { (self.tip(column)) }
                        rect x=(px(from)) y=(TOP) width=(px(self.x.at(column.to_ms as f64) - from))
                            height=(px(bottom - TOP)) {}
                    }
                }
            }
        }
    }

    fn tip(&self, column: &Column) -> String {
        let mut tip = clock(column.from_ms, false);
        let during =
            self.bands.iter().rev().find(|band| band.from_ms < column.to_ms && band.to_ms > column.from_ms);
        if let Some(band) = during {
            let _ = write!(tip, "  {}", band.state);
        }
        for (version, rate) in self.versions.iter().zip(&column.by_version) {
            if rate.ok + rate.failed > 0.0 {
                let _ = write!(tip, "\n{version}: {:.0}/s", rate.ok);
                let _ = if rate.failed > 0.0 { write!(tip, ", {:.1} failed", rate.failed) } else { Ok(()) };
                let _ = rate.p99_ms.map_or(Ok(()), |p99| write!(tip, ", p99 {p99:.1} ms"));
            }
        }
        for (side, points) in &self.scenario.series.weights {
            if let Some(point) = points.iter().rev().find(|point| point.at_ms < column.to_ms) {
                let _ = write!(tip, "\n{side}: weight {}", point.value);
            }
        }
        tip
    }

    fn colour(&self, version: usize) -> String {
        version_colour(&self.versions, version)
    }
}

/// The name of a version's colour: those that are known by name have theirs, the others theirs in turn.
pub fn version_colour(versions: &[&str], place: usize) -> String {
    if versions[place] == rehearsal_traffic::NO_VERSION {
        return "c0".to_owned();
    }
    let before = versions[..place].iter().filter(|name| **name != rehearsal_traffic::NO_VERSION).count();
    format!("c{}", before % 5 + 1)
}

fn side_colour(side: &str, place: usize) -> String {
    match side {
        "blue" => "c1".to_owned(),
        "green" => "c2".to_owned(),
        _ => format!("c{}", place % 5 + 1),
    }
}

fn frame(panel: &Panel) -> Markup {
    let most = if panel.max < 1.0 { format!("{:.1}", panel.max) } else { format!("{:.0}", panel.max) };
    html! {
        g.frame {
            line.grid x1=(LEFT) x2=(RIGHT) y1=(panel.top) y2=(panel.top) {}
            line.base x1=(LEFT) x2=(RIGHT) y1=(panel.bottom) y2=(panel.bottom) {}
            text x=(LEFT - 7.0) y=(panel.top + 4.0) text-anchor="end" { (most) }
            text x=(LEFT - 7.0) y=(panel.bottom + 4.0) text-anchor="end" { "0" }
            text.title x=(LEFT) y=(panel.top - 8.0) { (panel.title) }
        }
    }
}

/// A place to a tenth, which is finer than any screen draws.
pub fn px(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
