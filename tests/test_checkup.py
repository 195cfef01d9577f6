"""``labkit doctor``, with machines made up for it."""

import os
import socket
import sys
import tomllib
from pathlib import Path

import pytest

import labkit
from labkit import checkup, cli
from labkit.checkup import LACKS, NOTE, OK, Finding, Machine, Report, _fits

ROOT = Path(__file__).parents[1]
PROGRAMS = {
    "/bin/chromium": "Chromium 142.0.7444.59 built on Debian GNU/Linux 12",
    "/bin/chromedriver": "ChromeDriver 142.0.7444.59 (abc-refs/branch-heads/7444@{#1})",
    "/bin/node": "v20.20.2",
    "/bin/npm": "11.1.0",
    "/bin/fc-list": "/usr/share/fonts/DejaVuSans.ttf: DejaVu Sans:style=Book",
}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A healthy machine; ``machine(lacks="chromium", python=(3, 10, 0))``."""
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "data" / "progress.json"))

    def make(lacks="", programs=None, **more):
        there = PROGRAMS | (programs or {})

        def which(name):
            return None if name == lacks or f"/bin/{name}" not in there else f"/bin/{name}"

        here = tmp_path / "here"
        here.mkdir(exist_ok=True)
        given = {
            "environment": {}, "here": here, "home": tmp_path, "which": which,
            "says": lambda command: there.get(command[0], ""),
        }  # fmt: skip
        return Machine(**given | more)

    return make


def found(machine, name):
    (finding,) = [f for f in checkup.doctor(machine).findings if f.name == name]
    return finding


def test_a_healthy_machine(machine):
    report = checkup.doctor(machine())
    assert report.healthy
    states = {f.name: f.state for f in report.findings if f.name != "port"}
    assert set(states.values()) == {OK}, report
    names = "Python packages JupyterLab Chromium chromedriver Node.js fonts progress shadows"
    assert set(states) == {
        *names.split(),
        "present folder",
        "AWS settings",
        "time zone",
        "compiled files",
    }
    assert "142.0.7444.59" in found(machine(), "Chromium").told


def test_an_old_python_is_said_with_what_to_do(machine):
    finding = found(machine(python=(3, 10, 4)), "Python")
    assert (
        finding.state == LACKS and "3.10.4" in finding.told and "make setup PY=" in finding.remedy
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=" + ".".join(map(str, checkup.OLDEST_PYTHON))


def test_a_python_that_compiles_everything_again_is_said(machine):
    finding = found(machine(environment={"PYTHONDONTWRITEBYTECODE": "1"}), "compiled files")
    assert finding.state == NOTE and "unset PYTHONDONTWRITEBYTECODE" in finding.remedy


def test_packages_that_lack_or_are_old(machine):
    def installed(name):
        return {"boto3": None, "moto": "5.2.4", "numpy": "2.4.0rc1"}.get(name, "999.0")

    finding = found(machine(installed=installed), "packages")
    assert finding.state == LACKS and "pip install" in finding.remedy
    assert "boto3>=1.44 is not installed" in finding.told
    assert "moto is 5.2.4, wanted is ==5.2.5" in finding.told
    assert "numpy" not in finding.told  # a release candidate of 2.4 will do
    assert found(machine(installed=lambda name: None), "JupyterLab").state == LACKS


def test_every_requirement_is_looked_at_and_no_extra_is():
    names = [name for name, _ in checkup._requirements()]
    assert {"awscli", "boto3", "moto", "numpy", "pyyaml"} <= set(names)
    assert not {"pytest", "playwright", "flask"} & set(names)
    assert ("moto", "==5.2.5") in checkup._requirements()


@pytest.mark.parametrize(
    ("have", "want", "fits"),
    [
        ("1.44.5", ">=1.44", True), ("1.44", ">=1.44.0", True), ("1.43.9", ">=1.44", False),
        ("2.0", ">=1.44", True), ("5.2.5", "==5.2.5", True), ("5.2.5.post1", "==5.2.5", True),
        ("5.2.6", "==5.2.5", False), ("10.0", ">=9.2", True), ("1.0", "", True),
    ],
)  # fmt: skip
def test_versions(have, want, fits):
    assert _fits(have, want) is fits


@pytest.mark.parametrize(
    ("lacks", "name", "told"),
    [
        ("chromium", "Chromium", "apt-get install chromium"),
        ("chromedriver", "chromedriver", "chromium-driver"),
        ("node", "Node.js", "apt-get install nodejs"),
        ("npm", "Node.js", "npm"),
    ],
)
def test_what_only_some_lessons_need_is_a_note(machine, lacks, name, told):
    finding = found(machine(lacks), name)
    assert finding.state == NOTE and told in finding.remedy
    assert checkup.doctor(machine(lacks)).healthy


def test_a_browser_and_a_driver_that_do_not_fit(machine):
    old = {"/bin/chromedriver": "ChromeDriver 130.0.1 (x)"}
    assert "different major versions" in found(machine(programs=old), "browser").told


def test_a_program_that_does_not_start(machine):
    finding = found(machine(programs={"/bin/chromium": ""}), "Chromium")
    assert finding.state == NOTE and "does not start" in finding.told


def test_an_old_node(machine):
    finding = found(machine(programs={"/bin/node": "v12.22.0"}), "Node.js")
    assert finding.state == NOTE and "12.22.0" in finding.told


@pytest.mark.parametrize("name", ["random.py", "boto3.py", "labkit/", "logging/", "yaml.py"])
def test_a_file_that_hides_a_module(machine, name):
    here = machine().here
    if name.endswith("/"):
        (here / name).mkdir()
        (here / name / "__init__.py").touch()
    else:
        (here / name).touch()
    (here / "mine.py").touch()
    (here / "json").mkdir()  # a folder of data is no package
    finding = found(machine(), "shadows")
    assert finding.state == LACKS and finding.told.startswith(f"{name} hide")
    assert "rename" in finding.remedy


def test_a_checkout_is_no_shadow_of_itself(machine):
    assert found(machine(here=ROOT), "shadows").state == OK


def test_aws_settings_are_named_and_their_values_are_not(machine):
    (machine().home / ".aws").mkdir()
    (machine().home / ".aws" / "credentials").write_text("[default]\naws_access_key_id=AKIAREAL\n")
    environment = {
        "AWS_PROFILE": "prod", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_ENDPOINT_URL_S3": "x",
        "AWS_PAGER": "", "PATH": "/bin",
    }  # fmt: skip
    finding = found(machine(environment=environment), "AWS settings")
    assert finding.state == NOTE
    assert finding.told.startswith(
        "AWS_ENDPOINT_URL_S3, AWS_PROFILE, AWS_SECRET_ACCESS_KEY, ~/.aws/credentials: out of reach"
    )
    assert "hush" not in finding.told and "AKIA" not in finding.told and "PAGER" not in finding.told


def test_a_port_that_is_taken(machine, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(checkup, "DEFAULT_PORT", server.getsockname()[1])
        finding = found(machine(), "port")
    assert finding.state == NOTE and "--port 0" in finding.remedy
    assert found(machine(), "port").state == OK


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_that_can_not_be_written_to(machine):
    here = machine().here
    here.chmod(0o500)
    try:
        assert found(machine(), "present folder").state == LACKS
    finally:
        here.chmod(0o700)


def test_a_progress_file_where_none_can_be(machine, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "file" / "progress.json"))
    finding = found(machine(), "progress")
    assert finding.state == LACKS and "LABKIT_PROGRESS" in finding.remedy


def test_a_check_that_breaks_is_a_finding(machine):
    def says(command):
        raise RuntimeError("on purpose")

    report = checkup.doctor(machine(says=says))
    assert "could not be looked at: RuntimeError: on purpose" in str(report)
    assert len(report.findings) > 6


def test_the_report_is_text_and_a_table():
    report = Report([Finding("a", OK, "x"), Finding("bb", LACKS, "<y>", "get it"),
                     Finding("c", NOTE, "z")])  # fmt: skip
    assert str(report).splitlines() == [
        "ok     a   x",
        "lacks  bb  <y>",
        "           -> get it",
        "note   c   z",
        "",
        "labkit doctor: 1 required thing(s) lacking; 1 note(s)",
    ]
    assert "&lt;y&gt;" in report._repr_html_() and repr(report) == str(report)


def test_the_command_says_it_and_its_status_tells(capsys, monkeypatch):
    assert labkit.doctor is checkup.doctor
    good = Report([Finding("a", OK, "x")])
    monkeypatch.setattr(checkup, "doctor", lambda: good)
    assert cli.main(["doctor"]) == 0
    monkeypatch.setattr(checkup, "doctor", lambda: Report([Finding("a", LACKS, "x")]))
    assert cli.main(["doctor"]) == 1
    assert "labkit doctor: 1 required" in capsys.readouterr().out


def test_this_very_machine_can_be_looked_at():
    report = checkup.doctor()
    assert next(f for f in report.findings if f.name == "Python").told.startswith(
        f"{sys.version_info[0]}.{sys.version_info[1]}"
    )
