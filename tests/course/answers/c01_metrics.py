"""Exercise 01: what learners publish."""

from textwrap import dedent, indent

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer


def publish(body, before=""):
    """The cell of a learner whose function has this body."""
    return (
        "from collections import Counter\n"
        "from datetime import timedelta\n"
        'cloudwatch = boto3.client("cloudwatch")\n'
        f"{dedent(before)}"
        "@ex.deliver\n"
        "def publish(logins, now):\n"
        f"{indent(dedent(body).strip(), '    ')}\n"
    )


def counting(
    minute='login["at"].replace(second=0)',
    keep='login["at"] > now - timedelta(days=14)',
    keys="(shop, None)",
    timestamp="minute",
    value="n",
    namespace="ex.namespace",
    dimensions='[{"Name": "shop", "Value": shop}] if shop else []',
):
    """The worked solution with one thing changed."""
    return publish(f"""
        counts = Counter()
        for login in logins:
            if {keep}:
                minute, shop = {minute}, login["shop"]
                for key in {keys}:
                    counts[minute, key] += 1
        data = [{{"MetricName": "Logins", "Timestamp": {timestamp}, "Value": {value},
                 "Dimensions": {dimensions}}} for (minute, shop), n in counts.items()]
        if data:
            cloudwatch.put_metric_data(Namespace={namespace}, MetricData=data)
        """)


def one_by_one(dimensions='[{"Name": "shop", "Value": login["shop"]}]', total=True):
    """A call for each login."""
    return publish(f"""
        for login in logins:
            if login["at"] > now - timedelta(days=14):
                one = {{"MetricName": "Logins", "Timestamp": login["at"], "Value": 1}}
                cloudwatch.put_metric_data(Namespace=ex.namespace, MetricData=[
                    {{**one, "Dimensions": {dimensions}}}, *([one] if {total} else [])])
        """)


def one_datum_each(dimensions, name='"Logins"'):
    """A call a minute, a datum for each login beside one without dimensions."""
    return publish(f"""
        data = []
        for login in logins:
            if login["at"] > now - timedelta(days=14):
                one = {{"MetricName": {name}, "Timestamp": login["at"], "Value": 1}}
                data += [one, {{**one, "Dimensions": {dimensions}}}]
        cloudwatch.put_metric_data(Namespace=ex.namespace, MetricData=data)
        """)


EVERY_KEY = '[{"Name": k, "Value": login[k]} for k in ("shop", "version", "session_id")]'
RIGHT = counting()
EMPTY = publish('"""Publish the logins of one minute."""')
NO_TOTAL = counting(keys="(shop,)")
NO_TIME = publish("""
    counts = Counter(key for login in logins for key in (login["shop"], None))
    for shop, n in counts.items():
        cloudwatch.put_metric_data(Namespace=ex.namespace, MetricData=[{
            "MetricName": "Logins", "Value": n,
            "Dimensions": [{"Name": "shop", "Value": shop}] if shop else []}])
    """)
SETS = publish("""
    good = [login for login in logins if login["at"] > now - timedelta(days=14)]
    counts = Counter((login["at"].replace(second=0), key)
                     for login in good for key in (login["shop"], None))
    for (minute, shop), n in counts.items():
        cloudwatch.put_metric_data(Namespace=ex.namespace, MetricData=[{
            "MetricName": "Logins", "Timestamp": minute,
            "StatisticValues": {"SampleCount": n, "Sum": n, "Minimum": 1, "Maximum": 1},
            "Dimensions": [{"Name": "shop", "Value": shop}] if shop else []}])
    """)
STOPS = publish("""
    for login in logins:
        one = {"MetricName": "Logins", "Timestamp": login["at"], "Value": 1}
        cloudwatch.put_metric_data(Namespace=ex.namespace, MetricData=[
            one, {**one, "Dimensions": [{"Name": "shop", "Value": login["shop"]}]}])
    """)
SWALLOWS = publish("""
    data = [{"MetricName": "Logins", "Timestamp": login["at"], "Value": 1,
             "Dimensions": [{"Name": "shop", "Value": key}] if key else []}
            for login in logins for key in (login["shop"], None)]
    try:
        cloudwatch.put_metric_data(Namespace=ex.namespace, MetricData=data)
    except cloudwatch.exceptions.ClientError:
        pass
    """)

