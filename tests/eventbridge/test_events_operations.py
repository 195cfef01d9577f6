"""The model, the code and the published tables hold together: EventBridge, Scheduler, Schemas."""

import inspect
from pathlib import Path

import pytest
from botocore.session import get_session

import labkit
from labkit import services
from labkit.quotas import quotas_of

PARTS = {"events": "eventbridge", "scheduler": "scheduler", "schemas": "schemas"}


@pytest.fixture(params=sorted(PARTS))
def service(request):
    return request.param


def built(service):
    return {name: op for (one, name), op in services.operations().items() if one == service}


def test_every_operation_is_built_or_published_as_pending(service):
    pending = services.pending_of(service)
    there = set(built(service))
    model = get_session().get_service_model(service)
    assert there.isdisjoint(pending)
    assert there | set(pending) == set(model.operation_names)
    assert all(reason.endswith(".") for reason in pending.values())


def test_every_operation_takes_what_the_model_says(service):
    model = get_session().get_service_model(service)
    for name, operation in built(service).items():
        shape = model.operation_model(name).input_shape
        wanted = set(shape.members) if shape is not None else set()
        parameters = inspect.signature(operation).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            continue
        given = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        assert given == wanted, name
        needed = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty}
        assert needed == set(shape.required_members if shape is not None else ()), name
        assert operation.__doc__


def test_every_limit_that_is_published_is_asked(service):
    """A limit nobody asks would be a number that lies."""
    folder = Path(labkit.__file__).parent / PARTS[service]
    code = "".join(path.read_text() for path in folder.rglob("*.py"))
    limits = quotas_of(PARTS[service])
    names = [f"{group}.{name}" for group, some in limits.items() for name in some]
    assert names
    assert [name for name in names if f'"{name}"' not in code] == []


def test_at_most_four_of_a_hundred_operations_are_not_there():
    there = sum(len(built(service)) for service in PARTS)
    model = [get_session().get_service_model(one) for one in PARTS]
    assert there >= sum(len(one.operation_names) for one in model) - 4
