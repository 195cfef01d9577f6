"""Data protection policies: read, found, masked.

A policy has two statements with the same identifiers: one audits (and says where findings go), the
other masks. Source: API reference, PutDataProtectionPolicy; CloudWatch Logs user guide,
cloudwatch-logs-data-protection-policies, mask-sensitive-log-data-audit-findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.jsontext import parse
from labkit.logs.engine.identifiers import MANAGED, WITHOUT, Detector

PREFIX = "arn:aws:dataprotection::aws:data-identifier/"
#: Destinations of findings -> the member that names them.
DESTINATIONS = {"CloudWatchLogs": "LogGroup", "Firehose": "DeliveryStream", "S3": "Bucket"}
MOST_CUSTOM, MOST_REGEX = 10, 200
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REGEX = re.compile(r"[A-Za-z0-9_#=@/;, ^$?\[\]{}|\\*+.-]+")


class PolicyError(ValueError):
    """A document that is no policy; the message says why."""


class NoDetector(PolicyError):
    """AWS has this identifier, labkit has no detector for it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a document says.

    ``identifiers``: names in the order of the document; ``custom``: name -> regular expression;
    ``destinations``: kind -> name of the log group, stream or bucket that gets findings.
    """

    name: str
    identifiers: tuple[str, ...]
    custom: Mapping[str, str]
    destinations: Mapping[str, str]

    def detector(self, name: str) -> Detector:
        """How one of its identifiers is found."""
        return Detector(self.custom[name]) if name in self.custom else MANAGED[name]

    def findings(self, message: str) -> list[tuple[str, list[tuple[int, int]]]]:
        """What is found in a message: identifiers and the places of each, in characters."""
        found = []
        for name in self.identifiers:
            places = list(self.detector(name).find(message))
            if places:
                found.append((name, places))
        return found


def masked(message: str, policies: Iterable[Policy]) -> str:
    """A message with an asterisk for each character that any of the policies finds."""
    hidden: set[int] = set()
    for policy in policies:
        for _, places in policy.findings(message):
            for start, end in places:
                hidden.update(range(start, end))
    if not hidden:
        return message
    return "".join("*" if place in hidden else one for place, one in enumerate(message))


def report(
    resource_arn: str, at: str, findings: Sequence[tuple[str, Sequence[tuple[int, int]]]]
) -> dict[str, Any]:
    """The findings report of one event; AWS counts places from 1, ends included."""
    return {
        "auditTimestamp": at,
        "resourceArn": resource_arn,
        "dataIdentifiers": [
            {
                "name": name,
                "count": len(places),
                "detections": [{"start": start + 1, "end": end} for start, end in places],
            }
            for name, places in findings
        ],
    }


# -- reading
def read(text: str) -> Policy:
    """The policy of a document.

    Raises
    ------
    PolicyError
    """
    if len(text) > 30_720:
        raise PolicyError("the document is longer than 30720 characters")
    try:
        told = parse(text)
    except ValueError as problem:
        raise PolicyError(f"the document is no JSON: {problem}") from None
    if not isinstance(told, dict):
        raise PolicyError("the document is no JSON object")
    if told.get("Version", "2021-06-01") != "2021-06-01":
        raise PolicyError("Version must be 2021-06-01")
    custom = _custom(told.get("Configuration", {}))
    audit, mask = _statements(told.get("Statement"))
    names = _identifiers(audit, custom)
    if sorted(names) != sorted(_identifiers(mask, custom)):
        raise PolicyError("the data identifiers of both statements must be the same")
    operation = mask["Operation"]["Deidentify"]
    if not isinstance(operation, dict) or operation.get("MaskConfig") != {}:
        raise PolicyError("Deidentify must be {'MaskConfig': {}}")
    name = told.get("Name", "")
    return Policy(name if isinstance(name, str) else "", tuple(names), custom, _destinations(audit))


def _statements(told: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The auditing and the masking statement."""
    if not isinstance(told, list) or len(told) != 2:
        raise PolicyError("there must be two statements, one with Audit and one with Deidentify")
    found: dict[str, dict[str, Any]] = {}
    for statement in told:
        operation = statement.get("Operation") if isinstance(statement, dict) else None
        if not isinstance(operation, dict) or len(operation) != 1:
            raise PolicyError("each statement needs an Operation, Audit or Deidentify")
        found[next(iter(operation))] = statement
    if set(found) != {"Audit", "Deidentify"}:
        raise PolicyError("one statement must have the operation Audit, the other Deidentify")
    return found["Audit"], found["Deidentify"]


def _identifiers(statement: Mapping[str, Any], custom: Mapping[str, str]) -> list[str]:
    given = statement.get("DataIdentifier")
    if not isinstance(given, list) or not given:
        raise PolicyError("DataIdentifier must be a list of identifiers")
    names = []
    for one in given:
        name = one.removeprefix(PREFIX) if isinstance(one, str) else ""
        if name in WITHOUT:
            raise NoDetector(f"labkit has no detector for {name}; it has {', '.join(MANAGED)}")
        if name not in custom and (name not in MANAGED or name == one):
            raise PolicyError(f"{one} is no data identifier")
        names.append(name)
    return list(dict.fromkeys(names))


def _destinations(statement: Mapping[str, Any]) -> dict[str, str]:
    audit = statement["Operation"]["Audit"]
    given = audit.get("FindingsDestination") if isinstance(audit, dict) else None
    if not isinstance(given, dict):
        raise PolicyError("Audit needs a FindingsDestination, {} for none")
    found = {}
    for kind, where in given.items():
        member = DESTINATIONS.get(kind)
        name = where.get(member) if isinstance(where, dict) and member else None
        if not isinstance(name, str) or not name:
            raise PolicyError(f"{kind} is no destination of findings, or says not where")
        found[kind] = name
    return found


def _custom(told: Any) -> dict[str, str]:
    given = told.get("CustomDataIdentifier", []) if isinstance(told, dict) else None
    if not isinstance(given, list) or len(given) > MOST_CUSTOM:
        raise PolicyError(f"CustomDataIdentifier must be a list of at most {MOST_CUSTOM}")
    found = {}
    for one in given:
        name, regex = (one.get("Name"), one.get("Regex")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PolicyError("the Name of a custom identifier has letters, digits, _ and - only")
        if name in MANAGED or name in WITHOUT:
            raise PolicyError(f"{name} is a managed identifier's name")
        if not isinstance(regex, str) or len(regex) > MOST_REGEX or not _REGEX.fullmatch(regex):
            raise PolicyError(f"the Regex of {name} is too long or has a character that may not be")
        _check(name, regex)
        found[name] = regex
    return found


def _check(name: str, regex: str) -> None:
    import re2

    try:
        re2.compile(regex)
    except re2.error as problem:
        raise PolicyError(f"the Regex of {name} can't be read: {problem}") from None
