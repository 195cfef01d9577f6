"""Transformers: every processor by a row, and what filters on transformed logs see."""

import json

import pytest
from botocore.exceptions import ClientError

GROUP = "/shop/app"
JSON = {"parseJSON": {}}
EVENT = '{"a":{"b":"X y"},"n":"12","l":[{"k":"p","v":1},{"k":"q","v":2}],"t":"2026-01-05 09:00:00"}'


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="s")
    return client


def made(logs, config, message):
    (row,) = logs.test_transformer(transformerConfig=config, logEventMessages=[message])[
        "transformedLogs"
    ]
    return json.loads(row["transformedEventMessage"]) if "transformedEventMessage" in row else None


@pytest.mark.parametrize(
    ("config", "message", "found"),
    [
        ([JSON], '{"a":1}', {"a": 1}),
        ([{"parseJSON": {"destination": "j"}}], '{"a":1}', {"j": {"a": 1}}),
        ([JSON], "no JSON", None),
        ([{"grok": {"match": "%{IP:ip} %{WORD:verb} %{NUMBER:size}"}}], "10.0.0.1 GET 12",
         {"ip": "10.0.0.1", "verb": "GET", "size": "12"}),
        ([{"grok": {"match": "%{IP:ip} %{WORD:verb}"}}], "10.0.0.1 GET 12", None),
        ([{"csv": {"columns": ["a", "b"]}}], '1,"two, three",4',
         {"a": "1", "b": "two, three", "column_3": "4"}),
        ([{"csv": {"delimiter": "\\t"}}], "x\ty", {"column_1": "x", "column_2": "y"}),
        ([{"parseKeyValue": {"fieldDelimiter": " ", "nonMatchValue": "-"}}], "a=1 b=x c",
         {"a": "1", "b": "x", "c": "-"}),
        ([{"parseVPC": {}}],
         "2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 "
         "ACCEPT OK", {"srcAddr": "172.31.16.139", "dstPort": 22, "action": "ACCEPT"}),
        ([{"parseRoute53": {}}],
         "1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.168.1.1 -",
         {"queryName": "example.com", "responseCode": "NOERROR"}),
        ([{"parsePostgres": {}}],
         "2019-03-10 03:54:59 UTC:10.0.0.123(52834):postgres@logtestdb:[20175]:ERROR: column x",
         {"logTime": "2019-03-10 03:54:59 UTC", "srcIp": "10.0.0.123(52834)",
          "userName": "postgres", "dbName": "logtestdb", "processId": "20175",
          "logLevel": "ERROR"}),
        ([{"parseWAF": {}}],
         '{"httpRequest":{"headers":[{"name":"Host","value":"h"}]},"labels":[{"name":"l"}]}',
         {"httpRequest": {"headers": {"Host": "h"}}, "labels": {"name": "l"}}),
        ([JSON, {"addKeys": {"entries": [{"key": "x.y", "value": "1"}]}}], '{"a":1}',
         {"a": 1, "x": {"y": "1"}}),
        ([JSON, {"addKeys": {"entries": [{"key": "c", "value": "${a.b}"}]}}], EVENT, {"c": "X y"}),
        ([JSON, {"deleteKeys": {"withKeys": ["a"]}}], '{"a":1,"b":2}', {"b": 2}),
        ([JSON, {"moveKeys": {"entries": [{"source": "n", "target": "a.n"}]}}], EVENT,
         {"a": {"b": "X y", "n": "12"}}),
        ([JSON, {"renameKeys": {"entries": [{"key": "n", "renameTo": "m"}]}}], EVENT, {"m": "12"}),
        ([JSON, {"copyValue": {"entries": [{"source": "n", "target": "m"}]}}], EVENT,
         {"n": "12", "m": "12"}),
        ([JSON, {"listToMap": {"source": "l", "key": "k", "valueKey": "v", "target": "m",
                               "flatten": True, "flattenedElement": "first"}}], EVENT,
         {"m": {"p": 1, "q": 2}}),
        ([JSON, {"lowerCaseString": {"withKeys": ["a.b"]}}], EVENT, {"a": {"b": "x y"}}),
        ([JSON, {"upperCaseString": {"withKeys": ["a.b"]}}], EVENT, {"a": {"b": "X Y"}}),
        ([JSON, {"trimString": {"withKeys": ["a"]}}], '{"a":"  x "}', {"a": "x"}),
        ([JSON, {"splitString": {"entries": [{"source": "a.b", "delimiter": " "}]}}], EVENT,
         {"a": {"b": ["X", "y"]}}),
        ([JSON, {"substituteString": {"entries": [
            {"source": "a.b", "from": "(X) (y)", "to": "$2-$1"}]}}], EVENT, {"a": {"b": "y-X"}}),
        ([JSON, {"typeConverter": {"entries": [{"key": "n", "type": "integer"}]}}], EVENT,
         {"n": 12}),
        ([JSON, {"dateTimeConverter": {"source": "t", "target": "at", "matchPatterns": [
            "yyyy-MM-dd HH:mm:ss"], "sourceTimezone": "Europe/Berlin"}}], EVENT,
         {"at": "2026-01-05T08:00:00.000Z"}),
    ],
)  # fmt: skip
def test_processors(logs, config, message, found):
    got = made(logs, config, message)
    if found is None:
        assert got is None
    else:
        assert {key: got.get(key) for key in found} == found


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ([{"addKeys": {"entries": [{"key": "a", "value": "b"}]}}], "first processor has to parse"),
        ([JSON, {"parseJSON": {}, "csv": {}}], "exactly one"),
        ([{"grok": {"match": "%{NOTHING:a}"}}], "no pattern NOTHING"),
        ([{"grok": {"match": "%{INT:a:int}"}}], "does not convert types"),
        ([{"grok": {"match": " ".join(["%{DATA}"] * 6)}}], "DATA at most 5 times"),
        ([{"grok": {"match": "%{DATA} %{SPACE}%{URI} %{DATA} %{SPACE}%{URI}"}}], "at most five"),
        ([{"grok": {"match": "%{INT}" * 21}}], "at most 20"),
        ([{"grok": {"match": "%{SYSLOG5424} %{NUMBER:n}"}}], "may follow SYSLOG5424"),
        ([{"grok": {"match": "%{DATA:d} %{NGINX_ACCESS_LOG}"}}], "has to be the first pattern"),
        ([{"grok": {"match": "%{APACHE_ACCESS_LOG} %{SYSLOG5424}"}}], "may follow APACHE"),
        ([JSON, {"listToMap": {"source": "l", "key": "k", "flatten": True}}], "flattenedElement"),
        ([JSON, {"addKeys": {"entries": [{"key": "a.b.c.d", "value": "1"}]}}], "deeper than 3"),
        ([JSON, {"substituteString": {"entries": [{"source": "a", "from": "x", "to": "$1"}]}}],
         "has no group 1"),
        ([JSON, {"dateTimeConverter": {"source": "t", "target": "u", "matchPatterns": ["epoch"],
                                       "targetFormat": "jjj"}}], "no format of dates"),
        ([{"parseJSON": {"source": "a"}}], "parses @message"),
        ([{"parseVPC": {"source": "a"}}], "source can only be @message"),
        ([JSON, {"parseVPC": {}}], "has to be the first"),
        ([{"parseWAF": {}}, {"parseVPC": {}}], "at most one parser of AWS's own"),
        ([{"parseToOCSF": {"eventSource": "AWSWAF", "ocsfVersion": "V1.1"}}], "no AWS WAF"),
        (
            [{"parseToOCSF": {"eventSource": "VPCFlow", "ocsfVersion": "V1.1"}}, {"parseVPC": {}}],
            "at most one parser",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(logs, config, said):
    with pytest.raises(ClientError, match=said) as told:
        logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=config)
    assert told.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_metric_filter_on_transformed_logs(lab, logs):
    config = [{"csv": {"columns": ["level", "ms"]}}]
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=config)
    assert logs.get_transformer(logGroupIdentifier=GROUP)["transformerConfig"] == config
    logs.put_metric_filter(
        logGroupName=GROUP, filterName="f", filterPattern='{ $.level = "ERROR" }',
        applyOnTransformedLogs=True,
        metricTransformations=[
            {"metricName": "m", "metricNamespace": "Shop", "metricValue": "1"}],
    )  # fmt: skip
    at = lab.world.clock.now_us // 1000
    for text in ("ERROR,5", "INFO,7"):
        logs.put_log_events(
            logGroupName=GROUP, logStreamName="s",
            logEvents=[{"timestamp": at, "message": text}],
        )  # fmt: skip
    found = lab.client("cloudwatch").list_metrics(Namespace="Shop")["Metrics"]
    assert [one["MetricName"] for one in found] == ["m"]
    texts = [e["message"] for e in logs.filter_log_events(logGroupName=GROUP)["events"]]
    assert texts == ["ERROR,5", "INFO,7"], "the event itself stays as it came"
    logs.delete_transformer(logGroupIdentifier=GROUP)
    assert "transformerConfig" not in logs.get_transformer(logGroupIdentifier=GROUP)


def test_what_copy_value_knows_of_an_event(lab, logs):
    copied = ("@logGroupName", "@logGroupStream", "@accountId", "@regionName")
    entries = [{"source": name, "target": name[1:]} for name in copied]
    config = [JSON, {"copyValue": {"entries": entries}}]
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=config)
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName=GROUP, logStreamName="s", logEvents=[{"timestamp": at, "message": EVENT}]
    )
    found = lab.logs.query("fields logGroupName, logGroupStream, accountId, regionName", GROUP)
    (row,) = found.to_dict("records")
    assert row == {
        "logGroupName": GROUP, "logGroupStream": "s", "accountId": 123456789012,
        "regionName": "us-east-1",
    }  # fmt: skip
