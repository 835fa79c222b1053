"""What deployers and infrastructure tools send to ECS is taken and told again: a task definition and a service with
about everything that can be said of them, as Terraform, CloudFormation, Copilot and their like say it."""

import sys

import boto3

CLUSTER = "rehearsal"
REGISTRY = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-utcrh6wavdkggqtk"

CONTAINER = {
    "name": "main",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:v1",
    "repositoryCredentials": {"credentialsParameter": "arn:aws:secretsmanager:us-east-1:123456789012:secret:pull"},
    "cpu": 10,
    "memory": 128,
    "memoryReservation": 64,
    "links": ["side"],
    "portMappings": [
        {"containerPort": 8080, "hostPort": 8080, "protocol": "tcp", "name": "http", "appProtocol": "http"}
    ],
    "essential": True,
    "restartPolicy": {"enabled": True, "ignoredExitCodes": [0], "restartAttemptPeriod": 180},
    "entryPoint": ["sh", "-c"],
    "command": ["exec sleep 600"],
    "environment": [{"name": "COLOUR", "value": "green"}],
    "environmentFiles": [{"value": "arn:aws:s3:::bucket/file.env", "type": "s3"}],
    "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": False}],
    "volumesFrom": [{"sourceContainer": "side", "readOnly": True}],
    "linuxParameters": {
        "capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]},
        "initProcessEnabled": True,
        "sharedMemorySize": 64,
        "tmpfs": [{"containerPath": "/scratch", "size": 16, "mountOptions": ["rw"]}],
    },
    "secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/password"}],
    "dependsOn": [{"containerName": "side", "condition": "START"}],
    "startTimeout": 30,
    "stopTimeout": 20,
    "versionConsistency": "disabled",
    "hostname": "main",
    "user": "1000:1000",
    "workingDirectory": "/srv",
    "disableNetworking": False,
    "privileged": False,
    "readonlyRootFilesystem": True,
    "dnsServers": ["10.0.0.2"],
    "dnsSearchDomains": ["internal"],
    "extraHosts": [{"hostname": "legacy", "ipAddress": "10.0.0.3"}],
    "dockerSecurityOptions": ["no-new-privileges"],
    "interactive": False,
    "pseudoTerminal": False,
    "dockerLabels": {"team": "shop"},
    "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "/ecs/fields",
            "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "ecs",
            "mode": "non-blocking",
        },
        "secretOptions": [],
    },
    "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 5},
    "systemControls": [{"namespace": "net.core.somaxconn", "value": "1024"}],
    "resourceRequirements": [{"value": "1", "type": "GPU"}],
    "firelensConfiguration": {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
}

DEFINITION = {
    "family": "fields",
    "taskRoleArn": "arn:aws:iam::123456789012:role/task",
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "networkMode": "bridge",
    "containerDefinitions": [
        CONTAINER,
        {"name": "side", "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:v1", "memory": 32},
    ],
    "volumes": [
        {"name": "data", "host": {"sourcePath": "/data"}},
        {
            "name": "files",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-12345678",
                "rootDirectory": "/",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"iam": "ENABLED"},
            },
        },
        {"name": "disk", "configuredAtLaunch": True},
    ],
    "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
    "requiresCompatibilities": ["EC2"],
    "cpu": "256",
    "memory": "256",
    "pidMode": "task",
    "ipcMode": "none",
    "proxyConfiguration": {
        "type": "APPMESH",
        "containerName": "side",
        "properties": [{"name": "ProxyIngressPort", "value": "15000"}],
    },
    "ephemeralStorage": {"sizeInGiB": 30},
    "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
    "enableFaultInjection": False,
}

TAGS = [{"key": "team", "value": "shop"}]

SERVICE = {
    "serviceRegistries": [{"registryArn": REGISTRY, "containerName": "main", "containerPort": 8080}],
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
        "alarms": {"alarmNames": ["errors"], "rollback": True, "enable": True},
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    },
    "placementConstraints": [{"type": "distinctInstance"}],
    "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "enableECSManagedTags": True,
    "propagateTags": "SERVICE",
    "enableExecuteCommand": True,
    "availabilityZoneRebalancing": "ENABLED",
}

