"""What clients share must be what each of them would have got by itself."""

import copy
import inspect

import boto3
import pytest
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser, HierarchicalEmitter

from labkit.gateway.client_making import keeping, sharing


class Creator:
    """As much of botocore's as wrapping the operations needs."""

    def __init__(self, loader):
        self._loader = loader
        self.wrapped = 0


class Loader:
    pass


class Model:
    service_name, api_version = "s3", "2006-03-01"


@pytest.fixture
def methods():
    def wrap(creator, model):
        creator.wrapped += 1
        return {"get_object": object()}

    return keeping(wrap)


def test_operations_are_wrapped_once_for_a_loader(methods):
    loader, other = Loader(), Loader()
    first, second, third = Creator(loader), Creator(loader), Creator(other)
    made = [methods(one, Model) for one in (first, second, third)]
    assert made[0] == made[1] != made[2]
    assert [one.wrapped for one in (first, second, third)] == [1, 0, 1]


def test_what_is_added_to_one_class_is_in_no_other(methods):
    creator = Creator(Loader())
    methods(creator, Model)["upload_file"] = print
    assert set(methods(creator, Model)) == {"get_object"}


def test_clients_of_labs_have_all_their_methods(lab):
    assert ClientCreator._create_methods.__module__ == keeping.__module__
    for service in ("s3", "ec2", "logs"):
        ours = lab.client(service, region_name="eu-west-1")
        names = ours.meta.service_model.operation_names
        assert set(ours.meta.method_to_api_mapping.values()) == set(names)
        assert all(callable(getattr(ours, name)) for name in ours.meta.method_to_api_mapping)
    assert callable(lab.client("s3").upload_file)
    assert not hasattr(lab.client("logs"), "upload_file")
    assert "batch of log events" in inspect.getdoc(type(lab.client("logs")).put_log_events)


def test_copies_translate_the_names_of_events_alike():
    first = EventAliaser(HierarchicalEmitter())
    first._alias_event_name("before-call.cloudwatch.PutMetricData")
    twin = sharing(EventAliaser.__copy__)(first)
    alone = EventAliaser(HierarchicalEmitter())
    for name in ("before-call.cloudwatch.PutMetricData", "creating-client-class.logs", "x.ec2.y"):
        assert twin._alias_event_name(name) == alone._alias_event_name(name)
    heard = []
    twin.register("before-call.monitoring", lambda **told: heard.append(told["event_name"]))
    first.emit("before-call.cloudwatch.PutMetricData")
    assert heard == []  # handlers stay each client's own
    twin.emit("before-call.cloudwatch.PutMetricData")
    assert len(heard) == 1
    assert copy.copy(first)._alias_name_cache is first._alias_name_cache


def test_handlers_of_one_client_are_not_anothers(lab):
    one, two = (boto3.client("logs", region_name="us-east-1") for _ in range(2))
    heard = []
    one.meta.events.register("before-call.logs", lambda **told: heard.append(told["event_name"]))
    two.describe_log_groups()
    assert heard == []
    one.describe_log_groups()
    assert len(heard) == 1
