//! AWS's wire protocols, driven by AWS's own API models.
//!
//! Owns: what bytes mean. [`decode`] turns a request of any SDK into a [`Call`] and a [`Reply`];
//! [`Reply::encode`] turns the handler's answer into a response of the same protocol: AWS JSON 1.0 and 1.1,
//! query (XML), REST JSON, and RPC v2 CBOR. Before that, [`admit`] says who may come in at all, and [`authenticate`]
//! whether a signature is true. Never: what an operation does, and who may call it.
//!
//! ```
//! use rehearsal_wire::{Service, decode};
//!
//! let (parts, body) = http::Request::post("/")
//!     .header("content-type", "application/x-amz-json-1.1")
//!     .header("x-amz-target", "AmazonEC2ContainerServiceV20141113.ListServices")
//!     .body(r#"{"cluster": "main"}"#)?
//!     .into_parts();
//! let (call, reply) = decode(&parts, body.as_bytes()).expect("a request AWS would accept");
//! assert_eq!((call.service, call.operation.as_str()), (Service::Ecs, "ListServices"));
//! let response = reply.encode(Ok(serde_json::json!({"serviceArns": []})));
//! assert_eq!(response.body(), r#"{"serviceArns":[]}"#);
//! # Ok::<(), http::Error>(())
//! ```

mod call;
mod cbor;
mod coerce;
mod decode;
mod error;
mod form;
mod json;
mod model;
mod percent;
mod protocol;
mod refusal;
mod reply;
mod rest;
#[cfg(test)]
mod roundtrip;
mod scope;
mod service;
mod signature;
mod tidy;
mod time;
mod validate;
mod visitor;
mod xml;

pub use call::Call;
pub use decode::{MAX_BODY, decode};
pub use error::ApiError;
pub use reply::{Reply, check_output, refusal};
pub use service::Service;
pub use signature::{Key, Lock, Unsignable, authenticate, sign};
pub use validate::validate;
pub use visitor::admit;
