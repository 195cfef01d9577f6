"""Segments over real boto3: what comes in, what is refused, what is told of traces."""

import json

import pytest
from botocore.exceptions import ClientError

T = 1_767_603_600  # where a lab begins


def trace_id(number=1, at=T):
    return f"1-{at:08x}-{number:024x}"


def segment(number=1, name="shop", start=T, seconds=0.5, **more):
    return {
        "trace_id": trace_id(number),
        "id": f"{number:016x}",
        "name": name,
        "start_time": start,
        "end_time": start + seconds,
        **more,
    }


@pytest.fixture
def xray(lab):
    return lab.client("xray")


def put(xray, *documents):
    texts = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return xray.put_trace_segments(TraceSegmentDocuments=texts)["UnprocessedTraceSegments"]


def test_a_segment_comes_back_whole(xray):
    sent = segment(metadata={"default": {"basket": [1, 2]}}, annotations={"tier": "gold"})
    assert put(xray, sent) == []
    [trace] = xray.batch_get_traces(TraceIds=[trace_id()])["Traces"]
    assert trace["Duration"] == 0.5 and not trace["LimitExceeded"]
    assert [json.loads(one["Document"]) for one in trace["Segments"]] == [sent]


@pytest.mark.parametrize(
    ("broken", "code", "known"),
    [
        ("{", "ParseError", ""),
        ("[]", "ParseError", ""),
        ({"id": None}, "InvalidId", ""),
        ({"name": ""}, "MissingName", "1"),
        ({"name": "a?b"}, "InvalidName", "1"),
        ({"name": "n" * 201}, "InvalidName", "1"),
        ({"trace_id": "1-67-2"}, "InvalidTraceId", "1"),
        ({"trace_id": "1-00000001-" + "0" * 24, "start_time": 5}, "InvalidTraceId", "1"),
        ({"start_time": "now"}, "InvalidStartTime", "1"),
        ({"end_time": None}, "MissingEndTime", "1"),
        ({"end_time": 5}, "InvalidEndTime", "1"),
        ({"in_progress": True}, "InvalidEndTime", "1"),
        ({"parent_id": "12"}, "InvalidParentId", "1"),
        ({"type": "subsegment"}, "MissingParentId", "1"),
        ({"subsegments": [{"name": "x"}]}, "MissingId", "1"),
        ({"subsegments": {"name": "x"}}, "InvalidSubsegments", "1"),
        ({"metadata": {"much": "m" * 65536}}, "SegmentTooLarge", "1"),
    ],
)
def test_a_bad_document_comes_back_with_its_code_and_the_good_one_is_kept(
    xray, broken, code, known
):
    bad = broken if isinstance(broken, str) else {**segment(), **broken}
    [refused] = put(xray, segment(2), bad)
    assert refused["ErrorCode"] == code
    assert refused["Message"] == f"Invalid segment. ErrorCode: {code}"
    assert refused.get("Id", "") == (known and known.zfill(16))
    assert len(xray.batch_get_traces(TraceIds=[trace_id(2)])["Traces"]) == 1


def test_a_random_trace_id_of_opentelemetry_is_taken_for_its_segments_time(lab, xray):
    w3c = "4efaaf4d1e8720b39541901950019ee5"
    assert put(xray, segment(trace_id=w3c)) == []
    found = xray.get_trace_summaries(StartTime=T, EndTime=lab.now)["TraceSummaries"]
    assert [one["Id"] for one in found] == ["1-4efaaf4d-1e8720b39541901950019ee5"]


def test_in_progress_is_overwritten_by_the_complete_one_and_never_the_other_way(lab, xray):
    open_ = segment()
    del open_["end_time"]
    open_["in_progress"] = True
    put(xray, open_)
    assert xray.get_trace_summaries(StartTime=T, EndTime=lab.now)["TraceSummaries"][0]["IsPartial"]
    put(xray, segment())
    put(xray, open_)
    [found] = xray.get_trace_summaries(StartTime=T, EndTime=lab.now)["TraceSummaries"]
    assert (found["IsPartial"], found["ResponseTime"], found["Revision"]) == (False, 0.5, 3)


def test_a_summary_tells_of_the_root_and_throttles_of_anybody(lab, xray):
    put(
        xray,
        segment(
            http={"request": {"method": "GET", "url": "https://shop.example/"},
                  "response": {"status": 200}},
            user="lena-7",
            subsegments=[{"id": "a" * 16, "name": "cart", "namespace": "remote",
                          "start_time": T, "end_time": T + 0.1, "fault": True, "throttle": True}],
            annotations={"tier": "gold", "items": 3, "new": True, "list": [1]},
        ),
    )  # fmt: skip
    [found] = xray.get_trace_summaries(StartTime=T, EndTime=lab.now)["TraceSummaries"]
    assert (found["HasFault"], found["HasError"], found["HasThrottle"]) == (False, False, True)
    assert found["Http"]["HttpStatus"] == 200
    assert [one["Name"] for one in found["ServiceIds"]] == ["shop", "cart"]
    assert found["Users"][0]["UserName"] == "lena-7"
    values = {key: value[0]["AnnotationValue"] for key, value in found["Annotations"].items()}
    assert values == {
        "tier": {"StringValue": "gold"},
        "items": {"NumberValue": 3.0},
        "new": {"BooleanValue": True},
    }
    assert found["EntryPoint"]["Name"] == "shop"


