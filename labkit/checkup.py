"""``labkit doctor``: what this machine has and lacks for the lab and its lessons; how to get it.

Each check looks at one thing and answers with a :class:`Finding`: ``ok``, ``lacks`` (required, the
exit status is 1) or ``note`` (something will be missing or is in the way, the rest works). A check
looks through a :class:`Machine`, so that tests can fake one; a check that itself breaks is a
finding too, since a doctor that falls over helps nobody.
"""

from __future__ import annotations

import html
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

OK, LACKS, NOTE = "ok", "lacks", "note"

#: The oldest Python that runs labkit (a test compares it with pyproject.toml).
OLDEST_PYTHON = (3, 11)
DEFAULT_PORT = 4566


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    name:
        What was looked at.
    state:
        ``ok``, ``lacks`` or ``note``.
    told:
        What is there, in a few words.
    remedy:
        How to get what is not; '' where nothing is to be done.
    """

    name: str
    state: str
    told: str
    remedy: str = ""


@dataclass(frozen=True)
class Machine:
    """As much of the machine as the checks look at.

    Parameters
    ----------
    environment:
        Its variables.
    here:
        The present folder.
    home:
        The user's folder.
    python:
        The version of the interpreter.
    which:
        Where a program is, or None.
    says:
        What a program prints, its first line; '' when it can't be run.
    installed:
        The version of a package, or None.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    here: Path = field(default_factory=Path.cwd)
    home: Path = field(default_factory=Path.home)
    python: tuple[int, ...] = sys.version_info[:3]
    which: Callable[[str], str | None] = shutil.which
    says: Callable[[list[str]], str] = field(default_factory=lambda: _says)
    installed: Callable[[str], str | None] = field(default_factory=lambda: _installed)


