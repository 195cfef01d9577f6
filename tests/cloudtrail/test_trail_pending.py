"""What there is of CloudTrail's API and what is still to come are botocore's model together."""

import inspect
import tomllib
from importlib.resources import files

from botocore.session import get_session

from labkit.cloudtrail.api import OPERATIONS

PENDING = tomllib.loads((files("labkit") / "cloudtrail" / "pending.toml").read_text("utf-8"))


def test_operations_and_pending_are_the_model():
    built = [name for service, name in OPERATIONS if service == "cloudtrail"]
    waiting = [name for group in PENDING.values() for name in group["operations"]]
    model = get_session().get_service_model("cloudtrail")
    assert sorted(built + waiting) == sorted(model.operation_names)


def test_every_reason_is_a_sentence():
    for group in PENDING.values():
        assert set(group) == {"reason", "operations"}
        assert group["reason"].endswith(".")
        assert group["operations"] == sorted(group["operations"])


def test_operations_take_the_parameters_of_the_model():
    model = get_session().get_service_model("cloudtrail")
    for (_, name), operation in OPERATIONS.items():
        shape = model.operation_model(name).input_shape
        call, *parameters = inspect.signature(operation).parameters.values()
        assert call.kind is inspect.Parameter.POSITIONAL_ONLY
        assert {p.name for p in parameters} == set(shape.members)
        assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters)
        for p in parameters:
            assert (p.default is inspect.Parameter.empty) == (p.name in shape.required_members)
