"""The command ``labkit``: open the lessons, and say what is here.

::

    labkit lab [jupyter lab's own options]    open JupyterLab on the first lesson
    labkit serve [--port 4566 ...]            a lab behind HTTP, for the aws CLI and other programs
    labkit agent --config FILE [--once ...]   a CloudWatch agent that measures this machine
    labkit xray-daemon [--endpoint URL ...]   an X-Ray daemon in front of a served lab
    labkit record URL [--out canary.py ...]   record clicks and typing in a browser as a canary
    labkit exam practice | mock | show | lint exam practice: see labkit exam --help
    labkit check exercises/01_metrics.ipynb   judge a saved exercise; with --endpoint a served one
    labkit progress                           how far you are
    labkit course build | report | map        for authors: make exercises, measure lessons
    labkit course record-films                record the runs that machines without a browser show
    labkit doctor                             what this machine has and lacks, and how to get it
    labkit wiring                             who hears which fact, who answers which question
    labkit operations                         which API operations are there, and which are not yet
    labkit version
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from labkit.course.terminal import add_commands
from labkit.course.terminal import run as run_course

FIRST_LESSON = "notebooks/00_start_here.ipynb"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "lab":
        return open_jupyterlab(rest)
    return _run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="labkit", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lab", help="open JupyterLab on the first lesson", add_help=False)
    serve = commands.add_parser("serve", help="a lab behind HTTP, on 127.0.0.1")
    serve.add_argument("--port", type=int, default=4566, help="0 takes any free one")
    serve.add_argument("--speed", type=float, default=1.0, help="0: time is stepped")
    serve.add_argument("--start", help="ISO 8601; the real now when left out")
    serve.add_argument("--seed", type=int, default=0)
    serve.add_argument("--exercise", help="the world of an exercise: 00_start_here")
    serve.add_argument("--learner", help="with --exercise: whose variant")
    from labkit.agents.terminal import add_command as add_agent
    from labkit.course.exam_terminal import add_commands as add_exam
    from labkit.synthetics.recording.terminal import add_command as add_record
    from labkit.xray_program import add_command as add_daemon

    add_agent(commands)
    add_daemon(commands)
    add_record(commands)
    add_exam(commands)
    add_commands(commands)
    commands.add_parser("doctor", help="what this machine has and lacks, and how to get it")
    commands.add_parser("wiring", help="who hears which fact, who answers which question")
    listed = commands.add_parser("operations", help="which API operations are there")
    listed.add_argument("--markdown", action="store_true", help="each of them, as docs/ has it")
    commands.add_parser("version", help="labkit's version and its libraries'")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "serve":
        from labkit.serve import serve as serve_lab

        return serve_lab(
            arguments.port,
            arguments.speed,
            arguments.start,
            arguments.seed,
            lambda line: print(line, flush=True),
            exercise=arguments.exercise,
            learner=arguments.learner,
        )
    if arguments.command == "agent":
        return int(arguments.run_agent(arguments, lambda line: print(line, flush=True)))
    if arguments.command == "xray-daemon":
        return int(arguments.run_daemon(arguments, lambda line: print(line, flush=True)))
    if arguments.command == "record":
        return int(arguments.run_record(arguments, lambda line: print(line, flush=True)))
    if arguments.command == "exam":
        from labkit.course.exam_terminal import main as exam

        return exam(arguments, print)
    if hasattr(arguments, "run"):
        return run_course(arguments, lambda line: print(line, flush=True))
    if arguments.command == "doctor":
        from labkit.checkup import doctor

        report = doctor()
        print(report)
        return 0 if report.healthy else 1
    if arguments.command == "wiring":
        from labkit.wiring import table

        print(table())
    elif arguments.command == "operations":
        from labkit.services import operations_page, operations_table

        print(operations_page() if arguments.markdown else operations_table(), end="")
        print(end="" if arguments.markdown else "\n")
    else:
        from labkit.repeating import versions

        print("  ".join(f"{name} {version}" for name, version in versions().items()))
    return 0


def course_folder() -> Path:
    """The checkout that holds the notebooks: the present folder, or the one labkit runs from."""
    for folder in (Path.cwd(), Path(__file__).resolve().parent.parent):
        if (folder / FIRST_LESSON).is_file():
            return folder
    raise SystemExit(
        f"labkit lab: {FIRST_LESSON} is neither here nor beside the package; run it in a checkout"
    )


def open_jupyterlab(options: list[str]) -> int:
    """Become JupyterLab, opened on the first lesson, listening on 127.0.0.1 only.

    ``options`` go to ``jupyter lab`` as they are (``--no-browser``, ``--port 8899``). Nothing is
    asked of the network: no news, no check for updates.
    """
    folder = course_folder()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [
        sys.executable, "-m", "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *options,
    ]  # fmt: skip
    os.chdir(folder)
    if os.name == "nt":
        import subprocess

        return subprocess.call(command)
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == "__main__":
    raise SystemExit(main())