# ECS tells these of a service's deployments.
DEPLOYED = {
    "serviceConnectConfiguration": {
        "enabled": True,
        "namespace": "shop",
        "services": [{"portName": "http", "clientAliases": [{"port": 8080, "dnsName": "api"}]}],
    },
    "volumeConfigurations": [
        {
            "name": "disk",
            "managedEBSVolume": {"sizeInGiB": 10, "roleArn": "arn:aws:iam::123456789012:role/volumes"},
        }
    ],
}


def lost(sent, told, path=""):
    """What was sent and is not told: everything sent has to be there; there may be more, such as AWS's defaults."""
    if isinstance(sent, dict):
        missing = [f"{path}.{name} is missing" for name in sent if name not in told]
        return missing + [one for name in sent if name in told for one in lost(sent[name], told[name], f"{path}.{name}")]
    if isinstance(sent, list):
        if len(sent) != len(told):
            return [f"{path} has {len(told)} entries, not {len(sent)}"]
        return [one for index, pair in enumerate(zip(sent, told)) for one in lost(*pair, f"{path}[{index}]")]
    return [] if sent == told else [f"{path} is {told!r}, not {sent!r}"]


def main():
    ecs = boto3.client("ecs")
    registered = ecs.register_task_definition(**DEFINITION, tags=TAGS)
    arn = registered["taskDefinition"]["taskDefinitionArn"]
    described = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    problems = lost(DEFINITION, registered["taskDefinition"]) + lost(DEFINITION, described["taskDefinition"])
    problems += lost(TAGS, described["tags"], ".tags")

    # As copied by a deployer: everything that is told can be registered again, but for what AWS adds.
    added = (
        "taskDefinitionArn revision status requiresAttributes compatibilities registeredAt registeredBy".split()
    )
    copy = {name: value for name, value in described["taskDefinition"].items() if name not in added}
    again = ecs.register_task_definition(**copy, tags=described["tags"])["taskDefinition"]
    problems += lost(copy, again, ".copy")

    whole = {**SERVICE, **DEPLOYED}
    made = ecs.create_service(
        cluster=CLUSTER, serviceName="fields", taskDefinition=arn, desiredCount=0, launchType="EC2", tags=TAGS, **whole
    )
    problems += lost(SERVICE, made["service"], ".created")

    def described_service():
        return ecs.describe_services(cluster=CLUSTER, services=["fields"], include=["TAGS"])["services"][0]

    service = described_service()
    problems += lost(SERVICE, service) + lost(TAGS, service["tags"], ".tags")
    problems += lost(DEPLOYED, service["deployments"][0], ".deployments[0]")

    changed = {name: value for name, value in whole.items() if name not in ("schedulingStrategy", "deploymentController")}
    changed["deploymentConfiguration"] = {
        **SERVICE["deploymentConfiguration"],
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "alarms": {"alarmNames": [], "rollback": False, "enable": False},
    }
    changed["placementStrategy"] = [{"type": "binpack", "field": "memory"}]
    changed["propagateTags"] = "TASK_DEFINITION"
    told = ecs.update_service(
        cluster=CLUSTER, service="fields", taskDefinition=arn, desiredCount=0, forceNewDeployment=True, **changed
    )["service"]
    changed = {name: value for name, value in changed.items() if name not in DEPLOYED}
    problems += lost(changed, told, ".updated") + lost(changed, described_service(), ".updated")
    # What is not sent stays.
    ecs.update_service(cluster=CLUSTER, service="fields", desiredCount=0)
    problems += lost(changed, described_service(), ".kept")

    ecs.delete_service(cluster=CLUSTER, service="fields", force=True)
    if problems:
        sys.exit("\n".join(problems))


main()
