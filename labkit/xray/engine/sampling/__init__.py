"""Sampling: which requests are traced.

Theory of operation
-------------------
1. A program (a *client*) fetches the account's rules. For each request that begins a trace it takes
   the first rule that fits, by priority (:mod:`rules <labkit.xray.engine.sampling.rules>`).
2. The rule's *reservoir* is so many requests a second of all clients together. Nobody may use it
   directly: the service gives each client its part, the *quota*, for five minutes. A client without
   a quota borrows one request a second (:mod:`client <labkit.xray.engine.sampling.client>`).
3. Of the requests beyond, the *fixed rate* takes its share by chance.
4. Every ten seconds the client tells what it has counted, and gets its quotas anew
   (:mod:`targets <labkit.xray.engine.sampling.targets>`).
5. A rule with a *boost* samples more for a minute when clients tell of anomalies
   (:mod:`anomalies <labkit.xray.engine.sampling.anomalies>`) that were not caught
   (:mod:`boost <labkit.xray.engine.sampling.boost>`).

What a workload of the lab sends is decided for many requests at once, with the same rules and no
quotas (:mod:`columns <labkit.xray.engine.sampling.columns>`).

Sources: X-Ray developer guide, "Configuring sampling rules", "Using sampling rules with the X-Ray
API", "Configuring adaptive sampling"; the decisions are those of aws-xray-sdk.
"""

from labkit.xray.engine.sampling.client import Client, Decision
from labkit.xray.engine.sampling.rules import (
    DEFAULT,
    Asked,
    Boost,
    Rule,
    default_rule,
    in_order,
    mismatch,
)
from labkit.xray.engine.sampling.targets import Ledger

__all__ = [
    "DEFAULT",
    "Asked",
    "Boost",
    "Client",
    "Decision",
    "Ledger",
    "Rule",
    "default_rule",
    "in_order",
    "mismatch",
]