def test_summaries_are_newest_first_in_pages_of_a_hundred(lab, xray):
    lab.advance(minutes=5)
    for begin in range(0, 150, 50):
        put(xray, *(
            segment(n, start=T + n, trace_id=trace_id(n, T + n)) for n in range(begin, begin + 50)
        ))  # fmt: skip
    first = xray.get_trace_summaries(StartTime=T, EndTime=lab.now)
    rest = xray.get_trace_summaries(StartTime=T, EndTime=lab.now, NextToken=first["NextToken"])
    numbers = [int(one["Id"][-24:], 16) for one in first["TraceSummaries"]]
    numbers += [int(one["Id"][-24:], 16) for one in rest["TraceSummaries"]]
    assert numbers == list(range(149, -1, -1))
    assert first["TracesProcessedCount"] == 150 and "NextToken" not in rest


def test_pages_after_the_first_do_not_look_again_until_something_arrives(lab, xray, monkeypatch):
    from labkit.xray.engine.filters import Filter

    looked, select = [], Filter.select

    def looking(self, traces, *more):
        looked.append(len(traces))
        return select(self, traces, *more)

    def arrive(*numbers):
        put(xray, *(segment(n, start=T + n, trace_id=trace_id(n, T + n)) for n in numbers))

    monkeypatch.setattr(Filter, "select", looking)
    lab.advance(minutes=5)
    for begin in range(0, 150, 50):
        arrive(*range(begin, begin + 50))
    asked = {"StartTime": T, "EndTime": lab.now, "FilterExpression": "responsetime >= 0"}
    first = xray.get_trace_summaries(**asked)
    rest = xray.get_trace_summaries(**asked, NextToken=first["NextToken"])
    assert (len(rest["TraceSummaries"]), looked) == (50, [150])
    arrive(150)
    rest = xray.get_trace_summaries(**asked, NextToken=first["NextToken"])
    assert (len(rest["TraceSummaries"]), looked) == (51, [150, 151])


@pytest.mark.parametrize(
    ("by", "second", "found"),
    [("TraceId", 0, True), ("TraceId", 61, False), ("Event", 0, False), ("Event", 121, True),
     ("Service", 61, True), ("Service", 0, False)],
)  # fmt: skip
def test_time_ranges_are_of_the_trace_its_last_change_or_its_ends(lab, xray, by, second, found):
    lab.advance(minutes=2)
    put(xray, segment(start=T, seconds=61.5))
    answer = xray.get_trace_summaries(
        StartTime=T + second - 0.5, EndTime=T + second + 1, TimeRangeType=by
    )
    assert bool(answer["TraceSummaries"]) is found


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: x.get_trace_summaries(StartTime=T, EndTime=T + 6 * 3600 + 1),
         "Time range cannot be longer than 6 hours"),
        (lambda x: x.get_trace_summaries(StartTime=T, EndTime=T - 1), "End time cannot be before"),
        (lambda x: x.batch_get_traces(TraceIds=[trace_id(n) for n in range(6)]), "Too many"),
        (lambda x: x.create_group(GroupName="a b"), "letters, digits and dashes"),
        (lambda x: x.create_group(GroupName="Default"), "already exists"),
        (lambda x: x.delete_group(GroupName="Default"), "cannot be deleted"),
        (lambda x: x.put_encryption_config(Type="KMS"), "KeyId is needed"),
        (lambda x: x.update_trace_segment_destination(Destination="CloudWatchLogs"),
         "does not have permission to call PutLogEvents"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_an_invalid_request(xray, call, text):
    with pytest.raises(ClientError, match=text) as caught:
        call(xray)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


def test_traces_are_kept_for_thirty_days(lab, xray):
    put(xray, segment())
    lab.advance(days=29)
    assert xray.batch_get_traces(TraceIds=[trace_id()])["Traces"]
    lab.advance(days=1, seconds=1)
    answer = xray.batch_get_traces(TraceIds=[trace_id()])
    assert (answer["Traces"], answer["UnprocessedTraceIds"]) == ([], [trace_id()])


def test_a_disabled_key_stops_both_ways(lab, xray):
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    answer = xray.put_encryption_config(Type="KMS", KeyId=key)["EncryptionConfig"]
    assert answer == {"KeyId": key, "Status": "UPDATING", "Type": "KMS"}
    lab.advance(minutes=5)
    assert xray.get_encryption_config()["EncryptionConfig"]["Status"] == "ACTIVE"
    put(xray, segment())
    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError, match="Disabled"):
        put(xray, segment(2))
    with pytest.raises(ClientError, match="Disabled"):
        xray.batch_get_traces(TraceIds=[trace_id()])
    kms.enable_key(KeyId=key)
    assert xray.batch_get_traces(TraceIds=[trace_id()])["Traces"]


