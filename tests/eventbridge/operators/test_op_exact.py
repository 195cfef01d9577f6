from tests.eventbridge.patternkit import answer, leaf, reason


def test_the_value_itself_and_its_type():
    assert leaf(["300"], "300", 300, "3000", "30", "") == "10000"
    assert leaf([300], 300, 300.0, 3e2, "300", 301) == "11100"
    assert leaf([True], True, 1, "true", False) == "1000"
    assert leaf([1], True, 1) == "01"
    assert leaf([None], None, "", 0, False, "null") == "10000"
    assert leaf([""], "", None, " ") == "100"


def test_numbers_in_all_their_spellings():
    for spelling in ("300", "300.0", "3.0e2", "3E+2", "0.3e3"):
        assert answer(f'{{"a": [{spelling}]}}', '{"a": 300}'), spelling
        assert answer('{"a": [300]}', f'{{"a": {spelling}}}'), spelling
    # Beyond 2**53 numbers are doubles, an account number is not.
    assert answer('{"a": [9007199254740993]}', '{"a": 9007199254740992}')
    assert not answer('{"a": [123456789012]}', '{"a": 123456789013}')
    assert answer(
        '{"a": [123456789012345678901234567890]}', '{"a": 123456789012345678901234567890}'
    )


def test_alternatives_and_lists_meet():
    assert leaf(["x", "y"], "x", "y", "z", ["z", "y"], ["z"], []) == "110100"
    assert leaf([None], [], [None]) == "01"


def test_an_arn_is_compared_character_by_character():
    assert leaf(["arn:aws:ec2:r:1:instance/i-1"], "arn:aws:ec2:r:1:instance:i-1") == "0"


def test_the_long_form():
    assert leaf([{"exactly": "x"}], "x", "y") == "10"
    assert reason({"a": [{"exactly": 33}]}) == "exact match pattern must be a string"


def test_escapes_are_the_characters_they_stand_for():
    assert answer(r'{"a": ["\u0041\n\ud83d\ude00\/"]}', {"a": "A\n\U0001f600/"})
