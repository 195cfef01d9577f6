"""Exercise 06: settings, shippers and exports of learners."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

HEAD = """import json
from datetime import datetime, timedelta, timezone
logs, kms, s3 = (boto3.client(n) for n in ("logs", "kms", "s3"))
facts = ex._facts
"""

# -- settings
LETS_IN = """
policy = json.loads(kms.get_key_policy(KeyId=ex.key, PolicyName="default")["Policy"])
policy["Statement"].append({
    "Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
    "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"], "Resource": "*",
    "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn":
        f"arn:aws:logs:us-east-1:{ex.lab.account}:log-group:/teapot/payments"}}})
kms.put_key_policy(KeyId=ex.key, PolicyName="default", Policy=json.dumps(policy))
"""
KEY = 'logs.associate_kms_key(logGroupName="/teapot/payments", kmsKeyId=ex.key)\n'
CAUGHT = f"try:\n    {KEY}except Exception:\n    pass\n"


def days(payments='facts["keep_days"]', debug='facts["debug_days"]'):
    """Retention of the two groups."""
    told = ""
    for group, number in (("payments", payments), ("debug", debug)):
        if number:
            told += (
                f'logs.put_retention_policy(logGroupName="/teapot/{group}", '
                f"retentionInDays={number})\n"
            )
    return told


def masks(*identifiers, account=False):
    """A data protection policy."""
    arns = [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in identifiers]
    call = (
        'logs.put_account_policy(policyName="mask", policyType="DATA_PROTECTION_POLICY", '
        'scope="ALL", policyDocument=document)\n'
        if account
        else 'logs.put_data_protection_policy(logGroupIdentifier="/teapot/payments", '
        "policyDocument=document)\n"
    )
    return f"""
document = json.dumps({{"Name": "mask", "Version": "2021-06-01", "Statement": [
    {{"Sid": "audit", "DataIdentifier": {arns},
      "Operation": {{"Audit": {{"FindingsDestination": {{}}}}}}}},
    {{"Sid": "mask", "DataIdentifier": {arns}, "Operation": {{"Deidentify":
        {{"MaskConfig": {{}}}}}}}}]}})
{call}"""


MASKS = masks("EmailAddress")


def keeping(retention=None, key=LETS_IN + KEY, masking=MASKS):
    """The settings, with something changed."""
    return HEAD + (days() if retention is None else retention) + key + masking


# -- a shipper
def ship(
    at='line["at"] - (ex.ahead[1] * 60_000 if machine == ex.ahead[0] else 0)',
    keep="True",
    order='events.sort(key=lambda one: one["timestamp"])',
    span='one["timestamp"] - batch[0]["timestamp"] > 86_400_000',
    size='len(one["message"].encode()) + 26',
    most="10_000",
    refused='max(info.get("tooOldLogEventEndIndex", 0), info.get("expiredLogEventEndIndex", 0))',
    returned="lost",
    stream="machine",
    guard=("", ""),
):
    """The worked solution with something changed."""
    begin, end = guard
    return (
        HEAD
        + f"""
@ex.deliver
def ship(lines):
    lost = 0

    def put(machine, batch):
        if not batch:
            return 0
        {begin}answer = logs.put_log_events(
            logGroupName=ex.group, logStreamName={stream}, logEvents=batch){end}
        info = answer.get("rejectedLogEventsInfo", {{}})
        new = len(batch) - info.get("tooNewLogEventStartIndex", len(batch))
        return {refused} + new

    for machine in sorted({{line["machine"] for line in lines}}):
        events = [{{"timestamp": {at}, "message": line["text"]}}
                  for line in lines if line["machine"] == machine and {keep}]
        {order}
        batch, held = [], 0
        for one in events:
            own = {size}
            if batch and ({span} or len(batch) == {most} or held + own > 1_048_576):
                lost += put(machine, batch)
                batch, held = [], 0
            batch.append(one)
            held += own
        lost += put(machine, batch)
    return {returned}
"""
    )


# -- exports
LETS_WRITE = """
source = {"Service": "logs.us-east-1.amazonaws.com"}
s3.put_bucket_policy(Bucket=ex.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": source, "Action": "s3:GetBucketAcl",
     "Resource": f"arn:aws:s3:::{ex.bucket}"},
    {"Effect": "Allow", "Principal": source, "Action": "s3:PutObject",
     "Resource": f"arn:aws:s3:::{ex.bucket}/*"}]}))
