//! `infra/sample`: what it deploys is what Changeover plans for, and what its commands and outputs name is there.

mod planned;
mod template;
mod told;
