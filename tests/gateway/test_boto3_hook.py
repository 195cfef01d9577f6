"""The in-process door and its traps: who is answered by which lab, and who goes over the wire."""

import http.server
import os
import socket
import threading
import time
from datetime import timedelta

import boto3
import botocore.session
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
    ProfileNotFound,
)
from machines import launch

import labkit
from labkit.core.errors import ClockError, LabClosed
from labkit.gateway.surroundings import SURROUNDINGS

PUT = {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.0}]}


def metrics(client):
    return [m["MetricName"] for m in client.list_metrics()["Metrics"]]


def test_a_client_needs_no_credentials_and_no_region(lab, monkeypatch):
    client = boto3.client("cloudwatch")
    assert client.meta.region_name == "us-east-1"
    client.put_metric_data(**PUT)
    assert metrics(client) == ["m"]


def test_clients_sessions_and_resources_made_earlier_are_answered():
    session = boto3.Session(
        aws_access_key_id="AKIAREALREALREALREAL", aws_secret_access_key="x", region_name="eu-west-1"
    )
    client = session.client("cloudwatch")
    resource = session.resource("s3")
    bare = botocore.session.get_session().create_client("cloudwatch", region_name="eu-west-1")
    with labkit.Lab() as lab:
        client.put_metric_data(**PUT)
        assert metrics(bare) == ["m"]
        resource.create_bucket(
            Bucket="teapot", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        assert [b.name for b in resource.buckets.all()] == ["teapot"]
        told = lab.client("cloudtrail", region_name="eu-west-1").lookup_events()["Events"]
        assert told and all("REALREAL" not in str(event) for event in told)


def test_the_newest_lab_is_the_active_one_and_a_labs_own_clients_stay_its_own():
    with labkit.Lab() as first:
        mine, anybodys = first.client("cloudwatch"), boto3.client("cloudwatch")
        with labkit.Lab() as second:
            anybodys.put_metric_data(**PUT)
            assert metrics(mine) == []
            assert metrics(second.client("cloudwatch")) == ["m"]
        assert metrics(anybodys) == []


def test_a_client_of_a_closed_lab_says_so():
    with labkit.Lab() as lab:
        client = lab.client("cloudwatch")
    with pytest.raises(LabClosed, match="belongs to a lab that is closed"):
        client.list_metrics()
    with pytest.raises(LabClosed, match="this lab is closed"):
        lab.advance(minutes=1)


def test_parameter_errors_are_botocores_own(lab):
    with pytest.raises(ParamValidationError, match="Missing required parameter in MetricData"):
        boto3.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"Value": 1.0}])


def test_errors_are_modelled_exceptions(cloudwatch):
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound) as told:
        cloudwatch.set_alarm_state(AlarmName="no", StateValue="OK", StateReason="r")
    error = told.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert error["Error"]["Code"] == "ResourceNotFound"


def test_an_operation_that_is_not_there_is_the_honest_501(cloudwatch):
    with pytest.raises(ClientError) as told:
        cloudwatch.start_o_tel_enrichment()
    assert told.value.response["Error"]["Code"] == "NotImplemented"
    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "PromQL" in told.value.response["Error"]["Message"]


@pytest.mark.parametrize("service", ["pipes", "batch"])
def test_a_service_that_is_not_there_says_so(lab, service):
    client = boto3.client(service)
    call = {"pipes": "list_pipes", "batch": "list_jobs"}
    with pytest.raises(ClientError, match="NotImplemented"):
        getattr(client, call[service])()


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.end_headers()
        self.wfile.write(b'{"Metrics":[{"MetricName":"from elsewhere"}]}')

    def log_message(self, *args):
        pass


def test_an_explicit_other_endpoint_goes_over_the_wire(lab):
    with http.server.HTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            client = boto3.client("cloudwatch", endpoint_url=url)
            # CBOR or JSON, whichever the client speaks: what counts is who was asked.
            try:
                client.list_metrics()
            except Exception as problem:
                assert not isinstance(problem, EndpointConnectionError)
            assert server.asked
            client.close()
        finally:
            server.shutdown()
            thread.join()


