"""The examples of the user guide's pages on processors, each with what it says comes out."""

import json

import pytest

from labkit.logs.engine.transform import check, grok, transform

JSON = {"parseJSON": {}}


def made(config, message, about=None):
    check(config)
    found = transform(config, message, about)
    return None if found is None else json.loads(found)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("%{NUMBER:timestamp} [%{NUMBER:db} %{IP:client_ip}:%{NUMBER:client_port}] "
         "%{GREEDYDATA:data}", '1629860738.123456 [0 127.0.0.1:6379] "SET" "key1" "value1"',
         {"timestamp": "1629860738.123456", "db": "0", "client_ip": "127.0.0.1",
          "client_port": "6379", "data": '"SET" "key1" "value1"'}),
        ("%{NUMBER:version} %{HOSTNAME:hostname} %{NOTSPACE:status} %{QUOTEDSTRING:logMsg}",
         '293750 server-01.internal-network.local OK "[Thread-000] token generated"',
         {"version": "293750", "hostname": "server-01.internal-network.local", "status": "OK",
          "logMsg": "[Thread-000] token generated"}),
        ("%{HTTPDATE:timestamp} %{IPORHOST:clientip} %{NUMBER:response_status}",
         "23/Nov/2024:10:25:15 -0900 172.16.0.1 200",
         {"timestamp": "23/Nov/2024:10:25:15 -0900", "clientip": "172.16.0.1",
          "response_status": "200"}),
        ("%{USERNAME:x}", "user123.name-TEST", {"x": "user123.name-TEST"}),
        ("%{INT:x}", "-456", {"x": "-456"}), ("%{BASE10NUM:x}", "-0.67", {"x": "-0.67"}),
        ("%{BASE16NUM:x}", "+0xA1B2", {"x": "+0xA1B2"}), ("%{POSINT:x}", "123", {"x": "123"}),
        ("%{NONNEGINT:x}", "007", {"x": "007"}), ("%{WORD:x}", "user_123", {"x": "user_123"}),
        ("%{SPACE:x}", " ", {"x": " "}),
        ("%{DATA:x} %{DATA:y}", "abc def ghi", {"x": "abc", "y": "def ghi"}),
        ("%{GREEDYDATA:x} %{GREEDYDATA:y}", "abc def ghi", {"x": "abc def", "y": "ghi"}),
        ("%{GREEDYDATA_MULTILINE:x}", "abc\ndef\nghi", {"x": "abc\ndef\nghi"}),
        ("%{GREEDYDATA:x}", "abc\ndef", None),
        ("%{QUOTEDSTRING:x}", '"Hello, world!"', {"x": "Hello, world!"}),
        ("%{UUID:x}", "550e8400-e29b-41d4-a716-446655440000",
         {"x": "550e8400-e29b-41d4-a716-446655440000"}),
        ("%{URN:x}", "urn:isbn:0451450523", {"x": "urn:isbn:0451450523"}),
        ("%{ARN:x}", "arn:aws:iam:us-east-1:123456789012:user/johndoe",
         {"x": "arn:aws:iam:us-east-1:123456789012:user/johndoe"}),
        ("%{ARN:x}", "arn:aws:s3:::bucket", None),
        ("%{CISCOMAC:x}", "0123.4567.89AB", {"x": "0123.4567.89AB"}),
        ("%{WINDOWSMAC:x}", "01-23-45-67-89-AB", {"x": "01-23-45-67-89-AB"}),
        ("%{MAC:x}", "01:23:45:67:89:AB", {"x": "01:23:45:67:89:AB"}),
        ("%{IPV6:x}", "2001:db8:3333:4444:5555:6666:7777:8888",
         {"x": "2001:db8:3333:4444:5555:6666:7777:8888"}),
        ("%{IPV6:x}", "::ffff:192.0.2.1", {"x": "::ffff:192.0.2.1"}),
        ("%{IPV6:x}", "fe80::1", {"x": "fe80::1"}), ("%{IP:x}", "10:20:30", None),
        ("%{IPV4:x}", "300.1.1.1", None),
        ("%{IPORHOST:x}", "::1", {"x": "::1"}),
        ("%{HOSTPORT:x}", "192.168.1.1:8080", {"x": "192.168.1.1:8080", "PORT": "8080"}),
        ("%{URIHOST:host} %{URIHOST:ip}", "example.com:443 10.0.0.1",
         {"host": "example.com:443", "port": "443", "ip": "10.0.0.1"}),
        ("%{UNIXPATH:x}", "/search?q=regex", {"x": "/search?q=regex"}),
        ("%{PATH:x}", "C:\\Users\\John\\Documents\\file.txt",
         {"x": "C:\\Users\\John\\Documents\\file.txt"}),
        ("%{TTY:x}", "/dev/tty1", {"x": "/dev/tty1"}),
        ("%{URIPROTO:x}", "web+transformer", {"x": "web+transformer"}),
        ("%{URIPARAM:x}", "?a=1&b=2", {"x": "?a=1&b=2"}),
        ("%{URIPATHPARAM:x}", "/category/product?id=12345&color=red",
         {"x": "/category/product?id=12345&color=red"}),
        ("%{URI:x}", "https://user:password@example.com/path/to/resource?p=1",
         {"x": "https://user:password@example.com/path/to/resource?p=1"}),
        ("%{MONTH:x}", "January", {"x": "January"}), ("%{MONTHNUM:x}", "5", {"x": "5"}),
        ("%{MONTHNUM2:x}", "5", None), ("%{MONTHDAY:x}", "31", {"x": "31"}),
        ("%{YEAR:x}", "24", {"x": "24"}), ("%{DAY:x}", "Tuesday", {"x": "Tuesday"}),
        ("%{SECOND:x}", "30:5", {"x": "30:5"}), ("%{TIME:x}", "09:45:32", {"x": "09:45:32"}),
        ("%{DATE_US:x}", "1-01-24", {"x": "1-01-24"}),
        ("%{DATE_EU:x}", "1.01.24", {"x": "1.01.24"}),
        ("%{ISO8601_TIMEZONE:x}", "-530", {"x": "-530"}),
        ("%{TIMESTAMP_ISO8601:x}", "23-5-1T1:25+5:30", {"x": "23-5-1T1:25+5:30"}),
        ("%{DATE:x}", "29.11.2024", {"x": "29.11.2024"}),
        ("%{DATESTAMP:x}", "29-11-2024 14:30:00", {"x": "29-11-2024 14:30:00"}),
        ("%{DATESTAMP_RFC822:x}", "Monday Jan 5 23 1:30:00 CDT",
         {"x": "Monday Jan 5 23 1:30:00 CDT"}),
        ("%{DATESTAMP_RFC2822:x}", "Monday, 15 Jan 23 14:30:00 Z",
         {"x": "Monday, 15 Jan 23 14:30:00 Z"}),
        ("%{DATESTAMP_OTHER:x}", "Mon May 15 14:30:00 PST 2023",
         {"x": "Mon May 15 14:30:00 PST 2023"}),
        ("%{DATESTAMP_EVENTLOG:x}", "20230515143000", {"x": "20230515143000"}),
        ("%{LOGLEVEL:x}", "INFO", {"x": "INFO"}),
        ("%{SYSLOGTIMESTAMP:x}", "Nov 29 14:30:00", {"x": "Nov 29 14:30:00"}),
        ("%{SYSLOGPROG:x}", "user.profile/settings-page[1234]",
         {"x": "user.profile/settings-page[1234]", "program": "user.profile/settings-page",
          "pid": "1234"}),
        ("%{SYSLOGFACILITY:x}", "<13.6>", {"x": "<13.6>", "facility": "13", "priority": "6"}),
        ("%{APACHE_ACCESS_LOG}",
         '127.0.0.1 - - [03/Aug/2023:12:34:56 +0000] "GET /page.html HTTP/1.1" 200 1234',
         {"request": "/page.html", "http_method": "GET", "status_code": 200, "http_version": "1.1",
          "response_size": 1234, "remote_host": "127.0.0.1", "timestamp": "2023-08-03T12:34:56Z"}),
        ("%{NGINX_ACCESS_LOG} %{GREEDYDATA:rest}",
         '192.168.1.100 - Foo [03/Aug/2023:12:34:56 +0000] "GET /login HTTP/1.1" 200 42 '
         '"https://www.amazon.com/" "Mozilla/5.0 (Windows NT 10.0)" 0.003',
         {"request": "/login", "referrer": "https://www.amazon.com/",
          "agent": "Mozilla/5.0 (Windows NT 10.0)", "http_method": "GET", "status_code": 200,
          "auth_user": "Foo", "http_version": "1.1", "response_size": 42,
          "remote_host": "192.168.1.100", "timestamp": "2023-08-03T12:34:56Z", "rest": "0.003"}),
        ("%{SYSLOG5424}",
         '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 '
         '[exampleSDID@32473 iut="3" eventSource= "Application" eventID="1011"]'
         '[examplePriority@32473 class="high"]',
         {"pri": 165, "version": 1, "timestamp": "2003-10-11T22:14:15.003Z",
          "hostname": "mymachine.example.com", "app": "evntslog", "msg_id": "ID47",
          "structured_data":
              'exampleSDID@32473 iut="3" eventSource= "Application" eventID="1011"',
          "message": '[examplePriority@32473 class="high"]'}),
    ],
)  # fmt: skip
def test_grok(pattern, text, found):
    grok.check(pattern)
    assert grok.match(pattern, text) == found


