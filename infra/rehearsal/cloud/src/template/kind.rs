//! The resource types the rehearsal knows: how they are named, and what `Ref` and `GetAtt` give of them. Pure.

use crate::account::Account;

/// A resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    StateMachine,
    Table,
    Rule,
    Bus,
    Schedule,
    ScheduleGroup,
    Topic,
    Queue,
    LogGroup,
    Role,
    Policy,
    ManagedPolicy,
    Alarm,
    Key,
    /// Kept, but nothing in the rehearsal acts on it.
    Opaque,
}

impl Kind {
    /// The kind of `AWS::…`; none if the rehearsal cannot do it justice.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "AWS::Serverless::Function" => Self::Function,
            "AWS::Serverless::StateMachine" => Self::StateMachine,
            "AWS::DynamoDB::Table" => Self::Table,
            "AWS::Events::Rule" => Self::Rule,
            "AWS::Events::EventBus" => Self::Bus,
            "AWS::Scheduler::Schedule" => Self::Schedule,
            "AWS::Scheduler::ScheduleGroup" => Self::ScheduleGroup,
            "AWS::SNS::Topic" => Self::Topic,
            "AWS::SQS::Queue" => Self::Queue,
            "AWS::Logs::LogGroup" => Self::LogGroup,
            "AWS::IAM::Role" => Self::Role,
            "AWS::IAM::Policy" => Self::Policy,
            "AWS::IAM::ManagedPolicy" => Self::ManagedPolicy,
            "AWS::CloudWatch::Alarm" => Self::Alarm,
            "AWS::KMS::Key" => Self::Key,
            "AWS::CloudWatch::CompositeAlarm"
            | "AWS::CloudWatch::Dashboard"
            | "AWS::KMS::Alias"
            | "AWS::Lambda::EventInvokeConfig"
            | "AWS::Lambda::Permission"
            | "AWS::Logs::MetricFilter"
            | "AWS::Logs::QueryDefinition"
            | "AWS::Logs::ResourcePolicy"
            | "AWS::SSM::Parameter"
            | "AWS::SNS::Subscription"
            | "AWS::SNS::TopicPolicy"
            | "AWS::SQS::QueuePolicy" => Self::Opaque,
            _ => return None,
        })
    }

    /// The property that names a resource of this kind.
    pub(super) fn name_property(self) -> Option<&'static str> {
        Some(match self {
            Self::Function => "FunctionName",
            Self::StateMachine | Self::Rule | Self::Bus | Self::Schedule | Self::ScheduleGroup => "Name",
            Self::Table => "TableName",
            Self::Topic => "TopicName",
            Self::Queue => "QueueName",
            Self::LogGroup => "LogGroupName",
            Self::Role => "RoleName",
            Self::Policy => "PolicyName",
            Self::ManagedPolicy => "ManagedPolicyName",
            Self::Alarm => "AlarmName",
            Self::Key | Self::Opaque => return None,
        })
    }

    /// The section of `Globals` that counts for resources of this kind.
    pub(super) fn globals(self) -> Option<&'static str> {
        match self {
            Self::Function => Some("Function"),
            Self::StateMachine => Some("StateMachine"),
            _ => None,
        }
    }
}

/// A resource as others refer to it.
#[derive(Debug, Clone)]
pub(super) struct Named<'a> {
    pub(super) account: &'a Account,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What stands before the name: a role's path, a rule's bus, a schedule's group.
    pub(super) home: String,
}

