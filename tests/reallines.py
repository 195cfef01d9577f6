"""Lines of the logs that people ask most about, in their documented formats, for real queries."""

import json
from functools import partial

_json = partial(json.dumps, separators=(",", ":"))

FLOW = (
    "2 123456789012 eni-0a1b2c3d4e5f60718 {src} {dst} {sport} {dport} {proto} {packets} {bytes} "
    "1767603600 1767603660 {action} {status}"
)
_FLOWS = (
    ("10.0.1.5", "10.0.2.9", 51000, 443, 6, 20, 4249, "ACCEPT", "OK"),
    ("10.0.1.5", "10.0.2.9", 51001, 443, 6, 10, 1000, "ACCEPT", "OK"),
    ("203.0.113.7", "10.0.1.5", 40000, 22, 6, 1, 40, "REJECT", "OK"),
    ("203.0.113.7", "10.0.1.5", 40001, 3389, 6, 1, 40, "REJECT", "OK"),
    ("198.51.100.4", "10.0.1.5", 5353, 53, 17, 2, 128, "REJECT", "OK"),
    ("-", "-", "-", "-", "-", "-", "-", "-", "SKIPDATA"),
)
FLOWS = [
    FLOW.format(src=a, dst=b, sport=c, dport=d, proto=e, packets=f, bytes=g, action=h, status=i)
    for a, b, c, d, e, f, g, h, i in _FLOWS
]

_IDS = [f"8f507cfc-0aaa-4697-b07a-ac58fc914c9{n}" for n in range(4)]


def _invocation(n, duration, billed, used, init=None):
    extra = f"Init Duration: {init} ms\t" if init else ""
    return [
        f"START RequestId: {_IDS[n]} Version: $LATEST\n",
        f"END RequestId: {_IDS[n]}\n",
        f"REPORT RequestId: {_IDS[n]}\tDuration: {duration} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: {used} MB\t{extra}\n",
    ]


_POWERTOOLS = {
    "level": "INFO", "location": "handler:12", "message": "Collecting payment",
    "timestamp": "2026-01-05 09:09:00,123+0000", "service": "payment", "cold_start": True,
    "function_name": "pay", "function_memory_size": "128",
    "function_request_id": _IDS[0], "xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793",
    "order": {"id": "o-1", "total": 12.5},
}  # fmt: skip
LAMBDA = [
    *_invocation(0, "120.50", 121, 64, "310.20"),
    *_invocation(1, "3.45", 4, 40),
    *_invocation(2, "1500.00", 1500, 90),
    _json(_POWERTOOLS),
    _json(_POWERTOOLS | {"level": "ERROR", "message": "Payment failed", "cold_start": False,
                              "function_request_id": _IDS[1], "order": {"id": "o-2", "total": 7}}),
    f"[ERROR] ValueError: no such order\nTraceback (most recent call last):\n  {_IDS[2]}",
    f"2026-01-05T09:12:00.000Z {_IDS[3]} Task timed out after 3.00 seconds",
    f"2026-01-05T09:13:00.000Z\t{_IDS[3]}\tINFO\tCache hit for user 42",
    "Processing complete in 230 ms",
    "Processing complete in 70 ms",
]  # fmt: skip


def _call(name, source, who, ip, **more):
    return _json(
        {
            "eventVersion": "1.08", "eventTime": "2026-01-05T09:00:00Z", "eventSource": source,
            "eventName": name, "awsRegion": more.pop("region", "us-east-1"),
            "sourceIPAddress": ip, "userAgent": "aws-cli/2.15",
            "userIdentity": {"type": more.pop("type", "IAMUser"), "userName": who,
                             "accountId": "123456789012",
                             "arn": f"arn:aws:iam::123456789012:user/{who}"},
            "recipientAccountId": "123456789012",
            "tlsDetails": {"tlsVersion": more.pop("tls", "TLSv1.3"), "cipherSuite": "TLS_AES_128"},
        }
        | more
    )  # fmt: skip


_STARTED = {"instancesSet": {"items": [{"instanceId": "i-01"}, {"instanceId": "i-02"}]}}
CALLS = [
    _call("StartInstances", "ec2.amazonaws.com", "ann", "192.0.2.1", region="us-east-2",
          requestParameters=_STARTED),
    _call("StopInstances", "ec2.amazonaws.com", "ann", "192.0.2.1",
          requestParameters=_STARTED, tls="TLSv1.1"),
    _call("CreateUser", "iam.amazonaws.com", "bob", "192.0.2.2",
          requestParameters={"userName": "eve"},
          responseElements={"user": {"arn": "arn:aws:iam::123456789012:user/eve"}}),
    _call("UpdateTrail", "cloudtrail.amazonaws.com", "bob", "192.0.2.2",
          errorCode="AccessDenied", errorMessage="no", tls="TLSv1"),
    _call("ConsoleLogin", "signin.amazonaws.com", "root", "192.0.2.3", type="Root",
          errorMessage="Failed authentication", responseElements={"ConsoleLogin": "Failure"},
          additionalEventData={"MFAUsed": "No"}),
    _call("ConsoleLogin", "signin.amazonaws.com", "ann", "192.0.2.1",
          responseElements={"ConsoleLogin": "Success"}, additionalEventData={"MFAUsed": "Yes"}),
    _call("GetObject", "s3.amazonaws.com", "cy", "192.0.2.9", errorCode="AccessDenied",
          requestParameters={"bucketName": "shop", "key": "a/index.html"}),
    _call("PutBucketPolicy", "s3.amazonaws.com", "cy", "192.0.2.9",
          requestParameters={"bucketName": "shop"}),
]  # fmt: skip