def test_profiles_files_and_endpoints_of_the_machine_are_out_of_reach(monkeypatch, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "[prod]\naws_access_key_id = AKIAPRODPRODPRODPROD\naws_secret_access_key = x\n"
        "[default]\naws_access_key_id = AKIADEFADEFADEFADEFA\naws_secret_access_key = x\n"
    )
    config = tmp_path / "config"
    config.write_text("[profile prod]\nregion = eu-central-1\nendpoint_url = http://127.0.0.1:9\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    with labkit.Lab() as lab:
        client = boto3.Session().client("cloudwatch")
        client.put_metric_data(**PUT)
        assert client.meta.region_name == "us-east-1"
        key = client._request_signer._credentials.access_key
        assert key == lab.identities.learner().access_key_id
        with pytest.raises(ProfileNotFound, match=r"a lab is active.*lab\.user"):
            boto3.Session(profile_name="prod").client("s3")
    assert os.environ["AWS_PROFILE"] == "prod"
    assert boto3.Session().get_credentials().access_key == "AKIAPRODPRODPRODPROD"


def test_nothing_reaches_a_real_host_while_a_lab_is_active_and_all_is_put_back(lab):
    with pytest.raises(OSError, match="a lab is active"):
        socket.getaddrinfo("monitoring.us-east-1.amazonaws.com", 443)
    lab.close()
    assert socket.getaddrinfo("127.0.0.1", 1)
    assert socket.getaddrinfo.__module__ == "socket"
    assert time.sleep.__name__ == "sleep" and SURROUNDINGS._sleep is None


def test_a_waiter_lets_the_labs_time_pass(lab, ec2):
    machine = launch(ec2)
    before = lab.now
    ec2.get_waiter("instance_running").wait(InstanceIds=[machine])
    assert 15 <= (lab.now - before).total_seconds() <= 31


def test_a_polling_loop_on_the_main_thread_lets_the_labs_time_pass(lab, ec2):
    machine = launch(ec2)
    rounds = 0
    while True:
        found = ec2.describe_instances(InstanceIds=[machine])
        if found["Reservations"][0]["Instances"][0]["State"]["Name"] == "running":
            break
        time.sleep(1)
        rounds += 1
    assert rounds == 15


def test_a_long_poll_lets_the_labs_time_pass_until_a_message_comes(lab):
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello", DelaySeconds=5)
    before = lab.now
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert got["Messages"][0]["Body"] == "hello"
    assert 5 <= (lab.now - before).total_seconds() < 6.5
    before = lab.now
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    assert 20 <= (lab.now - before).total_seconds() < 21


def test_eight_threads_lose_nothing(lab):
    client = boto3.client("cloudwatch", config=Config(max_pool_connections=8))
    start = lab.now.replace(second=0, microsecond=0)

    def put():
        for _ in range(50):
            client.put_metric_data(
                Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0, "Timestamp": start}]
            )

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = client.get_metric_statistics(
        Namespace="N", MetricName="m", StartTime=start, EndTime=start + timedelta(minutes=1),
        Period=60,         Statistics=["SampleCount"],
    )  # fmt: skip
    assert got["Datapoints"][0]["SampleCount"] == 400


def test_an_upload_runs_in_the_calling_thread(lab, tmp_path):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="teapot")
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100)
    seen = []
    s3.meta.events.register("before-call.s3", lambda **_: seen.append(threading.current_thread()))
    config = TransferConfig()
    s3.upload_file(str(file), "teapot", "k", Config=config)
    assert config.use_threads
    assert seen and set(seen) == {threading.main_thread()}
    assert s3.get_object(Bucket="teapot", Key="k")["Body"].read() == b"x" * 100


def test_handlers_of_botocore_that_read_the_raw_answer_work(lab):
    s3 = boto3.client("s3", region_name="eu-west-1")
    s3.create_bucket(
        Bucket="teapot-west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert s3.get_bucket_location(Bucket="teapot-west")["LocationConstraint"] == "eu-west-1"


def test_every_call_is_observed(lab, cloudwatch):
    before = lab.dispatch.seen
    cloudwatch.describe_alarms()
    cloudwatch.put_metric_data(**PUT)
    lab.client("s3").list_buckets()
    assert lab.dispatch.seen == before + 3


def test_a_call_takes_a_millisecond_and_never_falls_on_a_whole_second(lab, cloudwatch):
    lab.run_until("09:00:00.998")
    cloudwatch.list_metrics()
    assert lab.now.strftime("%S.%f") == "00.999000"
    cloudwatch.list_metrics()
    assert lab.now.strftime("%S.%f") == "01.001000"


def test_time_can_not_be_advanced_from_inside(lab, monkeypatch):
    lab.world.clock.register("inside", lambda payload: lab.advance(minutes=1))
    lab.world.clock.at(lab.world.clock.now_us + 1, 0, "inside")
    with pytest.raises(ClockError, match="can't be called from inside"):
        lab.advance(minutes=1)
