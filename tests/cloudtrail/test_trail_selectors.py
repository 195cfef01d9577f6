"""Which events selectors take: the values of basic selectors, the operators of advanced ones."""

import pytest

from labkit.cloudtrail.engine import lake, selectors

PUT = selectors.Described(
    "Data", False, "PutObject", "s3.amazonaws.com", "AWS::S3::Object", "arn:aws:s3:::shop/a/b"
)


def basic(value, kind="AWS::S3::Object"):
    return [{"ReadWriteType": "All", "DataResources": [{"Type": kind, "Values": [value]}]}]


@pytest.mark.parametrize(
    ("value", "logged"),
    [
        ("arn:aws:s3", True),
        ("arn:aws:s3:::", True),
        ("arn:aws:s3:::shop/", True),
        ("arn:aws:s3:::shop/a", True),
        ("arn:aws:s3:::shop/b", False),
        ("arn:aws:s3:::sho", False),
        ("arn:aws:s3:::other/", False),
    ],
)
def test_values_of_s3(value, logged):
    selectors.check_basic(basic(value))
    assert selectors.logs(PUT, basic(value)) is logged


@pytest.mark.parametrize("value", ["arn:aws:lambda", "arn:aws:dynamodb", "shop"])
def test_all_of_another_kind_is_no_value_of_s3(value):
    with pytest.raises(selectors.InvalidSelector, match="is not the ARN"):
        selectors.check_basic(basic(value))
    assert selectors.logs(PUT, basic(value)) is False


FIELD = "resources.ARN"
ARNS = ["arn:aws:s3:::shop/a", "arn:aws:s3:::shop"]


@pytest.mark.parametrize(
    ("field", "taken"),
    [
        ({"Equals": ["arn:aws:s3:::shop"]}, True),
        ({"Equals": ["arn:aws:s3:::x", "arn:aws:s3:::shop/a"]}, True),
        ({"StartsWith": ["arn:aws:s3:::x"]}, False),
        ({"EndsWith": ["/a"]}, True),
        ({"NotEndsWith": ["/a"]}, False),
        ({"NotEquals": ["arn:aws:s3:::x"]}, True),
        ({"StartsWith": ["arn:aws:s3"], "NotStartsWith": ["arn:aws:s3:::shop/"]}, False),
    ],
)
def test_operators_over_several_values(field, taken):
    """A trail's field and a store's field are judged by one function."""
    assert selectors.matches(ARNS, field) is taken
    record = {"resources": [{"ARN": arn} for arn in ARNS]}
    assert lake.takes([{"FieldSelectors": [{"Field": FIELD, **field}]}], record) is taken
