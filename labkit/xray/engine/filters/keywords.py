"""The simple keywords: what each tells, and in whose braces it may stand.

Source: X-Ray developer guide, "Using filter expressions". The guide says for few keywords where
they stand; a keyword where nothing could carry it (``coverage`` of a whole trace) is refused here
rather than never true.
"""

from __future__ import annotations

from dataclasses import dataclass

FLAG, NUMBER, TEXT = "flag", "number", "text"

#: Where an expression can stand: of a whole trace, in braces of service, edge, a root cause.
TRACE, SERVICE, EDGE = "trace", "service", "edge"
CAUSES = tuple(
    f"rootcause.{kind}.{part}"
    for kind in ("fault", "error", "responsetime")
    for part in ("service", "entity", "exception")
    if (kind, part) != ("responsetime", "exception")
)
_OF_SERVICES = tuple(one for one in CAUSES if one.endswith(".service"))
_OF_ENTITIES = tuple(one for one in CAUSES if one.endswith(".entity"))
_OF_EXCEPTIONS = tuple(one for one in CAUSES if one.endswith(".exception"))
_EVERYWHERE = (TRACE, SERVICE, EDGE)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A simple keyword.

    Parameters
    ----------
    name:
        In lower case, as AWS writes it.
    kind:
        ``flag``, ``number`` or ``text``.
    meaning:
        What it tells, a few words.
    scopes:
        Where it may stand.
    """

    name: str
    kind: str
    meaning: str
    scopes: tuple[str, ...]

    @property
    def member(self) -> str:
        """The attribute of a subject that holds it."""
        return self.name.replace(".", "_")


_ALL = (
    Keyword("ok", FLAG, "neither error nor fault", _EVERYWHERE),
    Keyword("error", FLAG, "answered 4xx", _EVERYWHERE),
    Keyword("throttle", FLAG, "answered 429", _EVERYWHERE),
    Keyword("fault", FLAG, "answered 5xx", _EVERYWHERE),
    Keyword("partial", FLAG, "segments are missing or in progress", _EVERYWHERE),
    Keyword("inferred", FLAG, "told by the caller alone", (*_EVERYWHERE, *_OF_SERVICES)),
    Keyword("root", FLAG, "the entry point", (SERVICE,)),
    Keyword("first", FLAG, "the first of a list", CAUSES),
    Keyword("last", FLAG, "the last of a list", CAUSES),
    Keyword("remote", FLAG, "a call to somebody else", (*_OF_ENTITIES, *_OF_EXCEPTIONS)),
    Keyword("responsetime", NUMBER, "seconds to the answer", _EVERYWHERE),
    Keyword("duration", NUMBER, "seconds with all that was called", _EVERYWHERE),
    Keyword("http.status", NUMBER, "status of the answer", _EVERYWHERE),
    Keyword("index", NUMBER, "place in a list, from 0", CAUSES),
    Keyword("coverage", NUMBER, "share of the root's time", ("rootcause.responsetime.entity",)),
    Keyword("http.url", TEXT, "URL asked for", _EVERYWHERE),
    Keyword("http.method", TEXT, "method of the request", _EVERYWHERE),
    Keyword("http.useragent", TEXT, "the caller's program", _EVERYWHERE),
    Keyword("http.clientip", TEXT, "the caller's address", _EVERYWHERE),
    Keyword("user", TEXT, "for whom", _EVERYWHERE),
    Keyword("availabilityzone", TEXT, "where it ran", _EVERYWHERE),
    Keyword("instance.id", TEXT, "the instance it ran on", _EVERYWHERE),
    Keyword("resource.arn", TEXT, "the AWS resource", _EVERYWHERE),
    Keyword("name", TEXT, "of a service, entity or exception", (SERVICE, *CAUSES)),
    Keyword("type", TEXT, "of a service", (SERVICE, *_OF_SERVICES)),
    Keyword("message", TEXT, "of an exception", (SERVICE, *_OF_EXCEPTIONS)),
)

#: The keywords by their names in lower case.
KEYWORDS = {one.name: one for one in _ALL}
#: Everything that may begin a predicate, for the help after a typing error.
WORDS = (
    *KEYWORDS, "annotation", "service", "edge", "group.name", "group.arn", "json",
    "rootcause.json", *CAUSES, "AND", "OR", "CONTAINS", "BEGINSWITH", "ENDSWITH", "true", "false",
)  # fmt: skip
