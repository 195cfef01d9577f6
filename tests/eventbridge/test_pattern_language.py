"""What holds of patterns as a whole: paths, lists, $or, limits, messages with their places."""

import pytest

from labkit.eventbridge.engine.patterns import InvalidEventPattern, compile_pattern
from tests.eventbridge.patternkit import answer, reason

SONGS = {
    "songs": [
        {"name": "Help!", "year": 1965, "writers": [{"first": "John", "last": "Lennon"}]},
        {
            "name": "Yesterday",
            "year": 1966,
            "writers": [{"first": "Paul", "last": "McCartney"}, {"first": "No", "last": "Body"}],
        },
    ]
}


def test_fields_that_are_not_named_do_not_count_and_named_ones_all_do():
    assert answer({"a": ["1"]}, {"a": "1", "b": {"c": [1]}})
    assert not answer({"a": ["1"], "b": ["2"]}, {"a": "1"})


def test_a_dotted_key_is_the_same_path():
    nested, dotted = {"detail": {"state": {"status": "x"}}}, {"detail": {"state.status": "x"}}
    for pattern in ({"detail": {"state.status": ["x"]}}, {"detail": {"state": {"status": ["x"]}}},
                    {"detail.state.status": ["x"]}):  # fmt: skip
        assert answer(pattern, nested)
        assert answer(pattern, dotted)
    assert answer({"a.b": ["1"], "a": {"c": ["2"]}}, {"a.c": "2", "a": {"b": "1"}})
    assert answer({"a.b": ["2"]}, {"a.b": "1", "a": {"b": "2"}})


def test_odd_keys():
    assert answer({"": ["x"]}, {"": "x"})
    assert answer({"a.": ["x"]}, {"a": {"": "x"}})
    assert not answer({".a": ["x"]}, {"a": "x"})


def test_values_of_one_list_element_belong_together():
    def song(**wanted):
        return answer({"songs": wanted}, SONGS)

    assert song(name=["Help!"], year=[1965])
    assert not song(name=["Help!"], year=[1966])
    assert song(name=["Yesterday"], writers={"first": ["Paul"], "last": ["McCartney"]})
    assert not song(writers={"first": ["Paul"], "last": ["Lennon"]})
    assert not song(name=["Help!"], writers={"first": ["Paul"]})
    assert song(name=["Help!"], genre=[{"exists": False}])
    assert not song(name=["Help!"], year=[{"exists": False}])
    # `year` is taken before `zero`: which element may be missing something is known by then.
    assert answer({"l": {"a": [1], "b": [{"exists": False}]}}, {"l": [{"a": 1}, {"b": 2}]})


def test_lists_in_lists_and_mixed_lists():
    assert answer({"a": ["x"]}, {"a": [["y"], ["x"]]})
    assert answer({"a": {"b": [1]}}, {"a": ["x", {"b": 1}]})
    assert answer({"a": [1], "a.b": [2]}, {"a": [1, {"b": 2}]})


def test_or_on_any_level():
    pattern = {"source": ["s"], "detail": {"$or": [{"a": [1]}, {"b": [2], "c": [3]}]}}
    assert answer(pattern, {"source": "s", "detail": {"a": 1}})
    assert answer(pattern, {"source": "s", "detail": {"b": 2, "c": 3}})
    assert not answer(pattern, {"source": "s", "detail": {"b": 2}})
    assert not answer(pattern, {"source": "t", "detail": {"a": 1}})
    nested = {"$or": [{"a": [1]}, {"$or": [{"b": [2]}, {"c": [3]}]}]}
    assert [answer(nested, {key: n}) for n, key in enumerate("abc", 1)] == [True] * 3


def test_or_of_another_form_is_a_field():
    assert answer({"$or": ["x", "y"]}, {"$or": "x"})
    assert answer({"$or": [{"prefix": "x"}]}, {"$or": "xy"})
    assert answer({"$or": [{"prefix": "x"}, {"suffix": "y"}]}, {"$or": "ay"})
    assert reason({"$or": [{"a": ["x"]}]}) == "Unrecognized match type a"


