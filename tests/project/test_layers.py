"""Imports point one way (design note 1): read from the source, so that lazy imports count too."""

import ast
from functools import cache
from pathlib import Path

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

#: What an engine may import beside its own records: the standard library, numpy, and these.
ENGINE = {"labkit.core.verdict", "labkit.core.jsontext", "labkit.core.ids", "labkit.core.clock",
          "labkit.core.kept"}  # fmt: skip


@cache
def nodes(path):
    """The imports and calls of a file, however deep inside a function; each file is read once."""
    wanted = (ast.Import, ast.ImportFrom, ast.Call)
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, wanted)]


def imports(path):
    """(line, module) of every import in a file."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}"


def rooms(path):
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def test_imports_point_one_way():
    wrong = []
    for path in FILES:
        room = rooms(path)
        if room not in MAY:
            continue  # lab.py, wiring.py, services.py, cli.py assemble: they may know everybody
        for line, module in imports(path):
            if not module.startswith("labkit."):
                continue
            target = module.split(".")[1]
            if target == "quotas" or module.startswith(SHARED.get(room, "-")):
                continue
            if target not in MAY[room]:
                wrong.append(f"{path}:{line} {room} imports {module}")
    assert wrong == []


def test_engines_have_no_doors_to_the_world():
    engines = [p for p in FILES if "engine" in p.parts or rooms(p) in COMMON]
    assert engines
    wrong = []
    for path in engines:
        service = rooms(path)
        own = tuple(
            f"labkit.{name}"
            for name in (f"{service}.engine", f"{service}.records", *(f"{c}." for c in COMMON))
        )
        for line, module in imports(path):
            top = module.split(".")[0]
            if top == "labkit":
                allowed = (
                    module.startswith(own) or module.rsplit(".", 1)[0] in ENGINE or module in ENGINE
                )
            else:
                allowed = top not in {"boto3", "botocore", "moto", "socket", "requests", "pandas"}
            if not allowed:
                wrong.append(f"{path}:{line} imports {module}")
    assert wrong == []


def test_nobody_reads_the_wall_clock():
    """Only core/clock.py does; moto_time.py hands moto its own clock back when no world is up."""
    may = {"core/clock.py", "backing/moto_time.py"}
    clocks = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
    wrong = []
    for path in FILES:
        if path.relative_to(ROOT).as_posix() in may:
            continue
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                if name in {"datetime", "date", "time", "_time"} and node.func.attr in clocks:
                    wrong.append(f"{path}:{node.lineno} reads the wall clock")
    assert wrong == []


def test_only_backing_touches_moto():
    wrong = [
        f"{path}:{line}"
        for path in FILES
        if rooms(path) != "backing"
        for line, module in imports(path)
        if module.split(".")[0] == "moto"
    ]
    assert wrong == []