def test_policies_have_revisions_and_do_not_lock_their_author_out(xray):
    allow = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
         "Action": "xray:PutTraceSegments", "Resource": "*"}]})  # fmt: skip
    deny = allow.replace("Allow", "Deny").replace(
        '{"Service": "sns.amazonaws.com"}', '"*"'
    ).replace("xray:PutTraceSegments", "xray:*")  # fmt: skip
    xray.put_resource_policy(PolicyName="sns", PolicyDocument=allow)
    for kind, given in (
        ("InvalidPolicyRevisionIdException", {"PolicyDocument": allow, "PolicyRevisionId": "7"}),
        ("MalformedPolicyDocumentException", {"PolicyDocument": "{"}),
        ("LockoutPreventionException", {"PolicyDocument": deny}),
        ("PolicySizeLimitExceededException", {"PolicyDocument": allow + " " * 5120}),
    ):
        with pytest.raises(ClientError) as caught:
            xray.put_resource_policy(PolicyName="sns", **given)
        assert caught.value.response["Error"]["Code"] == kind
    again = xray.put_resource_policy(PolicyName="sns", PolicyDocument=allow, PolicyRevisionId="1")[
        "ResourcePolicy"
    ]
    assert again["PolicyRevisionId"] == "2"
    xray.delete_resource_policy(PolicyName="sns")
    assert xray.list_resource_policies()["ResourcePolicies"] == []


def test_tags_of_a_group(xray):
    arn = xray.create_group(GroupName="slow", Tags=[{"Key": "team", "Value": "tea"}])["Group"][
        "GroupARN"
    ]
    xray.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    xray.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError, match="not found"):
        xray.list_tags_for_resource(ResourceARN=arn + "x")


def test_transaction_search_keeps_all_spans_and_indexes_a_share(lab, xray):
    logs = lab.client("logs")
    logs.put_resource_policy(policyName="xray", policyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "xray.amazonaws.com"},
             "Action": "logs:PutLogEvents", "Resource": "*"}]}))  # fmt: skip
    answer = xray.update_trace_segment_destination(Destination="CloudWatchLogs")
    assert answer["Status"] == "PENDING"
    lab.advance(minutes=10)
    assert xray.get_trace_segment_destination()["Status"] == "ACTIVE"
    xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {
        "DesiredSamplingPercentage": 10}})  # fmt: skip
    ids = [trace_id(n, T + 600) for n in range(200)]
    for begin in range(0, 200, 50):
        put(xray, *(segment(n, start=T + 600, trace_id=ids[n]) for n in range(begin, begin + 50)))
    indexed = xray.get_trace_summaries(StartTime=T + 600, EndTime=lab.now)["TraceSummaries"]
    assert 8 <= len(indexed) <= 35
    assert len(logs.filter_log_events(logGroupName="aws/spans", limit=1000)["events"]) == 200
    hidden = next(one for one in ids if one not in {each["Id"] for each in indexed})
    assert xray.batch_get_traces(TraceIds=[hidden])["UnprocessedTraceIds"] == [hidden]
    token = xray.start_trace_retrieval(TraceIds=[hidden], StartTime=T, EndTime=lab.now)[
        "RetrievalToken"
    ]
    assert xray.list_retrieved_traces(RetrievalToken=token)["RetrievalStatus"] == "RUNNING"
    lab.advance(seconds=1)
    done = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat="OTEL")
    [trace] = done["Traces"]
    assert done["RetrievalStatus"] == "COMPLETE" and trace["Id"] == hidden
    assert json.loads(trace["Spans"][0]["Document"])["name"] == "shop"
    with pytest.raises(ClientError, match="complete"):
        xray.cancel_trace_retrieval(RetrievalToken=token)


def test_recorded_and_retrieved_traces_are_on_the_bill(lab, xray):
    put(xray, segment(1), segment(2))
    xray.batch_get_traces(TraceIds=[trace_id(1)])
    used = lab.world.meters.usage(0, 2**60)
    items = {row.item: row.quantity for row in used if row.item.startswith("xray.")}
    assert items == {"xray.recorded": 2, "xray.retrieved": 1}


def test_traces_of_the_shop_are_found_by_who_looked_before_there_were_any(lab, xray):
    lab.advance(hours=1)
    span = {"StartTime": lab.start, "EndTime": lab.now}
    assert xray.get_trace_summaries(**span)["TracesProcessedCount"] == 0
    lab.shop.traces(hours=0.2)
    span["EndTime"] = lab.now
    many = xray.get_trace_summaries(**span)["TracesProcessedCount"]
    assert many > 100
    assert xray.get_trace_summaries(**span)["TracesProcessedCount"] == many
