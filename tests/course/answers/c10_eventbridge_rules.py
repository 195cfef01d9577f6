"""Exercise 10: the rules that learners write for Priya, and what arrives in her mailbox."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

HEAD = """import json
prod = [i for name, i in ex.machines.items() if name.startswith("prod-")]

def put(region, name, pattern, **more):
    boto3.client("events", region_name=region).put_rule(
        Name=name, EventPattern=json.dumps(pattern), **more)
"""
ROOT = (
    '{"detail-type": ["AWS Console Sign In via CloudTrail"], '
    '"detail": {"userIdentity": {"type": ["Root"]}}}'
)
MACHINE = (
    '{"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"], '
    '"detail": {"instance-id": prod, "state": ["stopped", "terminated"]}}'
)
OBJECT = (
    '{"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": '
    '[ex.bucket]}, "object": {"key": [{"prefix": "exports/"}], '
    '"size": [{"numeric": [">", 104857600]}]}}}'
)
BUILD = (
    '{"source": ["aws.codebuild"], "detail-type": ["CodeBuild Build State Change"], '
    '"detail": {"project-name": [{"prefix": "prod-"}], "build-status": ["FAILED"]}}'
)


def rules(root=ROOT, machine=MACHINE, thing=OBJECT, build=BUILD, where='"us-east-1"', **more):
    """The worked solution's rules, with something changed; None leaves a rule out."""
    wanted = [
        (where, "root", root),
        ("ex.home", "down", machine),
        ("ex.home", "exports", thing),
        ("ex.home", "builds", build),
    ]
    lines = [f'put({region}, "{n}", {p}{more.get(n, "")})' for region, n, p in wanted if p]
    return HEAD + "\n".join(lines)


PERMIT = """
def permit(region, topic):
    boto3.client("sns", region_name=region).set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish", "Resource": topic}]}))

for region, topic in ex.topics.items():
    permit(region, topic)
"""
SWITCH = """
boto3.client("s3", region_name=ex.home).put_bucket_notification_configuration(
    Bucket=ex.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
"""
LINES = {
    "root": ('{"o": "$.detail.responseElements.ConsoleLogin"}', '"Root sign-in: <o>"'),
    "down": (
        '{"i": "$.detail.instance-id", "s": "$.detail.state"}',
        '"Production machine <i> is <s>"',
    ),
    "exports": ('{"k": "$.detail.object.key"}', '"A large export: <k>"'),
    "builds": ('{"p": "$.detail.project-name"}', '"The build of <p> failed"'),
}


def targets(raw=(), where='"us-east-1"', **changed):
    """The worked solution's targets, with something changed."""
    lines = []
    for name, (paths, template) in (LINES | changed).items():
        region = where if name == "root" else "ex.home"
        shape = (
            ""
            if name in raw
            else f', "InputTransformer": {{"InputPathsMap": {paths}, "InputTemplate": '
            f"{template!r}}}"
        )
        lines.append(
            f'boto3.client("events", region_name={region}).put_targets(Rule="{name}", '
            f'Targets=[{{"Id": "priya", "Arn": ex.topics[{region}]{shape}}}])'
        )
    return "\n".join(lines)


def whole(permit=PERMIT, switch=SWITCH, **more):
    """Everything: rules, switch, permission, targets."""
    return rules() + switch + permit + targets(**more)


#: One rule for the shop's Region.
ONE_RULE = HEAD + f'put("us-east-1", "root", {ROOT})\n' + (
    f'put(ex.home, "all", {{"$or": [{MACHINE}, {OBJECT}, {BUILD}]}})'
)  # fmt: skip

#: The same through a rule of one's own for each build and a Lambda-free constant for none.
TWICE = """
put(ex.home, "builds-2", {"source": ["aws.codebuild"], "detail-type":
    ["CodeBuild Build State Change"], "detail": {"project-name": [{"prefix": "prod-"}],
    "build-status": ["FAILED"]}})
boto3.client("events", region_name=ex.home).put_targets(Rule="builds-2", Targets=[{
    "Id": "priya", "Arn": ex.topics[ex.home], "InputTransformer": {
        "InputPathsMap": {"p": "$.detail.project-name"}, "InputTemplate": '"Look at <p>"'}}])
"""

#: Topics of the learner's own, with an e-mail that nobody confirmed.
UNCONFIRMED = """
for region in (ex.home, "us-east-1"):
    sns = boto3.client("sns", region_name=region)
    topic = sns.create_topic(Name="mine")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ex.address)
    ex.topics[region] = topic
"""

#: Topics of the learner's own, confirmed.
OWN_TOPICS = (
    UNCONFIRMED
    + """    ex.lab.mailbox[-1].confirm()
"""
)