def _says(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = done.stdout.strip().splitlines()
    return lines[0] if lines and done.returncode == 0 else ""


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


class Report:
    """Everything that was found; prints itself, and is a table in a notebook."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings

    @property
    def healthy(self) -> bool:
        """Whether nothing that is required is lacking."""
        return all(finding.state != LACKS for finding in self.findings)

    def __str__(self) -> str:
        width = max(len(finding.name) for finding in self.findings)
        lines = []
        for finding in self.findings:
            lines.append(f"{finding.state:5}  {finding.name:{width}}  {finding.told}".rstrip())
            if finding.remedy:
                lines.append(f"{'':5}  {'':{width}}  -> {finding.remedy}")
        lacking = sum(finding.state == LACKS for finding in self.findings)
        noted = sum(finding.state == NOTE for finding in self.findings)
        told = "all is there" if not lacking else f"{lacking} required thing(s) lacking"
        lines += ["", f"labkit doctor: {told}" + (f"; {noted} note(s)" if noted else "")]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{finding.state}</td><td>{html.escape(finding.name)}</td>"
            f"<td style='text-align:left'>{html.escape(finding.told)}"
            + (f"<br><em>{html.escape(finding.remedy)}</em>" if finding.remedy else "")
            + "</td></tr>"
            for finding in self.findings
        )
        return f"<table><tr><th></th><th>what</th><th>found</th></tr>{rows}</table>"


def doctor(machine: Machine | None = None) -> Report:
    """Look at this machine: what is here, what lacks, and how to get it."""
    machine = machine or Machine()
    findings: list[Finding] = []
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            findings.extend(check(machine))
        except Exception as problem:
            told = f"could not be looked at: {type(problem).__name__}: {problem}"
            findings.append(Finding(name, NOTE, told))
    return Report(findings)


# -- the checks -----------------------------------------------------------------------------------
def python(machine: Machine) -> Iterator[Finding]:
    """The interpreter's version."""
    version = ".".join(map(str, machine.python))
    if machine.python[:2] >= OLDEST_PYTHON:
        yield Finding("Python", OK, version)
    else:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        remedy = f"install Python {oldest} or newer, then: make setup PY=python{oldest}"
        yield Finding("Python", LACKS, f"{version}; labkit needs {oldest}", remedy)


def compiled(machine: Machine) -> Iterator[Finding]:
    """Whether Python keeps what it compiles: containers often tell it not to."""
    name = "PYTHONDONTWRITEBYTECODE"
    if machine.environment.get(name):
        told = f"{name} is set: each notebook starts 3 to 5 seconds later than it could"
        yield Finding("compiled files", NOTE, told, f"unset {name}; make lab does it for itself")
    else:
        yield Finding("compiled files", OK, "kept between runs")


def packages(machine: Machine) -> Iterator[Finding]:
    """Every required package, at a version that will do."""
    good, wanting = [], []
    for name, wanted in _requirements():
        found = machine.installed(name)
        if found is None:
            wanting.append(f"{name}{wanted} is not installed")
        elif not _fits(found, wanted):
            wanting.append(f"{name} is {found}, wanted is {wanted}")
        else:
            good.append(f"{name} {found}")
    if wanting:
        remedy = "make setup, or in this environment: pip install -e ."
        yield Finding("packages", LACKS, "; ".join(wanting), remedy)
    else:
        yield Finding("packages", OK, f"{len(good)} required, all here: {', '.join(good)}")


def _requirements() -> list[tuple[str, str]]:
    """(name, version wanted) of labkit's own requirements, extras left out."""
    found = []
    for line in metadata.requires("labkit") or []:
        requirement, _, marker = line.partition(";")
        if "extra" in marker:
            continue
        bare = requirement.replace(" ", "")
        place = min((bare.find(c) for c in "=<>!~[" if c in bare), default=len(bare))
        rest = bare[place:]
        found.append((bare[:place], rest.partition("]")[2] if rest.startswith("[") else rest))
    return found


def _fits(found: str, wanted: str) -> bool:
    """``>=`` and ``==`` of plain versions, which is all that labkit asks for."""
    for clause in filter(None, wanted.split(",")):
        have, want = _numbers(found), _numbers(clause.lstrip("=<>!~"))
        size = max(len(have), len(want))
        have, want = have + (0,) * (size - len(have)), want + (0,) * (size - len(want))
        if (clause.startswith(">=") and have < want) or (clause.startswith("==") and have != want):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def jupyterlab(machine: Machine) -> Iterator[Finding]:
    """The notebook server, and the kernel it starts."""
    version = machine.installed("jupyterlab")
    if version is None:
        yield Finding("JupyterLab", LACKS, "not installed", "make setup")
    else:
        yield Finding("JupyterLab", OK, version)


def browser(machine: Machine) -> Iterator[Finding]:
    """Chromium and its driver: canaries look at pages with them."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := machine.which(name))), None)
    driver = machine.which("chromedriver")
    remedy = "Debian, Ubuntu: sudo apt-get install chromium chromium-driver; macOS: brew install "
    remedy += "chromium chromedriver. Only canaries with a browser need it; lesson 09 shows "
    remedy += "recorded runs without one"
    versions = {}
    for what, path in (("Chromium", found), ("chromedriver", driver)):
        if path is None:
            yield Finding(what, NOTE, "not found", remedy)
            continue
        told = machine.says([path, "--version"])
        versions[what] = next((w for w in told.split() if w[:1].isdigit()), "")
        yield Finding(what, OK if told else NOTE, f"{versions[what] or 'does not start'} at {path}")
    if machine.installed("selenium") is None:
        yield Finding("selenium", NOTE, "not installed", "pip install selenium; canaries drive it")
    if len(versions) == 2 and all(versions.values()):
        majors = {version.split(".")[0] for version in versions.values()}
        if len(majors) > 1:
            told = "Chromium and chromedriver are of different major versions"
            yield Finding("browser", NOTE, told, "install both from one place")


def node(machine: Machine) -> Iterator[Finding]:
    """Node.js: only the JavaScript tests and lessons."""
    path, npm = machine.which("node"), machine.which("npm")
    version = machine.says([path, "--version"]).lstrip("v") if path else ""
    remedy = "Debian, Ubuntu: sudo apt-get install nodejs npm; else nodejs.org. Only programs in "
    remedy += "JavaScript need it"
    if not version:
        yield Finding("Node.js", NOTE, "not found", remedy)
    elif _numbers(version)[:1] < (20,):
        yield Finding("Node.js", NOTE, f"{version}; AWS's clients want 20 or newer", remedy)
    elif npm is None:
        yield Finding("Node.js", NOTE, f"{version}, without npm", remedy)
    else:
        yield Finding("Node.js", OK, version)


def fonts(machine: Machine) -> Iterator[Finding]:
    """DejaVu, in which drawings are compared; matplotlib brings it along."""
    if machine.installed("matplotlib") is None:
        yield Finding("fonts", NOTE, "matplotlib is not installed, and its fonts are not here")
        return
    from importlib.util import find_spec

    spec = find_spec("matplotlib")
    folder = Path(spec.origin or "").parent if spec is not None else Path()
    font = folder / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    lister = machine.which("fc-list")
    told = machine.says([lister, "DejaVu Sans"]) if lister else ""
    if font.is_file() and told:
        yield Finding("fonts", OK, "DejaVu Sans")
    elif font.is_file():
        yield Finding(
            "fonts", NOTE, "DejaVu Sans for plots, not in the browser",
            "Debian, Ubuntu: sudo apt-get install fonts-dejavu; pages look a little different",
        )  # fmt: skip
    else:
        yield Finding("fonts", NOTE, "DejaVu Sans is not here", "reinstall matplotlib")


def port(machine: Machine) -> Iterator[Finding]:
    """Whether `labkit serve` gets its port."""
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError:
            told = f"{DEFAULT_PORT} on 127.0.0.1 is taken"
            yield Finding("port", NOTE, told, "labkit serve --port 0 takes any free one")
        else:
            yield Finding("port", OK, f"{DEFAULT_PORT} on 127.0.0.1 is free")


def folders(machine: Machine) -> Iterator[Finding]:
    """Whether notebooks can be saved here, and what a learner did can be written down."""
    from labkit.course.progress import default_path

    for name, folder, remedy in (
        ("present folder", machine.here, "go to a folder of your own: notebooks are saved there"),
        ("progress", default_path().parent, "let LABKIT_PROGRESS name a file that can be written"),
    ):
        there = folder  # the first folder on the way that is there must be writable
        while not there.exists() and there != there.parent:
            there = there.parent
        if there.is_dir() and os.access(there, os.W_OK):
            yield Finding(name, OK, f"{folder} can be written to")
        else:
            yield Finding(name, LACKS, f"{folder} can't be written to", remedy)


def shadows(machine: Machine) -> Iterator[Finding]:
    """Files of the present folder that Python would import in the place of something else."""
    known = set(sys.stdlib_module_names) | {name for name, _ in _requirements()} | {"labkit"}
    known |= {
        "s3transfer",
        "jmespath",
        "urllib3",
        "werkzeug",
        "dateutil",
        "requests",
        "yaml",
        "IPython",
    }
    found = []
    own = (machine.here / "labkit" / "lab.py").is_file()  # a checkout: that labkit is the labkit
    for path in sorted(machine.here.iterdir()):
        name = path.stem if path.suffix == ".py" else path.name if _is_package(path) else ""
        if name in known and not (own and name == "labkit"):
            found.append(path.name + ("/" if path.is_dir() else ""))
    if found:
        remedy = "rename them: `import random` in a notebook here would read yours"
        yield Finding("shadows", LACKS, ", ".join(found) + " hide modules of that name", remedy)
    else:
        yield Finding("shadows", OK, "no file here hides a module")


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file()


def aws(machine: Machine) -> Iterator[Finding]:
    """AWS settings of this machine: a lab puts them out of reach."""
    from labkit.gateway.surroundings import neutralised

    variables = sorted(name for name in machine.environment if neutralised(name))
    files = [
        f"~/.aws/{name}"
        for name in ("config", "credentials")
        if (machine.home / ".aws" / name).is_file()
    ]
    if not variables and not files:
        yield Finding("AWS settings", OK, "none")
        return
    told = f"{', '.join(variables + files)}: out of reach while a lab is active, untouched by it"
    yield Finding("AWS settings", NOTE, told)


def zone(machine: Machine) -> Iterator[Finding]:
    """The time zone: a lab's times are UTC wherever it runs."""
    name = machine.environment.get("TZ") or time.tzname[0]
    told = f"{name}; a lab's times are UTC, as AWS's are"
    yield Finding("time zone", OK, told)


CHECKS: tuple[Callable[[Machine], Iterator[Finding]], ...] = (
    python, compiled, packages, jupyterlab, browser, node, fonts, port, folders, shadows, aws, zone,
)  # fmt: skip

__all__ = ["Finding", "Machine", "Report", "doctor"]
