//! The command line: verbs and options.

use crate::verb;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Zero-downtime deployments for Amazon ECS: start them, watch them, give them orders, find out why.
///
/// Credentials, region and endpoint are found as the AWS CLI finds them. A SERVICE is CLUSTER/NAME; NAME alone is enough
/// where only one cluster has it. Either member names a pair.
///
/// Exit codes: 0 it went well, 1 something is not as it has to be, 2 the command line is wrong, 3 AWS gave no answer or
/// refused; and of a deployment that was waited for: 10 RolledBack, 11 Refused, 12 Superseded, 13 NeedsHuman.
#[derive(Debug, Parser)]
#[command(
    name = "changeover",
    version,
    max_term_width = 100,
    infer_long_args = false,
    arg_required_else_help = true,
    after_help = "Examples:\n  changeover status\n  changeover deploy main/web --image-tag v42 --wait\n  changeover wait main/web --digest sha256:… --timeout 30m -o json\n  changeover why main/web\n  changeover rollback main/web --cause INC-1234"
)]
pub struct Cli {
    /// What counts for every verb.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What counts for every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// The AWS profile, as in ~/.aws/config; otherwise AWS_PROFILE.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The AWS region; otherwise AWS_REGION or the profile's.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Where AWS is, such as http://127.0.0.1:4566; otherwise AWS_ENDPOINT_URL.
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Changeover's stack, where there are several.
    #[arg(long, global = true, env = "CHANGEOVER_STACK", value_name = "NAME")]
    pub stack: Option<String>,
    /// Words for people, or one JSON document (docs/cli.md has the schemas).
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    pub output: Output,
    /// Do not ask; required for orders where nobody can be asked.
    #[arg(long, short, global = true)]
    pub yes: bool,
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a deployment of what the service's tag points to, or of another image.
    Deploy(verb::deploy::Options),
    /// Say what runs, what is on the way, and how the last ones ended.
    #[command(visible_alias = "ls")]
    Status(verb::status::Options),
    /// Wait until a deployment has ended, or has come as far as asked.
    Wait(verb::wait::Options),
    /// List a service's deployments.
    History(verb::history::Options),
    /// Tell the story of a deployment: the last one, or any.
    Show(verb::show::Options),
    /// Say what a deployment would do, and change nothing.
    Plan(verb::plan::Options),
    /// Go back: take back what is on the way or in its rollback window, or bring the image before.
    Rollback(verb::rollback::Options),
    /// Take back the deployment that is on the way.
    Abort(verb::orders::Options),
    /// End the pause or the bake that a deployment is in.
    Promote(verb::orders::Promote),
    /// Stop a deployment at the next point.
    Pause(verb::orders::Options),
    /// Let a paused deployment go on.
    Continue(verb::orders::Options),
    /// Let pushes and schedules begin nothing, and say why.
    Freeze(verb::freeze::Options),
    /// Let them begin deployments again, and bring what was pushed meanwhile.
    Unfreeze(verb::freeze::End),
    /// Say why nothing happens, or what is being waited for.
    Why(verb::why::Options),
    /// Check the stack, and whether a service can be deployed.
    Doctor(verb::doctor::Options),
    /// Propose the tags that put services into Changeover's hands.
    Init(verb::init::Options),
    /// Give a rolling service a second one, so that both are a pair.
    Pair(verb::pair::Options),
    /// Print a deployment's logs.
    Logs(verb::logs::Options),
    /// Say what the rule says of your own numbers: a backtest.
    Judge(verb::judge::Options),
    /// Open a page that shows every service as it changes, with the orders as buttons.
    Serve(verb::serve::Options),
    /// Print a shell's completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the version.
    Version,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_whole_and_every_verb_has_examples() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        command.build();
        for verb in command
            .get_subcommands()
            .filter(|verb| !["help", "completions", "version"].contains(&verb.get_name()))
        {
            let after = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                after.contains(&format!("changeover {}", verb.get_name())),
                "{} has no examples",
                verb.get_name()
            );
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        for line in [
            "changeover status",
            "changeover status main/web -w",
            "changeover deploy main/web --wait --set bake=5m --set steps=10,100",
            "changeover deploy web --until step:2 --yes -o json",
            "changeover --profile prod wait main/web --timeout 30m",
            "changeover abort main/web --yes",
            "changeover promote main/web --all --yes",
            "changeover pause main/web --cause INC-1234",
            "changeover continue main/web",
            "changeover freeze --cause INC-1",
            "changeover pair main/web --set steps=10,100",
            "changeover unfreeze --yes",
            "changeover deploy main/web --until paused",
            "changeover show main/web 20261123T022727123Z-web-1",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in
            ["changeover deply main/web", "changeover deploy", "changeover wait main/web --timeout soon"]
        {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
