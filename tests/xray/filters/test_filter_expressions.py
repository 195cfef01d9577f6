"""Filter expressions against one trace, in AWS's own notation."""

import pytest
from xraykit import span, trace

from labkit.xray.engine.filters import FilterError, parse, parse_selector

#: front (EC2) -> checkout (ECS, fault) -> table orders (throttled); front -> bank (remote).
BUY = trace(
    span(
        "front",
        "1",
        0,
        4,
        origin="AWS::EC2::Instance",
        http={
            "request": {
                "url": "http://api.example.com/v2/pay",
                "method": "POST",
                "user_agent": "curl/8",
                "client_ip": "198.51.100.7",
            },
            "response": {"status": 200},
        },
        user="lena",
        annotations={"version": "2.4.1", "age": 30, "vip": True, "trial": False, "order-id": "x"},
        aws={"ec2": {"availability_zone": "us-east-1a", "instance_id": "i-1"}},
        subsegments=[
            span(
                "checkout",
                "2",
                1,
                3,
                namespace="remote",
                fault=True,
                http={"response": {"status": 502}},
            ),
            span("bank", "5", 3, 3.5, namespace="remote", http={"response": {"status": 200}}),
        ],
    ),
    span(
        "checkout",
        "3",
        1.2,
        2.9,
        parent="2",
        origin="AWS::ECS::Container",
        fault=True,
        http={"response": {"status": 500}},
        user="tomas",
        aws={"account_id": "210987654321"},
        annotations={"request.id": "917DL6VO", "version": "2.4.1"},
        metadata={"default": {"tier": "gold"}},
        cause={"exceptions": [{"id": "e", "type": "Boom", "message": "no more capacity"}]},
        resource_arn="arn:aws:ecs:us-east-1:1:task/a",
        subsegments=[
            span(
                "DynamoDB",
                "4",
                2,
                2.5,
                namespace="aws",
                error=True,
                throttle=True,
                aws={"table_name": "orders", "operation": "PutItem"},
                annotations={"request.id": "916"},
            )
        ],
    ),
)
EMPTY = trace()

