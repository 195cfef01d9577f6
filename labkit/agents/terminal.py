"""``labkit agent``: an agent on this machine."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from labkit.agents import config as unified
from labkit.agents import logs_agent
from labkit.agents.config import Config
from labkit.agents.problems import ConfigError

#: Between the two looks that ``--once`` takes: usage of the processor is what passed between them.
_MOMENT_S = 1.0


def add_command(commands: Any) -> None:
    """Add ``agent`` to labkit's commands."""
    agent = commands.add_parser(
        "agent", help="a CloudWatch agent on this machine, sending to a served lab or to AWS"
    )
    agent.add_argument(
        "--config", required=True, help="amazon-cloudwatch-agent.json, or an old awslogs.conf"
    )
    agent.add_argument("--endpoint", help="where to; else as AWS_ENDPOINT_URL says")
    agent.add_argument("--once", action="store_true", help="collect once and end")
    agent.add_argument("--minutes", type=float, default=60.0, help="how long to run (60)")
    agent.add_argument("--mode", choices=["ec2", "onPremise"], help="over the file's own")
    agent.add_argument("--instance-id", default="", help="what {instance_id} stands for")
    agent.add_argument(
        "--state", default="", help="a file in which it notes how far it has read, to go on from"
    )
    agent.add_argument("--check", action="store_true", help="read the file, say what it means, end")
    agent.set_defaults(run_agent=run)


def load(path: str | Path) -> Config:
    """The configuration of a file: JSON of the unified agent, INI of the old one.

    Raises
    ------
    ConfigError
        Also when there is no such file.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    ini = text.lstrip().startswith(("[", "#", ";"))
    return logs_agent.read(text) if ini else unified.read(text)


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Run the command; the exit status."""
    from labkit.agents.cloudwatch_agent import Agent
    from labkit.agents.this_machine import ThisMachine

    try:
        config = load(arguments.config)
    except ConfigError as error:
        say(str(error))
        return 2
    if arguments.mode:
        config = replace(config, mode=arguments.mode)
    if arguments.endpoint:
        config = replace(config, endpoint=arguments.endpoint, logs_endpoint=arguments.endpoint)
    if not config.region:
        import os

        named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        config = replace(config, region=named or "us-east-1")
    say(summary(config))
    if arguments.check:
        return 0
    machine = ThisMachine()
    agent = Agent(
        config,
        machine=machine,
        about=machine.about(arguments.instance_id),
        say=say,
        state_file=arguments.state,
    )
    wait = threading.Event().wait
    try:
        if arguments.once:
            wait(_MOMENT_S)
            count = agent.collect()
            lines = agent.follow() + agent.follow()
            say(f"{count} figures and {lines} log events sent")
        else:
            agent.run(arguments.minutes * 60, wait)
    except KeyboardInterrupt:
        agent.flush()
    finally:
        agent.close()
    return 1 if any(" E! " in line for line in agent.log) else 0


def summary(config: Config) -> str:
    """What a configuration means, in a few lines."""
    lines = [f"warning: {one}" for one in config.warnings]
    for section in config.sections:
        names = ", ".join(one.name for one in section.measurements)
        lines.append(f"{config.namespace} each {section.interval_s} s: {names}")
    lines += [f"{one.pattern} -> {one.group} / {one.stream}" for one in config.logs]
    return "\n".join(lines)
