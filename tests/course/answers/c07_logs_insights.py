"""Exercise 07: three queries for every morning."""

from course.answers import BROKEN, NOT_YET, PASSED, UNTOUCHED, Answer

PARSE = (
    'parse @message \'* - - [*] "* * *" * * "*" "*" "*" *\' '
    "as node, t, verb, path, proto, status, size, referer, agent, ip, rest"
)
COUNTS = (
    "sum(if(status = 401, 1, 0)) as refused, sum(if(status = 200, 1, 0)) as accepted, count(*) as n"
)


def query(name, text, takes=""):
    """A function that returns the text."""
    return f'@ex.deliver\ndef {name}({takes}):\n    return rf"""{text}"""\n'


def who(*steps):
    return query("who", " | ".join([PARSE, *steps]))


DOOR = "filter path = '/admin/login' and verb = 'POST'"
BY_IP = f"stats {COUNTS} by ip"
IN = "filter refused > 3 and accepted > 0"

WHO = who(DOOR, BY_IP, IN)
#: The same by a regular expression that reads three parts of the line.
WHO_BY_REGEX = query("who", (
    r"""parse @message /"POST \/admin\/login [^"]*" (?<status>\d+) .* "(?<ip>[0-9.]+)" [0-9.]+ /"""
    f" | filter ispresent(ip) | stats {COUNTS} by ip | filter refused >= 10 and accepted >= 1 "
    "| sort refused desc | limit 1"
))  # fmt: skip
OWN = "192.0.2.171"  # the demo learner's intruder


def since(text):
    return query("since", text, "address")


ACCEPTED = "path = '/admin/login' and method = 'POST' and status = 200"
MINE = "filter clientIp = '{address}'"
SINCE = since(f"{MINE} and {ACCEPTED} | sort @timestamp asc | limit 1 | display @timestamp, user")


def left(text):
    return query("left", text, "address")


LEFT = left(
    "filter dstAddr = '{address}' and action = 'ACCEPT' | stats sum(bytes) as sent by srcAddr "
    "| sort sent desc"
)

