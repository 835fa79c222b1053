//! What went wrong, in words, and the exit code that scripts see.

use changeover_domain::StepError;
use changeover_domain::record::Outcome;

/// How the program ends. The numbers are part of the command line's contract, and documented in docs/cli.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It went well; a deployment that was waited for has succeeded, or has come as far as was asked.
    Good,
    /// Something is not as it has to be: a check of `doctor`, a time that is over.
    Not,
    /// The command line cannot be understood, or names what is not there.
    Usage,
    /// AWS gave no answer, or refused one.
    Aws,
    /// The deployment ended so.
    Outcome(Outcome),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Good | Self::Outcome(Outcome::Succeeded) => 0,
            Self::Not => 1,
            Self::Usage => 2,
            Self::Aws => 3,
            Self::Outcome(Outcome::RolledBack) => 10,
            Self::Outcome(Outcome::Refused) => 11,
            Self::Outcome(Outcome::Superseded) => 12,
            Self::Outcome(Outcome::NeedsHuman) => 13,
        }
    }
}

/// Why a command could not do its part: what happened, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In words, one or more lines.
    pub words: String,
    /// How the program ends.
    pub exit: Exit,
}

impl Failure {
    /// Something on the command line is wrong.
    pub fn usage(words: impl Into<String>) -> Self {
        Self { words: words.into(), exit: Exit::Usage }
    }

    /// AWS gave no answer, or refused one.
    pub fn aws(words: impl Into<String>) -> Self {
        Self { words: words.into(), exit: Exit::Aws }
    }

    /// Something is not as it has to be.
    pub fn not(words: impl Into<String>) -> Self {
        Self { words: words.into(), exit: Exit::Not }
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        let words = error.to_string();
        match error {
            StepError::BadInput(_) => Self::usage(words),
            StepError::RecordMissing(_) => Self::not(words),
            _ => match advice(&words) {
                Some(advice) => Self::aws(format!("{words}\n{advice}")),
                None => Self::aws(words),
            },
        }
    }
}

/// What AWS's error codes mean for people, and what to do. The first that fits counts.
const ADVICE: [(&[&str], &str); 6] = [
    (
        &["ExpiredToken", "RequestExpired", "token included in the request is expired"],
        "The credentials have expired: sign in again (`aws sso login`, `aws login`), or export new ones.",
    ),
    (
        &[
            "UnrecognizedClient",
            "InvalidClientTokenId",
            "InvalidSignature",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
        ],
        "AWS does not know these credentials: check the profile, and that the region and the endpoint are those they are for.",
    ),
    (
        &["AccessDenied", "not authorized"],
        "These credentials may not do that: docs/cli.md lists the permissions that the command line needs.",
    ),
    (
        &["dispatch failure", "ConnectorError", "dns error", "Connection refused", "ConnectError"],
        "Nothing answers there: check the network, the region, and --endpoint-url or AWS_ENDPOINT_URL. (A cloud in miniature: `cargo rehearse serve`.)",
    ),
    (&["Throttl", "TooManyRequests", "SlowDown"], "AWS is throttling this account: try again in a moment."),
    (
        &["ResourceNotFoundException"],
        "The stack's tag names a resource that is gone: deploy the stack again, or choose another with --stack.",
    ),
];

fn advice(words: &str) -> Option<&'static str> {
    let found = ADVICE.iter().find(|(codes, _)| codes.iter().any(|code| words.contains(code)));
    found.map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_code_of_its_own() {
        let outcomes = [
            Outcome::Succeeded,
            Outcome::RolledBack,
            Outcome::Refused,
            Outcome::Superseded,
            Outcome::NeedsHuman,
        ];
        assert_eq!(outcomes.map(|outcome| Exit::Outcome(outcome).code()), [0, 10, 11, 12, 13]);
        assert_eq!([Exit::Good, Exit::Not, Exit::Usage, Exit::Aws].map(Exit::code), [0, 1, 2, 3]);
    }

    #[test]
    fn what_aws_says_is_followed_by_what_to_do() {
        let error =
            |detail: &str| StepError::Aws { call: "Query".into(), on: "x".into(), detail: detail.into() };
        for (detail, part) in [
            ("ExpiredTokenException: The security token included in the request is expired", "sign in again"),
            (
                "UnrecognizedClientException: The security token included in the request is invalid.",
                "does not know",
            ),
            (
                "AccessDeniedException: User x is not authorized to perform: ecs:DescribeServices",
                "permissions",
            ),
        ] {
            let failure = Failure::from(error(detail));
            assert!(failure.words.contains(detail) && failure.words.contains(part), "{}", failure.words);
            assert_eq!(failure.exit, Exit::Aws);
        }
        let busy = StepError::Busy { call: "Query".into(), detail: "dispatch failure: io error".into() };
        assert!(Failure::from(busy).words.contains("Nothing answers there"));
    }
}
