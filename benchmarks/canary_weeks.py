"""A virtual week of ten canaries: how long it takes, and how many of the runs are real ones.

``python -m benchmarks.canary_weeks`` prints seconds and counts as JSON; ``{}`` without Chromium.
Every five minutes each of ten canaries opens the shop's home page; on Wednesday its search is
broken for two hours.
"""

from __future__ import annotations

import json
from datetime import timedelta

from benchmarks.measure import once

CANARIES, DAYS = 10, 7
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
         "Action": "sts:AssumeRole"},
    ],
}  # fmt: skip
_MAY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:PutObject", "cloudwatch:PutMetricData", "logs:*"],
         "Resource": "*"},
    ],
}  # fmt: skip


def main() -> dict[str, float]:
    """Seconds of the week, runs, real runs."""
    import labkit
    from labkit.synthetics import blueprints
    from labkit.synthetics.runner.browsers import find

    if find() is None:
        return {}
    with labkit.Lab() as lab:
        lab.shop.open()
        lab.client("s3").create_bucket(Bucket="results")
        iam = lab.client("iam")
        iam.create_role(RoleName="canary", AssumeRolePolicyDocument=json.dumps(_TRUST))
        iam.put_role_policy(RoleName="canary", PolicyName="may", PolicyDocument=json.dumps(_MAY))
        synthetics = lab.client("synthetics")
        for number in range(CANARIES):
            url = f"https://shop.teapot.example/search?q={('tea', 'assam')[number % 2]}"
            synthetics.create_canary(
                Name=f"c{number}", RuntimeVersion="syn-python-selenium-12.0",
                Code={"ZipFile": blueprints.package(blueprints.script("heartbeat", URLS=[url])),
                      "Handler": blueprints.HANDLER},
                ArtifactS3Location=f"s3://results/c{number}",
                ExecutionRoleArn=f"arn:aws:iam::{lab.account}:role/canary",
                Schedule={"Expression": "rate(5 minutes)"},
            )  # fmt: skip
        lab.advance(seconds=20)
        for number in range(CANARIES):
            synthetics.start_canary(Name=f"c{number}")
        lab.shop.incident(
            "failing", "front", 100, start=lab.now + timedelta(days=2, hours=1), minutes=120
        )
        took = once(lambda: lab.advance(days=DAYS))
        memory = lab.synthetics.runs.memory
        return {"seconds": took, "runs": memory.real + memory.replayed, "real": memory.real}


if __name__ == "__main__":
    print(json.dumps(main()))
