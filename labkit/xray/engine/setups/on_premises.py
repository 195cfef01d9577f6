"""A server outside AWS: the daemon by hand, with a Region and credentials.

Sources: X-Ray developer guide, "Running the X-Ray daemon locally", "Configuring the X-Ray daemon";
the flags of aws-xray-daemon.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping

from labkit.core.verdict import Verdict
from labkit.xray.engine.setups.finding import (
    ADDRESS,
    LOCAL,
    PORT,
    Finding,
    address,
    permissions,
)

_WITH_VALUE = {
    "-a": "--resource-arn", "-m": "--buffer-memory", "-n": "--region", "-b": "--bind",
    "-t": "--bind-tcp", "-r": "--role-arn", "-c": "--config", "-f": "--log-file",
    "-l": "--log-level", "-p": "--proxy-address",
}  # fmt: skip
_ALONE = {"-o": "--local-mode", "-v": "--version", "-h": "--help"}
_PROGRAMS = ("xray", "xray_linux", "xray_mac", "xray_windows.exe", "xray.exe")


def explain(
    command: str,
    credentials: str,
    allowed: Collection[str] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    daemon_address: str | None = None,
) -> Verdict[bool]:
    """Whether traces of a program on a server outside AWS arrive.

    Parameters
    ----------
    command:
        How the daemon is started: ``./xray -o -n us-east-2``.
    credentials:
        Whose keys the daemon finds (in ~/.aws/credentials or its environment); empty for none.
    allowed:
        The X-Ray actions that they may do; None when that is not known.
    environment:
        Of the daemon.
    daemon_address:
        What the program's environment says in AWS_XRAY_DAEMON_ADDRESS; None for nothing.
    """
    finding = Finding()
    flags, problem = parse(command)
    if problem:
        finding.wrong("command", problem, command=command)
        return finding.verdict()
    env = environment or {}
    region = flags.get("--region") or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    if not region and "--config" not in flags:
        finding.wrong(
            "region", "the daemon does not know the Region: -n us-east-2, and there is no EC2 "
            "metadata to ask"
        )  # fmt: skip
    elif region:
        finding.good("daemon", f"the daemon sends to {region}")
    if "--local-mode" not in flags:
        finding.remark(
            "local mode", "without -o the daemon asks the metadata of an EC2 instance first, and "
            "waits for it in vain"
        )  # fmt: skip
    _listening(finding, flags, daemon_address)
    who = flags.get("--role-arn") or credentials
    if not credentials:
        who = ""
    permissions(finding, who, allowed, "the keys on this server")
    return finding.verdict()


def _listening(finding: Finding, flags: Mapping[str, str], daemon_address: str | None) -> None:
    bound = address(flags.get("--bind"))
    where = address(daemon_address)
    if bound is None:
        finding.wrong("bind", f"-b {flags['--bind']} is no host:port: the daemon ends at once")
        return
    if where is None:
        finding.wrong("address", f"{ADDRESS} is {daemon_address!r}: host:port is what SDKs read")
        return
    same = where.host == bound.host or (where.host in LOCAL and bound.host in (*LOCAL, "0.0.0.0"))
    if where.port != bound.port or not (same or bound.host == "0.0.0.0"):
        finding.wrong(
            "address", f"the SDK sends to {where}, the daemon listens on {bound}", default=PORT
        )
    else:
        finding.good("address", f"the SDK sends to {where}, where the daemon listens")


def parse(command: str) -> tuple[dict[str, str], str]:
    """The flags of a daemon's command line by their long names, and what is wrong with it."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError as problem:
        return {}, f"the command can't be read: {problem}"
    while words and (words[0] in ("sudo", "nohup", "exec") or "=" in words[0]):
        words = words[1:]
    if not words or words[0].replace("\\", "/").rpartition("/")[2] not in _PROGRAMS:
        return {}, "the command does not start the X-Ray daemon: ./xray -o -n us-east-2"
    flags: dict[str, str] = {}
    words = [word for word in words[1:] if word != "&"]
    while words:
        word = words.pop(0).removesuffix("&")
        name, sign, value = word.partition("=")
        long = _WITH_VALUE.get(name, name)
        if long in _WITH_VALUE.values():
            if not sign:
                if not words:
                    return flags, f"{name} wants a value"
                value = words.pop(0)
            flags[long] = value
        elif _ALONE.get(name, name) in _ALONE.values():
            flags[_ALONE.get(name, name)] = "true"
        else:
            return flags, f"the daemon has no flag {word}"
    return flags, ""
