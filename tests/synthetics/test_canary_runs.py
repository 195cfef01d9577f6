"""Canaries that really run: blueprints against the shop, whole and broken."""

import json

import pytest
from canarykit import HOME, script, text, visit

from labkit.synthetics import blueprints
from labkit.synthetics.blueprints import script as blueprint
from labkit.synthetics.engine.run import CANARY_FAILURE, EXECUTION_FAILURE, Baseline
from labkit.workloads.shop_faults import HARMLESS


@pytest.mark.browser
def test_a_heartbeat_loads_the_shop_and_takes_a_picture(web, cold, nothing_left):
    done = visit(web, blueprint("heartbeat"))
    assert (done.state, done.state_reason, done.reason_code) == ("PASSED", "", "")
    assert done.took_picture and not done.no_picture
    (step,) = done.steps
    assert (step.name, step.status, step.url) == ("shop.teapot.example", "PASSED", HOME)
    assert done.artifact(step.screenshots[-1])[1:4] == b"PNG"
    entries = json.loads(done.artifact("results.har"))["log"]["entries"]
    assert entries[0]["request"]["url"] == HOME
    assert entries[0]["startedDateTime"].startswith("2026-01-05T09:00:")
    assert done.http.ok_2xx == len(entries) == 7
    assert "CloudWatchSynthetics/shop/run-1" in json.dumps(entries[0]["request"]["headers"])
    report = json.loads(done.artifact("SyntheticsReport-PASSED.json"))
    assert report["customerScript"]["steps"][0]["destinationUrl"] == HOME
    assert done.repeatable


def test_an_api_canary_writes_reads_and_deletes_and_says_that_it_takes_no_picture(
    web, nothing_left
):
    done = visit(web, blueprint("api"))
    assert done.passed, done.state_reason
    assert [step.name for step in done.steps] == ["write", "read", "delete"]
    assert (done.took_picture, done.no_picture) == (False, "the canary uses no browser")
    assert "INFO: No screenshots: the canary uses no browser" in text(done, "-log.txt")
    told = json.loads(done.artifact("HttpRequestsReport.json"))["requests"]
    assert [(one["method"], one["statusCode"]) for one in told] == [
        ("POST", 201), ("GET", 200), ("DELETE", 204),
    ]  # fmt: skip


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("name", blueprints.NAMES)
def test_every_blueprint_is_green_through_changes_that_do_no_harm(web, kept, name):
    harmless = [("site", kind, 15.0) for kind in HARMLESS]
    assert visit(web, blueprint(name), *harmless, browsers=kept).state_reason == ""


