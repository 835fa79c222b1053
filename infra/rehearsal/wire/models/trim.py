#!/usr/bin/env python3
"""Cut botocore's API models down to what the rehearsal answers.

Usage: python3 trim.py        (needs botocore; writes SERVICE.json next to this file)

Kept: the operations named below and every shape reachable from them, with all that decides the bytes on
the wire or what is refused. Dropped: documentation, examples, endpoint rules, everything else.
"""

import gzip
import json
import pathlib

import botocore

OPERATIONS = {
    "ecs": """DescribeServices ListServices CreateCluster DescribeClusters ListClusters CreateService
        UpdateService DeleteService ListTasks DescribeTasks RunTask StopTask DescribeTaskDefinition
        RegisterTaskDefinition DeregisterTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies
        ListContainerInstances DescribeContainerInstances TagResource UntagResource ListTagsForResource
        DescribeServiceDeployments ListServiceDeployments StopServiceDeployment UpdateContainerInstancesState
        DeleteCluster DescribeServiceRevisions PutAttributes DeleteAttributes PutClusterCapacityProviders
        CreateCapacityProvider DescribeCapacityProviders UpdateCapacityProvider DeleteCapacityProvider
        UpdateClusterSettings""",
    "elbv2": """CreateLoadBalancer DescribeLoadBalancers DescribeLoadBalancerAttributes CreateTargetGroup
        DescribeTargetGroups DescribeTargetGroupAttributes ModifyTargetGroupAttributes ModifyTargetGroup
        DeleteTargetGroup CreateListener DescribeListeners ModifyListener CreateRule DescribeRules
        ModifyRule DeleteRule DescribeTargetHealth RegisterTargets DeregisterTargets DescribeTags AddTags
        RemoveTags DeleteLoadBalancer ModifyLoadBalancerAttributes DeleteListener
        DescribeListenerAttributes ModifyListenerAttributes""",
    "stepfunctions": """CreateStateMachine DescribeStateMachine ListStateMachines StartExecution
        DescribeExecution StopExecution RedriveExecution ListExecutions GetExecutionHistory
        DescribeStateMachineForExecution UpdateStateMachine DeleteStateMachine ValidateStateMachineDefinition
        TagResource UntagResource ListTagsForResource PublishStateMachineVersion ListStateMachineVersions
        DeleteStateMachineVersion""",
    "dynamodb": """CreateTable DescribeTable ListTables GetItem PutItem UpdateItem DeleteItem Query Scan
        TransactWriteItems TransactGetItems BatchGetItem BatchWriteItem UpdateTimeToLive
        DescribeTimeToLive UpdateTable DeleteTable TagResource UntagResource ListTagsOfResource""",
    "ecr": """CreateRepository DescribeRepositories PutImage BatchGetImage DescribeImages ListImages
        BatchDeleteImage""",
    "events": """PutEvents ListRules DescribeRule ListTargetsByRule EnableRule
        DisableRule TestEventPattern""",
    "scheduler": "ListSchedules GetSchedule CreateSchedule UpdateSchedule DeleteSchedule",
    "cloudwatch": """GetMetricData GetMetricStatistics ListMetrics PutMetricData DescribeAlarms SetAlarmState
        PutMetricAlarm PutCompositeAlarm DeleteAlarms""",
    "resourcegroupstaggingapi": "GetResources",
    "lambda": """Invoke ListFunctions GetFunction GetFunctionConfiguration CreateFunction DeleteFunction
        ListTags TagResource UntagResource""",
    "sns": "Publish ListTopics CreateTopic Subscribe ListSubscriptionsByTopic",
    "application-autoscaling": "DescribeScalableTargets RegisterScalableTarget",
    "autoscaling": """DescribeAutoScalingGroups SetDesiredCapacity TerminateInstanceInAutoScalingGroup
        UpdateAutoScalingGroup CreateOrUpdateTags DeleteTags""",
    "ssm": "CreateDocument DeleteDocument GetCalendarState",
    "sts": "GetCallerIdentity",
    "cloudformation": "DescribeStacks DescribeStackResource DescribeStackResources",
    "logs": "DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents",
}

METADATA = """apiVersion awsQueryCompatible endpointPrefix jsonVersion protocol protocols serviceId signingName
    targetPrefix xmlNamespace""".split()
OPERATION = "name http input output errors".split()
SHAPE = """type required members member key value min max pattern enum flattened payload timestampFormat error
    exception fault union document locationName""".split()
REFERENCE = """shape location locationName queryName flattened timestampFormat jsonvalue xmlNamespace xmlAttribute
    idempotencyToken resultWrapper""".split()


def keep(source, names):
    return {name: source[name] for name in names if name in source}


def trim_shape(shape):
    kept = keep(shape, SHAPE)
    for name in ("member", "key", "value"):
        if name in kept:
            kept[name] = keep(kept[name], REFERENCE)
    if "members" in kept:
        kept["members"] = {name: keep(member, REFERENCE) for name, member in kept["members"].items()}
    return kept


def references(shape):
    inner = [shape[name] for name in ("member", "key", "value") if name in shape]
    return [reference["shape"] for reference in inner + list(shape.get("members", {}).values())]


def trim(model, names):
    operations, waiting = {}, []
    for name in names:
        operation = keep(model["operations"][name], OPERATION)
        for side in ("input", "output"):
            if side in operation:
                operation[side] = keep(operation[side], REFERENCE)
                waiting.append(operation[side]["shape"])
        operation["errors"] = [error["shape"] for error in operation.get("errors", [])]
        waiting += operation["errors"]
        operations[name] = operation
    shapes = {}
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = trim_shape(model["shapes"][name])
            waiting += references(model["shapes"][name])
    return {"metadata": keep(model["metadata"], METADATA), "operations": operations, "shapes": shapes}


def lines(trimmed):
    """One operation or shape a line, sorted, so that a renewal shows as a readable difference."""
    compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    table = lambda entries: ",\n".join(f"{compact(name)}:{compact(entries[name])}" for name in sorted(entries))
    return (
        f'{{"metadata":{compact(trimmed["metadata"])},\n'
        f'"operations":{{\n{table(trimmed["operations"])}\n}},\n"shapes":{{\n{table(trimmed["shapes"])}\n}}}}\n'
    )


def main():
    here = pathlib.Path(__file__).parent
    data = pathlib.Path(botocore.__path__[0]) / "data"
    for service, names in OPERATIONS.items():
        newest = sorted((data / service).iterdir())[-1]
        with gzip.open(newest / "service-2.json.gz") as file:
            model = json.load(file)
        (here / f"{service}.json").write_text(lines(trim(model, names.split())))
    print(f"botocore {botocore.__version__}: {len(OPERATIONS)} services")


if __name__ == "__main__":
    main()
