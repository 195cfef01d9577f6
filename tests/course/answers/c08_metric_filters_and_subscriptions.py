"""Exercise 08: metric filters and an alarm, a destination and two subscriptions, a consumer."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

HEAD = """import gzip, json
logs, cloudwatch = boto3.client("logs"), boto3.client("cloudwatch")
facts = ex._facts
client, till, limit = facts["loadtest"], facts["testtill"], facts["limit"]
"""
PATTERNS = (
    "WEB = '{ $.event = \"PaymentFailed\" && $.final IS TRUE && $.client != \"' + client + '\" }'\n"
    'TILL = "[time, till != " + till + ", level, event = PaymentFailed, kind = final, ...]"\n'
)
FILTERS = """
for group, pattern in ((ex.web, WEB), (ex.till, TILL)):
    logs.put_metric_filter(logGroupName=group, filterName="failed", filterPattern=pattern,
        metricTransformations=[{"metricName": "Failed", "metricNamespace": "Teapot",
                                "metricValue": "1", "defaultValue": 0}])
"""
ALARM = """
cloudwatch.put_metric_alarm(
    AlarmName="payments", Namespace="Teapot", MetricName="Failed", Statistic="Sum", Period=300,
    EvaluationPeriods=1, Threshold=limit, ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching", AlarmActions=[ex.topic])
"""
PAGE = HEAD + PATTERNS + FILTERS + ALARM


def page(patterns=PATTERNS, filters=FILTERS, alarm=ALARM):
    """The worked solution's first part, with something changed."""
    return HEAD + patterns + filters + alarm


def instead(pattern):
    """Both patterns in one's own words."""
    return f"WEB = TILL = {pattern!r}\n"


#: A metric for each group, and an alarm on their sum without gaps.
MATH = (
    HEAD + PATTERNS
    + FILTERS.replace('"Failed"', '"Failed" + group.replace("/", "-")')
    + """
def failed(id, group):
    return {"Id": id, "ReturnData": False, "MetricStat": {"Period": 300, "Stat": "Sum", "Metric": {
        "Namespace": "Teapot", "MetricName": "Failed" + group.replace("/", "-")}}}
cloudwatch.put_metric_alarm(
    AlarmName="payments", EvaluationPeriods=1, Threshold=limit, AlarmActions=[ex.topic],
    ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
    Metrics=[failed("web", ex.web), failed("till", ex.till),
             {"Id": "all", "Expression": "FILL(web, 0) + FILL(till, 0)", "ReturnData": True}])
"""
)  # fmt: skip

DESTINATION = """
hers = ex.lab.client("logs", account_id=ex.security)
arn = hers.put_destination(destinationName="failures", targetArn=ex.stream,
                           roleArn=ex.role)["destination"]["arn"]
"""
POLICY = """
hers.put_destination_policy(destinationName="failures", accessPolicy=json.dumps({
    "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": ex.lab.account},
        "Action": "logs:PutSubscriptionFilter", "Resource": arn}]}))
"""
ROOM = 'logs.delete_subscription_filter(logGroupName=ex.web, filterName="trial")\n'
SENDS = """
for group, pattern in ((ex.web, WEB), (ex.till, TILL)):
    logs.put_subscription_filter(logGroupName=group, filterName="to-priya",
                                 filterPattern=pattern, destinationArn=arn)
"""
COPY = HEAD + PATTERNS + DESTINATION + POLICY + ROOM + SENDS
REFUSED = "try:\n    {}\nexcept logs.exceptions.ClientError as refused:\n    print(refused)\n"


def copy(patterns=PATTERNS, policy=POLICY, room=ROOM, sends=SENDS):
    """The second part, with something changed."""
    return HEAD + patterns + DESTINATION + policy + room + sends


UNPACK = """
import gzip, json
@ex.deliver
def unpack(data):
    told = json.loads(gzip.decompress(data))
    if told["messageType"] != "DATA_MESSAGE":
        return []
    return [event["message"] for event in told["logEvents"]]
"""

ANSWERS = [
    # -- 1: who is woken
    Answer("nothing at all", 1, UNTOUCHED, ("neither group has a metric filter", "`ex.lines`")),
    Answer("two filters, one metric, Sum", 1, PASSED,
           ("Every burst heard", "14 episodes, 8 pages", "one metric $0.30"), PAGE + COPY + UNPACK),
    Answer("two metrics and their sum", 1, PASSED, ("Every burst heard",), MATH),
    Answer("without a default value", 1, PASSED, ("3 pages for one burst", "FILL(failures, 0)"),
           page(filters=FILTERS.replace(', "defaultValue": 0', ""))),
    Answer("the default treatment", 1, PASSED, ("turns to INSUFFICIENT_DATA",),
           page(alarm=ALARM.replace("notBreaching", "missing"))),
    Answer("the average", 1, NOT_YET, ("the Average of many ones is one", "average of fifty ones"),
           page(filters=FILTERS.replace(', "defaultValue": 0', ""),
                alarm=ALARM.replace("Sum", "Average"))),
    Answer("the word Failure", 1, NOT_YET,
           ("80 teas sold", "the name of a tea", "Glorious Failure"), page(instead("Failure"))),
    Answer("question marks beside a word", 1, NOT_YET,
           ("`?PaymentFailed ?final` does nothing",), page(instead("?PaymentFailed ?final load"))),
    Answer("whoever says PaymentFailed", 1, NOT_YET, ("kind *", "such as"),
           page(instead("PaymentFailed"))),
    Answer("in any case of letters", 1, NOT_YET, ("of kind *echo*", "how many lines say so"),
           page(PATTERNS.replace('"PaymentFailed"', "%[Pp]ayment[Ff]ailed%")
                .replace("= PaymentFailed", "= %[Pp]ayment[Ff]ailed%"))),
    Answer("the load test too", 1, NOT_YET, ("of kind *load test*", "the customer of this line"),
           page(PATTERNS.replace(" && $.client != \"' + client + '\"", ""))),
    Answer("retries too", 1, NOT_YET, ("of kind *tried again*", "anybody lost a payment"),
           page(PATTERNS.replace(" && $.final IS TRUE", "").replace("kind = final", "kind"))),
    Answer("as many columns as the first line", 1, NOT_YET,
           ("the pattern 7", "in every form in which they come"),
           page(PATTERNS.replace("...]", "order, amount]"))),
    Answer("one group", 1, NOT_YET, ("no filter of yours looks at that group",),
           page(filters=FILTERS.replace("(ex.web, WEB), (ex.till, TILL)", "(ex.web, WEB),"))),
    Answer("minutes, five of five", 1, NOT_YET, ("Sum over 60 s, 5 of 5", "how long is yours"),
           page(alarm=ALARM.replace("=300", "=60").replace("Periods=1", "Periods=5"))),
    Answer("half an hour", 1, NOT_YET, ("Sum over 1800 s", "within which time"),
           page(alarm=ALARM.replace("=300", "=1800"))),
    Answer("at or above", 1, NOT_YET, ("exactly 40 in five minutes",),
           page(alarm=ALARM.replace("GreaterThanT", "GreaterThanOrEqualToT"))),
    Answer("the number of samples", 1, NOT_YET, ("A zero that fills a minute is a sample",),
           page(alarm=ALARM.replace("Sum", "SampleCount"))),
    Answer("silence is bad", 1, NOT_YET, ("missing data as `breaching`", "What does silence mean"),
           page(alarm=ALARM.replace("notBreaching", "breaching"))),
    Answer("no action", 1, NOT_YET, ("No alarm has an action",),
           page(alarm=ALARM.replace(", AlarmActions=[ex.topic]", ""))),
    Answer("filters without an alarm", 1, NOT_YET, ("There is no alarm",), page(alarm="")),
    Answer("another metric's alarm", 1, NOT_YET, ("no filter of the two groups feeds that metric",),
           page(alarm=ALARM.replace('"Failed"', '"PaymentFailed"'))),
    # -- 2: what Priya has
    Answer("no destination", 2, UNTOUCHED, ("it has no destination", "in her account")),
    Answer("destination, policy, two filters", 2, PASSED,
           ("All 130 are there", "not one line more"), COPY),
    Answer("one filter twice", 2, PASSED, ("came more than once",),
           COPY + SENDS.replace("(ex.web, WEB), (ex.till, TILL)", "(ex.till, TILL),")
           .replace("to-priya", "again")),
    Answer("no policy", 2, NOT_YET, ("The destination has no policy", "Who has to say"),
           copy(policy="", sends=REFUSED.format(
               'logs.put_subscription_filter(logGroupName=ex.till, filterName="p", '
               "filterPattern=TILL, destinationArn=arn)"))),
    Answer("no filters", 2, NOT_YET, ("no group leads to it",), copy(sends="", room="")),
    Answer("the tills alone, since two is the limit", 2, NOT_YET,
           ("Web shop: 65 failures are not in Priya's stream",),
           copy(room="", sends=SENDS.replace("(ex.web, WEB), ", "").replace("TILL)", "TILL),"))),
    Answer("the wrong one went", 2, NOT_YET, ("Lena's search is empty", "nobody miss"),
           copy(room=ROOM.replace("trial", "to-search"))),
    Answer("everything goes", 2, NOT_YET, ("she did not ask for", "such as"),
           copy(PATTERNS + 'WEB = TILL = ""\n')),
    Answer("retries go too", 2, NOT_YET, ("of kind *tried again*",),
           copy(PATTERNS.replace(" && $.final IS TRUE", ""))),
    Answer("as many columns as the first line, sent", 2, NOT_YET, ("are missing, such as",),
           copy(PATTERNS.replace("...]", "order, amount]"))),
    # -- 3: what is in a record
    Answer("nothing handed in", 3, UNTOUCHED, ("No function has been handed in",)),
    Answer("gzip, JSON, messageType", 3, PASSED, ("5 records, 17 lines",), UNPACK),
    Answer("a tuple", 3, PASSED, ("5 records, 17 lines",),
           UNPACK.replace("return [event", "return tuple(event").replace('"logEvents"]]',
                                                                         '"logEvents"])')),
    Answer("no unzipping", 3, BROKEN, ("they begin with 1f 8b",),
           UNPACK.replace("gzip.decompress(data)", 'data.decode("utf-8")')),
    Answer("base64 first", 3, BROKEN, ("has taken that off already",),
           UNPACK.replace("gzip.decompress(data)",
                          "gzip.decompress(__import__('base64').b64decode(data, validate=True))")),
    Answer("control messages too", 3, NOT_YET, ("nobody wrote that line", "Who else writes"),
           UNPACK.replace('told["messageType"] != "DATA_MESSAGE"', "False")),
    Answer("nothing for a control message", 3, NOT_YET, ("returned NoneType",),
           UNPACK.replace("return []", "return None")),
    Answer("the first of each", 3, NOT_YET, ("there are 12", "come together in one record"),
           UNPACK.replace('told["logEvents"]]', 'told["logEvents"][:1]]')),
    Answer("events in place of lines", 3, NOT_YET, ("The list holds dicts",),
           UNPACK.replace('event["message"] for', "event for")),
]  # fmt: skip
