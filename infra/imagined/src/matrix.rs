//! The matrix in imagined time: each case in a world of its own, on as many threads as are asked for.

use crate::within;
use parking_lot::Mutex;
use rehearsal::matrix::{self, Case, Options, Trial};

/// Tries cases, and tells each as it ends; all in the end in their order.
///
/// # Errors
/// If a stage cannot be set.
pub fn run(cases: &[Case], options: Options, tell: impl Fn(&Trial) + Sync) -> anyhow::Result<Vec<Trial>> {
    let next = Mutex::new(cases.iter().enumerate());
    let ended = Mutex::new(Vec::with_capacity(cases.len()));
    let work = || -> anyhow::Result<()> {
        loop {
            let case = next.lock().next();
            let Some((index, case)) = case else { return Ok(()) };
            let case = std::slice::from_ref(case);
            let tried =
                within(options.seed, async |binaries| matrix::run(binaries, case, options, |_| {}).await)??;
            tried.iter().for_each(&tell);
            ended.lock().extend(tried.into_iter().map(|trial| (index, trial)));
        }
    };
    std::thread::scope(|threads| {
        let workers: Vec<_> = (0..options.at_once.max(1)).map(|_| threads.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a trial panicked"))?)
    })?;
    let mut trials = ended.into_inner();
    trials.sort_by_key(|(index, _)| *index);
    Ok(trials.into_iter().map(|(_, trial)| trial).collect())
}
