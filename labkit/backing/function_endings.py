"""How Lambda words that a function's process ended, and labkit that it does not run one."""

from __future__ import annotations

import os

from labkit.backing.function_environments import Function


def exit_message(status: int) -> tuple[str, bool]:
    """What Lambda says of an exit, and whether the system killed it for its memory."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == 9:
            return "Runtime exited with error: signal: killed", True
        name = _SIGNALS.get(number, f"signal {number}")
        return f"Runtime exited with error: signal: {name}", False
    code = os.WEXITSTATUS(status)
    if code == 0:
        return "Runtime exited without providing a reason", False
    return f"Runtime exited with error: exit status {code}", False


#: As Go names signals, which is what Lambda's sandbox is written in.
_SIGNALS = {
    6: "aborted",
    11: "segmentation fault",
    15: "terminated",
    25: "file size limit exceeded",
}


def not_run_here(function: Function) -> str:
    """Why labkit does not run a function; empty when it does."""
    if function.image:
        return (
            "labkit runs functions from zip archives; this one is a container image, which needs "
            "a container engine."
        )
    if not function.runtime.startswith("python3"):
        return (
            f"labkit runs the Python runtimes (python3.9 to python3.14, all with the Python of "
            f"this kernel); it does not run {function.runtime}."
        )
    return ""
