"""Exercise 11: schedules, replays and discoverers that learners build."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

CLIENTS = """import json
from datetime import datetime, timezone
events, scheduler, schemas = (boto3.client(n) for n in ("events", "scheduler", "schemas"))
facts = ex._facts
"""


def report(expression=None, zone="ex.zone", **more):
    """A schedule for the report."""
    expression = expression or "cron({minute} {hour} 1W * ? *)"
    where = f", ScheduleExpressionTimezone={zone}" if zone else ""
    window = more.get("window", '{"Mode": "OFF"}')
    name = more.get("name", "report")
    return CLIENTS + (
        f'expression = "{expression}".format(**facts, utc=facts["hour"] - 1)\n'
        f'scheduler.create_schedule(Name="{name}", ScheduleExpression=expression{where},\n'
        f'    FlexibleTimeWindow={window}, State="{more.get("state", "ENABLED")}",\n'
        '    Target={"Arn": ex.report, "RoleArn": ex.role, "Input": "{}"})\n'
    )


def rule(name, expression):
    """A rule with a schedule, in UTC."""
    return CLIENTS + (
        f'expression = "{expression}".format(\n'
        '    **facts, winter=facts["hour"] - 1, summer=facts["hour"] - 2)\n'
        f'events.put_rule(Name="{name}", ScheduleExpression=expression)\n'
        f'events.put_targets(Rule="{name}", Targets=[{{"Id": "q", "Arn": ex.report}}])\n'
    )


def again(
    pattern='{"source": ["teapot.refunds"], "replay-name": [{"exists": True}], '
    '"detail": {"refund": [{"anything-but": ex.by_hand}]}}',
    archive='facts["archive"]',
    start="10, 0",
    end="12, 0, 30",
    to=', "FilterArns": [arn]',
    name="again",
    after="",
    replay="tuesday",
):
    """A rule for what comes back, and a replay to it."""
    return CLIENTS + (
        f'arn = events.put_rule(Name="{name}", EventBusName="teapot",\n'
        f'    EventPattern=json.dumps({pattern}))["RuleArn"]\n'
        f'events.put_targets(Rule="{name}", EventBusName="teapot", Targets=[\n'
        '    {"Id": "payments", "Arn": ex.payments, "InputPath": "$.detail"}])\n'
        f'events.start_replay(ReplayName="{replay}",\n'
        "    EventSourceArn=events.describe_archive(ArchiveName="
        f'{archive})["ArchiveArn"],\n'
        f"    EventStartTime=datetime(2026, 3, 3, {start}, tzinfo=timezone.utc),\n"
        f"    EventEndTime=datetime(2026, 3, 3, {end}, tzinfo=timezone.utc),\n"
        f'    Destination={{"Arn": ex.bus{to}}})\n'
        "ex.lab.advance(minutes=10)\n" + after
    )


OLD = {"name": "pay-back", "pattern": '{"source": ["teapot.refunds"], "detail-type": '
       '["Refund Requested"], "detail": {"refund": [{"anything-but": ex.by_hand}]}}'}  # fmt: skip
STAYS = '{"source": ["teapot.refunds"], "detail": {"refund": [{"anything-but": ex.by_hand}]}}'
AWAY = """
events.remove_targets(Rule="again", EventBusName="teapot", Ids=["payments"])
events.delete_rule(Name="again", EventBusName="teapot")
"""
BY_HAND = (
    CLIENTS
    + """
from labkit.course.checks.c11_buses_schedules_and_schemas.world import refunds
for one in refunds(facts):
    if one.owed:
        boto3.client("sqs").send_message(
            QueueUrl=boto3.client("sqs").get_queue_url(QueueName="payments")["QueueUrl"],
            MessageBody=json.dumps({"refund": one.id, "amount": 12.5}))
