"""boto3, unmodified, against a served cloud: its paginators and its waiters, on what is there from the beginning.

Where the cloud is, is in the environment, as for any program that uses boto3. A paginator is asked for small pages and
must give what one large page gives; a waiter must wait until what it waits for is so, and no longer.
"""

import json
import sys
import time

import boto3
from botocore.exceptions import ClientError, WaiterError

CLUSTER = "rehearsal"
# Waiters look this often; AWS's own pauses are made for AWS.
QUICK = {"Delay": 1, "MaxAttempts": 60}


def client(name):
    return boto3.client(name)


def check(what, is_so, detail=""):
    if not is_so:
        sys.exit(f"{what}: {detail}")


def same(service, operation, key, least, size=1, **arguments):
    """Small pages give what one large page gives, and there are at least so many entries. Some cannot be made small."""
    paginator = client(service).get_paginator(operation)
    result = key if callable(key) else lambda page: page[key]
    config = {"PageSize": size} if size else {}
    pages = list(paginator.paginate(PaginationConfig=config, **arguments))
    small = [entry for page in pages for entry in result(page)]
    large = [entry for page in paginator.paginate(**arguments) for entry in result(page)]
    name = f"{service} {operation}"
    as_text = lambda entries: sorted(json.dumps(entry, default=str, sort_keys=True) for entry in entries)
    check(name, as_text(small) == as_text(large), f"{len(small)} in small pages, {len(large)} in one")
    check(name, len(small) >= least, f"{len(small)} entries")
    check(name, not size or len(pages) >= len(small) // size, f"{len(pages)} pages of {size} for {len(small)} entries")
    print(f"{name}: {len(small)} entries on {len(pages)} pages")
    return small


def table_of_ones_own():
    """The ledger is empty before the first deployment; so a table with something in it."""
    name = "visitors"
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "who", "KeyType": "HASH"}, {"AttributeName": "when", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "who", "AttributeType": "S"},
            {"AttributeName": "when", "AttributeType": "N"},
        ],
    )
    waits("dynamodb", "table_exists", TableName=name)
    for when in range(5):
        dynamodb.put_item(TableName=name, Item={"who": {"S": "anna"}, "when": {"N": str(when)}})
    whose = {"KeyConditionExpression": "who = :w", "ExpressionAttributeValues": {":w": {"S": "anna"}}}
    same("dynamodb", "query", "Items", 5, size=2, TableName=name, **whose)
    same("dynamodb", "scan", "Items", 5, size=2, TableName=name)
    dynamodb.delete_table(TableName=name)
    waits("dynamodb", "table_not_exists", TableName=name)


