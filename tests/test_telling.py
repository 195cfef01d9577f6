"""A lab tells its day: calls, alarms, rules, e-mails, from what they remember."""

import json
from datetime import timedelta

from labkit.lab import Lab


def test_a_morning_tells_itself():
    with Lab(active=False) as lab:
        sns, events = lab.client("sns"), lab.client("events")
        topic = sns.create_topic(Name="on-call")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="mara@teapot.example")
        lab.mailbox[-1].confirm()
        lab.client("cloudwatch").put_metric_alarm(
            AlarmName="catalogue", Namespace="Shop", MetricName="Errors", Statistic="Sum",
            Dimensions=[{"Name": "service", "Value": "catalogue"}], Period=60, Threshold=100,
            EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
        )  # fmt: skip
        events.put_rule(Name="done", EventPattern=json.dumps({"source": ["teapot"]}))
        lab.shop.open()
        lab.user("jonas", "AdministratorAccess")
        begin = lab.now
        lab.people.deed("jonas", "iam", "CreateUser", at=begin + timedelta(minutes=8),
                        UserName="backup-2", region="us-east-1")  # fmt: skip
        lab.people.deed("lena", "iam", "DeleteUser", at=begin + timedelta(minutes=9),
                        UserName="backup-2")  # fmt: skip
        lab.shop.incident("failing", "catalogue", 30, start=begin + timedelta(minutes=5),
                          minutes=4)  # fmt: skip
        lab.advance(minutes=12)
        events.put_events(Entries=[{"Source": "teapot", "DetailType": "done", "Detail": "{}"}])
        lab.advance(minutes=2)
        drawn = lab.timeline(begin, also={"X-Ray": [(begin, "quiet")]})
        kinds = [(one["at"][11:16], one["kind"], one["row"]) for one in drawn.data["moments"]]
        assert kinds == [
            ("09:00", "note", "X-Ray"),
            ("09:06", "alarm", "alarm catalogue"),
            ("09:06", "mail", "e-mail to mara"),
            ("09:08", "call", "calls of jonas"),
            ("09:09", "refused", "calls of lena"),
            ("09:12", "rule", "rule done"),
        ]
        assert drawn.data["moments"][1]["until"].startswith("2026-01-05T09:10")
        assert "CreateUser backup-2" in str(drawn)
        few = lab.timeline(begin, calls=["DeleteUser"])
        assert [one["text"] for one in few.data["moments"] if one["kind"] in ("call", "refused")] \
            == ["DeleteUser backup-2: AccessDenied"]  # fmt: skip
