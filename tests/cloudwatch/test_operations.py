"""The model, the code and the published table of what is not there yet hold together."""

from botocore.session import get_session

from labkit import services
from labkit.cloudwatch.api import OPERATIONS

MODEL = get_session().get_service_model("cloudwatch")


def test_every_operation_is_built_or_published_as_pending():
    built = {name for _, name in OPERATIONS}
    pending = services.pending_of("cloudwatch")
    assert built.isdisjoint(pending)
    assert built | set(pending) == set(MODEL.operation_names)
    assert all(reason.endswith(".") for reason in pending.values())


def test_every_operation_takes_what_the_model_says():
    import inspect

    for (_, name), operation in OPERATIONS.items():
        wanted = set(MODEL.operation_model(name).input_shape.members)
        parameters = inspect.signature(operation).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            continue
        assert {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} == wanted, name
        assert operation.__doc__


def test_the_table_can_be_printed():
    text = services.operations_table()
    assert f"cloudwatch {len(OPERATIONS):7}" in text
    assert "backed by moto" in text


def test_every_limit_that_is_published_is_asked():
    """A limit nobody asks would be a number that lies."""
    from pathlib import Path

    import labkit
    from labkit.quotas import quotas_of

    folder = Path(labkit.__file__).parent / "cloudwatch"
    code = "".join(path.read_text() for path in folder.rglob("*.py"))
    names = [f"{g}.{n}" for g, limits in quotas_of("cloudwatch").items() for n in limits]
    assert len(names) > 10
    assert [name for name in names if f'"{name}"' not in code] == []
