"""Imports point one way (design note 1): read from the source, so that lazy imports count too."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "labkit"
#: What one room may use of another: CloudTrail Lake's SQL is Athena's.
SHARED = {
    "cloudtrail": ("labkit.athena.sql", "labkit.athena.engine", "labkit.athena.records"),
    # A canary's boto3 calls come back over the same pipe as a function's.
    "synthetics": ("labkit.backing.lambda_runtime.",),
}
#: Engines that belong to no service: what a schedule expression means is said once.
COMMON = {"schedules"}
SERVICES = {"cloudwatch", "logs", "synthetics", "eventbridge", "xray", "cloudtrail", "oam",
            "scheduler", "schemas", "athena"}  # fmt: skip
FILES = sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)

#: Room -> what of labkit it may import.
MAY = {
    "core": {"core"},
    "gateway": {"core", "gateway"},
    "backing": {"core", "backing"},
    "workloads": {"core", "workloads"},
    "agents": {"core", "workloads", "agents"},
    "views": {"core", "views"},
    "billing": {"core", "views", "billing"},
    "schedules": {"core", "schedules"},
    **{name: {"core", "views", name, *COMMON} for name in SERVICES},
}

#: What an engine may import beside its own records: the standard library, numpy, and reasons.
ENGINE = {"labkit.core.verdict", "labkit.core.jsontext", "labkit.core.ids", "labkit.core.clock"}


def imports(path):
    """(line, module) of every import in a file, however deep inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}"


def rooms(path):
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path):
    room = rooms(path)
    if room not in MAY:
        return  # lab.py, wiring.py, services.py, cli.py assemble: they may know everybody
    for line, module in imports(path):
        if not module.startswith("labkit."):
            continue
        target = module.split(".")[1]
        if target == "quotas" or module.startswith(SHARED.get(room, "-")):
            continue
        assert target in MAY[room], f"{path}:{line} {room} imports {module}"


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if "engine" in p.parts or rooms(p) in COMMON],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_engines_have_no_doors_to_the_world(path):
    service = rooms(path)
    for line, module in imports(path):
        top = module.split(".")[0]
        where = f"{path}:{line} imports {module}"
        if top == "labkit":
            common = tuple(f"labkit.{name}." for name in COMMON)
            own = module.startswith(
                (f"labkit.{service}.engine", f"labkit.{service}.records", *common)
            )
            allowed = own or module.rsplit(".", 1)[0] in ENGINE or module in ENGINE
            assert allowed, where
        else:
            assert top not in {"boto3", "botocore", "moto", "socket", "requests", "pandas"}, where


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_reads_the_wall_clock(path):
    """Only core/clock.py does; moto_time.py hands moto its own clock back when no world is up."""
    if path.relative_to(ROOT).as_posix() in {"core/clock.py", "backing/moto_time.py"}:
        return
    clocks = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if name in {"datetime", "date", "time", "_time"} and node.func.attr in clocks:
                pytest.fail(f"{path}:{node.lineno} reads the wall clock")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_backing_touches_moto(path):
    if rooms(path) == "backing":
        return
    for line, module in imports(path):
        assert module.split(".")[0] != "moto", f"{path}:{line}"