ANSWERS = [
    # -- 1: every shop and the total can be read
    Answer("nothing delivered", 1, UNTOUCHED, ("Nothing has been handed in",)),
    Answer("an empty function", 1, UNTOUCHED, ("the account has no metric",), EMPTY),
    Answer("added up by minute", 1, PASSED, ("in the right minute", "$1.80 a month"), RIGHT),
    Answer("one call for each login", 1, PASSED, ("in the right minute",), one_by_one()),
    Answer("statistic sets", 1, PASSED, ("in the right minute",), SETS),
    Answer(
        "every key a dimension", 1, NOT_YET,
        ("graph of Dresden is empty", "{session_id, shop, version}", "How many words name one"),
        one_by_one(EVERY_KEY),
    ),
    Answer(
        "no total", 1, NOT_YET,
        ("total of all shops is empty", "CloudWatch adds nothing up for you", "each with {shop}"),
        NO_TOTAL,
    ),
    Answer(
        "the total under a shop called all", 1, NOT_YET,
        ("total of all shops is empty", "yours stands under shop=all"),
        counting(dimensions='[{"Name": "shop", "Value": shop or "all"}]'),
    ),
    Answer(
        "the total alone", 1, NOT_YET,
        ("graph of Dresden is empty", "no metric with that value", "no dimension"),
        counting(keys="(None,)"),
    ),
    Answer(
        "one for a whole minute", 1, NOT_YET,
        ("you stored 1.",), counting(value="1"),
    ),
    Answer(
        "every five minutes", 1, NOT_YET,
        ("spike of 09:53 is gone", "shortest spell"),
        counting(minute='login["at"].replace(second=0, minute=login["at"].minute // 5 * 5)'),
    ),
    Answer(
        "counted twice", 1, NOT_YET, ("counted more than once", "your metric says"),
        counting(value="2 * n"),
    ),
    Answer(
        "another namespace", 1, NOT_YET, ("there is no such metric", "`Logins` in `Teapot`"),
        counting(namespace='"Teapot"'),
    ),
    Answer(
        "a key that is not there", 1, BROKEN,
        ("KeyError: 'city'", 'line 8: `counts[login["city"]] += 1`', "its keys are what you have"),
        publish("""
            counts = Counter()
            for login in logins:
                counts[login["city"]] += 1
            """),
    ),
    Answer(
        "a reserved namespace", 1, BROKEN,
        ("PutMetricData answered InvalidParameterValue", "AWS/", "refuses a request as a whole"),
        counting(namespace='"AWS/Teapot"'),
    ),
    Answer(
        "the wrong signature", 1, BROKEN, ("TypeError", "publish(logins, now)"),
        "@ex.deliver\ndef publish(logins):\n    pass\n",
    ),
    # -- 2: at most twelve metrics in a day
    Answer("nothing delivered", 2, UNTOUCHED, ("Nothing has been handed in",)),
    Answer("added up by minute", 2, PASSED, ("6 metrics for", "$1.80 a month"), RIGHT),
    Answer(
        "one call for each login", 2, PASSED,
        ("6 metrics for", "Remark: 9,8", "One call a minute would be"), one_by_one(),
    ),
    Answer(
        "every key a dimension", 2, NOT_YET,
        ("metrics in one day", "The most come from `session_id`", "does anybody ever ask for"),
        one_datum_each(EVERY_KEY),
    ),
    Answer(
        "shop and version", 2, NOT_YET, ("16 metrics in one day", "`shop` 5, `version` 3"),
        one_datum_each('[{"Name": k, "Value": login[k]} for k in ("shop", "version")]'),
    ),
    Answer(
        "the hour as a dimension", 2, NOT_YET, ("the limit is 12", "The most come from `hour`"),
        counting(dimensions='[{"Name": "hour", "Value": str(minute.hour)}]'),
    ),
    Answer(
        "the version in the name", 2, NOT_YET, ("18 metrics in one day",),
        one_datum_each('[{"Name": "shop", "Value": login["shop"]}]', '"L-" + login["version"]'),
    ),
    # -- 3: late logins land in their own minute
    Answer("nothing delivered", 3, UNTOUCHED, ("Nothing has been handed in",)),
    Answer("added up by minute", 3, PASSED, ("221 of 221 late logins",), RIGHT),
    Answer("one call for each login", 3, PASSED, ("221 of 221 late logins",), one_by_one()),
    Answer(
        "no timestamp", 3, NOT_YET,
        ("Friday's 184 late logins appear on Monday 09:", "On Friday it says 0", "Which time"),
        NO_TIME,
    ),
    Answer(
        "now as the timestamp", 3, NOT_YET, ("late logins appear on Monday",),
        counting(timestamp="now"),
    ),
    Answer(
        "stops at the first that is too old", 3, NOT_YET,
        ("first record that is 15 days old, and lost", "answered InvalidParameterValue", "line 8"),
        STOPS,
    ),
    Answer(
        "swallows the refusal", 3, NOT_YET,
        ("One record too old, and 37 good ones are lost with it", "as a whole or not at all"),
        SWALLOWS,
    ),
    Answer(
        "no limit at all", 3, NOT_YET,
        ("lost 37 good ones", "answered InvalidParameterValue"), counting(keep="True"),
    ),
    Answer(
        "a week is enough", 3, NOT_YET,
        ("11 logins that CloudWatch would have taken are lost", "How far back"),
        counting(keep='login["at"] > now - timedelta(days=7)'),
    ),
    Answer(
        "late ones are dropped", 3, NOT_YET,
        ("221 late logins are nowhere", "three days ago"),
        counting(keep='login["at"] > now - timedelta(hours=1)'),
    ),
    Answer(
        "every key a dimension", 3, NOT_YET, ("Does check 1 pass",), one_by_one(EVERY_KEY, False)
    ),
]  # fmt: skip
