"""Exercise 16: the rules of an audit pipeline, and the weekly list."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

HEAD = """import json
events = boto3.client("events", region_name="us-east-1")

def rule(name, source, detail, pattern=None):
    detail = {"errorCode": [{"exists": False}], **detail}
    detail = {key: value for key, value in detail.items() if value}
    events.put_rule(Name=name, EventPattern=json.dumps(
        pattern or {"source": [source], "detail": detail}))
    events.put_targets(Rule=name, Targets=[{"Id": "priya", "Arn": ex.topic, "InputTransformer": {
        "InputPathsMap": {"call": "$.detail.eventName", "who": "$.detail.userIdentity.arn"},
        "InputTemplate": '"<call> by <who>"'}}])
"""
TABLES = (
    'rule("tables", "aws.dynamodb", {"eventName": ["DeleteTable"], '
    '"requestParameters": {"tableName": [{"suffix": "-prod"}]}, '
    '"userIdentity": {"arn": [{"anything-but": {"prefix": ex.cleanup}}]}})\n'
)
SSH = (
    'rule("ssh", "aws.ec2", {"eventName": ["AuthorizeSecurityGroupIngress"], '
    '"requestParameters": {"ipPermissions": {"items": {"fromPort": [22], '
    '"ipRanges": {"items": {"cidrIp": ["0.0.0.0/0"]}}}}}})\n'
)
TRAIL = 'rule("trail", "aws.cloudtrail", {"eventName": ["StopLogging", "DeleteTrail"]})\n'
RULES = (
    'rule("rules", "aws.events", {"eventName": ["DisableRule", "DeleteRule", "RemoveTargets"]})\n'
)


def rules(tables=TABLES, ssh=SSH, trail=TRAIL, silence=RULES, head=HEAD):
    """The worked solution's rules, with something changed."""
    return head + tables + ssh + trail + silence


#: The four in one.
ONE_RULE = HEAD + (
    'rule("all", "", {}, {"detail": {"errorCode": [{"exists": False}], "$or": ['
    '{"eventSource": ["dynamodb.amazonaws.com"], "eventName": ["DeleteTable"], '
    '"requestParameters": {"tableName": [{"wildcard": "*-prod"}]}, '
    '"userIdentity": {"arn": [{"anything-but": {"wildcard": ex.cleanup + "*"}}]}}, '
    '{"eventSource": ["ec2.amazonaws.com"], "eventName": ["AuthorizeSecurityGroupIngress"], '
    '"requestParameters": {"ipPermissions": {"items": {"fromPort": [22], '
    '"ipRanges": {"items": {"cidrIp": ["0.0.0.0/0"]}}}}}}, '
    '{"eventSource": ["cloudtrail.amazonaws.com"], "eventName": ["StopLogging", "DeleteTrail"]}, '
    '{"eventSource": ["events.amazonaws.com"], '
    '"eventName": ["DisableRule", "DeleteRule", "RemoveTargets"]}]}})\n'
)

WEEKLY = """
@ex.deliver
def weekly(first, last):
    return f'''
        SELECT useridentity.arn AS who, eventname, count(*) AS n FROM cloudtrail_logs
        WHERE errorcode IN ('AccessDenied', 'Client.UnauthorizedOperation')
          AND day BETWEEN '{first}' AND '{last}'
        GROUP BY useridentity.arn, eventname ORDER BY n DESC'''
"""

