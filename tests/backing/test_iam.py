"""IAM and STS: who is who, and whose key is it."""

import json

import pytest
from backing_bench import ACCOUNT, OTHER, REGION
from botocore.exceptions import ClientError

from labkit.backing.identity import issued_key
from labkit.core.call import Principal

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
READ = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
    }
)
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture()
def iam(bench):
    return bench.client("iam")


def test_users_groups_and_policies(iam):
    user = iam.create_user(UserName="anna", Path="/ops/")["User"]
    assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ops/anna"
    assert user["UserId"].startswith("AIDA") and len(user["UserId"]) == 21
    group = iam.create_group(GroupName="ops")["Group"]
    assert group["GroupId"].startswith("AGPA")
    iam.add_user_to_group(GroupName="ops", UserName="anna")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=json.dumps(document))
    assert iam.get_user_policy(UserName="anna", PolicyName="own")["PolicyDocument"] == document
    made = iam.create_policy(PolicyName="mine", PolicyDocument=json.dumps(document))["Policy"]
    iam.attach_user_policy(UserName="anna", PolicyArn=made["Arn"])
    attached = iam.list_attached_user_policies(UserName="anna")["AttachedPolicies"]
    assert attached == [{"PolicyName": "mine", "PolicyArn": made["Arn"]}]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="nobody")


def test_awss_own_policies_are_there(bench, iam):
    iam.create_user(UserName="anna")
    iam.attach_user_policy(UserName="anna", PolicyArn=ADMIN)
    version = iam.get_policy_version(PolicyArn=ADMIN, VersionId="v1")["PolicyVersion"]
    assert version["Document"]["Statement"][0]["Action"] == "*"
    assert iam.get_policy(PolicyArn=ADMIN)["Policy"]["AttachmentCount"] == 1
    assert len(iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]) == 1000
    assert iam.list_policies(Scope="Local")["Policies"] == []
    other = bench.client("iam", account=OTHER)
    assert other.get_policy(PolicyArn=ADMIN)["Policy"]["AttachmentCount"] == 0
    assert other.list_policies(OnlyAttached=True)["Policies"] == []


def test_their_order_does_not_depend_on_when_somebody_looked(make_bench):
    orders = []
    for look_first in (True, False):
        iam = make_bench().client("iam")
        if look_first:
            iam.list_policies()
        iam.create_policy(PolicyName="mine", PolicyDocument=READ)
        pages = [iam.list_policies(MaxItems=1000)]
        pages.append(iam.list_policies(MaxItems=1000, Marker=pages[0]["Marker"]))
        orders.append([p["PolicyName"] for page in pages for p in page["Policies"]])
    assert orders[0] == orders[1]
    assert orders[0][-1] == "mine"


def test_whose_key_it_is(bench, iam):
    user = iam.create_user(UserName="anna")["User"]
    key = iam.create_access_key(UserName="anna")["AccessKey"]
    found = issued_key(bench.world, key["AccessKeyId"])
    assert found.principal == Principal(
        kind="IAMUser",
        account=ACCOUNT,
        arn=user["Arn"],
        principal_id=user["UserId"],
        access_key_id=key["AccessKeyId"],
        name="anna",
    )
    assert found.secret_access_key == key["SecretAccessKey"]
    assert (found.active, found.expires_us, found.session_token) == (True, None, "")
    iam.update_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert not issued_key(bench.world, key["AccessKeyId"]).active
    iam.delete_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"])
    assert issued_key(bench.world, key["AccessKeyId"]) is None
    for stranger in ("AKIAIOSFODNN7EXAMPLE", "ASIANOTHINGOFTHESORT", "nonsense", ""):
        assert issued_key(bench.world, stranger) is None


def test_whose_session_it_is(bench):
    role = bench.client("iam", account=OTHER).create_role(
        RoleName="audit", Path="/sec/", AssumeRolePolicyDocument=TRUST
    )["Role"]
    given = bench.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="monday")
    key = given["Credentials"]
    found = issued_key(bench.world, key["AccessKeyId"])
    arn = f"arn:aws:sts::{OTHER}:assumed-role/audit/monday"
    assert found.principal == Principal(
        kind="AssumedRole",
        account=OTHER,
        arn=arn,
        principal_id=f"{role['RoleId']}:monday",
        access_key_id=key["AccessKeyId"],
        name="monday",
        issuer_arn=role["Arn"],
        issuer_id=role["RoleId"],
    )
    assert given["AssumedRoleUser"] == {"AssumedRoleId": f"{role['RoleId']}:monday", "Arn": arn}
    assert found.session_token == key["SessionToken"] and found.active
    assert found.expires_us == int(key["Expiration"].timestamp() * 1_000_000)
    bench.advance(3601)
    assert not issued_key(bench.world, key["AccessKeyId"]).active


def test_a_key_tells_sts_who_calls(bench, iam):
    user = iam.create_user(UserName="anna")["User"]
    key = iam.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]
    told = bench.client("sts", key=key).get_caller_identity()
    assert (told["Arn"], told["UserId"], told["Account"]) == (user["Arn"], user["UserId"], ACCOUNT)
    used = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert used["ServiceName"] == "sts"


def test_looking_for_a_key_loads_and_changes_nothing(make_bench):
    bench = make_bench()
    assert issued_key(bench.world, "AKIAIOSFODNN7EXAMPLE") is None
    with bench.world.held():
        from moto.iam.models import iam_backends

        assert dict(iam_backends) == {}


def test_a_role_that_nobody_made_keeps_its_id(bench):
    with bench.world.held():
        role = f"arn:aws:iam::{ACCOUNT}:role/none"
        made = bench.world.backend("sts", ACCOUNT, REGION).assume_role(
            REGION, "me", role, None, 900, None
        )
        assert made.user_id == made.user_id
        assert made.user_id.startswith("AROA") and made.user_id.endswith(":me")
        assert len(made.user_id.split(":")[0]) == 21


def test_a_wrong_call_is_iams_own_error(iam):
    with pytest.raises(ClientError) as caught:
        iam.attach_user_policy(UserName="nobody", PolicyArn=ADMIN)
    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"
