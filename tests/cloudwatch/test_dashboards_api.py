"""Dashboards through boto3: stored for the account, checked, replaced whole; pictures."""

import json

import pytest
from botocore.exceptions import ClientError

TEXT = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": "hi"}}
BODY = json.dumps({"widgets": [TEXT]})


def refused(call, **parameters):
    with pytest.raises(ClientError) as problem:
        call(**parameters)
    response = problem.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response


def test_put_and_get_the_body_byte_by_byte(cloudwatch):
    odd = BODY.replace('"widgets"', '\n "widgets"  ')
    answer = cloudwatch.put_dashboard(DashboardName="on-call", DashboardBody=odd)
    assert answer["DashboardValidationMessages"] == []
    got = cloudwatch.get_dashboard(DashboardName="on-call")
    assert got["DashboardBody"] == odd
    assert got["DashboardArn"] == "arn:aws:cloudwatch::123456789012:dashboard/on-call"


def test_a_dashboard_is_global_but_not_of_another_account(lab, cloudwatch):
    cloudwatch.put_dashboard(DashboardName="one", DashboardBody=BODY)
    frankfurt = lab.client("cloudwatch", region_name="eu-central-1")
    assert frankfurt.get_dashboard(DashboardName="one")["DashboardBody"] == BODY
    other = lab.client("cloudwatch", account_id="210987654321")
    assert other.list_dashboards()["DashboardEntries"] == []


def test_list_by_prefix_with_size_and_time(lab, cloudwatch):
    for name in ("b", "a-1", "a-2"):
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=BODY)
    found = cloudwatch.list_dashboards(DashboardNamePrefix="a-")["DashboardEntries"]
    assert [one["DashboardName"] for one in found] == ["a-1", "a-2"]
    assert found[0]["Size"] == len(BODY)
    assert found[1]["LastModified"] <= lab.now


def test_put_replaces_everything(cloudwatch):
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=json.dumps({"widgets": [TEXT] * 3}))
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=BODY)
    body = json.loads(cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"])
    assert len(body["widgets"]) == 1


def test_errors_refuse_and_change_nothing(cloudwatch):
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=BODY)
    bad = {"type": "metric", "properties": {"metrics": [["AWS/EC2"]], "region": "us-east-1"}}
    code, message, response = refused(
        cloudwatch.put_dashboard, DashboardName="d", DashboardBody=json.dumps({"widgets": [bad]})
    )
    assert code == "InvalidParameterInput"
    assert message.startswith("The dashboard body is invalid, there are 1 validation errors:\n[\n")
    assert '"dataPath": "/widgets/0/properties/metrics/0"' in message
    assert response["dashboardValidationMessages"] == [
        {"DataPath": "/widgets/0/properties/metrics/0",
         "Message": "Should NOT have less than 2 items"}
    ]  # fmt: skip
    assert cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"] == BODY


def test_the_modelled_exception_can_be_caught_by_name(cloudwatch):
    with pytest.raises(cloudwatch.exceptions.DashboardInvalidInputError):
        cloudwatch.put_dashboard(DashboardName="d", DashboardBody="no JSON")
    with pytest.raises(cloudwatch.exceptions.ClientError) as problem:
        cloudwatch.get_dashboard(DashboardName="d")
    assert problem.value.response["Error"]["Code"] == "ResourceNotFound"
    assert problem.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_warnings_are_told_and_the_dashboard_stands(cloudwatch):
    odd = {**TEXT, "properties": {"markdown": "hi", "colour": "red"}}
    answer = cloudwatch.put_dashboard(
        DashboardName="d", DashboardBody=json.dumps({"widgets": [odd]})
    )
    [warning] = answer["DashboardValidationMessages"]
    assert warning["DataPath"] == "/widgets/0/properties"
    assert cloudwatch.get_dashboard(DashboardName="d")


@pytest.mark.parametrize("name", ["two words", "a/b", "\u00fc"])
def test_names(cloudwatch, name):
    code, message, _ = refused(cloudwatch.put_dashboard, DashboardName=name, DashboardBody=BODY)
    assert code == "InvalidParameterValue"
    assert message == (
        "The value for field DashboardName contains invalid characters. It can only contain "
        "alphanumerics, dash (-) and underscore (_).\n"
    )


def test_delete_all_or_none(cloudwatch):
    for name in "ab":
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=BODY)
    code, _, _ = refused(cloudwatch.delete_dashboards, DashboardNames=["a", "gone"])
    assert code == "ResourceNotFound"
    assert len(cloudwatch.list_dashboards()["DashboardEntries"]) == 2
    cloudwatch.delete_dashboards(DashboardNames=["a", "b"])
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


def test_dashboards_come_back_with_a_saved_world(lab, cloudwatch, tmp_path):
    import labkit

    cloudwatch.put_dashboard(
        DashboardName="d", DashboardBody=BODY, Tags=[{"Key": "a", "Value": "b"}]
    )
    path = lab.save(tmp_path / "world")
    before = lab.digest()
    with labkit.Lab.open(path) as again:
        assert again.digest() == before
        got = again.client("cloudwatch").get_dashboard(DashboardName="d")
        assert got["DashboardBody"] == BODY


# -- pictures
def image(cloudwatch, **widget):
    answer = cloudwatch.get_metric_widget_image(MetricWidget=json.dumps(widget))
    return answer["MetricWidgetImage"]


def size(picture):
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")


@pytest.mark.parametrize("wanted", [(600, 400), (1, 1), (40, 900), (2000, 30)])
def test_a_picture_of_any_size(cloudwatch, wanted):
    width, height = wanted
    picture = image(cloudwatch, width=width, height=height, title="x" * 60, metrics=[["A", "b"]])
    assert size(picture) == wanted


def test_a_picture_shows_the_points(lab, cloudwatch):
    empty = image(cloudwatch, metrics=[["Shop", "Orders"]])
    cloudwatch.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Orders", "Values": [1.0, 5.0]}]
    )
    lab.advance(minutes=5)
    assert size(empty) == (600, 400)
    full = image(cloudwatch, metrics=[["Shop", "Orders"]])
    assert full != empty
    assert image(cloudwatch, metrics=[["Shop", "Orders"]], view="singleValue") != full


@pytest.mark.parametrize(
    ("widget", "code"),
    [
        ("no JSON", "ValidationError"),
        ("{}", "ValidationError"),
        (json.dumps({"metrics": [["A", "b"]], "width": 2001}), "ValidationError"),
        (json.dumps({"metrics": [["A", f"m{n}"] for n in range(101)]}), "InvalidParameterValue"),
        (json.dumps({"metrics": [["A", "b"]], "title": "x" * 102_400}), "InvalidParameterValue"),
        (json.dumps({"metrics": [[{"expression": "m1 +"}]]}), "ValidationError"),
        (json.dumps({"metrics": [["A", "b"]], "start": "PT0H", "end": "-PT1H"}), "ValidationError"),
    ],
)  # fmt: skip
def test_pictures_refused(cloudwatch, widget, code):
    found, message, _ = refused(cloudwatch.get_metric_widget_image, MetricWidget=widget)
    assert found == code
    assert message
