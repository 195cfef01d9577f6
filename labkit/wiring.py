"""Who hears which fact, who answers which question: two tables; nothing else knows two services.

The tables are data. The lab connects them when it is built, ``labkit.wiring.table()`` prints them,
a lesson draws them, and a test checks that every kind and every port has its row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.facts import FACT_KINDS, Hearer
from labkit.core.ports import PORTS

if TYPE_CHECKING:
    from labkit.lab import Lab


@dataclass(frozen=True, slots=True)
class Hears:
    """A row of the first table: ``who`` hears ``kind``, and what for."""

    kind: str
    who: str
    purpose: str
    hearer: Callable[[Lab], Hearer]


@dataclass(frozen=True, slots=True)
class Answers:
    """A row of the second table: ``who`` answers ``port``."""

    port: str
    who: str
    answerer: Callable[[Lab], Callable[..., Any]]


#: Kind of fact -> who hears it. Several rows of one kind are heard in this order.
HEARERS: tuple[Hears, ...] = (
    Hears(
        "instance.state",
        "workloads/fleet",
        "a machine has figures only while it runs",
        lambda lab: lab.parts.fleet.on_instance_state,
    ),
    Hears(
        "instance.state",
        "workloads/groups",
        "which machines are an Auto Scaling group's",
        lambda lab: lab.parts.groups.on_instance_state,
    ),
    Hears(
        "metric.changed",
        "workloads/groups",
        "what a machine says its group says too",
        lambda lab: lab.parts.groups.on_metric_changed,
    ),
    Hears(
        "instance.state",
        "backing/autoscaling",
        "in service once it runs, replaced when it does not",
        lambda lab: lab.parts.backing.autoscaling.on_instance_state,
    ),
    Hears(
        "instance.state",
        "workloads/group_load",
        "a member that stops gives its share of the load to the others",
        lambda lab: lab.parts.group_loads.on_instance_state,
    ),
    Hears(
        "group.members",
        "workloads/group_load",
        "who shares a group's load",
        lambda lab: lab.parts.group_loads.on_members,
    ),
    Hears(
        "instance.recovered",
        "workloads/fleet",
        "the failures of its old host are over",
        lambda lab: lab.parts.fleet.on_recovered,
    ),
    Hears(
        "instance.monitoring",
        "workloads/fleet",
        "five-minute or one-minute points",
        lambda lab: lab.parts.fleet.on_monitoring,
    ),
    Hears(
        "instance.state",
        "agents/hosted",
        "an agent runs while its machine runs",
        lambda lab: lab.parts.agents.on_instance_state,
    ),
    Hears(
        "metric.changed",
        "agents/hosted",
        "what a machine does its agent says too",
        lambda lab: lab.parts.agents.on_metric_changed,
    ),
    Hears(
        "metric.changed",
        "cloudwatch",
        "alarms that look at these series are decided anew",
        lambda lab: lab.parts.cloudwatch.evaluator.on_metric_changed,
    ),
    Hears(
        "link.changed",
        "cloudwatch",
        "alarms on metrics of other accounts are decided anew",
        lambda lab: lab.parts.cloudwatch.evaluator.on_link_changed,
    ),
    Hears(
        "metric.emitted",
        "cloudwatch",
        "stored as if it had been put now",
        lambda lab: lab.parts.cloudwatch.on_metric_emitted,
    ),
    Hears(
        "call.finished",
        "cloudtrail",
        "event history",
        lambda lab: lab.parts.cloudtrail.on_call_finished,
    ),
    Hears(
        "call.finished",
        "agents/hosted",
        "whether a machine's role may still publish",
        lambda lab: lab.parts.agents.on_call_finished,
    ),
    Hears(
        "call.finished",
        "workloads/traced_places",
        "whether a service's set-up of tracing has changed",
        lambda lab: lab.parts.traced_places.on_call_finished,
    ),
    Hears(
        "instance.state",
        "workloads/traced_places",
        "no traces of a machine that does not run",
        lambda lab: lab.parts.traced_places.on_instance_state,
    ),
    Hears(
        "call.finished",
        "workloads/shop_settings",
        "whether what the shop relies on has changed",
        lambda lab: lab.parts.shop_settings.on_call_finished,
    ),
    Hears(
        "log.emitted",
        "logs",
        "lines of AWS resources, into their log groups",
        lambda lab: lab.parts.logs.on_log_emitted,
    ),
    Hears(
        "log.embedded",
        "cloudwatch",
        "metrics embedded in log lines",
        lambda lab: lab.parts.cloudwatch.embedded.on_log_embedded,
    ),
    Hears(
        "alarm.configured",
        "cloudwatch",
        "alarms cost by the hour while they stand",
        lambda lab: lab.parts.cloudwatch.used.on_alarm_configured,
    ),
    Hears(
        "event.emitted",
        "eventbridge",
        "on the account's default bus",
        lambda lab: lab.parts.eventbridge.on_event_emitted,
    ),
    Hears(
        "instance.state",
        "eventbridge",
        "EC2 Instance State-change Notification",
        lambda lab: lab.parts.eventbridge.on_instance_state,
    ),
    Hears(
        "call.finished",
        "eventbridge",
        "AWS API Call via CloudTrail, where a trail logs",
        lambda lab: lab.parts.eventbridge.on_call_finished,
    ),
    Hears(
        "trail.delivered",
        "cloudtrail",
        "the next digest names the file",
        lambda lab: lab.parts.cloudtrail.digests.on_delivered,
    ),
    Hears(
        "trail.changed",
        "cloudtrail",
        "chains of digests begin and end",
        lambda lab: lab.parts.cloudtrail.digests.on_changed,
    ),
    Hears(
        "sign_in",
        "cloudtrail",
        "event history: ConsoleLogin",
        lambda lab: lab.parts.cloudtrail.on_sign_in,
    ),
    Hears(
        "sign_in",
        "eventbridge",
        "AWS Console Sign In via CloudTrail, where a trail logs",
        lambda lab: lab.parts.eventbridge.on_sign_in,
    ),
    Hears(
        "service.event",
        "cloudtrail",
        "event history: what services do by themselves",
        lambda lab: lab.parts.cloudtrail.on_service_event,
    ),
    Hears(
        "service.event",
        "eventbridge",
        "AWS Service Event via CloudTrail, where a trail logs",
        lambda lab: lab.parts.eventbridge.on_service_event,
    ),
    Hears(
        "delivery.finished",
        "eventbridge",
        "figures of rules: failures, retries, dead letters",
        lambda lab: lab.parts.eventbridge.deliveries.on_delivery_finished,
    ),
    Hears(
        "delivery.failed",
        "eventbridge",
        "what rules sent and nobody got (view_problems)",
        lambda lab: lab.parts.eventbridge.deliveries.problems.on_delivery_failed,
    ),
    Hears(
        "delivery.finished",
        "scheduler",
        "figures of schedule groups",
        lambda lab: lab.parts.scheduler.on_delivery_finished,
    ),
    Hears(
        "delivery.finished",
        "logs",
        "logs of an event bus, where a delivery is set up for them",
        lambda lab: lab.parts.logs.deliveries.on_delivery_finished,
    ),
    Hears(
        "event.put",
        "schemas",
        "discoverers learn what events look like",
        lambda lab: lab.parts.schemas.on_event_put,
    ),
    Hears("mail.sent", "lab", "the mailbox", lambda lab: lab.parts.post.on_mail),
    Hears("mail.sent", "bill", "e-mails are counted", lambda lab: lab.parts.post.counting(lab)),
    Hears("alarm.changed", "lab", "what advance() tells of", lambda lab: lab.parts.post.on_alarm),
)

#: Port -> who answers it: exactly one row each, or a seam.
ANSWERS: tuple[Answers, ...] = (
    Answers("run_canary", "canary_runs", lambda lab: lab.canary_runs.run),
    Answers("canary_fingerprint", "canary_runs", lambda lab: lab.canary_runs.fingerprint),
    Answers("deliver", "backing/deliver", lambda lab: lab.parts.backing.deliver),
    Answers("deliver_reliably", "backing/deliver", lambda lab: lab.parts.backing.deliver.reliably),
    Answers("metric_sources", "workloads", lambda lab: lab.parts.metric_sources),
    Answers("accept_segments", "xray", lambda lab: lab.parts.xray.accept_from),
    Answers("traced", "xray", lambda lab: lab.parts.xray.sampled),
    Answers("trace_sources", "workloads", lambda lab: lab.parts.trace_sources),
    Answers("instance_action", "backing/ec2", lambda lab: lab.parts.backing.ec2.act),
    Answers("instance_about", "backing/ec2", lambda lab: lab.parts.backing.ec2.about),
    Answers("scaling_action", "backing/autoscaling", lambda lab: lab.parts.backing.autoscaling.act),
    Answers(
        "organization", "backing/organizations", lambda lab: lab.parts.backing.organizations.of
    ),
    Answers("traces_arrive", "xray", lambda lab: lab.parts.xray.traces_arrive),
    Answers("tracing_setup", "backing/tracing", lambda lab: lab.parts.backing.traced.setup),
    Answers("setting", "backing/settings", lambda lab: lab.parts.backing.settings.value),
    Answers("key_usable", "backing/kms", lambda lab: lab.parts.backing.kms.usable),
    Answers("objects_under", "backing/s3", lambda lab: lab.parts.backing.objects.under),
    Answers("put_object", "backing/s3", lambda lab: lab.parts.backing.s3_writing.put),
    Answers("get_object", "backing/s3", lambda lab: lab.parts.backing.objects.get),
    Answers("bucket_allows", "gateway", lambda lab: lab.authorizer.bucket_allows),
    Answers("put_alarm", "cloudwatch", lambda lab: lab.parts.cloudwatch.managed.put_alarm),
    Answers("delete_alarms", "cloudwatch", lambda lab: lab.parts.cloudwatch.managed.delete_alarms),
    Answers("put_metric", "cloudwatch", lambda lab: lab.parts.cloudwatch.put_metric),
    Answers("linked_accounts", "oam", lambda lab: lab.parts.oam.linked_accounts),
    Answers("policy_allows", "gateway", lambda lab: lab.authorizer.policy_allows),
    Answers("put_on_bus", "eventbridge", lambda lab: lab.parts.eventbridge.put_on_bus),
    Answers("events_watched", "schemas", lambda lab: lab.parts.schemas.watched),
    Answers("trail_logs", "cloudtrail", lambda lab: lab.parts.cloudtrail.trail_logs),
    Answers("call_record", "cloudtrail", lambda lab: lab.parts.cloudtrail.record_of),
    Answers("lake_events", "cloudtrail", lambda lab: lab.parts.cloudtrail.lake.events),
    Answers("call_as", "gateway", lambda lab: lab.acting.call),
    Answers("http_request", "backing/outside", lambda lab: lab.parts.backing.outside.ask),
    Answers("log_group_exists", "logs", lambda lab: lab.parts.logs.group_exists),
    Answers("ensure_log_group", "logs", lambda lab: lab.parts.logs.ensure_group),
    Answers("delete_log_group", "logs", lambda lab: lab.parts.logs.delete_group),
    Answers("log_events", "logs", lambda lab: lab.parts.logs.log_events),
    Answers("log_table", "logs", lambda lab: lab.parts.logs.queries.table),
    Answers("put_log_lines", "logs", lambda lab: lab.parts.logs.put_lines),
    Answers(
        "vpc_endpoint_service", "backing/vpc", lambda lab: lab.parts.backing.vpc.endpoint_service
    ),
    Answers("allowed", "gateway", lambda lab: lab.authorizer.allowed),
)

#: Facts that no part of labkit hears. They are for whoever watches a lab, in a notebook or a test:
#: ``lab.world.facts.hear("canary.run", print)``. What AWS makes of the same happenings goes other
#: ways (events by ``event.emitted``, notifications by ``deliver``), and a fact that nobody hears is
#: not even built.
FOR_WATCHERS = frozenset(
    {
        "metric.put",
        "object.changed",
        "build.state",
        "log.ingested",
        "canary.run",
        "trace.segment",
    }
)


def connect(lab: Lab) -> None:
    """Connect a lab's parts as the tables say."""
    for row in HEARERS:
        lab.world.facts.hear(row.kind, row.hearer(lab))
    for answer in ANSWERS:
        lab.world.ports.answer(answer.port, answer.answerer(lab))


def table() -> str:
    """Both tables as text."""
    lines = ["fact                 told by             heard by"]
    for kind, row in FACT_KINDS.items():
        heard = ", ".join(h.who for h in HEARERS if h.kind == kind) or "who watches"
        lines.append(f"{kind:20} {row.publisher:19} {heard}")
    lines += ["", "port                 answered by"]
    for name in PORTS:
        who = next(a.who for a in ANSWERS if a.port == name)
        lines.append(f"{name:20} {who}")
    return "\n".join(lines)