DNS = [
    "1.0 2026-01-05T09:00:00.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.0.2.11 -",
    "1.0 2026-01-05T09:01:00.130Z Z123412341234 www.example.com AAAA NOERROR UDP FRA6 192.0.2.11 -",
    "1.0 2026-01-05T09:02:00.130Z Z123412341234 db.example.com A SERVFAIL TCP IAD12 192.0.2.12 "
    "192.0.2.0/24",
    "1.0 2026-01-05T09:03:00.130Z Z123412341234 no.example.com A NXDOMAIN UDP IAD12 192.0.2.11 -",
]


def _request(status, path, ms, **more):
    return _json(
        {"requestId": "r", "ip": "192.0.2.1", "httpMethod": "GET", "path": path,
         "status": status, "responseLatency": ms, "integrationLatency": ms - 1} | more
    )  # fmt: skip


ACCESS = [
    _request(200, "/pets", 12),
    _request(200, "/pets", 30, httpMethod="POST"),
    _request(404, "/none", 3),
    _request(502, "/pets/7", 900, integrationErrorMessage="timeout"),
    _request("200", "/orders", 45.5, ip="192.0.2.2"),
    _request(429, "/orders", 2, ip="192.0.2.2"),
]
NGINX = [
    '203.0.113.12 - - [05/Jan/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 1234 "-" '
    '"Mozilla/5.0 (X11)" "-" rt=0.003',
    '203.0.113.12 - bob [05/Jan/2026:09:01:00 +0000] "POST /cart?id=7 HTTP/1.1" 302 0 '
    '"https://shop.example/" "Mozilla/5.0 (X11)" "-" rt=0.120',
    '198.51.100.9 - - [05/Jan/2026:09:02:00 +0000] "GET /admin HTTP/1.1" 404 153 "-" '
    '"curl/8.5.0" "-" rt=0.001',
    '198.51.100.9 - - [05/Jan/2026:09:03:00 +0000] "GET /cart HTTP/2.0" 500 77 "-" '
    '"curl/8.5.0" "-" rt=1.500',
]


def _web(action, ip, uri, rule, *counted, country="DE"):
    return _json(
        {"timestamp": 1767603600000, "formatVersion": 1, "webaclId": "acl", "action": action,
         "terminatingRuleId": rule, "nonTerminatingMatchingRules":
         [{"ruleId": one, "action": "COUNT"} for one in counted],
         "labels": [{"name": "awswaf:managed:aws:core-rule-set:NoUserAgent_Header"}],
         "httpRequest": {"clientIp": ip, "country": country, "uri": uri, "httpMethod": "GET",
                         "headers": [{"name": "Host", "value": "shop.example"},
                                     {"name": "User-Agent", "value": "curl/8"}]}}
    )  # fmt: skip


WAF = [
    _web("ALLOW", "192.0.2.1", "/", "Default_Action", "SizeRestrictions"),
    _web("BLOCK", "203.0.113.7", "/.env", "AWSManagedRules", country="US"),
    _web("BLOCK", "203.0.113.7", "/login-submit.html", "RateLimit", country="US"),
    _web("CAPTCHA", "198.51.100.4", "/login-submit.html", "Bots"),
]


def _audit(user, verb, resource, code, name="x", agent="kubectl/v1.30"):
    return _json(
        {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "verb": verb, "stage":
         "ResponseComplete", "requestURI": f"/api/v1/{resource}/{name}",
         "user": {"username": user, "groups": ["system:masters", "system:authenticated"]},
         "sourceIPs": ["10.0.0.1"], "userAgent": agent,
         "objectRef": {"resource": resource, "namespace": "kube-system", "name": name},
         "responseStatus": {"metadata": {}, "code": code}}
    )  # fmt: skip


