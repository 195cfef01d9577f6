"""Build specifications and their small shell."""

import pytest

from labkit.backing.codebuild_spec import Phase, Spec, SpecError, run


def ran(*commands, **variables):
    return run(Phase(commands), variables)


@pytest.mark.parametrize(
    ("command", "said", "status"),
    [
        ("echo hi there", ["hi there"], 0),
        ("echo 'a  b' \"$NAME-${NAME}\"", ["a  b lab-lab"], 0),
        ("true && echo yes", ["yes"], 0),
        ("false && echo no", [], 1),
        ("false || echo rescue", ["rescue"], 0),
        ("true || echo no", [], 0),
        ("echo one; exit 4; echo two", ["one"], 4),
        ("exit", [], 0),
        ("npm ci --silent", [], 0),
        ("false; true", [], 0),
        ("echo 'open", [], 2),
    ],
)
def test_commands(command, said, status):
    done = ran(command, NAME="lab")
    assert [text for _, text, container in done.lines if not container] == said
    assert done.failed == ((command, status) if status else None)


def test_time_passes_by_command_and_by_sleep():
    done = ran("echo a", "sleep 2m", "echo b")
    assert done.seconds == 123
    assert [at for at, text, container in done.lines if not container] == [0, 122]


def test_exports_last_and_a_failure_ends_the_phase():
    done = ran("export A=1 B=2", "echo $A$B", "false", "echo never")
    assert [text for _, text, container in done.lines if not container] == ["12"]
    cleaned = run(Phase(("false",), ("echo cleaned",)), {})
    assert cleaned.failed == ("false", 1) and cleaned.lines[-1][1] == "cleaned"


@pytest.mark.parametrize(
    "text", ["", "a: [", "version: 0.2", "phases: {build: {}}", "version: 1\nphases: {buidl: {}}"]
)
def test_what_is_no_specification(text):
    with pytest.raises(SpecError, match="YAML_FILE_ERROR"):
        Spec.parse(text)