"""
)


def shapes(
    pattern='{"source": ["aws.schemas"], "detail-type": ["Schema Version Created"], '
    '"detail": {"SchemaName": ["teapot.shop@OrderPlaced"]}}',
    bus="default",
    discoverer="schemas.create_discoverer(SourceArn=ex.bus)\n",
    after="",
):
    """A discoverer, and a rule that leads to Tomas."""
    return (
        CLIENTS
        + discoverer
        + (
            f'events.put_rule(Name="shapes", EventBusName="{bus}", EventPattern=json.dumps(\n'
            f"    {pattern}))\n"
            f'events.put_targets(Rule="shapes", EventBusName="{bus}", Targets=[\n'
            '    {"Id": "tomas", "Arn": ex.topic}])\n'
        )
        + after
    )


RENAMED = (
    '{"source": ["teapot.shop"], "detail-type": ["Order Placed"], '
    '"detail": {"total": [{"exists": False}]}}'
)

ANSWERS = [
    # -- 1: a year of reports
    Answer("nothing at all", 1, UNTOUCHED, ("the account has no schedule",)),
    Answer(
        "looked around only", 1, UNTOUCHED, ("Nothing has been built yet",),
        'ex.lab.eventbridge.view_schedule("cron(0 9 1W * ? *)", zone=ex.zone)',
    ),
    Answer("scheduler with a zone", 1, PASSED, ("12 of 12", "through both changes", "`1W`"),
           report() + again() + shapes()),
    Answer(
        "two rules in utc", 1, PASSED, ("12 of 12", "as long as nobody changes"),
        rule("winter", "cron({minute} {winter} 1W 11,12,1-3 ? *)")
        + rule("summer", "cron({minute} {summer} 1W 4-10 ? *)"),
    ),
    Answer(
        "a rule in utc", 1, NOT_YET,
        ("5 of 12", "60 minutes late", "7 reports", "In which time zone"),
        rule("report", "cron({minute} {winter} 1W * ? *)"),
    ),
    Answer("scheduler without a zone", 1, NOT_YET, ("0 of 12", "120 minutes late"),
           report(zone="")),
    Answer(
        "the first, whatever day", 1, NOT_YET,
        ("10 of 12", "Sat 01 Aug 2026", "nobody is in the office", "no working day"),
        report("cron({minute} {hour} 1 * ? *)"),
    ),
    Answer(
        "the first monday", 1, NOT_YET, ("it came on Mon 06 Apr 2026", "nearest to the first"),
        report("cron({minute} {hour} ? * 2#1 *)"),
    ),
    Answer(
        "every working day", 1, NOT_YET, ("22 reports came", "How often does the expression"),
        report("cron({minute} {hour} ? * MON-FRI *)"),
    ),
    Answer("switched off", 1, NOT_YET, ("nothing came", "disabled"), report(state="DISABLED")),
    Answer(
        "both day fields", 1, BROKEN,
        ("CreateSchedule was refused", "ValidationException", "exactly one of the two day fields"),
        "try:\n    " + report("cron({minute} {hour} 1 * MON-FRI *)").replace("\n", "\n    ")
        + "\nexcept Exception:\n    pass",
    ),
    # -- 2: refunds
    Answer("nothing at all", 2, UNTOUCHED, ("12 refunds of Tuesday are not paid",)),
    Answer("a rule for the replay", 2, PASSED, ("12 lost refunds came back", "no second letter"),
           again()),
    Answer("the old rule leaves three out", 2, PASSED, ("paid once",), again(**OLD)),
    Answer("a rule that goes again", 2, PASSED, ("paid once",), again(pattern=STAYS, after=AWAY)),
    Answer("messages by hand", 2, PASSED, ("paid once", "put yourself"), BY_HAND),
    Answer(
        "to all rules", 2, NOT_YET, ("second letter", "`letters` heard", "To which rules"),
        again(to=""),
    ),
    Answer(
        "the end is inclusive", 2, NOT_YET, ("asked for at 12:00:00", "exclusive", "Until when"),
        again(end="12, 0"),
    ),
    Answer(
        "the new archive", 2, NOT_YET, ("12 refunds of Tuesday", "Which archive was there"),
        again(archive='"refunds-new"'),
    ),
    Answer(
        "the whole day", 2, NOT_YET, ("are paid twice", "had been paid before you came"),
        again(start="6, 0", end="18, 0"),
    ),
    Answer(
        "lenas three again", 2, NOT_YET, ("paid by Lena's hand", "all of a replay but these three"),
        again(pattern='{"source": ["teapot.refunds"], "replay-name": [{"exists": True}]}'),
    ),
    Answer(
        "a rule that stays", 2, NOT_YET, ("Tomorrow's refunds", "paid 2 times each"),
        again(pattern=STAYS),
    ),
    Answer(
        "replayed twice", 2, NOT_YET, ("are paid twice",),
        again() + again(replay="once-more"),
    ),
    Answer(
        "another bus", 2, BROKEN, ("StartReplay was refused", "the bus from which"),
        "try:\n    " + again(to="").replace("ex.bus", 'ex.bus.replace("teapot", "default")')
        .replace("\n", "\n    ") + "\nexcept Exception:\n    pass",
    ),
    # -- 3: shapes
    Answer("nothing at all", 3, UNTOUCHED, ("nobody looks at the shapes",)),
    Answer("discovered and told", 3, PASSED, ("3 changes of an order's shape, 3 e-mails",),
           shapes()),
    Answer(
        "by the resource", 3, PASSED, ("3 e-mails",),
        shapes('{"source": ["aws.schemas"], "detail-type": ["Schema Version Created"], '
               '"resources": [{"wildcard": "*OrderPlaced"}], '
               '"detail": {"Version": [{"anything-but": "1"}]}}'),
    ),
    Answer("a discoverer alone", 3, NOT_YET, ("has a new version, and no rule",),
           CLIENTS + "schemas.create_discoverer(SourceArn=ex.bus)"),
    Answer("a rule alone", 3, NOT_YET, ("nothing looks at the shape", "Who writes down"),
           shapes(discoverer="")),
    Answer(
        "all versions", 3, NOT_YET, ("came for it", "teapot.shop@CartChanged", "Whose shape"),
        shapes('{"source": ["aws.schemas"], "detail-type": ["Schema Version Created"]}'),
    ),
    Answer("on the shops bus", 3, NOT_YET, ("Onto which bus",), shapes(bus="teapot")),
    Answer("only new schemas", 3, NOT_YET, ("by which detail-type",),
           shapes('{"source": ["aws.schemas"], "detail-type": ["Schema Created"]}')),
    Answer(
        "orders without a total", 3, NOT_YET, ("none that your rule waits for",),
        shapes(RENAMED, "teapot", discoverer=""),
    ),
    Answer(
        "stopped", 3, NOT_YET, ("stopped", "No e-mail"),
        shapes(after='schemas.stop_discoverer(DiscovererId='
                     'schemas.list_discoverers()["Discoverers"][0]["DiscovererId"])'),
    ),
]  # fmt: skip
