"""Regular expressions of users: what RE2 does not take is said in its words, and not as bytes."""

import pytest

from labkit.logs.engine import linear_regexes
from labkit.logs.engine.opensearch.scalars import expression
from labkit.logs.engine.ql.values import Value
from labkit.logs.engine.transform.grok import compiled as grok
from labkit.logs.engine.transform.paths import TransformError


def test_an_expression_is_compiled_once():
    assert linear_regexes.compiled("a+").search("baa").group() == "aa"
    assert linear_regexes.compiled("a+") is linear_regexes.compiled("a+")


@pytest.mark.parametrize(
    ("pattern", "said"), [("(a", "missing ): (a"), ("(?=a)", "invalid perl operator: (?=")]
)
def test_why_it_is_not_taken(pattern, said):
    with pytest.raises(linear_regexes.BadRegex) as told:
        linear_regexes.compiled(pattern)
    assert str(told.value) == said


def test_the_reason_reaches_whoever_wrote_it():
    with pytest.raises(TransformError, match=r"^The grok pattern is not valid: missing \)"):
        grok("%{WORD:a} (b")
    with pytest.raises(Exception, match=r"^the regular expression is not valid: missing \)"):
        expression(Value("'(a'", "text", literal="(a"))