"""
RANGE = (
    "begin, end = (int(datetime(2025, 12, 8, tzinfo=timezone.utc).timestamp() * 1000), "
    "int(datetime(2026, 1, 8, 9, tzinfo=timezone.utc).timestamp() * 1000))\n"
)


def export(group, more="", wait="minutes=2"):
    """A task, and some time."""
    return (
        f'logs.create_export_task(logGroupName="/teapot/{group}", to=end, destination=ex.bucket, '
        f'**{{"from": begin}}{more})\n' + (f"ex.lab.advance({wait})\n" if wait else "")
    )


def exporting(wait="ex.lab.advance(hours=12)\n", policy=LETS_WRITE, tasks=None, ms=RANGE):
    """The worked solution with something changed."""
    return HEAD + policy + ms + wait + (tasks or export("checkout") + export("cart"))


BY_HAND = (
    HEAD
    + RANGE
    + """
for group in ("checkout", "cart"):
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/teapot/{group}", filterPattern="ERROR", startTime=begin, endTime=end)
    lines = [event["message"] for page in pages for event in page["events"]]
    s3.put_object(Bucket=ex.bucket, Key=f"{group}.txt", Body="\\n".join(lines).encode())
"""
)


def caught(code):
    """A cell whose error somebody caught."""
    return "try:\n    " + code.replace("\n", "\n    ") + "\nexcept Exception:\n    pass\n"


ANSWERS = [
    # -- 1: settings
    Answer("nothing at all", 1, UNTOUCHED, ("both groups keep their lines for ever",)),
    Answer("as asked", 1, PASSED, ("All 8 looks", "$1 a month", "data protection"),
           keeping() + ship() + exporting()),
    Answer("masked in the whole account", 1, PASSED, ("All 8 looks",),
           keeping(masking=masks("EmailAddress", account=True))),
    Answer("made anew with the key", 1, PASSED, ("All 8 looks",),
           keeping(key=LETS_IN + 'logs.delete_log_group(logGroupName="/teapot/payments")\n'
                   'logs.create_log_group(logGroupName="/teapot/payments", kmsKeyId=ex.key)\n'
                   + days(debug=""))),
    Answer("the group deleted", 1, NOT_YET, ("could not be read at all",),
           keeping() + 'logs.delete_log_group(logGroupName="/teapot/payments")'),
    Answer(
        "a year for 545 days", 1, NOT_YET,
        ("Day 544: the auditor asks for a line of 8 January 2026", "gone", "or nearly"),
        keeping(days(payments="365")),
    ),
    Answer("for ever", 1, NOT_YET, ("On day 546 the line is still in payments",),
           keeping(days(payments=""))),
    Answer("debug for ever", 1, NOT_YET, ("On day 6 the line is still in debug",),
           keeping(days(debug=""))),
    Answer("debug for a day", 1, NOT_YET, ("Day 4: Tomas looks for a line", "in debug; gone"),
           keeping(days(debug="1"))),
    Answer("no masks", 1, NOT_YET, ("lena.k@example.com", "does it hide?"), keeping(masking="")),
    Answer("the wrong masks", 1, NOT_YET, ("lena.k@example.com",),
           keeping(masking=masks("IpAddress"))),
    Answer("no key", 1, NOT_YET, ("lies under AWS's key", "From when on does a group use a key"),
           keeping(key="")),
    Answer(
        "nobody let the service in", 1, NOT_YET,
        ("AssociateKmsKey was refused: AccessDeniedException", "the key's policy"),
        keeping(key=CAUGHT),
    ),
    Answer(
        "another key", 1, NOT_YET, ("under AWS's key",),
        keeping(key=LETS_IN.replace("KeyId=ex.key", "KeyId=other").replace(
            "\npolicy =", '\nother = kms.create_key()["KeyMetadata"]["Arn"]\npolicy =', 1)
            + KEY.replace("ex.key", "other")),
    ),
    Answer("nothing but a refusal", 1, BROKEN, ("was refused", "does not let"),
           HEAD + CAUGHT),
    Answer("ten days", 1, BROKEN, ("PutRetentionPolicy", "Retention has 22 values"),
           HEAD + caught(days(payments="", debug="10"))),
    # -- 2: a shipper
    Answer("nothing handed in", 2, UNTOUCHED, ("No shipper has been handed in", "ship_today")),
    Answer("sorted and cut", 2, PASSED, ("12,592 of 12,592 lines arrived", "16 were too old"),
           ship()),
    Answer("the old ones counted beforehand", 2, PASSED, ("16 were too old",),
           ship(keep='line["at"] > ex.lab.now.timestamp() * 1000 - 6.9 * 86_400_000',
                returned='lost + sum(line["at"] <= ex.lab.now.timestamp() * 1000 - 6.9 * '
                '86_400_000 for line in lines)')),
    Answer("a call for each line", 2, PASSED, ("takes 10,000 lines in one",), ship(most="1")),
    Answer(
        "the clock believed", 2, NOT_YET,
        ("57 lines: PutLogEvents answered 200", "tooNewLogEventStartIndex", "time was it really"),
        ship(at='line["at"]'),
    ),
    Answer(
        "the clock cut off at now", 2, NOT_YET,
        ("do not stand at the time", "payment before cart"),
        ship(at='min(line["at"], int(ex.lab.now.timestamp() * 1000))'),
    ),
    Answer("everything stamped with now", 2, NOT_YET, ("do not stand at the time",),
           ship(at="int(ex.lab.now.timestamp() * 1000)", returned="16")),
    Answer("nobody told", 2, NOT_YET, ("16 lines were too old", "returned NoneType"),
           ship(returned="None")),
    Answer("too old alone", 2, NOT_YET, ("16 lines were too old", "told of"),
           ship(refused='info.get("tooOldLogEventEndIndex", 0)')),
    Answer("caught and forgotten", 2, NOT_YET, ("lost", "CloudWatch would have taken them"),
           ship(span="False", guard=("try:\n            ", "\n        except Exception:\n"
                                     "            return 0"))),
    Answer("the machine dropped", 2, NOT_YET, ("57 lines", "no call of yours names its stream"),
           ship(keep="machine != ex.ahead[0]")),
    Answer("all in one stream", 2, NOT_YET, ("lies in the stream", "one stream for"),
           ship(stream="ex.machines[0]")),
    Answer("sent twice", 2, NOT_YET, ("more than once",),
           ship(guard=("logs.put_log_events(logGroupName=ex.group, logStreamName=machine, "
                       "logEvents=batch)\n        ", ""))),
    Answer("not sorted", 2, BROKEN, ("chronological order", "refused a whole batch", "line "),
           ship(order="pass")),
    Answer("not cut at a day", 2, BROKEN, ("cannot span more than 24 hours",), ship(span="False")),
    Answer("signs for bytes", 2, BROKEN, ("Upload too large",),
           ship(size='len(one["message"]) + 26')),
    Answer("eleven thousand", 2, BROKEN, ("less than or equal to 10000",), ship(most="20_000")),
    # -- 3: an export
    Answer("nothing at all", 3, UNTOUCHED, ("the bucket `teapot-audit` is empty",)),
    Answer("twelve hours later", 3, PASSED, ("the ones of the last night", "takes no pattern"),
           exporting()),
    Answer("by hand", 3, PASSED, ("By hand it works", "to the last token"), BY_HAND),
    Answer(
        "at once", 3, NOT_YET,
        ("The newest one in the bucket is of", "From when on can a line"),
        exporting(wait=""),
    ),
    Answer(
        "both at once", 3, NOT_YET,
        ("No line of /teapot/cart", "LimitExceededException", "under way at one time"),
        exporting(tasks=export("checkout", wait="") + caught(export("cart"))),
    ),
    Answer("one of the groups", 3, NOT_YET, ("No line of /teapot/cart", "did Priya name"),
           exporting(tasks=export("checkout"))),
    Answer("friday noon", 3, NOT_YET, ("came after Friday noon", "have to begin"),
           exporting(wait="ex.lab.advance(hours=27)\n")),
    Answer("one machine", 3, NOT_YET, ("missing", "nothing of checkout/2 and checkout/3"),
           exporting(tasks=export("checkout", ', logStreamNamePrefix="checkout/1"')
                     + export("cart", ', logStreamNamePrefix="cart/1"'))),
    Answer("since new year", 3, NOT_YET, ("Which stretch of time", "Mon 8 Dec"),
           exporting(ms=RANGE.replace("2025, 12, 8", "2026, 1, 1"))),
    Answer("no policy", 3, BROKEN, ("CreateExportTask was refused", "its policy lets"),
           caught(exporting(policy=""))),
    Answer("in seconds", 3, BROKEN, ("CreateExportTask was refused", "milliseconds since 1970"),
           caught(exporting(ms=RANGE.replace(" * 1000", "")))),
]  # fmt: skip