ANSWERS = [
    # -- 1: a week of calls
    Answer("nothing at all", 1, UNTOUCHED, ("there is no rule in us-east-1", "`ex.sample`")),
    Answer("four rules", 1, PASSED, ("24 calls, 10 of them", "10 lines came"), rules() + WEEKLY),
    Answer("one rule with $or", 1, PASSED, ("10 lines came",), ONE_RULE),
    Answer(
        "refused calls too", 1, NOT_YET,
        ("An e-mail was sent", "differ from one of a call that went well"),
        rules(head=HEAD.replace('{"errorCode": [{"exists": False}], **detail}', "dict(detail)")),
    ),
    Answer(
        "nobody watches the trail", 1, NOT_YET,
        ("StopLogging; after that, silence", "before you go blind"),
        rules(trail=TRAIL.replace('"StopLogging", ', "")),
    ),
    Answer(
        "nobody watches the rules", 1, NOT_YET, ("silence your rules",), rules(silence=""),
    ),
    Answer(
        "the name of the call and nothing else", 1, NOT_YET,
        ("An e-mail was sent: \"DeleteRule by", "chiara-ci deletes a rule of a load balancer"),
        rules(silence='rule("rules", "", {}, {"detail": {"errorCode": [{"exists": False}], '
              '"eventName": ["DisableRule", "DeleteRule", "RemoveTargets"]}})\n'),
    ),
    Answer(
        "the clean-up by its role's name", 1, NOT_YET,
        ("mara deletes the table", "userIdentity.sessionContext.sessionIssuer.userName"),
        rules(tables=TABLES.replace(
            '{"arn": [{"anything-but": {"prefix": ex.cleanup}}]}',
            '{"sessionContext": {"sessionIssuer": {"userName": [{"anything-but": '
            'ex.cleanup.split("/")[1]}]}}}')),
    ),
    Answer(
        "the clean-up as well", 1, NOT_YET, ("deletes the table `drill-prod`",),
        rules(tables=TABLES.replace(
            '"userIdentity": {"arn": [{"anything-but": {"prefix": ex.cleanup}}]}', "")),
    ),
    Answer(
        "any address", 1, NOT_YET, ("in one and the same permission",),
        rules(ssh=SSH.replace(', "ipRanges": {"items": {"cidrIp": ["0.0.0.0/0"]}}', "")),
    ),
    Answer(
        "any port", 1, NOT_YET, ("opens port 443 to the world", "in one and the same permission"),
        rules(ssh=SSH.replace('"fromPort": [22], ', "")),
    ),
    Answer(
        "the tables of the sample", 1, NOT_YET, ("Nearest is `tables`", "tableName"),
        rules(tables=TABLES.replace('{"suffix": "-prod"}', '"stock-prod", "carts-prod"')),
    ),
    Answer(
        "raw events", 1, NOT_YET, ("Priya asked for one line",),
        rules(head=HEAD.replace(
            '"Arn": ex.topic, "InputTransformer": {\n        "InputPathsMap": {"call": '
            '"$.detail.eventName", "who": "$.detail.userIdentity.arn"},\n        '
            '"InputTemplate": \'"<call> by <who>"\'}}', '"Arn": ex.topic}')),
    ),
    Answer(
        "who is a user's name", 1, NOT_YET, ("The line does not say `tomas`",),
        rules(head=HEAD.replace("userIdentity.arn", "userIdentity.userName")),
    ),
    # -- 2: the weekly list
    Answer("nothing handed in", 2, UNTOUCHED, ("No query has been handed in yet",)),
    Answer("by partition", 2, PASSED, ("the list is Priya's", "$5 a TB"), WEEKLY),
    Answer(
        "by time, the whole bucket", 2, PASSED, ("would have read that week alone",),
        WEEKLY.replace("day BETWEEN '{first}' AND '{last}'",
                       "substr(eventtime, 1, 10) BETWEEN '{first.replace(\"/\", \"-\")}' "
                       "AND '{last.replace(\"/\", \"-\")}'"),
    ),
    Answer(
        "every error", 2, NOT_YET, ("The week's other errors", "ResourceNotFoundException"),
        WEEKLY.replace("errorcode IN ('AccessDenied', 'Client.UnauthorizedOperation')",
                       "errorcode IS NOT NULL"),
    ),
    Answer(
        "one of the codes", 2, NOT_YET, ("Under which error codes do services refuse",),
        WEEKLY.replace(", 'Client.UnauthorizedOperation'", ""),
    ),
    Answer(
        "one Region", 2, NOT_YET, ("in which Regions did people work",),
        WEEKLY.replace("WHERE", "WHERE region = 'us-east-1' AND"),
    ),
    Answer(
        "all weeks", 2, NOT_YET, ("Does every row of yours lie in the week",),
        WEEKLY.replace("AND day BETWEEN '{first}' AND '{last}'", ""),
    ),
    Answer(
        "by user name", 2, NOT_YET, ("without a name", "do roles and users both have"),
        WEEKLY.replace("useridentity.arn", "useridentity.username"),
    ),
    Answer(
        "least first", 2, NOT_YET, ("their order is not", "on top of the list"),
        WEEKLY.replace(" DESC", ""),
    ),
    Answer(
        "a column too many", 2, NOT_YET, ("has 4 columns",),
        WEEKLY.replace("eventname, count", "eventname, max(eventtime), count"),
    ),
    Answer(
        "a text for a boolean", 2, BROKEN, ("Athena refused", "every column of the table is text"),
        WEEKLY.replace("WHERE", "WHERE readonly = false AND"),
    ),
    Answer(
        "no query", 2, NOT_YET, ("no query", "returned NoneType"),
        "@ex.deliver\ndef weekly(first, last):\n    pass",
    ),
]  # fmt: skip
