"""Root causes: the way from where a request came in to where it went wrong."""

from mapkit import Story, checkout, table

from labkit.xray.engine import causes


def names(cause):
    return [service["Name"] for service in cause["Services"]]


def path(service):
    return [entity["Name"] for entity in service["EntityPath"]]


def test_a_throttled_table_is_the_cause_not_the_program_that_gave_up():
    [cause] = causes.fault(checkout(throttled=True).trace())
    assert names(cause) == ["front", "checkout", "catalogue", "products"]
    assert cause["ClientImpacting"] is True
    catalogue, products = cause["Services"][2:]
    assert path(catalogue) == ["catalogue", "DynamoDB"]
    assert catalogue["EntityPath"][1]["Remote"] is True
    assert catalogue["EntityPath"][1]["Exceptions"] == [
        {"Name": "ProvisionedThroughputExceededException", "Message": "too fast"}
    ]
    assert products["Inferred"] is True and products["Type"] == "AWS::DynamoDB::Table"
    assert catalogue["Inferred"] is False


def test_all_is_well():
    trace = checkout().trace()
    assert causes.fault(trace) == [] and causes.error(trace) == []


def test_a_fault_that_was_made_up_for_does_not_reach_the_client():
    story = Story()
    front = story.segment("front", 0, 1)
    for n in range(3):
        story.call(front, "bank", n / 10, n / 10 + 0.05, fault=n < 2)
    [cause] = causes.fault(story.trace())
    assert names(cause) == ["front", "bank"] and cause["ClientImpacting"] is False


def test_two_places_are_two_causes():
    story = Story()
    front = story.segment("front", 0, 1, fault=True)
    story.call(front, "bank", 0.1, 0.2, fault=True)
    story.call(front, "post", 0.3, 0.4, fault=True)
    assert [names(one)[-1] for one in causes.fault(story.trace())] == ["bank", "post"]


def test_errors_are_told_apart_from_faults():
    story = Story()
    front = story.segment("front", 0, 1, error=True)
    table(story, front, 0.1, 0.2, error=True)
    trace = story.trace()
    [cause] = causes.error(trace)
    assert names(cause) == ["front", "products"] and cause["ClientImpacting"] is True
    assert causes.fault(trace) == []


def test_an_own_subsegment_is_named_in_the_path():
    story = Story()
    front = story.segment("front", 0, 1, fault=True)
    story.call(front, "render", 0.2, 0.9, namespace="", fault=True)
    [cause] = causes.fault(story.trace())
    assert names(cause) == ["front"] and path(cause["Services"][0]) == ["front", "render"]


def test_the_waiting_comes_from_the_longest_part():
    [cause] = causes.response_time(checkout(slow=2.5).trace())
    assert names(cause) == ["front", "checkout", "catalogue", "products"]
    last = cause["Services"][-1]["EntityPath"][-1]
    assert last["Name"] == "DynamoDB" and last["Coverage"] == 0.921429
    assert cause["Services"][0]["EntityPath"][0]["Coverage"] == 1.0


def test_a_service_that_takes_its_time_itself_is_where_the_way_ends():
    story = Story()
    front = story.segment("front", 0, 1)
    story.call(front, "bank", 0.1, 0.4)
    [cause] = causes.response_time(story.trace())
    assert names(cause) == ["front"] and path(cause["Services"][0]) == ["front"]


def test_a_trace_in_progress_has_no_cause_yet():
    story = Story()
    story.segment("front", 0, None)
    assert causes.response_time(story.trace()) == []
