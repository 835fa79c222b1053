//! Open-loop HTTP traffic with a record of every request.
