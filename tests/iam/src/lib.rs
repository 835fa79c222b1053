//! Holds the template's policies to what the functions do: nothing used that is not granted, nothing granted that is
//! not used.
//!
//! A [`course`] has real functions do everything they ever do and notes the first request that each grant lets
//! through. What it notes is kept in `requests.json`, so that every test run can judge these requests anew, in no time;
//! the course itself checks that the file still says what happens.

pub mod check;
pub mod course;
pub mod policies;
pub mod record;
pub mod stage;
