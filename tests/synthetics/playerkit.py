"""Canaries over boto3 whose runs are played: what they go by, and how they are made."""

import io
import json
import zipfile

from labkit.synthetics.engine.run import (
    CANARY_FAILURE,
    Artifact,
    HttpCounts,
    RunMetric,
    RunResult,
    StepResult,
    fingerprint,
)

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
     "Action": "sts:AssumeRole"}]})  # fmt: skip
MAY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:PutObject", "cloudwatch:PutMetricData", "logs:*"],
     "Resource": "*"}]})  # fmt: skip


def package(text="def handler(event, context): pass\n"):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo("python/shop.py"), text)
    return held.getvalue()


class Player:
    """Stands for the runner: what a run finds is a function of the request."""

    def __init__(self):
        self.requests = []
        self.ending = lambda request: ""
        self.repeatable = True

    def run(self, request, site, *, serve=None, browsers=None):
        self.requests.append(request)
        why = self.ending(request)
        passed = not why
        percent = 100.0 if passed else 0.0
        report = f"SyntheticsReport-{'PASSED' if passed else 'FAILED'}.json"
        shown = (("CanaryName", request.canary),)
        return RunResult(
            passed, why, "" if passed else CANARY_FAILURE, "PASSED" if passed else "FAILED",
            request.now_us, 900.0,
            steps=(StepResult("home", "PASSED" if passed else "FAILED", 0, 500, "/", why,
                              ("01-home-loaded.png",)),),
            http=HttpCounts(2, 0, 0, 0),
            artifacts=(Artifact("01-home-loaded.png", b"png", "image/png"),
                       Artifact(report, b"{}", "application/json")),
            log_lines=("Start Canary", "End Canary"), took_picture=True,
            metrics=(RunMetric("SuccessPercent", percent, "Percent", shown),
                     RunMetric("Duration", 900.0, "Milliseconds", shown)),
            new_baseline={"01-home-loaded.png": b"png"},
            fingerprint=fingerprint(request, site), repeatable=self.repeatable,
        )  # fmt: skip


GOOD = {
    "Name": "shop",
    "Code": {"ZipFile": package(), "Handler": "shop.handler"},
    "ArtifactS3Location": "s3://results/shop",
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/canary",
    "Schedule": {"Expression": "rate(5 minutes)"},
    "RuntimeVersion": "syn-python-selenium-12.0",
}


def made(lab, synthetics, start=True, **more):
    synthetics.create_canary(**GOOD | more)
    lab.advance(seconds=20)
    if start:
        synthetics.start_canary(Name=GOOD["Name"])
        lab.advance(seconds=5)


def state(synthetics, name="shop"):
    return synthetics.get_canary(Name=name)["Canary"]["Status"]["State"]


def runs(synthetics, **more):
    return synthetics.get_canary_runs(Name="shop", **more)["CanaryRuns"]
