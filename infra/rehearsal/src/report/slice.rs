//! The record of the traffic in short stretches, with what the cloud was like in each. Pure.

use super::fact::{Point, Sample, Series};
use rehearsal_traffic::{NO_VERSION, Outcome, Record, Request};
use std::collections::BTreeMap;

/// How long a stretch is: short enough to see a shift happen, long enough to hold requests to count.
const SAMPLE_MS: u64 = 250;
/// The most stretches; a longer run has longer ones.
const MAX_SAMPLES: u64 = 2_400;

/// The samples of a run. The last, incomplete stretch is left out: it would look like a drop.
///
/// They count the requests that the record holds one by one, which is all of them up to a million.
pub fn samples(record: &Record, series: &Series) -> Vec<Sample> {
    slices(&record.requests, record.summary.elapsed_ms, series)
}

fn slices(requests: &[Request], elapsed_ms: u64, series: &Series) -> Vec<Sample> {
    let for_ms = SAMPLE_MS * elapsed_ms.div_ceil(SAMPLE_MS * MAX_SAMPLES).max(1);
    let sample = |place: u64| {
        let at_ms = place * for_ms;
        let now = |sides: &BTreeMap<String, Vec<Point>>| at(sides, at_ms + for_ms);
        let (weights, healthy) = (now(&series.weights), now(&series.healthy));
        Sample { at_ms, for_ms, requests: BTreeMap::new(), weights, healthy }
    };
    let mut samples: Vec<Sample> = (0..elapsed_ms / for_ms).map(sample).collect();
    for request in requests {
        let place = usize::try_from(request.done_us / 1_000 / for_ms).unwrap_or(usize::MAX);
        let Some(sample) = samples.get_mut(place) else { continue };
        let version = request.version.as_deref().unwrap_or(NO_VERSION);
        // Looked for first, so that not every request allocates a name.
        if !sample.requests.contains_key(version) {
            sample.requests.insert(version.to_owned(), <_>::default());
        }
        let Some(counted) = sample.requests.get_mut(version) else { continue };
        match request.outcome {
            Outcome::Ok => counted.ok += 1,
            Outcome::Failed(_) => counted.failed += 1,
            Outcome::Unsent => {}
        }
    }
    for sample in &mut samples {
        sample.requests.retain(|_, counted| counted.ok + counted.failed > 0);
    }
    samples
}

/// Each side's value just before a moment.
fn at(sides: &BTreeMap<String, Vec<Point>>, at_ms: u64) -> BTreeMap<String, u32> {
    let last =
        |points: &[Point]| points.iter().rev().find(|point| point.at_ms < at_ms).map(|point| point.value);
    sides.iter().filter_map(|(side, points)| Some((side.clone(), last(points)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehearsal_traffic::{Connection, Kind, Reason};

    fn request(done_ms: u64, version: Option<&str>, outcome: Outcome) -> Request {
        Request {
            id: 0,
            kind: Kind::Short,
            connection: Connection::Fresh,
            scheduled_us: 0,
            sent_us: 0,
            done_us: done_ms * 1_000,
            status: None,
            version: version.map(Into::into),
            outcome,
            retried: false,
        }
    }

    #[test]
    fn requests_are_counted_where_they_end_beside_what_the_cloud_was_like() {
        let requests = [
            request(0, Some("v1"), Outcome::Ok),
            request(249, Some("v1"), Outcome::Ok),
            request(250, Some("v2"), Outcome::Failed(Reason::Status)),
            request(260, None, Outcome::Failed(Reason::Refused)),
            request(270, None, Outcome::Unsent),
            request(510, Some("v2"), Outcome::Ok),
        ];
        let point = |at_ms, value| Point { at_ms, value };
        let series = Series {
            weights: [("green".to_owned(), vec![point(100, 0), point(300, 10)])].into(),
            ..Series::default()
        };
        let samples = slices(&requests, 620, &series);
        assert_eq!(samples.len(), 2, "the third is not over");
        assert_eq!(samples[0].requests["v1"].ok, 2);
        assert_eq!(samples[0].weights["green"], 0);
        assert_eq!((samples[1].at_ms, samples[1].for_ms, samples[1].weights["green"]), (250, 250, 10));
        assert_eq!((samples[1].requests["v2"].failed, samples[1].requests[NO_VERSION].failed), (1, 1));
        assert_eq!(samples[1].requests[NO_VERSION].ok, 0);
    }

    #[test]
    fn a_day_has_no_more_samples_than_a_page_can_hold() {
        let day = 24 * 3_600 * 1_000;
        let samples = slices(&[request(day - 1, None, Outcome::Ok)], day, &Series::default());
        assert!(samples.len() <= MAX_SAMPLES.try_into().expect("fits"));
        assert_eq!(samples.last().expect("one").requests[NO_VERSION].ok, 1);
    }
}
