//! The states over time as a strip of bands, each labelled with the state's name: inside where there is room, else
//! below, in as many rows as it takes.

use super::axis::Axis;
use super::band::Band;
use super::chart::{LEFT, RIGHT, px};
use maud::{Markup, html};

/// How high the strip is.
const HEIGHT: f64 = 24.0;
/// How far apart rows of labels are.
const ROW: f64 = 15.0;
/// The most rows; what finds no place in them is told by pointing at it, and by the timeline.
const MAX_ROWS: usize = 4;
/// About how wide a letter of a label is.
const LETTER: f64 = 6.6;
/// The least width of a band, so that a state of a few milliseconds is seen.
const LEAST_WIDTH: f64 = 1.5;
/// The least space between two labels.
const SPACE: f64 = 8.0;

/// A strip with its labels laid out.
pub struct Strip<'a> {
    bands: &'a [Band],
    x: Axis,
    top: f64,
    labels: Vec<Label>,
}

/// A label below the strip.
struct Label {
    band: usize,
    row: usize,
    middle: f64,
}

impl<'a> Strip<'a> {
    /// Lays out the bands below `top`.
    pub fn new(bands: &'a [Band], x: Axis, top: f64) -> Self {
        let mut strip = Self { bands, x, top, labels: Vec::new() };
        let mut ends = [f64::NEG_INFINITY; MAX_ROWS];
        for (place, band) in bands.iter().enumerate() {
            let ((from, width), length) = (strip.place(band), length(band));
            if length + SPACE <= width {
                continue;
            }
            let half = length / 2.0;
            let middle = (from + width / 2.0).clamp(LEFT + half, (RIGHT - half).max(LEFT + half));
            if let Some(row) = ends.iter().position(|end| end + SPACE <= middle - half) {
                ends[row] = middle + half;
                strip.labels.push(Label { band: place, row, middle });
            }
        }
        strip
    }

    /// Where the strip and its labels end.
    pub fn bottom(&self) -> f64 {
        if self.bands.is_empty() {
            return self.top;
        }
        let rows = self.labels.iter().map(|label| label.row + 1).max().unwrap_or(0);
        self.top + HEIGHT + rows as f64 * ROW
    }

    /// The strip.
    pub fn draw(&self) -> Markup {
        html! {
            @if !self.bands.is_empty() {
                g.bands {
                    text.title x=(LEFT) y=(self.top - 8.0) { "state" }
                    // All leads first, so that none crosses a name.
                    @for label in &self.labels { (self.lead(label)) }
                    @for label in &self.labels {
                        text.under x=(px(label.middle)) y=(px(self.base(label))) text-anchor="middle" {
                            (self.bands[label.band].state)
                        }
                    }
                    @for band in self.bands { (self.band(band)) }
                }
            }
        }
    }

    fn band(&self, band: &Band) -> Markup {
        let (from, width) = self.place(band);
        let phase = band.phase.name();
        html! {
            rect class={ "band " (phase) } x=(px(from)) y=(self.top) width=(px(width)) height=(HEIGHT) rx="2" {}
            @if length(band) + SPACE <= width {
                text class={ "label " (phase) } x=(px(from + width / 2.0)) y=(self.top + 16.0)
                    text-anchor="middle" { (band.state) }
            }
        }
    }

    fn lead(&self, label: &Label) -> Markup {
        let (from, width) = self.place(&self.bands[label.band]);
        let x = px(from + width / 2.0);
        html! { line.lead x1=(x) x2=(x) y1=(self.top + HEIGHT) y2=(px(self.base(label) - 9.0)) {} }
    }

    /// Where the letters of a label stand.
    fn base(&self, label: &Label) -> f64 {
        self.top + HEIGHT + ROW * (label.row as f64 + 1.0) - 3.0
    }

    fn place(&self, band: &Band) -> (f64, f64) {
        let from = self.x.at(band.from_ms as f64);
        (from, (self.x.at(band.to_ms as f64) - from).max(LEAST_WIDTH))
    }
}

fn length(band: &Band) -> f64 {
    band.state.chars().count() as f64 * LETTER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::phase::Phase;

    fn band(from_ms: u64, to_ms: u64, state: &str) -> Band {
        Band { from_ms, to_ms, phase: Phase::of(state), state: state.to_owned() }
    }

    #[test]
    fn labels_that_would_meet_are_in_rows_of_their_own() {
        let x = Axis { max: 60_000.0, from: LEFT, to: RIGHT };
        let bands = [
            band(0, 100, "Plan"),
            band(100, 200, "RegisterRevision"),
            band(200, 300, "UpdateService"),
            band(300, 20_000, "CheckHealth"),
            band(20_000, 20_100, "Swap"),
        ];
        let strip = Strip::new(&bands, x, 10.0);
        let rows: Vec<_> = strip.labels.iter().map(|label| (label.band, label.row)).collect();
        assert_eq!(rows, [(0, 0), (1, 1), (2, 2), (4, 0)]);
        assert_eq!(strip.bottom(), 10.0 + HEIGHT + 3.0 * ROW);
        let drawn = strip.draw().into_string();
        for band in &bands {
            assert!(drawn.contains(&format!(">{}<", band.state)), "{} has no label", band.state);
        }
        assert_eq!(Strip::new(&[], x, 10.0).bottom(), 10.0, "nothing takes no place");
    }
}
