"""What a runtime version offers, by its name: ``syn-language-framework-major.minor``.

Sources: CloudWatch user guide, "Configuring your canary to retry automatically", "Performing safe
canary updates", "Creating multi checks blueprint canary"; ``BrowserConfigs`` of the API model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"(syn(?:-[a-z]+)*)-(\d+)\.(\d+)(?:-beta)?\Z")

#: What it is -> kind of runtime -> the first version that has it.
SINCE: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "RetryConfig": {
        "syn-nodejs-puppeteer": (10, 0), "syn-nodejs-playwright": (2, 0),
        "syn-python-selenium": (5, 1), "syn-nodejs": (3, 0),
    },
    "Dry runs": {
        "syn-nodejs-puppeteer": (10, 0), "syn-nodejs-playwright": (2, 0),
        "syn-python-selenium": (5, 1), "syn-nodejs": (3, 0), "syn-java": (1, 0),
    },
    "FIREFOX": {"syn-nodejs-puppeteer": (11, 0), "syn-nodejs-playwright": (3, 0)},
    "multi-checks": {"syn-nodejs": (3, 0)},
}  # fmt: skip


def lacks(runtime: str, what: str) -> str:
    """Why a runtime does not have something; '' when it does.

    >>> lacks("syn-python-selenium-12.0", "RetryConfig")
    ''
    >>> lacks("syn-python-selenium-5.0", "RetryConfig")
    'RetryConfig needs syn-python-selenium-5.1 or later, not syn-python-selenium-5.0'
    """
    since = SINCE[what]
    found = _NAME.match(runtime)
    kind = found[1] if found else runtime
    if kind not in since:
        first = ", ".join(f"{one}-{v[0]}.{v[1]}" for one, v in since.items())
        return f"{what} is there for {first} or later, not for {runtime}"
    least = since[kind]
    if found is not None and (int(found[2]), int(found[3])) < least:
        return f"{what} needs {kind}-{least[0]}.{least[1]} or later, not {runtime}"
    return ""
