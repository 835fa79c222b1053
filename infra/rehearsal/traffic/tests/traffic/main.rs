//! Traffic against small servers that behave in exactly one way each.

mod behaviour;
mod honesty;
mod server;
mod websockets;
