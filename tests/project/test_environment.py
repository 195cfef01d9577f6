"""The three lists of what labkit needs (pyproject, the lock, conda's environment) agree."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
LOCK = (ROOT / "requirements.lock").read_text("utf-8")

PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def required() -> list[str]:
    """Every requirement of pyproject.toml, those of the extras too."""
    extras = PROJECT["optional-dependencies"].values()
    return [*PROJECT["dependencies"], *(name for extra in extras for name in extra)]


def locked() -> Iterator[Requirement]:
    """The pinned requirements of the lock."""
    for line in LOCK.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield Requirement(line)


def pins(name: str, environment: dict[str, str]) -> list[str]:
    """The versions of a package that the lock installs in an environment."""
    return [
        str(pin.specifier).removeprefix("==")
        for pin in locked()
        if canonicalize_name(pin.name) == canonicalize_name(name)
        and (pin.marker is None or pin.marker.evaluate(environment))
    ]


def test_conda_names_the_requirements_of_pyproject():
    (pip,) = (entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict))
    assert pip == [*sorted(required()), "-e ."]


def test_no_package_is_required_twice():
    names = [canonicalize_name(Requirement(line).name) for line in required()]
    assert sorted(names) == sorted(set(names))


def test_conda_has_a_python_that_the_project_allows():
    (python,) = (
        Requirement(entry.replace("=", "==", 1))
        for entry in CONDA["dependencies"]
        if isinstance(entry, str) and entry.startswith("python=")
    )
    version = str(python.specifier).removeprefix("==")
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_lock_satisfies_pyproject(platform, python):
    environment = PLATFORMS[platform] | {
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    unsatisfied = {
        line: versions
        for line in required()
        for requirement in [Requirement(line)]
        for versions in [pins(requirement.name, environment)]
        if len(versions) != 1 or not requirement.specifier.contains(versions[0])
    }
    assert not unsatisfied


def test_the_lock_pins_exactly():
    assert [str(pin) for pin in locked() if not re.fullmatch(r"==[^*,]+", str(pin.specifier))] == []


def test_the_lock_names_no_host_and_no_path():
    foreign = re.compile(r"://|@|\\|^\s*-|(?:^|\s)(?:\.{0,2}/|~|[A-Za-z]:)|\bfile:")
    assert [line for line in LOCK.splitlines() if foreign.search(line)] == []
