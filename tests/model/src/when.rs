//! When a function looks: what its decision depends on besides the world, and what cannot come any more then.

use crate::functions::point;
use crate::look::{Clock, Evidence};
use crate::world::World;

/// So late, what was on its way has come before, or never will: no function runs for that long.
pub(crate) fn end_stalled(world: &mut World, but: usize) {
    let others = world.executions.iter_mut().enumerate().filter(|(number, _)| *number != but);
    for (_, one) in others.filter(|(_, one)| one.is_past_fence) {
        one.pending = None;
        one.is_past_fence = false;
    }
}

/// What a state's decision depends on besides the world.
pub(crate) fn circumstances(
    state: &str,
    is_pair: bool,
    is_crowded: bool,
    has_a_say: bool,
) -> Vec<(Clock, Evidence)> {
    const CLOCKS: [Clock; 3] = [Clock::Early, Clock::Later, Clock::Late];
    const SEEN: [Evidence; 3] = [Evidence::Nothing, Evidence::Bad, Evidence::Good];
    let all = |clocks: &[Clock], seen: &[Evidence]| -> Vec<_> {
        clocks.iter().flat_map(|clock| seen.iter().map(|evidence| (*clock, *evidence))).collect()
    };
    match state {
        "Bake" => all(&CLOCKS, &SEEN),
        "CheckHealth" if !is_pair => all(&[Clock::Early, Clock::Late], &[Evidence::Bad, Evidence::Good]),
        "CheckHealth" => all(&[Clock::Early, Clock::Late], &[Evidence::Good]),
        _ if has_a_say && point(state).is_some() => all(&[Clock::Early, Clock::Late], &[Evidence::Good]),
        "UpdateService" if is_crowded => all(&[Clock::Early, Clock::Late], &[Evidence::Good]),
        "Drain" => all(&CLOCKS, &[Evidence::Good]),
        "Rollback" => all(&[Clock::Early, Clock::Later, Clock::Past, Clock::Late], &[Evidence::Good]),
        _ => all(&[Clock::Early], &[Evidence::Good]),
    }
}