#: Expression -> whether BUY is meant. Those of the guide stand as the guide writes them, with our
#: names and values.
TABLE = {
    # flags
    "ok": True,
    "!ok": False,
    "ok = false": False,
    "ok != false": True,
    "fault": False,
    "fault = true": False,
    "!fault": True,
    "error": False,
    "throttle": False,
    "partial": False,
    "ok !partial duration <5": True,
    "inferred": True,
    "inferred = TRUE": True,
    # numbers
    "responsetime > 5": False,
    "responseTime > 2": True,
    "responsetime = 4": True,
    "duration >= 4 AND duration <= 8": True,
    "duration > .5e1": False,
    "http.status != 200": False,
    "http.status = 200": True,
    "http.status": True,
    # texts
    'http.url CONTAINS "/v2/"': True,
    'http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/"'
    ' AND !service("api.example.com")': True,
    'http.url endswith "/pay"': True,
    "http.url AND responseTime > 2": True,
    'http.method = "POST"': True,
    'http.method != "POST"': False,
    'http.method = "post"': False,
    'http.useragent beginswith "curl"': True,
    'http.clientip = "198.51.100.7"': True,
    'user = "lena"': True,
    'user = "tomas"': True,
    'user CONTAINS ""': True,
    'user != "lena"': False,
    'user != "nobody"': True,
    'availabilityzone = "us-east-1a"': True,
    'instance.id = "i-1"': True,
    'resource.arn CONTAINS ":task/"': True,
    # annotations
    'annotation.version = "2.4.1"': True,
    'annotation[version] = "2.4.1"': True,
    'Annotation.version = "2.4.1"': True,
    "annotation.Version": False,
    "annotation.age > 29": True,
    "annotation[age] > 29": True,
    'annotation.age = "30"': False,
    "annotation.age != 31": True,
    "annotation.age": True,
    "!annotation.age": False,
    "!annotation.weight": True,
    "annotation.weight != 3": False,
    "annotation.vip": True,
    "annotation.vip = true": True,
    "annotation.vip = 1": False,
    "annotation.trial": False,
    "!annotation.trial": True,
    "annotation.trial = false": True,
    'annotation[request.id] = "917DL6VO"': True,
    'annotation[request.id] BEGINSWITH "91"': True,
    "annotation[order-id]": False,  # a dash is not indexed
    'annotation.tier = "gold"': False,  # metadata
    # services
    'service("checkout")': True,
    'service("checkout") { fault }': True,
    'service("front") { fault }': False,
    "service() { fault }": True,
    "service { fault }": True,
    "service()": True,
    'service("")': True,
    "SERVICE": True,
    'service("checkout") { fault = true OR responsetime > 2.5 } AND annotation.version = "2.4.1"': (
        True
    ),
    'service("checkout") {root = true and fault = true}': False,
    'service("front") { root }': True,
    'service("checkout") { !fault }': False,
    'service("orders")': True,
    'service("DynamoDB")': False,
    'service(id(name: "checkout", type:"AWS::ECS::Container")) { fault }': True,
    'service(id(name: "checkout", type:"AWS::ECS::Service")) { fault }': False,
    'service(id(type: "AWS::DynamoDB::Table")) { throttle AND inferred }': True,
    'service(id(account.id: "210987654321"))': True,
    'service(id(account.id: "111122223333"))': False,
    'service { annotation[request.id] = "917DL6VO" }': True,
    'service("front") { annotation[request.id] = "917DL6VO" }': False,
    'service { name BEGINSWITH "check" and type = "AWS::ECS::Container" }': True,
    'service { message CONTAINS "capacity" }': True,
    'service("checkout") { user = "lena" }': False,
    'service("checkout") { duration < 2 and responsetime < 2 }': True,
    '(service(id(type: "remote"))) AND (ok)': True,
    # edges
    'edge("front", "checkout") { fault = true }': True,
    'edge("front", "checkout") { http.status = 502 }': True,  # as the caller saw it
    'service("checkout") { http.status = 500 }': True,  # as the callee says
    'edge("front", "checkout") { responsetime = 2 }': True,
    'edge("checkout", "orders") { throttle }': True,
    'edge("checkout", "front")': False,
    'edge("front", "orders")': False,
    "edge()": True,
    "edge { throttle }": True,
    'edge(id(type: "AWS::EC2::Instance"), id(name: "bank", type: "remote")) { ok }': True,
    'edge(id(type: "client"), "front") { ok }': True,
    'edge("front", "front")': False,
    'edge { source.annotation[version] = "2.4.1" }': True,
    'edge("front", "checkout") { source.annotation[request.id] = "917DL6VO" }': False,
    'edge("front", "checkout") { destination.annotation[request.id] = "917DL6VO" }': True,
    'edge("checkout", "orders") { annotation[request.id] = "916" }': True,
    '!edge("front", "checkout")': False,
    # how they bind
    "fault OR ok AND responsetime > 9": False,
    "(fault OR ok) AND responsetime > 3": True,
    "ok OR fault responsetime > 9": True,
    "!(ok AND fault)": True,
    "!!ok": True,
    "not_a_word": None,
}


@pytest.mark.parametrize(("expression", "meant"), TABLE.items())
def test_expression(expression, meant):
    if meant is None:
        with pytest.raises(FilterError):
            parse(expression)
        return
    parsed = parse(expression)
    assert parsed.matches(BUY) is meant
    assert parsed.explain(BUY).value is meant
    assert parsed.matches(EMPTY) in (True, False)
    assert parsed.explain(EMPTY).value is parsed.matches(EMPTY)


CAUSE = {
    "Services": [
        {
            "Name": "GetWeatherData",
            "Names": ["GetWeatherData"],
            "AccountId": "123456789012",
            "Inferred": False,
            "EntityPath": [
                {"Name": "GetWeatherData", "Coverage": 1.0, "Remote": False},
                {"Name": "get_temperature", "Coverage": 0.85, "Remote": False},
            ],
        },
        {
            "Name": "traces",
            "Type": "AWS::DynamoDB",
            "Inferred": True,
            "EntityPath": [
                {
                    "Name": "traces",
                    "Coverage": 0.81,
                    "Remote": True,
                    "Exceptions": [
                        {"Name": "deserialize", "Message": "odd"},
                        {"Name": "Denied", "Message": "Access Denied for account_id: 1234567890"},
                    ],
                }
            ],
        },
    ]
}

