"""What a SEARCH text means: the documented tokens, matches, schemas and operators."""

import pytest

from labkit.cloudwatch.engine.math.tree import MathError
from labkit.cloudwatch.engine.search import Candidate, matches, parse_search, tokens


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("CustomCount1", "customcount1 custom count 1"),
        ("SDBFailure", "sdbfailure sdb failure"),
        ("Project2-trial333", "project2trial333 project 2 trial 333"),
        ("Network-Errors_2", "networkerrors2 network errors 2"),
        ("count", "count"),
    ],
)
def test_tokens(text, wanted):
    assert tokens(text) == set(wanted.split())


@pytest.mark.parametrize(
    ("words", "stored", "wanted"),
    [
        ("count Count COUNT CustomCount Count1 1", "CustomCount1", True),
        ("couNT customcount count1 Counts cust customcount1", "CustomCount1", False),
        ("network/errors network+errors network-errors Network_Errors", "Network-Errors-2", True),
        ("network/errors network+errors network-errors Network_Errors", "NetworkErrors2", True),
        ("networkerrors", "NetworkErrors", True),
        ("errors-network network--2", "Network-Errors-2", False),
        ("i-0abc12 I-0abc12", "i-0abc12", True),
    ],
)
def test_partial_matches(words, stored, wanted):
    for word in words.split():
        assert matches(word, stored) is wanted, word


METRICS = {
    "cpu": ("AWS/EC2", "CPUUtilization", {"InstanceId": "i-1"}),
    "cpu by type": ("AWS/EC2", "CPUUtilization", {"InstanceType": "t2.micro"}),
    "net": ("AWS/EC2", "NetworkPacketsIn", {"InstanceId": "i-2"}),
    "errors": ("AWS/Lambda", "Errors", {"FunctionName": "ProjectA-pay"}),
    "calls": ("AWS/Lambda", "Invocations", {"FunctionName": "ProjectC-pay"}),
    "calls A": ("AWS/Lambda", "Invocations", {"FunctionName": "ProjectA-pay"}),
    "odd": ("My Namespace", "Europe\\France Traffic(Network)", {"Dim@Name": "CPUUtilization"}),
    "both": ("AWS/EC2", "EBSReadOps", {"InstanceId": "i-1", "Zone": "a"}),
    "plain": ("Shop", "Orders", {}),
}


def found(text):
    search = parse_search(text)
    return [
        name
        for name, (space, metric, dimensions) in METRICS.items()
        if search.finds(Candidate(space, metric, dimensions, "123456789012"))
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{AWS/EC2,InstanceId} MetricName="CPUUtilization"', ["cpu"]),
        ("{AWS/EC2,InstanceId}", ["cpu", "net"]),
        ("{AWS/EC2,Zone,InstanceId}", ["both"]),
        ("{AWS/EC2}", ["cpu", "cpu by type", "net", "both"]),
        ('{"My Namespace","Dim@Name"}', ["odd"]),
        ('{"My Namespace"}, "Europe\\\\France Traffic\\(Network\\)"', ["odd"]),
        ('"CPUUtilization"', ["cpu", "cpu by type", "odd"]),
        ('"cpuutilization"', []),
        ('MetricName="CPUUtilization"', ["cpu", "cpu by type"]),
        ("InstanceType=micro", ["cpu by type"]),
        ('InstanceType="t2.micro" Namespace="AWS/EC2"', ["cpu by type"]),
        ('InstanceType = "t2.micro"', ["cpu by type"]),
        ("{AWS/EC2,InstanceId} network AND packets", ["net"]),
        ("{AWS/EC2,InstanceId} network packets", ["net"]),
        ("{AWS/EC2,InstanceId} network and packets", []),
        ('{AWS/EC2,InstanceId} MetricName="CPUUtilization" NOT i-1', []),
        ("NOT Namespace=AWS", ["odd", "plain"]),
        ('NOT Namespace=AWS NOT "Orders"', ["odd"]),
        ("(EC2 OR EBS) AND MetricName=ReadOps", ["both"]),
        (
            '{AWS/Lambda,FunctionName} MetricName="Errors" OR (MetricName="Invocations" AND '
            "(ProjectA OR ProjectB))",
            ["errors", "calls A"],
        ),
        ("Orders OR Errors AND pay", ["errors", "plain"]),
        (":aws.AccountId=123456789012 Orders", ["plain"]),
        (":aws.AccountId='LOCAL' Orders", ["plain"]),
        (":aws.AccountId=210987654321", []),
        ('"Dim@Name"=CPU', ["odd"]),
    ],
)
def test_searches(text, wanted):
    assert found(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "  ", "{", "{a", "{a,}", "(a", "a)", 'MetricName="a', "a OR", "NOT", "a = "]
)
def test_what_is_no_search(text):
    with pytest.raises(MathError, match="Invalid SEARCH text"):
        parse_search(text)
