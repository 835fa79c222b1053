//! The invariants of the design, in the words that people read.

/// Every invariant with its number.
pub const INVARIANTS: [(u8, &str); 11] = [
    (1, "No route gives weight to a target group without enough healthy targets."),
    (2, "The healthy tasks that may receive traffic never number fewer than when the deployment began."),
    (3, "No task is stopped by our doing while a route may still send it a request."),
    (
        4,
        "Wherever a function may die, the ledger holds what rollback needs; every action repeated is harmless.",
    ),
    (5, "One holder changes a service at a time."),
    (6, "Every deployment reaches one of the five outcomes, in bounded time."),
    (7, "Afterwards the lease is free, weights are whole, no task is orphaned, capacity is as it was."),
    (8, "In the end the service runs what is wanted, or the ledger says why it does not."),
    (9, "On a route only the two weights change; in a task definition only the image."),
    (10, "What runs is pinned by digest."),
    (11, "Users see no failed request; while a broken image bakes, only its own share may fail."),
];

/// The words of an invariant.
pub fn words(number: u8) -> &'static str {
    let found = INVARIANTS.iter().find(|(of, _)| *of == number);
    found.map_or("An invariant that this report does not know.", |(_, words)| words)
}