EKS = [
    _audit("kubernetes-admin", "delete", "pods", 200),
    _audit("system:anonymous", "get", "secrets", 403),
    _audit("kubernetes-admin", "update", "configmaps", 200, "aws-auth"),
    _audit("eks:node-manager", "list", "nodes", 200, agent="node/1"),
]
PERFORMANCE = [
    _json(
        {
            "Type": "Node",
            "NodeName": "n1",
            "node_cpu_utilization": 12.5,
            "node_filesystem_utilization": 30,
            "ClusterName": "prod",
        }
    ),
    _json(
        {
            "Type": "Node",
            "NodeName": "n2",
            "node_cpu_utilization": 80,
            "node_filesystem_utilization": 91,
            "ClusterName": "prod",
        }
    ),
    _json(
        {
            "Type": "Pod",
            "PodName": "web",
            "pod_number_of_containers": 3,
            "pod_number_of_running_containers": 2,
            "number_of_container_restarts": 4,
            "pod_memory_utilization": 55.25,
            "kubernetes": {"pod_name": "web-1"},
        }
    ),
    _json(
        {
            "Type": "Pod",
            "PodName": "db",
            "pod_number_of_containers": 1,
            "pod_number_of_running_containers": 1,
            "number_of_container_restarts": 0,
            "pod_memory_utilization": 71,
            "kubernetes": {"pod_name": "db-0"},
        }
    ),
    _json(
        {
            "Type": "Container",
            "PodName": "web",
            "container_cpu_usage_total": 9,
            "kubernetes": {"container_name": "app"},
            "log": "x",
        }
    ),
    _json({"Type": "Cluster", "cluster_failed_node_count": 1}),
]
CONTAINERS = [
    _json(
        {
            "stream": "stderr",
            "log": "E0105 panic: out of memory\n",
            "kubernetes": {
                "container_name": "app",
                "pod_name": "web-1",
                "namespace_name": "shop",
                "host": "n1",
            },
        }
    ),
    _json(
        {
            "stream": "stdout",
            "log": "I0105 ready\n",
            "kubernetes": {
                "container_name": "app",
                "pod_name": "web-1",
                "namespace_name": "shop",
                "host": "n1",
            },
        }
    ),
    _json(
        {
            "stream": "stderr",
            "log": "E0105 connection refused\n",
            "kubernetes": {
                "container_name": "db",
                "pod_name": "db-0",
                "namespace_name": "data",
                "host": "n2",
            },
        }
    ),
]
APP = [
    "user=ann, method:GET, latency := 12",
    "user=bob, method:GET, latency := 30",
    "user=ann, method:POST, latency := 48",
    "2026-01-05 09:03:00 [ERROR] payment NullPointerException: card is null",
    "2026-01-05 09:04:00 [INFO] payment done",
    "2026-01-05 09:05:00 [WARN] cache slow",
    "ERROR TimeoutException calling bank, request_time=1.25 status=504",
    "User ID: 42 logged in",
    "User ID: 42 logged out",
    "User ID: 7 logged in",
    "batch-job-id=b1 job-id=17 job-type=full job-status=:submitted batch-job-id=b1",
    "batch-job-id=b1 job-id=17 job-type=full job-status=:running batch-job-id=b1",
    _json(
        {
            "event": "op_completed",
            "route": "/gen",
            "outcome": "success",
            "cached": True,
            "latency_ms": 120,
            "status": 200,
            "model": "m1",
            "client_id": "c1",
        }
    ),
    _json(
        {
            "event": "op_completed",
            "route": "/gen",
            "outcome": "error",
            "cached": False,
            "latency_ms": 480,
            "status": 503,
            "model": "m1",
            "client_id": "c2",
            "error": {"name": "Timeout"},
        }
    ),
    _json(
        {
            "event": "op_completed",
            "route": "/list",
            "outcome": "success",
            "cached": True,
            "latency_ms": 35.5,
            "status": 200,
            "model": "m2",
            "client_id": "c1",
            "detail-type": "Order Placed",
            "tags": ["a", "b"],
        }
    ),
]
APPSYNC = [
    _json(
        {
            "logType": "RequestSummary",
            "requestId": "r1",
            "graphQLAPIId": "g",
            "statusCode": 200,
            "latency": 5000000,
        }
    ),
    _json(
        {
            "logType": "RequestSummary",
            "requestId": "r2",
            "graphQLAPIId": "g",
            "statusCode": 200,
            "latency": 9000000,
        }
    ),
    _json(
        {
            "logType": "Tracing",
            "resolverArn": "arn:q",
            "parentType": "Query",
            "fieldName": "get",
            "duration": 400,
        }
    ),
    _json(
        {
            "logType": "Tracing",
            "resolverArn": "arn:q",
            "parentType": "Query",
            "fieldName": "get",
            "duration": 600,
        }
    ),
    _json({"logType": "RequestMapping", "resolverArn": "arn:q", "fieldInError": True}),
]
IOT = [
    _json({"eventType": "Connect", "status": "Success", "clientId": "sampleClientID-1"}),
    _json(
        {
            "eventType": "Connect",
            "status": "Failure",
            "clientId": "c2",
            "reason": "AUTHORIZATION_FAILURE",
        }
    ),
    _json(
        {
            "eventType": "Disconnect",
            "status": "Success",
            "clientId": "sampleClientID-1",
            "disconnectReason": "DUPLICATE_CLIENTID",
        }
    ),
    _json(
        {
            "eventType": "Publish-In",
            "status": "Success",
            "clientId": "c2",
            "topicName": "your/topic/here",
        }
    ),
]

#: The lines by the name of their log group.
GROUPS = {
    "flows": FLOWS, "lambda": LAMBDA, "trail": CALLS, "dns": DNS, "access": ACCESS,
    "nginx": NGINX, "waf": WAF, "eks": EKS, "performance": PERFORMANCE,
    "containers": CONTAINERS, "app": APP, "appsync": APPSYNC, "iot": IOT,
}  # fmt: skip