ANSWERS = [
    # -- 1: who
    Answer("nothing at all", 1, UNTOUCHED, ("No `who` has been handed in", "def who()")),
    Answer("refused and let in", 1, PASSED, ("nobody in a quiet one", "a scheduled query"),
           WHO + SINCE + LEFT),
    Answer("a regular expression", 1, PASSED, ("`limit 1` hides a second intruder",),
           WHO_BY_REGEX),
    Answer(
        "most requests", 1, NOT_YET,
        ("0 of 3 nights answered rightly", "our own canary", "one every ten seconds"),
        who("stats count(*) as n by ip", "sort n desc", "limit 20"),
    ),
    Answer(
        "most 404", 1, NOT_YET, ("a customer with an old bookmark", "never anything else"),
        who("filter status = 404", "stats count(*) as n by ip", "sort n desc"),
    ),
    Answer(
        "most refusals", 1, NOT_YET,
        ("was never let in", "The intruder is in your answer, further down"),
        who(DOOR, "filter status = 401", "stats count(*) as n by ip", "sort n desc"),
    ),
    Answer(
        "refused anywhere", 1, NOT_YET, ("Nobody came in that night", "who forgot a password"),
        who("filter verb = 'POST'", BY_IP, IN, "sort refused desc"),
    ),
    Answer(
        "once refused is enough", 1, NOT_YET, ("Nobody came in that night", "of our own staff"),
        who(DOOR, BY_IP, "filter refused > 0 and accepted > 0", "sort refused desc"),
    ),
    Answer(
        "last Sunday's address", 1, NOT_YET,
        ("It looks for 192.0.2.171", "that the next one will do too"),
        query("who", f"{PARSE} | filter ip = '{OWN}' | stats count(*) as n by ip"),
    ),
    Answer(
        "the first address of the line", 1, NOT_YET,
        ("a node of our own load balancer", "two addresses is the visitor's"),
        who(DOOR, f"stats {COUNTS} by node", IN),
    ),
    Answer(
        "cut off", 1, NOT_YET, ("found nobody", "Which of your conditions leaves them out?"),
        who("stats count(*) as n by ip", "sort n desc", "limit 1", "filter ip like '192.0.2'"),
    ),
    Answer(
        "no address in the row", 1, NOT_YET, ("The first row has no address", "refused, accepted"),
        who(DOOR, "stats sum(if(status = 401, 1, 0)) as refused, "
            "sum(if(status = 200, 1, 0)) as accepted"),
    ),
    Answer(
        "a field that stats lost", 1, BROKEN,
        ("path is not there any more", "only its own columns"),
        who(f"stats {COUNTS} by ip", "filter path = '/admin/login'"),
    ),
    Answer(
        "no query", 1, NOT_YET, ("returned NoneType",), "@ex.deliver\ndef who():\n    pass",
    ),
    # -- 2: since
    Answer("nothing for the second", 2, UNTOUCHED, ("No `since` has been handed in",), WHO),
    Answer("sorted", 2, PASSED, ("In since 00:57:21 as chiara",), SINCE),
    Answer(
        "the smallest time", 2, PASSED, ("in another night since",),
        since(f"{MINE} and {ACCEPTED} | stats min(@timestamp) as since, earliest(user) as account"),
    ),
    Answer(
        "newest first", 2, NOT_YET, ("had been in for a while", "does not say how to sort"),
        since(f"{MINE} and {ACCEPTED} | display @timestamp, user | limit 1"),
    ),
    Answer(
        "the form", 2, NOT_YET, ("`GET /admin/login`", "shown to everybody who asks"),
        since(f"{MINE} and status = 200 | sort @timestamp asc | display @timestamp, user"),
    ),
    Answer(
        "the first try", 2, NOT_YET, ("It was refused", "it was let in"),
        since(f"{MINE} and method = 'POST' | sort @timestamp asc | display @timestamp, user"),
    ),
    Answer(
        "no account", 2, NOT_YET, ("does not say whose account",),
        since(f"{MINE} and {ACCEPTED} | sort @timestamp asc | display @timestamp, path"),
    ),
    Answer(
        "no time", 2, NOT_YET, ("The first row has no time", "says when"),
        since(f"{MINE} and {ACCEPTED} | sort @timestamp asc | display user"),
    ),
    Answer(
        "nginx's name of the field", 2, NOT_YET, ("found no line of that address",),
        since(f"filter ip = '{{address}}' and {ACCEPTED} | sort @timestamp asc"),
    ),
    Answer(
        "a word too much", 2, BROKEN, ("did you mean sort",),
        since(f"{MINE} | sorted @timestamp asc"),
    ),
    # -- 3: what left
    Answer("nothing for the third", 3, UNTOUCHED, ("No `left` has been handed in",), SINCE),
    Answer("by sender", 3, PASSED, ("most of them from 10.0.1.41",), LEFT),
    Answer(
        "with packets", 3, PASSED, ("bytes left",),
        left("filter dstAddr = '{address}' and action != 'REJECT' | stats sum(packets) as parcels, "
             "sum(bytes) as sent by srcAddr | sort sent desc | limit 10"),
    ),
    Answer(
        "the other direction", 3, NOT_YET, ("what it sent came in", "is the sender"),
        left("filter srcAddr = '{address}' | stats sum(bytes) as sent by srcAddr"),
    ),
    Answer(
        "both directions", 3, NOT_YET, ("stands among the senders",),
        left("filter srcAddr = '{address}' or dstAddr = '{address}' | stats sum(bytes) as sent by "
             "srcAddr | sort sent desc"),
    ),
    Answer(
        "what was rejected too", 3, NOT_YET,
        ("to port 6667", "none of them left", "4 of 4 addresses right, 1 too many"),
        left("filter dstAddr = '{address}' | stats sum(bytes) as sent by srcAddr | sort sent desc"),
    ),
    Answer(
        "everything that left", 3, NOT_YET, ("sent 192.0.2.171 nothing", "To whom went"),
        left("filter action = 'ACCEPT' and isPrivateIP(srcAddr) | stats sum(bytes) as sent by "
             "srcAddr | sort sent desc"),
    ),
    Answer(
        "through the balancer alone", 3, NOT_YET,
        ("2 addresses that sent something are not in your list",),
        left("filter dstAddr = '{address}' and srcPort = 443 and action = 'ACCEPT' | stats "
             "sum(bytes) as sent by srcAddr | sort sent desc"),
    ),
    Answer(
        "least first", 3, NOT_YET, ("on top at six in the morning",),
        left("filter dstAddr = '{address}' and action = 'ACCEPT' | stats sum(bytes) as sent by "
             "srcAddr | sort sent asc"),
    ),
    Answer(
        "by port as well", 3, NOT_YET, ("one row an address",),
        left("filter dstAddr = '{address}' and action = 'ACCEPT' | stats sum(bytes) as sent by "
             "srcAddr, srcPort | sort sent desc"),
    ),
    Answer(
        "a count of records", 3, NOT_YET, ("you list 17, and what left is more",),
        left("filter dstAddr = '{address}' and action = 'ACCEPT' | stats count(*) as sent by "
             "srcAddr | sort sent desc"),
    ),
    Answer(
        "the access log", 3, NOT_YET, ("Your query found nothing",),
        left(f"{PARSE} | filter ip = '{{{{address}}}}' | stats sum(size) as sent by ip"
             .replace("{{", "{").replace("}}", "}")),
    ),
    Answer(
        "an address short", 3, BROKEN, ("missing 1 required",),
        "@ex.deliver\ndef left(address, port):\n    return 'fields @message'",
    ),
]  # fmt: skip
