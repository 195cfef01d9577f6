"""What was made quick says what it said before."""

import json

import boto3
import pytest

from labkit.backing import moto_quick, moto_seams, moto_state

moto_seams.install()


@pytest.mark.parametrize("service", sorted(moto_quick._EVERYWHERE))
@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_regions_hold_all_that_boto3_knows(service, partition):
    session = boto3.Session(region_name="us-east-1")
    known = session.get_available_regions(service, partition_name=partition)
    assert set(known) <= set(moto_quick.regions_of(service, partition))


def test_regions_of_other_services_are_asked_of_boto3():
    from moto.core.base_backend import AccountSpecificBackend

    assert moto_quick.regions_of("synthetics") is None
    found = AccountSpecificBackend._generate_regions(None, "synthetics")
    assert "us-east-1" in found
    assert AccountSpecificBackend._generate_regions(None, "synthetics") is found
    assert moto_state.SLOTS


def test_ec2_lists_its_regions(bench):
    names = [r["RegionName"] for r in bench.client("ec2").describe_regions()["Regions"]]
    assert len(names) >= 17
    assert {"us-east-1", "eu-central-1", "ap-southeast-2"} <= set(names)


def test_the_real_session_is_back_after_loading():
    import moto.ec2.models.availability_zones_and_regions as zones

    assert zones.Session is boto3.session.Session is boto3.Session


def test_offers_of_instance_types_are_motos_own():
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
    from moto.utilities.utils import load_resource

    place = "availability-zone"
    offers = INSTANCE_TYPE_OFFERINGS[place]["eu-west-1"]
    stock = load_resource(f"ec2/resources/instance_type_offerings/{place}/eu-west-1.json")
    assert offers == [{**offer, "LocationType": place} for offer in stock]
    assert len(offers) == len(stock) > 100
    assert offers[0] in offers
    assert set(INSTANCE_TYPE_OFFERINGS) == {"region", "availability-zone", "availability-zone-id"}
    assert all(isinstance(o, list) for o in INSTANCE_TYPE_OFFERINGS["region"].values())


def test_a_launch_finds_its_type_as_moto_finds_it(bench, monkeypatch):
    from moto import settings
    from moto.ec2.models import instances
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, InstanceTypeOfferingBackend

    assert instances.InstanceTypeOfferingBackend is moto_quick._Offers
    offers = INSTANCE_TYPE_OFFERINGS["availability-zone"]["us-east-1"]
    for wanted in ("m5.large", "t3.micro", "z9.huge"):
        asked = {"instance-type": wanted}, "availability-zone"
        stock = [InstanceTypeOfferingBackend().matches_filters(o, *asked) for o in offers]
        assert [moto_quick._Offers.matches_filters(o, *asked) for o in offers] == stock
        assert any(stock) is (wanted != "z9.huge")
    monkeypatch.setattr(settings, "EC2_ENABLE_INSTANCE_TYPE_VALIDATION", True)
    with pytest.raises(Exception, match=r"z9\.huge"):
        bench.client("ec2").run_instances(
            ImageId="ami-0abc", InstanceType="z9.huge", MinCount=1, MaxCount=1
        )


def test_service_models_are_read_as_botocore_reads_them():
    from botocore.loaders import Loader as Plain
    from moto.core.loaders import create_loader

    loader = create_loader()
    assert type(loader.file_loader).__name__ == "QuickFileLoader"
    ours = loader.load_service_model("sts", "service-2")
    theirs = Plain(extra_search_paths=loader.search_paths).load_service_model("sts", "service-2")
    assert json.dumps(ours["operations"]) == json.dumps(theirs["operations"])
    with pytest.raises(Exception, match="nothing"):
        loader.load_service_model("nothing", "service-2")


def test_method_names_are_those_of_the_class():
    import inspect

    from moto.core import responses
    from moto.sqs.responses import SQSResponse

    names = responses.method_names_from_class(SQSResponse)
    assert names == {name for name, _ in inspect.getmembers(SQSResponse, inspect.isfunction)}
    assert responses.method_names_from_class(SQSResponse) is names


def test_nobody_is_authorised_twice(bench, monkeypatch):
    """The gateway decides; moto's own look imports S3 for a call to a queue."""
    import moto.iam.access_control

    monkeypatch.setattr(moto.iam.access_control, "IAMRequest", lambda **_: pytest.fail("asked"))
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    assert bench.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    bench.client("s3").create_bucket(Bucket="notes-1")
