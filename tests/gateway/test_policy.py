"""The policy engine: AWS's evaluation logic, matching, conditions, documents that are none."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.core.call import Principal
from labkit.gateway.policy import (
    ALLOW,
    BOUNDARY,
    EXPLICIT,
    IDENTITY,
    IMPLICIT,
    MISS,
    RESOURCE,
    SESSION,
    Context,
    Policy,
    PolicyError,
    Request,
    decide,
    matches,
)

HERE, THERE = "123456789012", "210987654321"
ANNA = Principal("IAMUser", HERE, f"arn:aws:iam::{HERE}:user/anna", "AIDAANNA", name="anna")
ROOT = Principal("Root", HERE, f"arn:aws:iam::{HERE}:root", HERE, name="root")
AUDIT = f"arn:aws:iam::{HERE}:role/audit"
SESSION_OF_AUDIT = Principal(
    "AssumedRole",
    HERE,
    f"arn:aws:sts::{HERE}:assumed-role/audit/me",
    "AROAAUDIT:me",
    name="me",
    issuer_arn=AUDIT,
    issuer_id="AROAAUDIT",
)
SNS = Principal("AWSService", "", "", "", name="sns.amazonaws.com")
OBJECT = "arn:aws:s3:::teapot/docs/lid.txt"


def policy(*statements, name="p", version="2012-10-17"):
    return Policy.parse(name, {"Version": version, "Statement": list(statements)})


def allow(action="*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action="*", resource="*", **more):
    return {**allow(action, resource, **more), "Effect": "Deny"}


def to(*names, kind="AWS"):
    return {"Principal": {kind: list(names)}}


def ask(action="s3:GetObject", resource=OBJECT, who=ANNA, owner="", **keys):
    values = {key.replace("__", "/").replace("_", ":", 1): v for key, v in keys.items()}
    return Request(action, resource, who, Context(values), owner)


def verdict(request, identity=(), resource=None, boundary=None, **more):
    found = decide(request, identity, resource, boundary, **more)
    return found.value, found.because[0].rule, found.because[0].inputs.get("type")


# -- the order of the logic
def test_nothing_said_is_denied():
    assert verdict(ask()) == (False, IMPLICIT, IDENTITY)


def test_an_allow_is_enough_and_names_policy_and_sid():
    found = decide(ask(), [policy(allow(Sid="Reads"), name="files")])
    assert found.value
    assert found.because[0].rule == ALLOW
    assert found.because[0].inputs == {"type": IDENTITY, "policy": "files", "sid": "Reads"}
    assert "Reads of files" in str(found)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (IDENTITY, {"identity": [policy(allow()), policy(deny("s3:Get*"))]}),
        (RESOURCE, {"resource": policy(deny(**to("*")))}),
        (BOUNDARY, {"boundary": policy(allow(), deny("s3:*"))}),
        (SESSION, {"session": policy(allow(), deny(resource="arn:aws:s3:::teapot/*"))}),
    ],
)
def test_an_explicit_deny_anywhere_wins(kind, more):
    more = {"identity": [policy(allow())], **more}
    assert verdict(ask(who=SESSION_OF_AUDIT), **more) == (False, EXPLICIT, kind)


def test_a_deny_for_somebody_else_or_something_else_is_none():
    other = policy(deny(**to(f"arn:aws:iam::{HERE}:user/ben")), deny("s3:Put*", **to("*")))
    assert verdict(ask(), [policy(allow())], other)[0]


# who -> the principals of a bucket policy -> whether it allows by itself, in one account
@pytest.mark.parametrize(
    ("who", "principal", "allowed"),
    [
        (ANNA, {"AWS": ANNA.arn}, True),
        (ANNA, {"AWS": "AIDAANNA"}, True),
        (ANNA, "*", True),
        (ANNA, {"AWS": "*"}, True),
        (ANNA, {"AWS": f"arn:aws:iam::{HERE}:user/ben"}, False),
        (ANNA, {"AWS": HERE}, False),  # the account: its identity policies decide
        (ANNA, {"AWS": f"arn:aws:iam::{HERE}:root"}, False),
        (ANNA, {"Service": "sns.amazonaws.com"}, False),
        (SESSION_OF_AUDIT, {"AWS": AUDIT}, True),
        (SESSION_OF_AUDIT, {"AWS": [ANNA.arn, SESSION_OF_AUDIT.arn]}, True),
        (SESSION_OF_AUDIT, {"AWS": f"arn:aws:iam::{HERE}:role/other"}, False),
        (SNS, {"Service": "sns.amazonaws.com"}, True),
        (SNS, {"Service": ["events.amazonaws.com"]}, False),
        (SNS, "*", True),
        (ROOT, {"AWS": ANNA.arn}, True),
    ],
)
def test_what_a_resource_policy_gives_in_its_account(who, principal, allowed):
    given = policy({**allow("s3:GetObject", "arn:aws:s3:::teapot/*"), "Principal": principal})
    assert verdict(ask(who=who), resource=given)[0] is allowed


def test_an_account_as_principal_hands_it_to_the_identity_policies():
    given = policy(allow(**to(HERE)))
    assert verdict(ask(), [policy(allow("s3:GetObject"))], given)[0]


def test_not_principal_denies_everybody_else():
    guard = policy({**deny(), "NotPrincipal": {"AWS": [ANNA.arn, HERE]}})
    mine = [policy(allow())]
    assert verdict(ask(), mine, guard)[0]
    stranger = Principal("IAMUser", THERE, f"arn:aws:iam::{THERE}:user/x", "AIDAX", name="x")
    assert verdict(ask(who=stranger, owner=HERE), mine, guard) == (False, EXPLICIT, RESOURCE)


def test_a_resource_statement_without_principal_is_for_nobody():
    assert verdict(ask(), resource=policy(allow())) == (False, IMPLICIT, IDENTITY)


@pytest.mark.parametrize(
    ("identity", "resource", "wanted"),
    [
        (True, True, (True, ALLOW, IDENTITY)),
        (True, False, (False, IMPLICIT, RESOURCE)),
        (False, True, (False, IMPLICIT, IDENTITY)),
        (False, False, (False, IMPLICIT, IDENTITY)),
    ],
)
@pytest.mark.parametrize("named", [HERE, ANNA.arn])
def test_between_accounts_both_sides_must_allow(identity, resource, wanted, named):
    given = policy(allow(**to(named if resource else THERE)))
    mine = [policy(allow())] if identity else []
    assert verdict(ask(owner=THERE), mine, given) == wanted


def test_root_needs_no_policy_but_another_account_must_let_it_in():
    assert verdict(ask(who=ROOT))[0]
    assert verdict(ask(who=ROOT), resource=policy(deny(**to("*"))))[:2] == (False, EXPLICIT)
    assert verdict(ask(who=ROOT, owner=THERE)) == (False, IMPLICIT, RESOURCE)
    assert verdict(ask(who=ROOT, owner=THERE), resource=policy(allow(**to(HERE))))[0]


def test_a_boundary_gives_nothing_and_limits_what_identity_policies_give():
    only_ec2 = policy(allow("ec2:*"))
    assert verdict(ask(), boundary=policy(allow())) == (False, IMPLICIT, IDENTITY)
    assert verdict(ask(), [policy(allow())], boundary=only_ec2) == (False, IMPLICIT, BOUNDARY)
    assert verdict(ask("ec2:RunInstances"), [policy(allow())], boundary=only_ec2)[0]


@pytest.mark.parametrize(
    ("who", "named", "allowed"),
    [
        (ANNA, ANNA.arn, True),  # a user by name: not limited
        (SESSION_OF_AUDIT, SESSION_OF_AUDIT.arn, True),  # a session by name: not limited
        (SESSION_OF_AUDIT, AUDIT, False),  # the role: limited
    ],
)
def test_a_boundary_limits_what_a_resource_gives_to_a_role(who, named, allowed):
    given = policy(allow(**to(named)))
    assert verdict(ask(who=who), (), given, policy(allow("ec2:*")))[0] is allowed


def test_a_session_policy_limits():
    mine, little = [policy(allow())], policy(allow("s3:ListBucket"))
    request = ask(who=SESSION_OF_AUDIT)
    assert verdict(request, mine, session=little) == (False, IMPLICIT, SESSION)


@pytest.mark.parametrize(
    ("trusted", "identity", "allowed"),
    [
        (HERE, True, True),
        (HERE, False, False),
        (ANNA.arn, False, True),
        (THERE, True, False),
    ],
)
def test_a_trust_policy_must_allow_in_any_case(trusted, identity, allowed):
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", **to(trusted)})
    mine = [policy(allow("sts:AssumeRole"))] if identity else []
    assert verdict(ask("sts:AssumeRole", AUDIT), mine, trust, trust=True)[0] is allowed


def test_an_implicit_deny_tells_what_came_near():
    found = decide(
        ask(aws_RequestedRegion="us-east-1"),
        [
            policy(
                allow("s3:GetObject", "arn:aws:s3:::kettle/*", Sid="Kettle"),
                allow(
                    "s3:Get*",
                    Sid="Ireland",
                    Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
                ),
                allow("ec2:*", Sid="Machines"),
            )
        ],
    )
    assert [reason.rule for reason in found.because] == [IMPLICIT, MISS, MISS]
    assert "Kettle of p: it is not about arn:aws:s3:::teapot/docs/lid.txt" in str(found)
    assert "aws:RequestedRegion eu-west-1 does not hold: it is us-east-1" in str(found)
    assert "Machines" not in str(found)


# -- actions and resources
@pytest.mark.parametrize(
    ("statement", "action", "applies"),
    [
        ({"Action": "s3:GetObject"}, "s3:GetObject", True),
        ({"Action": "S3:getobject"}, "s3:GetObject", True),
        ({"Action": ["s3:Put*", "s3:Get*"]}, "s3:GetObject", True),
        ({"Action": "s3:Get?bject"}, "s3:GetObject", True),
        ({"Action": "s3:*Object"}, "s3:GetObject", True),
        ({"Action": "*:GetObject"}, "s3:GetObject", True),
        ({"Action": "s3:GetObject"}, "s3:GetObjectAcl", False),
        ({"Action": "s3:Get"}, "s3:GetObject", False),
        ({"Action": "sns:Publish"}, "SNS:Publish", True),
        ({"NotAction": "iam:*"}, "s3:GetObject", True),
        ({"NotAction": ["iam:*", "s3:*"]}, "s3:GetObject", False),
    ],
)
def test_actions(statement, action, applies):
    mine = policy({"Effect": "Allow", "Resource": "*", **statement})
    assert verdict(ask(action), [mine])[0] is applies


@pytest.mark.parametrize(
    ("statement", "applies"),
    [
        ({"Resource": "arn:aws:s3:::teapot/*"}, True),
        ({"Resource": "arn:aws:s3:::teapot/docs/li?.txt"}, True),
        ({"Resource": ["arn:aws:s3:::kettle/*", "arn:aws:s3:::tea*"]}, True),
        ({"Resource": "arn:aws:s3:::TEAPOT/*"}, False),
        ({"Resource": "arn:aws:s3:::teapot"}, False),
        ({"Resource": "arn:aws:s3:::teapot/docs/li??.txt"}, False),
        ({"NotResource": "arn:aws:s3:::kettle/*"}, True),
        ({"NotResource": "arn:aws:s3:::teapot/*"}, False),
        ({"Resource": "arn:aws:s3:::teapot/docs/[l]id.txt"}, False),  # no character classes
    ],
)
def test_resources(statement, applies):
    mine = policy({"Effect": "Allow", "Action": "*", **statement})
    assert verdict(ask(), [mine])[0] is applies


# -- variables
@pytest.mark.parametrize(
    ("resource", "keys", "applies"),
    [
        ("arn:aws:s3:::teapot/${aws:username}/*", {"aws_username": "docs"}, True),
        ("arn:aws:s3:::teapot/${AWS:UserName}/*", {"aws_username": "docs"}, True),
        ("arn:aws:s3:::teapot/${aws:username}/*", {"aws_username": "other"}, False),
        ("arn:aws:s3:::teapot/${aws:username}/*", {"aws_username": "*"}, False),
        ("arn:aws:s3:::teapot/${aws:username}/*", {}, False),
        ("arn:aws:s3:::teapot/${aws:username, 'docs'}/*", {}, True),
        ("arn:aws:s3:::teapot/${aws:username, 'docs'}/*", {"aws_username": "x"}, False),
        ("arn:aws:s3:::teapot/docs/lid.tx${?}", {}, False),
        ("arn:aws:s3:::teapot/${*}", {}, False),
    ],
)
def test_variables_are_literals(resource, keys, applies):
    assert verdict(ask(**keys), [policy(allow(resource=resource))])[0] is applies


def test_variables_are_letters_in_the_old_version():
    old = policy(allow(resource="arn:aws:s3:::teapot/${aws:username}"), version="2008-10-17")
    assert not verdict(ask(resource="arn:aws:s3:::teapot/x", aws_username="x"), [old])[0]
    assert verdict(ask(resource="arn:aws:s3:::teapot/${aws:username}"), [old])[0]


def test_a_variable_in_a_condition():
    mine = policy(allow(Condition={"StringLike": {"s3:prefix": ["", "home/${aws:username}/*"]}}))
    for prefix, allowed in (("", True), ("home/anna/x", True), ("home/ben/x", False)):
        request = ask("s3:ListBucket", s3_prefix=prefix, aws_username="anna")
        assert verdict(request, [mine])[0] is allowed


# -- conditions: operator, wanted, the request's value (None: missing), whether it holds
CONDITIONS = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", "a", None, True),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "a?", "abc", False),
    ("StringLike", "A*", "abc", False),
    ("StringNotLike", "a*", "abc", False),
    ("StringNotLike", "a*", None, True),
    ("ArnLike", "arn:aws:sns:*:123456789012:t*", "arn:aws:sns:us-east-1:123456789012:top", True),
    ("ArnEquals", "arn:aws:sns:*:*:top", "arn:aws:sns:us-east-1:1:top", True),
    # A star stays within its part of the ARN.
    ("ArnLike", "arn:aws:sns:*", "arn:aws:sns:us-east-1:1:top", False),
    ("ArnLike", "arn:aws:sns:*:top", "arn:aws:sns:us-east-1:1:top", False),
    ("ArnLike", "arn:aws:sns:us-east-1:1:*", "arn:aws:sns:us-east-1:1:top:sub", True),
    ("ArnNotLike", "arn:aws:sns:*:*:top", "arn:aws:sns:us-east-1:1:pot", True),
    ("ArnNotEquals", "arn:aws:sns:*:*:top", "arn:aws:sns:us-east-1:1:top", False),
    ("ArnEquals", "arn:aws:sns:*:*:top", "no arn", False),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "11", False),
    ("NumericNotEquals", "10", "11", True),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "9", False),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericLessThanEquals", "10", "ten", False),
    ("NumericLessThanEqualsIfExists", "10", None, True),
    ("DateGreaterThan", "2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z", True),
    ("DateGreaterThan", "2026-01-05T10:00:00+01:00", "2026-01-05T09:00:00Z", False),
    ("DateLessThan", "2026-01-06", "2026-01-05T23:59:59Z", True),
    ("DateLessThanEquals", "1767603600", "2026-01-05T09:00:00Z", True),
    ("DateEquals", "2026-01-05T09:00:00Z", "2026-01-05T09:00:00.000Z", True),
    ("DateNotEquals", "2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z", False),
    ("DateLessThan", "tomorrow", "2026-01-05T09:00:00Z", False),
    ("Bool", "true", "true", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("Bool", "false", None, False),
    ("BoolIfExists", "false", None, True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "?", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.10", True),
    ("IpAddress", "203.0.113.10", "203.0.113.10", True),
    ("IpAddress", ["192.0.2.0/24", "2001:db8::/32"], "2001:db8::1", True),
    ("IpAddress", "192.0.2.0/24", "203.0.113.10", False),
    ("IpAddress", "192.0.2.0/24", "sns.amazonaws.com", False),
    ("NotIpAddress", "192.0.2.0/24", "203.0.113.10", True),
    ("NotIpAddress", ["192.0.2.0/24", "203.0.113.0/24"], "203.0.113.10", False),
    ("Null", "true", None, True),
    ("Null", "true", "x", False),
    ("Null", "false", "x", True),
    ("Null", False, None, False),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
    ("ForAllValues:StringEquals", "a", None, True),
    ("ForAllValues:StringNotEquals", ["x"], ("a", "x"), False),
    ("ForAllValues:StringLike", ["a*"], ("a1", "a2"), True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("c", "b"), True),
    ("ForAnyValue:StringEquals", ["a"], ("c",), False),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringNotEquals", ["a"], ("a", "b"), True),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
    ("StringNotEquals", "a", ("b", "a"), False),
]


@pytest.mark.parametrize(("operator", "wanted", "value", "holds"), CONDITIONS)
def test_conditions(operator, wanted, value, holds):
    mine = policy(allow(Condition={operator: {"aws:Thing": wanted}}))
    values = {} if value is None else {"AWS:thing": value}
    request = Request("s3:GetObject", OBJECT, ANNA, Context(values))
    assert decide(request, [mine]).value is holds


def test_operators_and_keys_are_anded_and_values_ored():
    mine = policy(
        allow(
            Condition={
                "StringEquals": {"aws:a": ["1", "2"], "aws:b": "3"},
                "Bool": {"aws:c": "true"},
            }
        )
    )
    good = {"aws_a": "2", "aws_b": "3", "aws_c": "true"}
    assert verdict(ask(**good), [mine])[0]
    for key in good:
        assert not verdict(ask(**good | {key: "no"}), [mine])[0]


def test_a_costly_key_is_asked_for_only_when_a_policy_looks():
    asked = []

    def tag(key):
        asked.append(key)
        return "red"

    request = Request("s3:GetObject", OBJECT, ANNA, Context({}, tag))
    assert decide(request, [policy(allow())]).value
    assert asked == []
    coloured = policy(allow(Condition={"StringEquals": {"aws:ResourceTag/Colour": "red"}}))
    assert decide(request, [coloured]).value
    assert asked == ["aws:resourcetag/colour"]


# -- documents that are no policies
@pytest.mark.parametrize(
    "document",
    [
        "no json",
        "[]",
        "{",
        {"Version": "2020-01-01", "Statement": []},
        {"Statement": "all"},
        {"Statement": [7]},
        {"Statement": allow() | {"Effect": "Maybe"}},
        {"Statement": {"Effect": "Allow", "Resource": "*"}},
        {"Statement": allow() | {"NotAction": "s3:*"}},
        {"Statement": allow() | {"NotResource": "*"}},
        {"Statement": allow() | {"Actions": "s3:*"}},
        {"Statement": allow("GetObject")},
        {"Statement": allow([{"s3": 1}])},
        {"Statement": allow(Principal={"User": "anna"})},
        {"Statement": allow(Principal={"AWS": "anna"})},
        {"Statement": allow(Principal={"AWS": "arn:aws:iam::*:root"})},
        {"Statement": allow(Principal="*", NotPrincipal="*")},
        {"Statement": allow(Condition=[])},
        {"Statement": allow(Condition={"StringEquals": "a"})},
        {"Statement": allow(Condition={"StringIs": {"a": "b"}})},
        {"Statement": allow(Condition={"ForSome:StringEquals": {"a": "b"}})},
        {"Statement": allow(Condition={"NullIfExists": {"a": "true"}})},
    ],
)
def test_what_is_no_policy_is_refused(document):
    with pytest.raises(PolicyError):
        Policy.parse("p", document)


def test_one_statement_needs_no_list():
    assert verdict(ask(), [Policy.parse("p", {"Statement": allow()})])[0]


# -- AWS's own examples (IAM user guide, "Example policies" and "Policy evaluation logic")
def test_aws_example_deny_based_on_the_requested_region():
    mine = policy(
        allow(),
        {
            "Sid": "DenyAllOutsideRequestedRegions",
            "Effect": "Deny",
            "NotAction": ["cloudfront:*", "iam:*", "route53:*", "support:*"],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}},
        },
    )
    for action, region, allowed in (
        ("ec2:RunInstances", "eu-central-1", True),
        ("ec2:RunInstances", "us-east-1", False),
        ("iam:CreateUser", "us-east-1", True),
    ):
        assert verdict(ask(action, "*", aws_RequestedRegion=region), [mine])[0] is allowed


def test_aws_example_deny_based_on_the_source_ip():
    mine = policy(
        allow(),
        deny(
            Condition={
                "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
                "Bool": {"aws:ViaAWSService": "false"},
            }
        ),
    )
    keys = {"aws_SourceIp": "203.0.113.10", "aws_ViaAWSService": "false"}
    assert verdict(ask(**keys), [mine])[0]
    assert verdict(ask(**keys | {"aws_SourceIp": "198.51.100.1"}), [mine])[1] == EXPLICIT
    through = {"aws_SourceIp": "198.51.100.1", "aws_ViaAWSService": "true"}
    assert verdict(ask(**through), [mine])[0]


def test_aws_example_console_and_own_keys():
    mine = policy(
        allow(
            ["iam:*AccessKey*", "iam:GetUser"],
            [f"arn:aws:iam::{HERE}:user/${{aws:username}}"],
            Sid="AllowManageOwnAccessKeys",
        )
    )
    for name, allowed in (("anna", True), ("ben", False)):
        arn = f"arn:aws:iam::{HERE}:user/{name}"
        request = ask("iam:CreateAccessKey", arn, aws_username="anna")
        assert verdict(request, [mine])[0] is allowed


def test_aws_example_dates():
    mine = policy(
        allow(
            Condition={
                "DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"},
            }
        )
    )
    for at, allowed in (("2020-05-01T00:00:00Z", True), ("2020-07-01T00:00:00Z", False)):
        assert verdict(ask(aws_CurrentTime=at), [mine])[0] is allowed


def test_aws_example_confused_deputy():
    queue = policy(
        allow(
            "sqs:SendMessage",
            **to("sns.amazonaws.com", kind="Service"),
            Condition={
                "ArnEquals": {"aws:SourceArn": f"arn:aws:sns:us-east-1:{HERE}:top"},
                "StringEquals": {"aws:SourceAccount": HERE},
            },
        )
    )
    arn = f"arn:aws:sqs:us-east-1:{HERE}:q"
    good = {"aws_SourceArn": f"arn:aws:sns:us-east-1:{HERE}:top", "aws_SourceAccount": HERE}
    assert verdict(ask("sqs:SendMessage", arn, SNS, **good), resource=queue)[0]
    for change in ({"aws_SourceAccount": THERE}, {"aws_SourceArn": "arn:aws:sns:us-east-1:1:x"}):
        request = ask("sqs:SendMessage", arn, SNS, **good | change)
        assert verdict(request, resource=queue) == (False, IMPLICIT, RESOURCE)


# -- wildcards
LETTERS = st.text("ab:/*?[", max_size=12)


@given(pattern=LETTERS, text=LETTERS)
@settings(max_examples=600, deadline=None)
def test_wildcards_are_those_of_the_shell_without_classes(pattern, text):
    assert matches(pattern, text) == fnmatchcase(text, pattern.replace("[", "[[]"))


@given(text=st.text(max_size=20), cuts=st.lists(st.integers(0, 20), max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_text_matches_itself_with_stars_put_in(text, cuts):
    text = re.sub(r"[*?]", "x", text)
    pattern = text
    for cut in cuts:
        pattern = pattern[:cut] + "*" + pattern[cut:]
    assert matches(pattern, text)
    assert not matches(text + "?", text)


def test_many_stars_take_no_time():
    assert not matches("*a" * 200 + "b", "a" * 5000)
    assert matches("*a" * 200 + "*", "a" * 5000)


@given(value=st.text("a*?", max_size=6), other=st.text("a*?", max_size=6))
@settings(max_examples=200, deadline=None)
def test_a_variable_is_a_literal_whatever_it_holds(value, other):
    assert matches("${v}", other, Context({"v": value})) == (value == other)
