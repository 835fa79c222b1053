//! Names that AWS puts limits to, and addresses that its partitions have of their own.

use contract::text;

/// Most characters of a Lambda function's name.
const FUNCTION_NAME: usize = 64;
/// What stands before the stack's name in the template.
const STACK: &str = "${AWS::StackName}";

/// What follows a mark on each line that has it.
fn after<'a>(template: &'a str, mark: &str) -> Vec<&'a str> {
    template.lines().filter_map(|line| line.split_once(mark)).map(|(_, rest)| rest.trim()).collect()
}

#[test]
fn a_stack_whose_functions_names_would_be_too_long_is_refused_before_anything_is_made() {
    let template = text("template.yaml");
    let names = after(&template, "FunctionName: !Sub ");
    let longest = names.iter().filter_map(|name| name.strip_prefix(STACK)).map(str::len).max();
    assert_eq!(names.len(), 10, "{names:?}");
    let most = FUNCTION_NAME - longest.expect("functions are named by the stack");
    assert_eq!(after(&template, "AllowedPattern: ^."), [format!("{{1,{most}}}$")]);
    assert!(text("docs/guide.md").contains(&format!("{most} characters at most")), "and is told");
    let table = template.split("\n  Table:\n").nth(1).expect("the table");
    assert!(table.contains("DependsOn: StackName\n"), "what outlives a stack waits for its name");
}

#[test]
fn every_partition_has_its_own_console() {
    let template = text("template.yaml");
    for (partition, host) in [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ] {
        assert!(template.contains(&format!("    {partition}: {{Console: {host}}}\n")), "{partition}");
    }
    let links = after(&template, "https://");
    let consoles: Vec<&&str> = links.iter().filter(|link| link.contains("onsole")).collect();
    assert_eq!(consoles.len(), 2, "{links:?}");
    assert!(consoles.iter().all(|link| link.starts_with("${AWS::Region}.${Console}/")), "{consoles:?}");
}
