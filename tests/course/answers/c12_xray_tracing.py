"""Exercise 12: three set-ups, sampling rules, and a function with the SDK."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

HEAD = """
iam, ecs, functions = (boto3.client(name) for name in ("iam", "ecs", "lambda"))
xray, facts = boto3.client("xray"), ex._facts
"""
EC2 = """
iam.attach_role_policy(RoleName=ex.role,
                       PolicyArn="arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess")
"""
ECS = """
old = ecs.describe_task_definition(taskDefinition=ex.task)["taskDefinition"]
shop, daemon = old["containerDefinitions"]
daemon["portMappings"] = [{"hostPort": 0, "containerPort": 2000, "protocol": "udp"}]
shop["environment"] = [{"name": "AWS_XRAY_DAEMON_ADDRESS", "value": daemon["name"] + ":2000"}]
shop["links"] = [daemon["name"]]
ecs.register_task_definition(family=ex.task, networkMode="bridge", taskRoleArn=old["taskRoleArn"],
                             containerDefinitions=[shop, daemon])
"""
LAMBDA = """
functions.update_function_configuration(FunctionName=ex.function, TracingConfig={"Mode": "Active"})
"""


def rule(name, priority, rate, reservoir=0, path="*", service="*"):
    """A call that makes a sampling rule."""
    return (
        "xray.create_sampling_rule(SamplingRule=dict(Version=1, HTTPMethod='*', Host='*', "
        f"ServiceType='*', ResourceARN='*', ServiceName={service!r}, RuleName={name!r}, "
        f"Priority={priority}, FixedRate={rate}, ReservoirSize={reservoir}, "
        f"URLPath={path!r}.replace('PAY', facts['path'])))\n"
    )


def default(rate, reservoir=0):
    """A call that changes Default."""
    return (
        "xray.update_sampling_rule(SamplingRuleUpdate=dict(RuleName='Default', "
        f"FixedRate={rate}, ReservoirSize={reservoir}))\n"
    )


PAY = rule("pay", 10, 1.0, 1, "PAY*")
RULES = PAY + default(0.001)

RECORD = """
@ex.deliver
def checkout(recorder, order, pay):
    with recorder.in_segment("checkout") as segment:
        segment.put_annotation(ex._facts["key"], order)
        return pay(order)
"""
BY_HAND = """
@ex.deliver
def checkout(recorder, order, pay):
    segment = recorder.begin_segment("checkout")
    try:
        recorder.put_annotation(ex._facts["key"], order)
        return pay(order)
    except Exception as error:
        segment.add_exception(error, [])
        raise
    finally:
        recorder.end_segment()
"""

ANSWERS = [
    # -- 1: who is heard
    Answer("nothing at all", 1, UNTOUCHED, ("as they were", "explain_setup")),
    Answer("policy, task, switch", 1, PASSED, ("All three are heard", "UDP tells nobody"),
           HEAD + EC2 + ECS + LAMBDA + RULES + RECORD),
    Answer("without telemetry", 1, PASSED, ("elemetry",),
           HEAD + ECS + LAMBDA + """
iam.put_role_policy(RoleName=ex.role, PolicyName="writes", PolicyDocument='''{
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]}''')
"""),
    Answer("everything but the policy", 1, NOT_YET,
           ("2 of 3 services", "cart on EC2", "who has to allow"), HEAD + ECS + LAMBDA),
    Answer("still tcp", 1, NOT_YET, ("checkout on ECS", "UDP"),
           HEAD + EC2 + LAMBDA + ECS.replace('"udp"', '"tcp"')),
    Answer("still at itself", 1, NOT_YET, ("checkout on ECS", "has its own address"),
           HEAD + EC2 + LAMBDA + ECS.replace('daemon["name"] + ":2000"', '"127.0.0.1:2000"')),
    Answer("no link", 1, NOT_YET, ("has no link to it",),
           HEAD + EC2 + LAMBDA + ECS.replace('shop["links"]', 'links')),
    Answer("the switch is off", 1, NOT_YET, ("shop-payment on Lambda", "what turns on"),
           HEAD + EC2 + ECS),
    # -- 2: what is traced
    Answer("no rule", 2, UNTOUCHED, ("No sampling rule",)),
    Answer("payments and a small default", 2, PASSED,
           ("All 1,200 payments", "decides, once, at the front"), HEAD + RULES),
    Answer("a rule for the rest", 2, PASSED, ("All 1,200 payments",),
           HEAD + PAY + rule("rest", 20, 0.001)),
    Answer("all of everything", 2, NOT_YET, ("1,200 of 1,200", "The other pages alone"),
           HEAD + default(1)),
    Answer("default as it came", 2, NOT_YET, ("The other pages alone", "by the rule Default"),
           HEAD + PAY),
    Answer("the reservoir stays", 2, NOT_YET, ("which part of the rule",),
           HEAD + PAY + default(0.0005, 1)),
    Answer("behind a catch-all", 2, NOT_YET, ("rule browse (priority 10) decided first",),
           HEAD + rule("browse", 10, 0.001) + rule("pay", 20, 1.0, 1, "PAY*")),
    Answer("at the payment service", 2, NOT_YET, ("at the front end, before your rule pay",),
           HEAD + rule("pay", 10, 1.0, 1, "PAY*", "shop-payment") + default(0.001)),
    Answer("one path alone", 2, NOT_YET, ("/card",), HEAD + rule("pay", 10, 1.0, 1, "PAY")
           + default(0.001)),
    Answer("nothing of the rest", 2, NOT_YET, ("shows her life",), HEAD + PAY + default(0)),
    # -- 3: what is found
    Answer("nothing handed in", 3, UNTOUCHED, ("No function has been handed in",)),
    Answer("annotation inside with", 3, PASSED, ("3 orders", "is indexed"), RECORD),
    Answer("by hand", 3, PASSED, ("3 orders",), BY_HAND),
    Answer("metadata", 3, NOT_YET, ("finds 0 traces; 3 segments came",),
           RECORD.replace("put_annotation", "put_metadata")),
    Answer("a dash in the key", 3, NOT_YET, ("finds 0 traces", "which letters"),
           RECORD.replace('ex._facts["key"]', '"order-id"')),
    Answer("the error stays inside", 3, NOT_YET, ("believes that it was paid", "has to hear"),
           RECORD + RECORD.replace("return pay(order)", """try:
            return pay(order)
        except Exception as error:
            segment.add_exception(error, [])""")),
    Answer("the segment stays open", 3, NOT_YET, ("when the payment raises",), """
@ex.deliver
def checkout(recorder, order, pay):
    recorder.begin_segment("checkout")
    recorder.put_annotation(ex._facts["key"], order)
    paid = pay(order)
    recorder.end_segment()
    return paid
"""),
    Answer("no fault", 3, NOT_YET, ("calls it a success",), """
@ex.deliver
def checkout(recorder, order, pay):
    with recorder.in_segment("checkout") as segment:
        segment.put_annotation(ex._facts["key"], order)
    return pay(order)
"""),
    Answer("nothing returned", 3, NOT_YET, ("returned None",),
           RECORD.replace("return pay(order)", "pay(order)")),
    Answer("no segment", 3, BROKEN, ("nothing is open here",), """
@ex.deliver
def checkout(recorder, order, pay):
    with recorder.in_subsegment("checkout") as segment:
        segment.put_annotation(ex._facts["key"], order)
        return pay(order)
"""),
]  # fmt: skip
