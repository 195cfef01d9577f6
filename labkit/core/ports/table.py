"""The published table of ports: what is asked, by whom, and which part has the answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Port:
    """A row of the published table."""

    name: str
    question: str
    asked_by: str
    answered_by: str


def _table(*rows: Port) -> dict[str, Port]:
    return {row.name: row for row in rows}


#: Every port; ``answered_by`` names the part that has the answer.
PORTS: dict[str, Port] = _table(
    Port(
        "deliver",
        "Hand this payload to that ARN on behalf of that principal.",
        "alarms, rules, schedules, subscriptions, canaries",
        "backing/deliver",
    ),
    Port(
        "deliver_reliably",
        "Hand it over, try again while that can help, keep what nobody took.",
        "rules, schedules, subscriptions, topics",
        "backing/deliver",
    ),
    Port(
        "put_log_lines",
        "Write these lines into that log group.",
        "deliveries",
        "logs",
    ),
    Port(
        "ensure_log_group",
        "Let there be a log group of this name, that keeps events so many days.",
        "containers, environments",
        "logs",
    ),
    Port("delete_log_group", "Delete this log group.", "environments", "logs"),
    Port("put_on_bus", "Put this event on that bus.", "deliveries", "eventbridge"),
    Port("metric_sources", "Which pulled sources have metrics here?", "cloudwatch", "workloads"),
    Port(
        "accept_segments",
        "Take these segment documents of an AWS service.",
        "functions, topics, APIs",
        "xray",
    ),
    Port("traced", "Which of these requests are traced?", "APIs, the shop", "xray"),
    Port("trace_sources", "Which pulled sources have traces here?", "xray", "workloads"),
    Port(
        "linked_accounts",
        "Which accounts share their metrics or log groups with this monitoring account?",
        "cloudwatch, logs",
        "oam",
    ),
    Port(
        "policy_allows",
        "Does this resource policy, by itself, allow somebody an action?",
        "oam",
        "gateway",
    ),
    Port(
        "run_canary",
        "Run this canary now, against the lab's sites, and wait for it.",
        "synthetics",
        "the runner of canaries",
    ),
    Port(
        "canary_fingerprint",
        "What would a run of this canary depend on now?",
        "synthetics",
        "the runner of canaries",
    ),
    Port(
        "instance_action",
        "Stop, terminate, reboot or recover this instance.",
        "cloudwatch alarms",
        "backing/ec2",
    ),
    Port(
        "instance_about",
        "What is this instance called, and which role does its profile give it?",
        "agents",
        "backing/ec2",
    ),
    Port(
        "vpc_endpoint_service",
        "Of which service is this VPC endpoint?",
        "logs",
        "backing/vpc",
    ),
    Port(
        "allowed",
        "May this role or service do this to that?",
        "Firehose and whoever acts with a role",
        "gateway",
    ),
    Port(
        "scaling_action",
        "Run this scaling policy, since an alarm changed its state.",
        "cloudwatch alarms",
        "backing/autoscaling",
    ),
    Port(
        "put_alarm",
        "Make or change an alarm that a scaling policy manages.",
        "backing/autoscaling",
        "cloudwatch",
    ),
    Port(
        "delete_alarms",
        "Delete alarms that a scaling policy manages.",
        "backing/autoscaling",
        "cloudwatch",
    ),
    Port("put_metric", "Store this point at its own instant.", "logs", "cloudwatch"),
    Port(
        "log_group_exists",
        "Is there a log group of this name?",
        "flow logs, query logging, cloudtrail",
        "logs",
    ),
    Port(
        "log_table",
        "Which table does this Logs Insights query give over that range?",
        "dashboards",
        "logs",
    ),
    Port(
        "log_events",
        "Which events do these log groups have over that range?",
        "Contributor Insights",
        "logs",
    ),
    Port(
        "trail_logs",
        "In which Region does a trail log this call or sign-in?",
        "eventbridge",
        "cloudtrail",
    ),
    Port(
        "call_record",
        "What is CloudTrail's record of this call or sign-in?",
        "eventbridge",
        "cloudtrail",
    ),
    Port(
        "lake_events",
        "What does this event data store hold over that range?",
        "logs",
        "cloudtrail",
    ),
    Port(
        "events_watched", "Does a discoverer look at this bus's events?", "eventbridge", "schemas"
    ),
    Port(
        "call_as",
        "Make this API call as somebody for whom a service acts.",
        "eventbridge, scheduler",
        "gateway",
    ),
    Port(
        "http_request",
        "What does an HTTP endpoint on this machine answer?",
        "eventbridge",
        "backing/outside",
    ),
    Port(
        "organization",
        "In which organization is this account?",
        "cloudtrail",
        "backing/organizations",
    ),
    Port(
        "tracing_setup",
        "What of tracing is set up where this program runs?",
        "xray",
        "backing/tracing",
    ),
    Port(
        "traces_arrive",
        "Do traces of a program that runs on this resource arrive?",
        "workloads",
        "xray",
    ),
    Port("setting", "What is this setting of a resource?", "workloads", "backing/settings"),
    Port("key_usable", "Is this KMS key there and enabled?", "logs, cloudtrail", "backing/kms"),
    Port(
        "objects_under",
        "Which objects of that bucket are below this prefix?",
        "athena, cloudtrail, logs",
        "backing/s3",
    ),
    Port("put_object", "Put this object into that bucket.", "cloudtrail", "backing/s3"),
    Port(
        "get_object",
        "What is under this key, and its metadata?",
        "athena, cloudtrail",
        "backing/s3",
    ),
    Port("bucket_allows", "May this service write to that bucket?", "cloudtrail, logs", "gateway"),
)