#: The guide's examples of root causes.
CAUSES = {
    'rootcause.fault.entity { last and name = "deserialize" }': False,
    'rootcause.responsetime.entity { remote and coverage > 0.7 and name = "traces" }': True,
    'rootcause.fault.service { inferred and name = "traces" and type = "AWS::DynamoDB" }': True,
    "rootcause.fault.service { index > 5 }": False,
    "rootcause.responsetime.entity { last and coverage > 0.8 }": True,
    "rootcause.responsetime.entity { first and coverage < 1 }": False,
    'rootcause.fault.service { name = "GetWeatherData" }': True,
    'rootcause.responsetime.service { last and type = "AWS::DynamoDB" }': True,
    'rootcause.fault.exception { last and message = "Access Denied for account_id: 1234567890" }': (
        True
    ),
    'rootcause.fault.exception { index = 0 and name = "deserialize" }': True,
    "rootcause.fault.service": True,
    "rootcause.error.service": False,
    "!rootcause.error.exception": True,
    'rootcause.json = #[{ "Services": [ { "Name": "GetWeatherData", "EntityPath": [{ "Name": '
    '"GetWeatherData" }, { "Name": "get_temperature" } ] }, { "Name": "traces", "EntityPath": '
    '[ { "Name": "traces" } ] } ] }]': True,
    'json = #[{"Services": [{"Name": "GetWeatherData"}]}]': False,  # one service too few
    'json != #[{"Services": [{"Name": "GetWeatherData"}]}] AND ok': True,
    'rootcause.json = #[{"Services": [{"AccountId": 123456789012}, {"Inferred": true}]}]': True,
}


@pytest.mark.parametrize(("expression", "meant"), CAUSES.items())
def test_root_causes(expression, meant):
    from labkit.xray.engine.filters.subjects import subject_of

    one = trace(span("GetWeatherData", "1", 0, 1))
    subject_of(one)._causes.update(fault=[CAUSE], responsetime=[CAUSE], error=[])
    assert parse(expression).matches(one) is meant
    assert parse(expression).explain(one).value is meant


#: Of BUY, with the root causes that X-Ray finds in it.
FOUND_CAUSES = {
    'rootcause.fault.service { name = "checkout" }': True,
    'rootcause.fault.service { first and name = "front" }': True,
    'rootcause.fault.exception { last and message CONTAINS "capacity" }': True,
    'rootcause.fault.exception { name = "Boom" }': True,
    'rootcause.fault.service { last and name = "front" }': False,
    'rootcause.fault.service { name = "bank" }': False,
    "rootcause.responsetime.entity { first and coverage = 1 }": True,
    'rootcause.json = #[{"Services": [{"Name": "front"}, {"Name": "checkout"}]}]': True,
}


@pytest.mark.parametrize(("expression", "meant"), FOUND_CAUSES.items())
def test_root_causes_of_a_real_trace(expression, meant):
    parsed = parse(expression)
    assert parsed.matches(BUY) is meant
    assert parsed.explain(BUY).value is meant


def test_groups_are_asked_by_name_and_by_arn():
    groups = {
        "slow": parse("responsetime > 3"),
        "fast": parse("responsetime < 1"),
        "arn:slow": parse("responsetime > 3"),
        "ring": parse('group.name = "gnir"'),
        "gnir": parse('ok group.name = "ring"'),
    }
    table = {
        'group.name = "slow" AND user = "lena"': True,
        'group.name = "fast"': False,
        'group.name != "fast"': True,
        'group.arn = "arn:slow"': True,
        'group.name = "nobody"': False,
        'group.name = "ring"': False,
    }
    for expression, meant in table.items():
        assert parse(expression).matches(BUY, groups.get) is meant, expression
    assert not parse('group.name = "slow"').matches(BUY)
    assert "does not meet" in str(parse('group.name = "fast"').explain(BUY, groups.get))


