//! The served cloud as a process of its own, driven by other people's clients: the AWS CLI, boto3 and a deployer. Those
//! that this machine does not have are named on standard error, and their tests pass.

mod binaries;
mod browser;
mod changeover;
mod ci;
mod clients;
mod command_line;
mod deployer;
mod documents;
mod ends;
mod freeze;
mod knocks;
mod page;
mod pair;
mod processes;
mod refusals;
mod server;
mod understood;
