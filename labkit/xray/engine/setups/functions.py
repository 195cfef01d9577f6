"""Lambda: one switch, and what the function's role may.

The daemon is built in, so nobody installs one. ``Active`` lets Lambda sample requests that bring no
decision; with ``PassThrough`` a function is traced only when whoever calls it decided so.

Source: Lambda developer guide, "Visualize Lambda function invocations using AWS X-Ray".
"""

from __future__ import annotations

from collections.abc import Collection

from labkit.core.verdict import Verdict
from labkit.xray.engine.setups.finding import Finding, permissions


def explain(
    mode: str,
    role: str,
    allowed: Collection[str] | None = None,
    *,
    caller_samples: bool = False,
) -> Verdict[bool]:
    """Whether invocations of a function are traced.

    Parameters
    ----------
    mode:
        Of its TracingConfig: ``Active`` or ``PassThrough``.
    role:
        Its execution role.
    allowed:
        The X-Ray actions that the role may do; None when that is not known.
    caller_samples:
        Whether its caller sends a trace header that says Sampled=1.
    """
    finding = Finding()
    if mode == "Active":
        finding.good("tracing", "active tracing: Lambda's own daemon listens beside the function")
    elif caller_samples:
        finding.good("tracing", "PassThrough: the caller's decision to record is followed")
    else:
        finding.wrong(
            "tracing",
            f"TracingConfig.Mode is {mode or 'PassThrough'}: Lambda records only what a caller "
            "decided to record; one switch turns it on: Active",
        )
    permissions(finding, role, allowed, "the execution role")
    return finding.verdict()