def test_combinations_are_limited_without_making_them_all():
    def ors(*sizes):
        return {
            f"k{n}": {"$or": [{f"f{b}": ["x"]} for b in range(size)]}
            for n, size in enumerate(sizes)
        }

    assert reason(ors(10, 10, 10)) is None
    assert reason(ors(10, 10, 11)).startswith("Rule is too complex")
    assert reason(ors(*[2] * 60)).startswith("Rule is too complex")


def test_the_last_of_two_equal_keys_counts():
    assert answer('{"a": ["1"], "a": ["2"]}', {"a": "2"})
    assert not answer('{"a": ["1"], "a": ["2"]}', {"a": "1"})


@pytest.mark.parametrize(
    ("pattern", "why", "place"),
    [
        # Seen in a deployment, to the column.
        (
            '{"source":["test.event-pattern"],"detail":{"lenderId":"LenderA"}}',
            '"lenderId" must be an object or an array',
            (1, 56),
        ),
        ('{"k": 42}', '"k" must be an object or an array', (1, 9)),
        ('{"a": []}', "Empty arrays are not allowed", (1, 9)),
        ("{}", "Empty objects are not allowed", (1, 3)),
        ('{"a": {}}', "Empty objects are not allowed", (1, 9)),
        ("[1]", "Filter is not an object", (1, 2)),
        ("", "Filter is not an object", (1, 1)),
        (
            "this is not json",
            "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token "
            "'null', 'true' or 'false')",
            (1, 5),
        ),
        (
            "{'a': ['b']}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            (1, 3),
        ),
        ('{"a": [["b"]]}', "Match value must be String, number, true, false, or null", (1, 9)),
        ('{\n "a": [{}]\n}', "Match expression name not found", (2, 10)),
        ('{"a": ["b"', "Unexpected end-of-input: expected close marker for Array (start marker at "
         '[Source: (String)"{"a": ["b""; line: 1, column: 7])', (1, 11)),
        ('{"a": ["b', "Unexpected end-of-input: was expecting closing quote for a string value",
         (1, 10)),
        ('{"a": [01]}', "Invalid numeric value: Leading zeroes not allowed", (1, 9)),
    ],
)  # fmt: skip
def test_messages_and_places(pattern, why, place):
    with pytest.raises(InvalidEventPattern) as caught:
        compile_pattern(pattern)
    line, column = place
    assert str(caught.value) == (
        f"Event pattern is not valid. Reason: {why}\n at "
        f'[Source: (String)"{pattern}"; line: {line}, column: {column}]'
    )


def test_what_is_wrong_first_is_said():
    assert reason('{"a": [{"suffix": [1, 2 3]}]}') == "suffix match pattern must be a string"
    assert "expecting comma" in reason('{"a": ["x" "y"], "b": 1}')


def test_deep_and_long_texts_are_refused_and_nothing_hangs():
    assert "nesting depth" in reason('{"a":' * 5000)
    deep = '{"a":' * 190 + '["x"]' + "}" * 190
    assert reason(deep) is None
    assert answer(deep, deep.replace('["x"]', '"x"'))
    assert reason('{"a": ["' + "x" * 100_000) is not None


def test_an_operator_shows_itself_as_it_stands_in_a_pattern():
    import json

    for one in ("x", 5, 0.5, True, None, {"prefix": "x"}, {"suffix": {"equals-ignore-case": "x"}},
                {"numeric": [">", 0, "<=", 5]}, {"numeric": ["=", 3]}, {"cidr": "10.0.0.0/8"},
                {"exists": False}, {"wildcard": "a*\\*"}, {"anything-but": ["x", "y"]},
                {"anything-but": 3}, {"anything-but": {"wildcard": ["x*", "y"]}},
                {"anything-but": {"prefix": "x"}}, {"equals-ignore-case": "x"}):  # fmt: skip
        (leaf,) = compile_pattern(json.dumps({"a": [one]})).combinations[0]
        assert json.loads(str(leaf.operators[0])) == one
