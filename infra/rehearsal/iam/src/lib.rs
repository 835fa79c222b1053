//! IAM in miniature: policies read strictly, requests judged by them as AWS does, and which grant let which request
//! through.
//!
//! Owns: what a policy document means, which actions and resources an API call is about, and the words of a refusal.
//! Never: who calls, and what an operation does. Pure but for the record that a [`Judge`] keeps.
//!
//! ```
//! use rehearsal_iam::{Decision, Judge, Need, Policy, Purpose};
//! use serde_json::json;
//!
//! let document = json!({
//!     "Version": "2012-10-17",
//!     "Statement": {
//!         "Sid": "Read", "Effect": "Allow", "Action": "ecs:Describe*",
//!         "Resource": "arn:aws:ecs:us-east-1:123456789012:service/shop/*",
//!     },
//! });
//! let policy = Policy::read("web", &document, Purpose::Identity).expect("no mistakes");
//! let judge = Judge::default();
//! judge.add("arn:aws:iam::123456789012:role/web", "WebRole", vec![policy]);
//! let service = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";
//! let decide = |action: &str| judge.decide("arn:aws:iam::123456789012:role/web", &Need::new(action, service));
//! assert!(matches!(decide("ecs:DescribeServices"), Decision::Allowed(_)));
//! assert_eq!(decide("ecs:UpdateService"), Decision::NoneAllows);
//! ```

mod condition;
mod context;
mod evaluate;
mod glob;
mod judge;
mod need;
mod needs;
mod policy;
mod principal;
mod read;
mod refusal;

pub use context::Context;
pub use judge::{Decision, Denied, Grant, Judge, Used};
pub use need::Need;
pub use needs::{Place, needs, passes, to_pass};
pub use policy::{Policy, Purpose};
pub use principal::Principal;
pub use refusal::{refusal, unlisted, words};
