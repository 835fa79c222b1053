//! The stack: everything a template describes, as plain values.

use super::function::{Function, Identity};
use super::kind::{Kind, Named};
use super::machine::StateMachine;
use super::mistake::{Mistakes, TemplateError};
use super::node::Node;
use super::role::{Attached, Role};
use super::rule::Place;
use super::scope::Scope;
use super::table::Table;
use super::yaml::under;
use super::{function, machine, parameter, role, rule, sam, table, yaml};
use crate::account::Account;
use crate::events::Rule;
use crate::scheduler::Schedule;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The largest template that CloudFormation takes.
const MAX_TEMPLATE: usize = 1_000_000;

/// What a template is read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the stack is.
    pub account: Account,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// Values in place of the parameters' defaults.
    pub parameters: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        let stack_name = "changeover".to_owned();
        Self { account: Account::default(), stack_name, parameters: BTreeMap::new() }
    }
}

/// A resource of which only its name matters, and what else the template says.
#[derive(Debug, Clone, PartialEq)]
pub struct Plain {
    /// Its name in the template.
    pub logical_id: String,
    /// `AWS::…`.
    pub kind: String,
    /// Its name in the account.
    pub name: String,
    /// Its ARN; empty if resources of this type have none.
    pub arn: String,
    /// Everything the template says of it, resolved.
    pub properties: Value,
}

/// Everything a template describes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stack {
    /// `AWS::StackName`.
    pub name: String,
    /// The parameters' values.
    pub parameters: BTreeMap<String, Value>,
    /// Functions.
    pub functions: Vec<Function>,
    /// State machines.
    pub state_machines: Vec<StateMachine>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Rules with what they have in the template's events, by logical id.
    pub rules: BTreeMap<String, Rule>,
    /// Schedules, by logical id. They have not begun: `created` is 1970.
    pub schedules: BTreeMap<String, Schedule>,
    /// Topics.
    pub topics: Vec<Plain>,
    /// Queues.
    pub queues: Vec<Plain>,
    /// Log groups.
    pub log_groups: Vec<Plain>,
    /// Metric alarms.
    pub alarms: Vec<Plain>,
    /// Roles.
    pub roles: Vec<Role>,
    /// What the rehearsal keeps but does not act on, such as dashboards.
    pub others: Vec<Plain>,
    /// Outputs.
    pub outputs: BTreeMap<String, Value>,
    /// What the template says of its outputs.
    pub descriptions: BTreeMap<String, String>,
    /// Each resource's type and what `Ref` gives for it, by logical id: its physical id.
    pub resources: BTreeMap<String, (String, String)>,
}

impl Stack {
    /// Reads a template and the state machine's definition beside it.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn read(path: &Path, options: &Options) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path).map_err(|error| TemplateError {
            mistakes: vec![format!("{}: cannot be read: {error}", path.display())],
        })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")), options)
    }

    /// The same of a text, whose files are in this folder.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse(text: &str, folder: &Path, options: &Options) -> Result<Self, TemplateError> {
        let mistakes = Mistakes::default();
        let stack = parse(text, folder, options, &mistakes);
        let mistakes = mistakes.all();
        if mistakes.is_empty() { Ok(stack) } else { Err(TemplateError { mistakes }) }
    }

    /// The function of this name in the template.
    #[must_use]
    pub fn function(&self, logical_id: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.logical_id == logical_id)
    }

    /// The name of the table, the first if there are several; empty if there is none.
    #[must_use]
    pub fn table_name(&self) -> &str {
        self.tables.first().map_or("", |table| &table.name)
    }

    /// The ARN of the state machine, the first if there are several; empty if there is none.
    #[must_use]
    pub fn state_machine_arn(&self) -> &str {
        self.state_machines.first().map_or("", |machine| &machine.arn)
    }

    /// The role of this ARN.
    #[must_use]
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }
}