BROKEN = {
    "a banner over the button": (
        "workflow", ("checkout", "page_covered", 0), "'pay' failed: ElementClickIntercepted",
    ),
    "a hidden button": (
        "workflow", ("checkout", "page_hidden", 0), "'pay' failed: TimeoutException: #buy is not",
    ),
    "500 on search": ("workflow", ("search", "page_error", 500), "'found' failed"),
    "payment down": ("workflow", ("pay", "page_error", 503), "'thanks' failed"),
    "200 with an empty body": (
        "api", ("api", "page_empty", 0), "the product is None, not 'sencha'"
    ),
    "a broken link": ("broken_links", ("home", "page_link", 0), "offers/autumn (404)"),
    "error of the home page": ("heartbeat", ("home", "page_error", 500), "answered 500"),
    "redirects in a loop": ("heartbeat", ("home", "page_loop", 0), "ERR_TOO_MANY_REDIRECTS"),
    "connections are cut": ("heartbeat", ("home", "page_reset", 0), "ERR_CONNECTION_RESET"),
    "login hidden": ("recorder", ("login", "page_hidden", 0), "none of #login-button"),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("case", BROKEN)
def test_a_fault_of_the_shop_fails_the_canary_with_a_reason_that_names_it(web, kept, case):
    name, fault, reason = BROKEN[case]
    waits = {"WAIT_SECONDS": 2} if name in ("workflow", "recorder") else {}
    done = visit(web, blueprint(name, **waits), fault, browsers=kept)
    assert (done.state, done.reason_code) == ("FAILED", CANARY_FAILURE)
    assert reason in done.state_reason
    assert done.test_result == "FAILED"


@pytest.mark.long
@pytest.mark.browser
def test_an_expired_certificate_fails_in_the_browser_and_without(web, kept, monkeypatch):
    assert (
        "ERR_CERT_DATE_INVALID"
        in visit(web, blueprint("heartbeat"), days=-1.0, browsers=kept).state_reason
    )
    without = visit(web, script(f"print(webdriver.get_http_response({HOME!r}))"), days=-1.0)
    assert "error" in without.log_lines
    assert "certificate has expired" in "".join(without.log_lines)


@pytest.mark.long
@pytest.mark.browser
def test_certificates_where_no_authority_can_be_made_known(web, cold, monkeypatch):
    from labkit.synthetics.runner import trust

    monkeypatch.setattr(trust, "trust", lambda home, authority: False)
    assert visit(web, blueprint("heartbeat")).state_reason == ""
    expired = visit(web, blueprint("heartbeat"), days=-1.0)
    assert "ERR_CERT_AUTHORITY_INVALID" in expired.state_reason


@pytest.mark.long
@pytest.mark.browser
def test_visual_monitoring_marks_what_differs_and_passes_over_what_is_ignored(web, kept):
    first = visit(web, blueprint("visual"), browsers=kept)
    base = Baseline(first.new_baseline)
    same = visit(web, blueprint("visual"), browsers=kept, baseline=base)
    assert same.passed and [one.differing_percent for one in same.comparisons] == [0.0, 0.0]
    changed = ("home", "page_promotion", 0)
    other = visit(web, blueprint("visual"), changed, browsers=kept, baseline=base)
    assert not other.passed
    assert "1 of 2 screenshots differ from the baseline: 01-home.png" in other.state_reason
    assert other.artifact("01-home-difference.png")[1:4] == b"PNG"
    ignoring = Baseline(first.new_baseline, {"01-home.png": ((0, 0, 1280, 800),)})
    assert visit(web, blueprint("visual"), changed, browsers=kept, baseline=ignoring).passed
    names = {one.name for one in other.metrics}
    assert "VisualMonitoringSuccessPercent" in names


@pytest.mark.long
@pytest.mark.browser
def test_a_warm_browser_has_forgotten_the_run_before(web, kept):
    leaves = script(f"""
browser = webdriver.Chrome()
browser.get({HOME!r})
assert not browser.get_cookies(), browser.get_cookies()
browser.add_cookie({{"name": "left", "value": "1"}})
browser.execute_script("localStorage.setItem('left', '1')")
""")
    looks = script(f"""
browser = webdriver.Chrome()
browser.get({HOME!r})
assert not browser.get_cookies(), browser.get_cookies()
assert browser.execute_script("return localStorage.getItem('left')") is None
""")
    visit(web, leaves, browsers=kept)
    second = visit(web, looks, browsers=kept)
    assert (second.state_reason, second.warm) == ("", True)


@pytest.mark.long
@pytest.mark.browser
def test_a_step_may_fail_and_the_run_go_on(web, kept):
    done = visit(web, script("""
synthetics_configuration.set_config({"continue_on_step_failure": True})
def bad(): raise ValueError("no tea")
webdriver.execute_step("one", bad)
webdriver.execute_step(lambda: 1, "two")
"""), browsers=kept)  # fmt: skip
    assert [(one.name, one.status) for one in done.steps] == [("one", "FAILED"), ("two", "PASSED")]
    assert done.state_reason == "1 step failed: 'one': ValueError: no tea"


@pytest.mark.long
def test_an_execution_error_fails_the_run_and_not_the_test(web):
    done = visit(web, script("webdriver.add_execution_error('no picture', OSError('disk full'))"))
    assert (done.state, done.reason_code, done.test_result) == (
        "FAILED", EXECUTION_FAILURE, "PASSED",
    )  # fmt: skip
    assert done.state_reason == "Execution error: no picture: OSError: disk full"
    success = next(one for one in done.metrics if one.name == "SuccessPercent")
    assert success.value == 100


@pytest.mark.long
def test_a_coroutine_handler_may_await_steps_as_the_guide_does(web):
    done = visit(web, """
from aws_synthetics.selenium import synthetics_webdriver as webdriver
async def handler(event, context):
    async def slow(): return 2
    assert await webdriver.execute_step("plain", lambda: 1) == 1
    assert await webdriver.execute_step("coroutine", slow) == 2
    await webdriver.add_user_agent("MyApp-1.0")
""")  # fmt: skip
    assert done.state_reason == ""
    assert [one.name for one in done.steps] == ["plain", "coroutine"]


@pytest.mark.long
def test_what_a_script_leaves_in_tmp_becomes_an_artifact(web, nothing_left):
    done = visit(web, script("""
open("/tmp/notes.txt", "w").write("tea")
os.makedirs("/tmp/deep")
open("/tmp/deep/more.json", "w").write("{}")
"""))  # fmt: skip
    assert done.passed, done.state_reason
    assert done.artifact("notes.txt") == b"tea"
    assert done.artifact("deep/more.json") == b"{}"


@pytest.mark.long
def test_calls_of_aws_come_back_to_whoever_serves(web):
    heard = []

    def serve(message):
        heard.append((message["service"], message["operation"], message["key"]))
        answer = {"Buckets": [], "ResponseMetadata": {"HTTPStatusCode": 200}}
        return {"t": "answer", "status": 200, "answer": answer, "took_us": 0}

    text = script("import boto3\nassert boto3.client('s3').list_buckets()['Buckets'] == []")
    done = visit(web, text, serve=serve, access_key="ASIATEST")
    assert done.state_reason == ""
    assert heard == [("s3", "ListBuckets", "ASIATEST")]
    assert not done.repeatable, "what the lab answers may be another thing tomorrow"
    alone = visit(web, text)
    assert "run without a lab" in alone.state_reason


@pytest.mark.long
def test_multi_checks_of_all_four_kinds(web):
    from canarykit import NOW, shop_with

    from labkit.synthetics.engine.run import RunRequest, Site
    from labkit.synthetics.runner import run
    from labkit.workloads.shop_site import DOMAIN

    expiry = {"type": "CERTIFICATE_EXPIRY", "operator": "GREATER_THAN", "value": 30, "unit": "DAYS"}
    code = blueprints.checks(
        {"stepName": "order", "checkerType": "HTTP", "url": "${base}/api/orders",
         "httpMethod": "POST", "body": '{"product": "sencha"}',
         "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 201}],
         "extractors": [{"name": "order", "type": "BODY", "path": "$.id"}]},
        {"stepName": "read", "checkerType": "HTTP", "url": "${base}/api/orders/${order}",
         "httpMethod": "GET", "assertions": [
             {"type": "BODY", "path": "$.product", "operator": "EQUALS", "value": "sencha"},
             {"type": "HEADER", "headerName": "Content-Type", "operator": "CONTAINS",
              "value": "json"}]},
        {"stepName": "name", "checkerType": "DNS", "domain": DOMAIN,
         "assertions": [{"type": "RECORD_COUNT", "operator": "EQUALS", "value": 1}]},
        {"stepName": "certificate", "checkerType": "SSL", "hostname": DOMAIN,
         "assertions": [expiry]},
        {"stepName": "port", "checkerType": "TCP", "hostname": DOMAIN, "port": 443,
         "assertions": [{"type": "CONNECTION_SUCCESSFUL", "value": True}]},
        variables={"base": f"https://{DOMAIN}"},
    )  # fmt: skip

    def checked(days):
        shop = shop_with(days=days)
        asked = RunRequest("checks", "run-1", code, "", "syn-nodejs-3.0", timeout_s=20, now_us=NOW)
        site = Site({DOMAIN: web.ports}, shop.fingerprint, web.authority.pem)
        with web.hold(shop):
            return run(asked, site)

    assert checked(90.0).state_reason == ""
    soon = checked(9.0)
    assert "'certificate': the certificate's validity in days is 9, not greater than 30" in (
        soon.state_reason
    )
    assert "certificate has expired" in checked(-1.0).state_reason
