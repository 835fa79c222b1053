//! Alarms and dashboard watch what there is: each metric is one that our functions print, or one of AWS's on a resource of
//! the template. And each alarm says what to do.

mod alarms;
mod dashboard;
mod metric;
