import pytest

from tests.eventbridge.patternkit import leaf, reason


def test_networks():
    ours = [{"cidr": "10.0.0.0/24"}]
    assert leaf(ours, "10.0.0.0", "10.0.0.255", "10.0.1.0", "x", 10, None, "10.0.0") == "1100000"
    assert leaf([{"cidr": "10.0.0.77/24"}], "10.0.0.1") == "1"
    assert leaf([{"cidr": "0.0.0.0/0"}], "255.255.255.255", "::1") == "10"
    sixes = [{"cidr": "2001:db8::/32"}]
    assert leaf(sixes, "2001:db8::1", "2001:DB8:FFFF::", "2001:db9::", "10.0.0.1") == "1100"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.0.0.0", "Malformed CIDR, one '/' required"),
        ("10.0.0.0/xx", "Malformed CIDR, mask bits must be an integer"),
        ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
        ("xx.11.xx/8", "Nonstandard IP address: xx.11.xx"),
        ("10.0.0.1/32", "IPv4 mask bits must be < 32"),
        ("::/128", "IPv6 mask bits must be < 128"),
        ("300.0.0.0/8", "Invalid IP address: 300.0.0.0"),
    ],
)
def test_refused(text, why):
    assert reason({"a": [{"cidr": text}]}) == why
    # AWS names no place here.