fn parse(text: &str, folder: &Path, options: &Options, mistakes: &Mistakes) -> Stack {
    if text.len() > MAX_TEMPLATE {
        mistakes.add("template", format!("has {} bytes, more than {MAX_TEMPLATE}", text.len()));
    }
    let Some(Value::Object(mut document)) = yaml::read(text, mistakes) else {
        mistakes.add("template", "is no map");
        return Stack::default();
    };
    sam::transform(&mut document, mistakes);
    let none = Map::new();
    let section = |name: &str| document.get(name).and_then(Value::as_object).unwrap_or(&none);
    let parameters = parameter::values(section("Parameters"), &options.parameters, mistakes);
    let scope = Scope::new(&options.account, &options.stack_name, parameters, &document, mistakes);
    for name in scope.conditions.keys() {
        scope.condition(name, "Conditions");
    }
    let mut reader = Reader { scope: &scope, folder, stack: Stack::default(), attached: Vec::new() };
    for (logical_id, resource) in &scope.resources {
        reader.resource(logical_id, resource);
    }
    let Reader { mut stack, attached, .. } = reader;
    role::attach(&mut stack.roles, &attached);
    for function in &mut stack.functions {
        let role = stack.roles.iter().find(|role| role.arn == function.role_arn);
        function.role_logical_id = role.map(|role| role.logical_id.clone());
    }
    for (name, output) in section("Outputs") {
        let at = under("Outputs", name);
        if scope.exists(output, &at)
            && let Some(value) = output.get("Value").and_then(|value| scope.resolve(value, &at))
        {
            stack.outputs.insert(name.clone(), value);
            if let Some(description) = output.get("Description").and_then(Value::as_str) {
                stack.descriptions.insert(name.clone(), description.to_owned());
            }
        }
    }
    for (logical_id, resource) in &scope.resources {
        let at = under("Resources", logical_id);
        if scope.exists(resource, &at)
            && let Some(kind) = resource.get("Type").and_then(Value::as_str)
            && let Some(Value::String(physical)) = scope.reference(logical_id, &at)
        {
            stack.resources.insert(logical_id.clone(), (kind.to_owned(), physical));
        }
    }
    stack.name.clone_from(&options.stack_name);
    stack.parameters.clone_from(&scope.parameters);
    stack
}

/// Puts one resource after the other where it belongs.
struct Reader<'a> {
    scope: &'a Scope<'a>,
    folder: &'a Path,
    stack: Stack,
    attached: Vec<Attached>,
}

impl Reader<'_> {
    fn resource(&mut self, logical_id: &str, resource: &Value) {
        let at = under("Resources", logical_id);
        let of_type = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        if Kind::of(of_type).is_none() {
            self.scope
                .mistakes
                .add(&at, format!("is of type {of_type:?}, which the rehearsal does not know"));
            return;
        }
        if !self.scope.exists(resource, &at) {
            return;
        }
        self.check_dependencies(resource, &at);
        let at = under(&at, "Properties");
        let given = resource.get("Properties").cloned().unwrap_or_else(|| json!({}));
        let properties = self.scope.resolve(&given, &at).unwrap_or_else(|| json!({}));
        let Some(named) = self.scope.named(logical_id, &at) else { return };
        let node = Node { value: &properties, at, mistakes: self.scope.mistakes };
        let metadata = resource.get("Metadata").unwrap_or(&Value::Null);
        self.place(&node, logical_id, of_type, &named, metadata);
    }

    fn place(
        &mut self,
        node: &Node<'_>,
        logical_id: &str,
        of_type: &str,
        named: &Named<'_>,
        metadata: &Value,
    ) {
        let (name, arn) = (named.name.clone(), named.arn().unwrap_or_default());
        let identity =
            || Identity { logical_id: logical_id.to_owned(), name: name.clone(), arn: arn.clone() };
        let place = || Place { name: name.clone(), arn: arn.clone(), home: named.home.clone() };
        let plain = || Plain {
            logical_id: logical_id.to_owned(),
            kind: of_type.to_owned(),
            name: name.clone(),
            arn: arn.clone(),
            properties: node.value.clone(),
        };
        let stack = &mut self.stack;
        match named.kind {
            Kind::Function => stack.functions.push(function::read(node, identity(), metadata)),
            Kind::StateMachine => stack.state_machines.push(machine::read(node, identity(), self.folder)),
            Kind::Table => stack.tables.push(table::read(node, identity())),
            Kind::Role => stack.roles.push(role::read(node, identity())),
            Kind::Policy | Kind::ManagedPolicy => self.attached.push(role::read_attached(node, identity())),
            Kind::Rule => {
                stack.rules.insert(logical_id.to_owned(), rule::read_rule(node, place()));
            }
            Kind::Schedule => {
                let schedule = rule::read_schedule(node, place());
                stack.schedules.extend(schedule.map(|schedule| (logical_id.to_owned(), schedule)));
            }
            Kind::Topic => stack.topics.push(plain()),
            Kind::Queue => stack.queues.push(plain()),
            Kind::LogGroup => stack.log_groups.push(plain()),
            Kind::Alarm => stack.alarms.push(plain()),
            Kind::Bus | Kind::ScheduleGroup | Kind::Key | Kind::Opaque => stack.others.push(plain()),
        }
    }

    fn check_dependencies(&self, resource: &Value, at: &str) {
        let needed = match resource.get("DependsOn") {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(one) => one.as_str().into_iter().collect(),
            None => Vec::new(),
        };
        for id in needed.into_iter().filter(|id| !self.scope.resources.contains_key(*id)) {
            self.scope.mistakes.add(at, format!("DependsOn {id}, which is no resource"));
        }
    }
}
