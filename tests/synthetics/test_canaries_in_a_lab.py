"""Canaries run by a lab: the shop as it is at the lab's present, calls of AWS by the role."""

import pytest
from canarykit import script

from labkit.synthetics import blueprints
from labkit.synthetics.engine.run import RunRequest

TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "lambda.amazonaws.com"}}]}'
)


def test_a_visit_finds_the_shop_as_it_is_now_and_ends_with_the_lab(lab):
    good = lab.shop.visit(blueprints.script("api"))
    assert (good.state, good.started_us) == ("PASSED", lab.world.clock.now_us)
    lab.shop.incident("page_empty", "api", minutes=5)
    asked = RunRequest("c", "r", blueprints.package(blueprints.script("api")), "canary.handler")
    during = lab.canary_runs.fingerprint(asked)
    bad = lab.shop.visit(blueprints.script("api"))
    assert bad.state_reason == "Step 'write' failed: Exception: the product is None, not 'sencha'"
    lab.advance(minutes=5)
    assert lab.canary_runs.fingerprint(asked) != during


@pytest.mark.long
def test_calls_of_aws_are_the_roles_and_its_policies_count(lab):
    iam = lab.client("iam")
    role = iam.create_role(RoleName="canary", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    text = script("import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\n"
                  "boto3.client('s3').list_buckets()")  # fmt: skip
    refused = lab.shop.visit(text, role_arn=role)
    assert ":assumed-role/canary/cwsyn-visit" in refused.log_lines[0]
    assert "AccessDenied" in refused.state_reason
    iam.attach_role_policy(
        RoleName="canary", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    assert lab.shop.visit(text, role_arn=role).passed
    alone = lab.shop.visit(text)
    assert "run without a lab" in alone.state_reason


@pytest.mark.long
@pytest.mark.browser
def test_the_notes_bad_morning_every_page_answers_and_nobody_can_pay(lab):
    lab.shop.incident("page_covered", "checkout")
    assert lab.shop.visit(blueprints.script("heartbeat")).passed
    flow = lab.shop.visit(blueprints.script("workflow"))
    assert flow.state_reason.startswith("Step 'pay' failed: ElementClickInterceptedException")
    assert flow.warm, "the second visit finds the first one's browser"