CLOUDFRONT = (
    "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.24\tGET\td1.cloudfront.net\t/index.html\t200\t-\t"
    "Mozilla/5.0%20(Windows%20NT%2010.0)\t-\t-\tHit\tSOX4==\td1.cloudfront.net\thttps\t23\t0.001\t-"
    "\tTLSv1.2\tECDHE-RSA-AES128-GCM-SHA256\tHit\tHTTP/2.0\t-\t-\t11040\t0.001\tHit\ttext/html\t78"
    "\t-\t-"
)


@pytest.mark.parametrize("text", [CLOUDFRONT, CLOUDFRONT.replace("\t", "  ")])
def test_cloudfront(text):
    found = made([{"parseCloudfront": {}}], text)
    assert len(found) == 33
    assert found["sc-bytes"] == 392 and found["time-taken"] == 0.001 and found["sc-status"] == 200
    assert found["cs(User-Agent)"] == "Mozilla/5.0 (Windows NT 10.0)"
    assert found["cs(Referer)"] == found["sc-range-end"] == "-"
    assert (found["date"], found["cs-protocol-version"]) == ("2019-12-04", "HTTP/2.0")


@pytest.mark.parametrize(
    ("config", "message", "found"),
    [
        ([{"csv": {"delimiter": ":", "quoteCharacter": "'"}}], "'Akua Mansa':28:'New York: USA'",
         {"column_1": "Akua Mansa", "column_2": "28", "column_3": "New York: USA"}),
        ([{"csv": {"delimiter": "\\s"}}], "a b", {"column_1": "a", "column_2": "b"}),
        ([{"parseKeyValue": {
            "destination": "new_key", "fieldDelimiter": "!", "keyValueDelimiter": ":",
            "nonMatchValue": "defaultValue", "keyPrefix": "parsed_"}}],
         "key1:value1!key2:value2!key3:value3!key4",
         {"new_key": {"parsed_key1": "value1", "parsed_key2": "value2", "parsed_key3": "value3",
                      "parsed_key4": "defaultValue"}}),
        ([JSON, {"parseKeyValue": {"source": "q"}}], '{"q":"a=1&b=2","a":0}',
         {"q": "a=1&b=2", "a": 0, "b": "2"}),
        ([JSON, {"parseKeyValue": {"source": "q", "overwriteIfExists": True}}], '{"q":"a=1","a":0}',
         {"q": "a=1", "a": "1"}),
        ([{"parseRoute53": {}}],
         "1.0 2017-12-13T08:15:50.235Z Z123412341234 example.com AAAA NOERROR TCP IAD12 192.0.2.0 "
         "198.51.100.0/24",
         {"version": 1.0, "queryTimestamp": "2017-12-13T08:15:50.235Z",
          "hostZoneId": "Z123412341234", "queryName": "example.com", "queryType": "AAAA",
          "responseCode": "NOERROR", "protocol": "TCP", "edgeLocation": "IAD12",
          "resolverIp": "192.0.2.0", "ednsClientSubnet": "198.51.100.0/24"}),
        ([{"parseVPC": {}}],
         "2 123456789010 eni-abc123de 192.0.2.0 192.0.2.24 20641 22 6 20 4249 1418530010 "
         "1418530070 ACCEPT OK",
         {"version": 2, "accountId": "123456789010", "interfaceId": "eni-abc123de",
          "srcAddr": "192.0.2.0", "dstAddr": "192.0.2.24", "srcPort": 20641, "dstPort": 22,
          "protocol": 6, "packets": 20, "bytes": 4249, "start": 1418530010, "end": 1418530070,
          "action": "ACCEPT", "logStatus": "OK"}),
        ([JSON, {"splitString": {"entries": [{"source": "k", "delimiter": ", "}]}}],
         '{"k":"item1, item2, item3"}', {"k": ["item1", "item2", "item3"]}),
        ([JSON, {"substituteString": {"entries": [
            {"source": "a", "from": "\\[\\]", "to": "value1"},
            {"source": "b", "from": "(\\w+), (\\w+), and (\\w+)", "to": "$1 and $3"},
            {"source": "c", "from": "^arn:aws:sts::(?P<account_id>\\d{12}):assumed-role/"
             "(?P<role_name>[\\w+=,.@-]+)/(?P<role_session_name>[\\w+=,.@-]+)$",
             "to": "${account_id}:${role_name}:${role_session_name}"}]}}],
         '{"a":"[]","b":"Tom, Dick, and Harry",'
         '"c":"arn:aws:sts::123456789012:assumed-role/MyImportantRole/MySession"}',
         {"a": "value1", "b": "Tom and Harry", "c": "123456789012:MyImportantRole:MySession"}),
        ([JSON, {"moveKeys": {"entries": [{"source": "o1.i1", "target": "o2"}]}}],
         '{"o1":{"i1":"v1"},"o2":{"i2":"v2"}}', {"o1": {}, "o2": {"i2": "v2", "i1": "v1"}}),
        ([JSON, {"renameKeys": {"entries": [{"key": "o", "renameTo": "n"}]}}], '{"o":{"i":"v"}}',
         {"n": {"i": "v"}}),
        ([JSON, {"dateTimeConverter": {
            "source": "d", "target": "t", "locale": "de",
            "matchPatterns": ["EEEE dd. MMMM yyyy HH:mm:ss"], "sourceTimezone": "Europe/Berlin",
            "targetTimezone": "America/New_York", "targetFormat": "yyyy-MM-dd'T'HH:mm:ss z"}}],
         '{"d":"Samstag 05. Dezember 1998 11:00:00"}',
         {"d": "Samstag 05. Dezember 1998 11:00:00", "t": "1998-12-05T05:00:00 EST"}),
    ],
)  # fmt: skip
def test_processors_of_the_guide(config, message, found):
    assert made(config, message) == found


