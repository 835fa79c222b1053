//! The rollback function.
