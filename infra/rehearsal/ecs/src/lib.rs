//! Amazon ECS in miniature: a rolling scheduler over real processes.
