"""Filter patterns: the guide's examples, row by row, and whatever hypothesis thinks of."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.logs.engine.pattern import PatternError, columns, parse
from labkit.logs.engine.pattern.values import Wanted

ACCESS = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
TRAIL = (
    '{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another"],'
    '"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,'
    '"cluster.name":"c","ThisFlag":true}'
)
USERS = (
    '{"user":{"id":1,"email":"John.Stiles@example.com"},'
    '"users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],'
    '"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]}'
)


LAMBDA = '2026-01-05T09:00:00.000Z\t3604209a-e9a3\tERROR\t{"order": "a b",  "n": [1]}'


@pytest.mark.parametrize(
    ("pattern", "message", "matched"),
    [
        ("", "anything", True),
        (" ", "", True),
        ('""', "anything", True),
        ('" "', "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "[error 400] BAD REQUEST", False),
        ("ERROR", "ERRORS", False),
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", False),
        ("?ERROR ?ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("?ERROR ?ARGUMENTS", "[INFO] REQUEST FAILED", False),
        ("?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED", True),
        ("?ERROR ?ARGUMENTS REQUEST", "[ERROR 419] MISSING ARGUMENTS", False),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR SERVER", False),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ('"ERROR: 400"', "2026 ERROR: 400 /pay", True),
        ('"ERROR: 400"', "2026 ERROR: 4001 /pay", False),
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("ERROR %4[0-9]{2}%", "[ERROR 419] MISSING", True),
        ("ERROR %4[0-9]{2}%", "[ERROR 500] MISSING", False),
        ('{ $.eventType = "UpdateTrail" }', TRAIL, True),
        ('{ $.eventType = "Update*" }', TRAIL, True),
        ("{ $.eventType = UpdateTrail }", TRAIL, True),
        ("{ $.sourceIPAddress != 123.123.* }", TRAIL, True),
        ("{ $.sourceIPAddress != 111.111.* }", TRAIL, False),
        ('{ $.arrayKey[0] = "value" }', TRAIL, True),
        ("{ $.objectList[1].id = 2 }", TRAIL, True),
        ("{ $.objectList[1].id >= 2.5e0 }", TRAIL, False),
        ("{ $.arrayKey[*] = %val.{2}% }", TRAIL, True),
        (r"{ $.* = %111\.111\.111\.1[0-9]{1,2}% }", TRAIL, True),
        ("{ $.['cluster.name'] = \"c\" }", TRAIL, True),
        ("{ $.SomeObject IS NULL }", TRAIL, True),
        ("{ $.SomeOtherObject NOT EXISTS }", TRAIL, True),
        ("{ $.ThisFlag IS TRUE }", TRAIL, True),
        ("{ $.ThisFlag IS FALSE }", TRAIL, False),
        ("{ $.objectList = * }", TRAIL, False),
        ('{ $.eventType = "UpdateTrail" }', "UpdateTrail", False),
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', USERS, True),
        ('{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" '
         '&& $.actions[2] = "nonmatch" }', USERS, True),
        ('{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") '
         '&& $.actions[2] = "nonmatch" }', USERS, False),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }',
         USERS, False),
        ("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
         ACCESS, True),
        ("[ip, user, username, timestamp, request =*.html*, status_code = 5*, bytes]",
         ACCESS, False),
        ("[..., status_code = 404 || status_code = 410, bytes]", ACCESS, True),
        ("[..., bytes > 1534]", ACCESS, False),
        ("[ip = %127.0.0.[1-9]%, ...]", ACCESS, True),
        ("[ip, user]", ACCESS, True),
        ("[ip, user, name]", ACCESS, False),
        ("[ip = *.*, user = *, name]", ACCESS, True),
        ("[ip, user = *, name]", ACCESS, False),
        ("[ip, user = Prod]", ACCESS, False),
        ("[]", ACCESS, True),
        ("[..., request = *.html*, status_code = 4*,]", ACCESS, True),
        ('[timestamp=*Z, request_id="*-*", event]', LAMBDA, True),
        ('[timestamp=*Z, request_id="*-*", level=%WARN|ERROR%, event]', LAMBDA, True),
        ('[timestamp=*Z, request_id="*-*", event]', "REPORT RequestId: 1-2 Duration: 3 ms", False),
        ("[w1=ERROR, w2]", "ERROR 09/25/2014 12:00:00 GMT-0500 GET /index", True),
        ("[w1=ERROR, w2]", "WARNING 09/25/2014", False),
        ("[w1!=ERROR && w1!=WARNING, w2]", "INFO all is well", True),
    ],
)  # fmt: skip
def test_examples(pattern, message, matched):
    found = parse(pattern).match(message)
    assert bool(found) is matched, str(found)
    assert parse(pattern).matches(message) is matched
    assert found.reason


def test_the_last_column_takes_the_rest_as_it_stands():
    found = parse('[timestamp=*Z, request_id="*-*", event]').match(LAMBDA)
    assert found.extracted["$event"] == 'ERROR\t{"order": "a b",  "n": [1]}'
    found = parse("[]").match('a "b c" [d]')
    assert dict(found.extracted) == {"$1": "a", "$2": "b c", "$3": "d"}


def test_columns_are_extracted():
    found = parse("[ip, user, username, timestamp, request, status_code, bytes]").match(ACCESS)
    assert dict(found.extracted) == {
        "$ip": "127.0.0.1", "$user": "Prod", "$username": "frank",
        "$timestamp": "10/Oct/2000:13:25:15 -0700", "$request": "GET /index.html HTTP/1.0",
        "$status_code": "404", "$bytes": "1534",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "message", "reason"),
    [
        ("ERROR", "[error 400]", "only in another case"),
        ("?ERROR REQUEST", "REQUEST", "ignored"),
        ("{ $.a > 5 }", '{"a": 4}', "$.a is 4"),
        ("{ $.a = 5 }", '{"b": 4}', "$.a is not in the message"),
        ("{ $.a = 5 }", "a=5", "not JSON"),
        ("[a, b, c]", "1 2", "2 columns, the pattern 3"),
        ("[a, b = 4*, c]", "1 500 3", "b is 500"),
    ],
)
def test_the_answer_says_why(pattern, message, reason):
    assert reason in parse(pattern).match(message).reason


@pytest.mark.parametrize(
    ("pattern", "position", "said"),
    [
        ("a.b", 1, "Invalid character(s) in term 'a.b'"),
        ('"x', 0, "no closing quote"),
        ("%(a)%", 1, "groups are not there"),
        ("%a%b%c% %d% %e%", 3, "a blank is missing"),
        ("%a% %b% %c%", 0, "at most 2 regular expressions"),
        ("{ $.a ", 6, "comparison is missing"),
        ("{ $.a IS NOT NULL }", 6, "write NOT EXISTS"),
        ("{ $.a EXISTS }", 6, "write $.field = *"),
        ("{ $.*.* = 1 }", 2, "at most 1 star"),
        ("{ $.a > x }", 8, "compares numbers"),
        ("[a,", 3, "] is missing"),
        ("x" * 1025, 1024, "at most 1024"),
    ],
)
def test_mistakes_have_their_place(pattern, position, said):
    with pytest.raises(PatternError) as told:
        parse(pattern)
    assert said in told.value.message
    assert told.value.position == position


PIECES = st.lists(
    st.sampled_from(
        ["ERROR", "?", "-", '"a b"', "%a+%", "{", "}", "$.a", "$.b[0]", "[*]", " = ", " != ", " > ",
         "1", "x*", " && ", " || ", "(", ")", "[", "]", ",", "...", "name", " IS NULL",
         " NOT EXISTS", " ", "%", '"', "\\", "é"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(PIECES, st.one_of(st.just(ACCESS), st.just(TRAIL), st.just(USERS), st.text(max_size=30)))
def test_any_text_is_a_pattern_or_an_error_with_its_place(pattern, message):
    try:
        read = parse(pattern)
    except PatternError as error:
        assert 0 <= error.position <= len(pattern)
        return
    assert read.matches(message) is bool(read.match(message))
    assert read.mask([message, message]).tolist() == [read.matches(message)] * 2


LINES = st.lists(st.text(alphabet=st.sampled_from('[]" aE1\n\ud800é'), max_size=12), max_size=6)


@given(LINES)
def test_columns_are_cut_the_same_way_fast_and_letter_by_letter(lines):
    for line in lines:
        assert columns.cells(line) == [cell for cell, _ in columns._walk(line)]


@given(
    st.lists(st.sampled_from(["%a+%", "%E1|a$%", "E1", '"a a"']), min_size=1, max_size=3),
    st.lists(st.sampled_from(["", "", "-", "?"]), min_size=3, max_size=3),
    LINES,
)
def test_a_mask_is_match_after_match(terms, signs, lines):
    text = " ".join(sign + term for sign, term in zip(signs, terms, strict=False))
    try:
        read = parse(text)
    except PatternError:
        assert text.count("%") > 4
        return
    assert read.mask(lines).tolist() == [bool(read.match(line)) for line in lines]


@given(st.text(alphabet="ab*\n", max_size=6), st.text(alphabet="ab\n", max_size=8))
def test_stars_stand_for_any_text(stars, text):
    wanted = re.compile("(?s)" + ".*".join(map(re.escape, stars.split("*"))))
    fits = Wanted("text", stars, starred="*" in stars).fits(text)
    assert fits is bool(wanted.fullmatch(text))


def test_many_open_brackets_hang_nothing():
    assert len(columns.cells("[ " * 100_000)) == 100_000