#: Root's event goes on to the bus of the shop's Region, where one topic does for all.
ONE_TOPIC = """
role = boto3.client("iam").create_role(RoleName="sends-on", AssumeRolePolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "events.amazonaws.com"}}]}))["Role"]["Arn"]
bus = f"arn:aws:events:{ex.home}:{ex.lab.account}:event-bus/default"
boto3.client("iam").put_role_policy(RoleName="sends-on", PolicyName="put",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}]}))
boto3.client("events", region_name="us-east-1").put_targets(Rule="root", Targets=[
    {"Id": "home", "Arn": bus, "RoleArn": role}])
""" + (
    f'put(ex.home, "root-here", {ROOT})\n'
    'boto3.client("events", region_name=ex.home).put_targets(Rule="root-here", Targets=[{'
    '"Id": "priya", "Arn": ex.topics[ex.home], "InputTransformer": {"InputPathsMap": '
    '{"o": "$.detail.responseElements.ConsoleLogin"}, "InputTemplate": \'"Root: <o>"\'}}])'
)  # fmt: skip

ANSWERS = [
    # -- 1: sixty events
    Answer("nothing at all", 1, UNTOUCHED, ("there is no rule in", "none in us-east-1")),
    Answer(
        "looked around only", 1, UNTOUCHED, ("Nothing has been built yet",),
        'boto3.client("events").list_rules()\nex.lab.advance(minutes=5)',
    ),
    Answer(
        "four rules", 1, PASSED,
        ("60 of 60 events decided right: 18 passed, 42 did not", "a machine that is made tomorrow"),
        whole(),
    ),
    Answer("one rule with $or", 1, PASSED, ("60 of 60",), ONE_RULE),
    Answer(
        "by ARN and by event name", 1, PASSED, ("60 of 60",),
        rules(root='{"source": ["aws.signin"], "detail": {"eventName": ["ConsoleLogin"], '
              '"userIdentity": {"arn": [{"suffix": ":root"}]}}}'),
    ),
    Answer(
        "prod anywhere in the name", 1, NOT_YET,
        ("3 too many", "Build of", "`preprod-", "`builds` passed it", "begin with `prod-`"),
        rules(build=BUILD.replace('{"prefix": "prod-"}', '{"wildcard": "*prod-*"}')),
    ),
    Answer(
        "the states of the notes", 1, NOT_YET,
        ("4 missed", "went by `down`", '"starting", "terminating"', "Through which states"),
        rules(machine=MACHINE.replace('"stopped", "terminated"',
                                      '"starting", "terminating", "stopping"')),
    ),
    Answer(
        "all machines", 1, NOT_YET, ("`down` passed it", "names an instance and not its name"),
        rules(machine=MACHINE.replace('"instance-id": prod, ', "")),
    ),
    Answer(
        "all states", 1, NOT_YET, ("`down` passed it", "which of them say that it is down"),
        rules(machine=MACHINE.replace(', "state": ["stopped", "terminated"]', "")),
    ),
    Answer(
        "the size as a text", 1, NOT_YET,
        ("is a number in the event", 'you wrote "104857600"', "objects 10 of 15"),
        rules(thing=OBJECT.replace('{"numeric": [">", 104857600]}', '"104857600"')),
    ),
    Answer(
        "at least the limit", 1, NOT_YET,
        ("of 104,857,600 bytes is created", "`exports` passed it", "an object of exactly"),
        rules(thing=OBJECT.replace('">"', '">="')),
    ),
    Answer(
        "only what PutObject made", 1, NOT_YET, ("went by `exports`", "detail.reason"),
        rules(thing=OBJECT.replace('"bucket":', '"reason": ["PutObject"], "bucket":')),
    ),
    Answer(
        "exports anywhere in the key", 1, NOT_YET, ("`exports` passed it", "Where does the folder"),
        rules(thing=OBJECT.replace('{"prefix": "exports/"}', '{"wildcard": "*exports/*"}')),
    ),
    Answer(
        "successful sign-ins only", 1, NOT_YET,
        ("Root tries to sign in", "detail.responseElements.ConsoleLogin", 'found "Failure"'),
        rules(root=ROOT.replace('"detail": {', '"detail": {"responseElements": {"ConsoleLogin": '
                                '["Success"]}, ')),
    ),
    Answer(
        "root, whatever it does", 1, NOT_YET, ("`root` passed it", "share a field"),
        rules(root='{"detail": {"userIdentity": {"type": ["Root"]}}}'),
    ),
    Answer(
        "root in the shop's Region", 1, NOT_YET,
        ("went by `root`, whose pattern fits and which lives in", "In which Region"),
        rules(where="ex.home"),
    ),
    Answer(
        "all in us-east-1", 1, NOT_YET, ("lives in us-east-1", "47 of 60"),
        rules().replace("ex.home,", '"us-east-1",'),
    ),
    Answer(
        "objects through CloudTrail", 1, NOT_YET,
        ('wanted "AWS API Call via CloudTrail", found "Object Created"',),
        rules(thing='{"source": ["aws.s3"], "detail-type": ["AWS API Call via CloudTrail"], '
              '"detail": {"eventName": ["PutObject"]}}'),
    ),
    Answer(
        "sources only", 1, NOT_YET, ("too many", "root sign-ins 12 of 15", "machines 4 of 15"),
        rules('{"source": ["aws.signin"]}', '{"source": ["aws.ec2"]}', '{"source": ["aws.s3"]}',
              '{"source": ["aws.codebuild"]}'),
    ),
    Answer(
        "no rule for builds", 1, NOT_YET, ("no rule of yours waits for such events", "4 missed"),
        rules(build=None),
    ),
    Answer(
        "a rule that is off", 1, NOT_YET, ("which is disabled",),
        rules(builds=', State="DISABLED"'),
    ),
    Answer(
        "no list", 1, BROKEN,
        ("PutRule was refused", "InvalidEventPatternException", "every leaf is a list"),
        'try:\n    boto3.client("events").put_rule(\n        Name="x", '
        "EventPattern='{\"source\": \"aws.ec2\"}')\nexcept Exception:\n    pass",
    ),
    # -- 2: a day
    Answer("nothing at all", 2, UNTOUCHED, ("Nothing has been built yet",)),
    Answer(
        "a line for each", 2, PASSED,
        ("14 things happened, 7 of them worth an e-mail: 7 lines came", "Root sign-in: Failure"),
        whole(),
    ),
    Answer("topics of their own", 2, PASSED, ("7 lines came",), rules() + SWITCH + OWN_TOPICS
           + PERMIT + targets()),
    Answer(
        "a JSON string for a line", 2, PASSED, ("7 lines came",),
        whole(builds=('{"p": "$.detail.project-name", "t": "$.time"}', '"<t>: build <p> FAILED"')),
    ),
    Answer(
        "one topic, root's event sent on", 2, PASSED, ("7 lines came", '"Root: Failure"'),
        rules() + SWITCH + PERMIT + targets().partition("\n")[2] + ONE_TOPIC,
    ),
    Answer("rules and nothing else", 2, NOT_YET, ("invoked nothing: it has no target",), rules()),
    Answer(
        "no permission", 2, NOT_YET,
        ("`root` matched 1, invoked 1, failed 1", "Who has to allow EventBridge"),
        whole(permit="\n"),
    ),
    Answer(
        "raw events", 2, NOT_YET, ("Priya asked for one line", '{"version":"0"'),
        whole(raw=("root", "down", "exports", "builds")),
    ),
    Answer(
        "the bucket's switch is off", 2, NOT_YET, ("tells EventBridge nothing", "5 of 7 told"),
        whole(switch="\n"),
    ),
    Answer(
        "a path that is not there", 2, NOT_YET,
        ("The line does not say", '"Production machine is stopped"', "does each path of your map"),
        whole(down=('{"i": "$.detail.instanceId", "s": "$.detail.state"}',
                    '"Production machine <i> is <s>"')).replace("machine <i> is", "machine<i> is"),
    ),
    Answer(
        "the machine on its way", 2, NOT_YET, ("2 e-mails came for one", "which one is worth"),
        rules(machine=MACHINE.replace('"stopped",', '"stopping", "stopped",')) + SWITCH + PERMIT
        + targets(),
    ),
    Answer(
        "told twice", 2, NOT_YET, ("2 e-mails came for one thing", "How many rules pass"),
        whole() + TWICE,
    ),
    Answer(
        "nobody confirmed", 2, NOT_YET, ("the target took it, and no e-mail came",),
        rules() + SWITCH + UNCONFIRMED + PERMIT + targets(),
    ),
    Answer(
        "root in the shop's Region", 2, NOT_YET,
        ("no rule there matched it (MatchedEvents 0)", "where does that rule live"),
        rules(where="ex.home") + SWITCH + PERMIT + targets(where="ex.home"),
    ),
    Answer(
        "preproduction too", 2, NOT_YET, ("An e-mail was sent", "begin with `prod-`"),
        rules(build=BUILD.replace('{"prefix": "prod-"}', '{"wildcard": "*prod-*"}'))
        + SWITCH + PERMIT + targets(),
    ),
]  # fmt: skip