#: Expression -> the character that can't stand there, and a piece of what is said.
REFUSED = {
    "": (0, "empty"),
    "   ": (0, "empty"),
    "usr": (0, "did you mean user?"),
    "fault = 5": (8, "true or false"),
    "fault AND": (9, "ends too early"),
    "fault }": (6, "unexpected }"),
    "user = alice": (7, "double quotes"),
    "user = 'alice'": (7, "double quotes"),
    'user = "alice': (7, "no closing quote"),
    "user > 3": (5, "CONTAINS"),
    'responsetime = "3"': (15, "a number"),
    "responsetime >": (14, "ends too early"),
    "fault && ok": (6, "AND"),
    "fault == true": (7, "one = is enough"),
    "NOT fault": (0, "! negates"),
    "coverage > 1": (0, "rootcause.responsetime.entity"),
    'name = "x"': (0, "braces of service"),
    "ok last": (3, "root causes"),
    "rootcause.responsetime.exception": (0, "did you mean rootcause.responsetime.entity?"),
    "rootcause.fault.entity { coverage > 0.5 }": (25, "coverage"),
    'service("x") { service("y") }': (15, "braces of service"),
    'service("x") {}': (14, "unexpected }"),
    'service("x" { fault }': (12, "unexpected {"),
    "service(x)": (8, "double quotes"),
    'service(id(message: "x"))': (11, "id() knows"),
    'service(id(name: "x", name: "y"))': (22, "twice"),
    'edge("x")': (8, "a comma"),
    "source.annotation.a": (0, "braces of edge"),
    "service { destination.annotation.a }": (10, "braces of edge"),
    "rootcause.fault.service { annotation.a }": (26, "no annotations"),
    "annotation.a.b = 1": (0, "annotation[a.b]"),
    'annotation["a"]': (0, "without quotes"),
    'annotation.a > "x"': (15, "a number"),
    "annotation.a CONTAINS 3": (22, "text in quotes"),
    "json = 5": (7, "#[...]"),
    "json = #5": (8, "JSON list"),
    "json = #[": (9, "no JSON"),
    'group.name CONTAINS "x"': (11, "= or !="),
    "(" * 10_000: (60, "nested"),
    "!" * 10_000 + "ok": (60, "nested"),
    "(" * 5_000 + "ok" + ")" * 5_000: (60, "nested"),
    "json = #" + "[" * 19_000: (7, "nested"),
    "ok " * 10_000: (20_000, "longer"),
}


@pytest.mark.parametrize("expression", REFUSED, ids=lambda text: text[:30])
def test_what_is_refused_and_where(expression):
    position, said = REFUSED[expression]
    with pytest.raises(FilterError) as problem:
        parse(expression)
    assert problem.value.position == position, problem.value
    assert said in problem.value.message
    assert "^" in problem.value.pointed


def test_a_long_chain_is_no_deep_one():
    assert parse(" OR ".join(["fault"] * 1_000 + ["ok"])).matches(BUY)
    assert not parse("ok " * 1_000 + "fault").matches(BUY)


def test_selectors_of_entities():
    one = parse_selector('edge("a", id(type: "remote"))')
    assert one.source.fits("a", "AWS::EC2::Instance")
    assert not one.destination.fits("b", "AWS::SNS::Topic")
    assert parse_selector('id(name: "a")').who.fits("a", "")
    assert parse_selector("service()").who.fits("a", "x", "1")
    for wrong in ("fault", 'service("a") { fault }', 'service("a") AND ok'):
        with pytest.raises(FilterError):
            parse_selector(wrong)


#: Expression -> a piece of why BUY is meant or not.
WHY = {
    "fault": "ask service() { ... }, the root alone was asked",
    'service("checkout") { fault }': "1 of 1 segment",
    'service("billing")': 'no segment of "billing"; the trace has front, checkout, orders, bank',
    'edge("front", "orders")': 'no call from "front" to "orders"; the trace has front -> ',
    'annotation.tier = "gold"': "it is metadata, which is not indexed",
    "annotation.Version": "but version: keys are told apart",
    'annotation.age = "30"': "a number, compared with a text",
    'user = "mara"': 'user is "lena", "tomas" of the trace',
    "ok AND responsetime > 9": "responsetime is 4 of the root, front",
    "edge { source.annotation.none }": "the source has no annotation none",
}


@pytest.mark.parametrize(("expression", "why"), WHY.items())
def test_why(expression, why):
    told = str(parse(expression).explain(BUY))
    assert why in told


def test_of_a_failed_and_only_what_failed_is_told():
    verdict = parse('ok AND user = "mara" AND duration > 1').explain(BUY)
    assert [one.rule for one in verdict.because] == ['user = "mara"']


def test_a_trace_without_a_root_takes_the_earliest_segment():
    late = trace(span("b", "2", 5, 6, parent="9", fault=True))
    assert parse("fault").matches(late)
    assert not parse("ok").matches(EMPTY)


def test_fifty_annotations_are_indexed():
    many = {f"k{n}": n for n in range(60)}
    one = trace(span("a", "1", 0, 1, annotations=many))
    assert parse("annotation.k49 = 49").matches(one)
    assert not parse("annotation.k50").matches(one)
    assert not parse("service { annotation.k50 }").matches(one)