def alarms_and_calendars():
    """Alarms as a team has them, one made of the other, and a calendar."""
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="visitors",
        Namespace="Shop",
        MetricName="Visitors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    cloudwatch.put_composite_alarm(AlarmName="shop", AlarmRule='ALARM("visitors") OR FALSE')
    asked = {"AlarmNames": ["visitors", "shop"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    both = lambda page: page["MetricAlarms"] + page["CompositeAlarms"]
    # Until they have been evaluated, two answers may differ.
    for _ in range(QUICK["MaxAttempts"]):
        if all(alarm["StateValue"] == "OK" for alarm in both(cloudwatch.describe_alarms(**asked))):
            break
        time.sleep(QUICK["Delay"])
    else:
        sys.exit("the alarms are not evaluated")
    same("cloudwatch", "describe_alarms", both, 2, **asked)
    cloudwatch.delete_alarms(AlarmNames=["shop", "visitors"])
    left = cloudwatch.describe_alarms(**asked)
    check("deleted alarms", not left["MetricAlarms"] and not left["CompositeAlarms"], left)
    ssm = client("ssm")
    content = "BEGIN:VCALENDAR\r\nX-CALENDAR-TYPE:DEFAULT_CLOSED\r\nEND:VCALENDAR\r\n"
    kind = {"DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT"}
    ssm.create_document(Name="visits", Content=content, **kind)
    state = ssm.get_calendar_state(CalendarNames=["visits"])
    check("a calendar", state["State"] == "CLOSED", state)
    ssm.delete_document(Name="visits")
    print("alarms and calendars")


def paginators(machine, execution):
    ecs = {"cluster": CLUSTER}
    same("ecs", "list_clusters", "clusterArns", 1)
    same("ecs", "list_services", "serviceArns", 3, **ecs)
    same("ecs", "list_tasks", "taskArns", 8, size=3, **ecs)
    same("ecs", "list_container_instances", "containerInstanceArns", 3, **ecs)
    same("ecs", "list_task_definitions", "taskDefinitionArns", 2)
    same("ecs", "list_task_definition_families", "families", 2)
    balancers = same("elbv2", "describe_load_balancers", "LoadBalancers", 2)
    same("elbv2", "describe_target_groups", "TargetGroups", 3)
    for balancer in balancers:
        arn = balancer["LoadBalancerArn"]
        for listener in same("elbv2", "describe_listeners", "Listeners", 1, LoadBalancerArn=arn):
            same("elbv2", "describe_rules", "Rules", 1, ListenerArn=listener["ListenerArn"])
    same("stepfunctions", "list_state_machines", "stateMachines", 1)
    same("stepfunctions", "list_executions", "executions", 1, stateMachineArn=machine)
    same("stepfunctions", "get_execution_history", "events", 10, size=4, executionArn=execution)
    table_of_ones_own()
    same("dynamodb", "list_tables", "TableNames", 1)
    same("ecr", "describe_repositories", "repositories", 2)
    same("ecr", "list_images", "imageIds", 3, repositoryName="web")
    same("ecr", "describe_images", "imageDetails", 3, repositoryName="web")
    rules = same("events", "list_rules", "Rules", 1)
    for rule in rules:
        same("events", "list_targets_by_rule", "Targets", 1, Rule=rule["Name"])
    same("scheduler", "list_schedules", "Schedules", 1)
    same("lambda", "list_functions", "Functions", 9, size=4)
    same("cloudwatch", "list_metrics", "Metrics", 10, size=None)
    # Alarms are evaluated between one reading and the next: what they are is compared, and not how they are.
    lasting = lambda alarm: {key: value for key, value in alarm.items() if not key.startswith("State")}
    same("cloudwatch", "describe_alarms", lambda page: [lasting(alarm) for alarm in page["MetricAlarms"]], 1)
    same("logs", "describe_log_groups", "logGroups", 2)
    same("sns", "list_topics", "Topics", 1, size=None)
    same("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", 3, ResourceTypeFilters=["ecs:service"])


def target_group_of(service):
    described = client("ecs").describe_services(cluster=CLUSTER, services=[service])["services"][0]
    return described["loadBalancers"][0]["targetGroupArn"]


def healthy_targets_of(group):
    health = client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    healthy = [entry["Target"] for entry in health if entry["TargetHealth"]["State"] == "healthy"]
    return [{"Id": target["Id"], "Port": target["Port"]} for target in healthy]


def waits(service, name, **arguments):
    began = time.monotonic()
    client(service).get_waiter(name).wait(WaiterConfig=QUICK, **arguments)
    print(f"{service} {name}: {time.monotonic() - began:.1f} s")


def waiters(table):
    ecs = client("ecs")
    waits("ecs", "services_stable", cluster=CLUSTER, services=["web-blue", "api"])
    waits("dynamodb", "table_exists", TableName=table)
    waits("elbv2", "load_balancer_exists", Names=["web-blue"])
    waits("elbv2", "load_balancer_available", Names=["web-blue"])
    for function in client("lambda").list_functions()["Functions"][:1]:
        waits("lambda", "function_exists", FunctionName=function["FunctionName"])
        waits("lambda", "function_active_v2", FunctionName=function["FunctionName"])

    # A task leaves: its target drains away, and the service comes back to what it was.
    group = target_group_of("api")
    waits("elbv2", "target_in_service", TargetGroupArn=group)
    tasks = ecs.list_tasks(cluster=CLUSTER, serviceName="api")["taskArns"]
    before = healthy_targets_of(group)
    ecs.update_service(cluster=CLUSTER, service="api", desiredCount=len(tasks) - 1)
    waits("ecs", "services_stable", cluster=CLUSTER, services=["api"])
    after = healthy_targets_of(group)
    left = [target for target in before if target not in after]
    check("scaled in", len(left) == 1, left)
    waits("elbv2", "target_deregistered", TargetGroupArn=group, Targets=left)
    remaining = ecs.list_tasks(cluster=CLUSTER, serviceName="api")["taskArns"]
    gone = [task for task in tasks if task not in remaining]
    waits("ecs", "tasks_stopped", cluster=CLUSTER, tasks=gone)
    waits("ecs", "tasks_running", cluster=CLUSTER, tasks=remaining)

    # A service of one's own comes and goes.
    ecs.create_service(
        cluster=CLUSTER,
        serviceName="visitor",
        taskDefinition="api",
        desiredCount=1,
        launchType="EC2",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
    )
    waits("ecs", "services_stable", cluster=CLUSTER, services=["visitor"])
    ecs.delete_service(cluster=CLUSTER, service="visitor", force=True)
    waits("ecs", "services_inactive", cluster=CLUSTER, services=["visitor"])
    try:
        ecs.get_waiter("services_stable").wait(cluster=CLUSTER, services=["nobody"], WaiterConfig=QUICK)
        sys.exit("a service that is not there is stable")
    except WaiterError as error:
        check("services_stable of nobody", "MISSING" in str(error), error)


def tells():
    """Events and messages go as an application sends them."""
    ours = {"Source": "shop", "DetailType": "Order", "Detail": "{}", "Resources": ["arn:aws:ecs:us-east-1:1:x"]}
    theirs = {"Source": "aws.ecs", "DetailType": "Order", "Detail": "{}"}
    answer = client("events").put_events(Entries=[ours, theirs])
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    check("put_events", codes == [None, "NotAuthorizedForSourceException"], answer)
    check("put_events counts what failed", answer["FailedEntryCount"] == 1, answer)
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    kind = {"kind": {"DataType": "String", "StringValue": "order"}}
    sent = client("sns").publish(
        TopicArn=topic, MessageStructure="json", Message='{"default": "x", "email": "y"}', MessageAttributes=kind
    )
    check("publish", sent["MessageId"], sent)


def errors(machine):
    """SDKs give an error the class that its service's model says."""
    cases = [
        ("ecs", "ClusterNotFoundException", lambda c: c.list_services(cluster="nowhere")),
        ("stepfunctions", "ExecutionDoesNotExist", lambda c: c.describe_execution(
            executionArn=machine.replace(":stateMachine:", ":execution:") + ":nothing")),
        ("elbv2", "TargetGroupNotFoundException", lambda c: c.describe_target_groups(Names=["nothing"])),
        ("ecr", "RepositoryNotFoundException", lambda c: c.list_images(repositoryName="nothing")),
        ("dynamodb", "ResourceNotFoundException", lambda c: c.describe_table(TableName="nothing")),
        ("events", "ResourceNotFoundException", lambda c: c.describe_rule(Name="nothing")),
        ("lambda", "ResourceNotFoundException", lambda c: c.get_function(FunctionName="nothing")),
        ("ssm", "InvalidDocument", lambda c: c.get_calendar_state(CalendarNames=["nothing"])),
        ("scheduler", "ResourceNotFoundException", lambda c: c.get_schedule(Name="nothing")),
    ]
    for service, name, call in cases:
        asked = client(service)
        try:
            call(asked)
        except getattr(asked.exceptions, name):
            print(f"{service} {name}")
        except ClientError as error:
            sys.exit(f"{service} {name}: {error}")
        else:
            sys.exit(f"{service} {name}: it went well")


def main():
    table = client("dynamodb").list_tables()["TableNames"][0]
    machine = client("stepfunctions").list_state_machines()["stateMachines"][0]["stateMachineArn"]
    states = client("stepfunctions")
    # Nothing is changed by a dry run, and it has a history.
    began = states.start_execution(
        stateMachineArn=machine,
        name="a-dry-run",
        input=json.dumps({"service": f"{CLUSTER}/web-blue", "redeploy": True, "dry_run": True}),
    )
    execution = began["executionArn"]
    deadline = time.monotonic() + 60
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        check("the dry run ends", time.monotonic() < deadline)
        time.sleep(0.2)
    paginators(machine, execution)
    alarms_and_calendars()
    errors(machine)
    tells()
    waiters(table)


main()