impl Named<'_> {
    /// What `Ref` gives.
    pub(super) fn reference(&self) -> String {
        match self.kind {
            Kind::StateMachine | Kind::Topic | Kind::ManagedPolicy => self.arn().unwrap_or_default(),
            Kind::Queue => self.url(),
            Kind::Rule if self.home != "default" => format!("{}|{}", self.home, self.name),
            _ => self.name.clone(),
        }
    }

    /// What `GetAtt` gives; none if there is no such attribute.
    pub(super) fn attribute(&self, attribute: &str) -> Option<String> {
        match (self.kind, attribute) {
            (Kind::LogGroup, "Arn") => self.arn().map(|arn| format!("{arn}:*")),
            (Kind::Topic, "TopicArn") | (Kind::ManagedPolicy, "PolicyArn") => self.arn(),
            (Kind::Topic | Kind::ManagedPolicy, "Arn") => None,
            (_, "Arn") => self.arn(),
            (Kind::Topic, "TopicName")
            | (Kind::Queue, "QueueName")
            | (Kind::StateMachine | Kind::Bus, "Name")
            | (Kind::Key, "KeyId") => Some(self.name.clone()),
            (Kind::Queue, "QueueUrl") => Some(self.url()),
            (Kind::Role, "RoleId") => Some(format!("AROAREHEARSAL{}", self.name.to_uppercase())),
            _ => None,
        }
    }

    /// The ARN, if this kind has one.
    pub(super) fn arn(&self) -> Option<String> {
        let Self { account, kind, name, home } = self;
        Some(match kind {
            Kind::Function => account.arn("lambda", &format!("function:{name}")),
            Kind::StateMachine => account.arn("states", &format!("stateMachine:{name}")),
            Kind::Table => account.arn("dynamodb", &format!("table/{name}")),
            Kind::Rule if home == "default" => account.arn("events", &format!("rule/{name}")),
            Kind::Rule => account.arn("events", &format!("rule/{home}/{name}")),
            Kind::Bus => account.arn("events", &format!("event-bus/{name}")),
            Kind::Schedule => account.arn("scheduler", &format!("schedule/{home}/{name}")),
            Kind::ScheduleGroup => account.arn("scheduler", &format!("schedule-group/{name}")),
            Kind::Topic => account.arn("sns", name),
            Kind::Queue => account.arn("sqs", name),
            Kind::LogGroup => account.arn("logs", &format!("log-group:{name}")),
            Kind::Role => account.global_arn("iam", &format!("role{home}{name}")),
            Kind::ManagedPolicy => account.global_arn("iam", &format!("policy{home}{name}")),
            Kind::Alarm => account.arn("cloudwatch", &format!("alarm:{name}")),
            Kind::Key => account.arn("kms", &format!("key/{name}")),
            Kind::Policy | Kind::Opaque => return None,
        })
    }

    fn url(&self) -> String {
        format!("https://sqs.{}.amazonaws.com/{}/{}", self.account.region, self.account.id, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(account: &'a Account, kind: Kind, home: &str) -> Named<'a> {
        Named { account, kind, name: "x".to_owned(), home: home.to_owned() }
    }

    #[test]
    fn references_are_what_cloudformation_gives() {
        let account = Account::default();
        let of = |kind, home| named(&account, kind, home).reference();
        assert_eq!(of(Kind::Function, ""), "x");
        assert_eq!(of(Kind::StateMachine, ""), "arn:aws:states:us-east-1:123456789012:stateMachine:x");
        assert_eq!(of(Kind::Topic, ""), "arn:aws:sns:us-east-1:123456789012:x");
        assert_eq!(of(Kind::Queue, ""), "https://sqs.us-east-1.amazonaws.com/123456789012/x");
        assert_eq!((of(Kind::Rule, "default").as_str(), of(Kind::Rule, "own").as_str()), ("x", "own|x"));
        let attribute = |kind, home, name| named(&account, kind, home).attribute(name);
        assert_eq!(
            attribute(Kind::LogGroup, "", "Arn").unwrap(),
            "arn:aws:logs:us-east-1:123456789012:log-group:x:*"
        );
        assert_eq!(attribute(Kind::Role, "/team/", "Arn").unwrap(), "arn:aws:iam::123456789012:role/team/x");
        assert_eq!(
            attribute(Kind::Schedule, "default", "Arn").unwrap(),
            "arn:aws:scheduler:us-east-1:123456789012:schedule/default/x"
        );
        assert_eq!(attribute(Kind::Topic, "", "Arn"), None);
        assert_eq!(attribute(Kind::Table, "", "Size"), None);
    }
}