@pytest.mark.parametrize(
    ("flattened", "b"),
    [
        ({}, ["b1", "b2"]),
        ({"flattenedElement": "first"}, "b1"),
        ({"flattenedElement": "last"}, "b2"),
    ],
)
def test_list_to_map(flattened, b):
    settings = {"source": "l", "key": "k", "valueKey": "v", "flatten": bool(flattened), **flattened}
    message = '{"l":[{"k":"a","v":"a1"},{"k":"b","v":"b1"},{"k":"b","v":"b2"}]}'
    assert made([JSON, {"listToMap": settings}], message)["b"] == b


@pytest.mark.parametrize(
    ("config", "message", "found"),
    [
        ([JSON, {"grok": {"source": "a", "match": "%{GREEDYDATA:b}"}}], r'{"a":"x\ud83d"}', "b"),
        ([JSON, {"substituteString": {"entries": [{"source": "a", "from": "x", "to": "x"}]}}],
         r'{"a":"x\ud83d"}', "a"),
    ],
)  # fmt: skip
def test_half_an_emoji_that_json_escapes(config, message, found):
    assert made(config, message)[found] == "x\ufffd"


def test_headers_and_labels_that_are_none():
    message = '{"labels":[1,{"name":[]}],"httpRequest":{"headers":[{"name":{}}]}}'
    found = {"labels": {"name": []}, "httpRequest": {"headers": {}}}
    assert made([{"parseWAF": {}}], message) == found
