//! The data plane: nodes that take connections and proxy requests, each by its own view.

mod answer;
mod body;
mod choose;
mod connection;
mod cookie;
mod door;
mod headers;
mod kept;
mod link;
mod node;
mod proxy;
mod tunnel;
mod turn;

pub(crate) use door::{Door, open};
pub(crate) use headers::{AnswerRules, ForwardedFor, HeaderRules};
pub(crate) use link::Link;
pub(crate) use node::Node;
