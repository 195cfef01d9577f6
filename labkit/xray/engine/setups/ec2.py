"""EC2: user data that installs the daemon, and an instance profile.

Source: X-Ray developer guide, "Running the X-Ray daemon on Amazon EC2".
"""

from __future__ import annotations

import re
from collections.abc import Collection

from labkit.core.verdict import Verdict
from labkit.xray.engine.setups.finding import ADDRESS, LOCAL, PORT, Finding, address, permissions

_PACKAGE = re.compile(
    r"aws-xray-daemon[\w.-]*\.(rpm|deb)|(yum|dnf|apt|apt-get|dpkg)\b.*\bxray\b", re.I
)
_INSTALL = re.compile(r"\b(yum|dnf|apt|apt-get|dpkg|rpm)\b[^\n]*(install|-i|-U)\b[^\n]*", re.I)
_BINARY = re.compile(r"(^|[\s/;&])xray(_linux)?\s+(-\w|--\w)[^\n]*", re.M)
_DOCKER = re.compile(r"docker\s+run\b[^\n]*xray-daemon[^\n]*", re.I)
_UDP = re.compile(r"-p\s*\S*2000(:2000)?/udp|--publish[= ]\S*2000/udp|--net(work)?[= ]host")


def explain(
    user_data: str,
    role: str,
    allowed: Collection[str] | None = None,
    *,
    running: bool = True,
    daemon_address: str | None = None,
) -> Verdict[bool]:
    """Whether traces of a program on an instance arrive.

    Parameters
    ----------
    user_data:
        Of the instance, as text (not base64).
    role:
        Of its instance profile; empty without one.
    allowed:
        The X-Ray actions that the role may do; None when that is not known.
    running:
        Whether the instance runs.
    daemon_address:
        What the program's environment says in AWS_XRAY_DAEMON_ADDRESS; None for nothing.
    """
    finding = Finding()
    if not running:
        finding.wrong("instance", "the instance does not run")
    _installed(finding, user_data)
    where = address(daemon_address)
    if where is None:
        finding.wrong("address", f"{ADDRESS} is {daemon_address!r}: host:port is what SDKs read")
    elif where.host not in LOCAL or where.port != PORT:
        finding.wrong("address", f"{ADDRESS} says {where}: the daemon listens on 127.0.0.1:{PORT}")
    permissions(finding, role, allowed, "the role of the instance profile")
    return finding.verdict()


def _installed(finding: Finding, user_data: str) -> None:
    script = "\n".join(line.partition(" #")[0] for line in user_data.splitlines()
                       if not line.lstrip().startswith("#") or line.startswith("#!"))  # fmt: skip
    if not user_data.strip():
        finding.wrong(
            "daemon", "nobody listens on UDP 2000: the user data is empty, and no image of EC2 has "
            "a daemon built in"
        )  # fmt: skip
        return
    if not user_data.startswith(("#!", "#cloud-config", "Content-Type:", "MIME-Version:")):
        finding.wrong(
            "user data",
            "the user data is not run: it begins neither with #! nor with #cloud-config",
            first_line=user_data.splitlines()[0][:80],
        )
    docker = _DOCKER.search(script)
    if docker:
        if not _UDP.search(docker[0]):
            finding.wrong(
                "port", "the container publishes no UDP 2000: -p 2000:2000/udp", command=docker[0]
            )
        else:
            finding.good("daemon", "user data starts the daemon's container on UDP 2000")
        return
    if _BINARY.search(script):
        finding.good("daemon", "user data starts the daemon's program")
        return
    if _INSTALL.search(script) and _PACKAGE.search(script):
        finding.good("daemon", "user data installs the daemon's package, which starts it")
        return
    if _PACKAGE.search(script):
        finding.wrong("daemon", "the user data fetches the daemon's package and never installs it")
        return
    finding.wrong("daemon", "nobody listens on UDP 2000: the user data installs no X-Ray daemon")
