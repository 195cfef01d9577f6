"""The patterns of grok by name, and how often one match may use each.

A pattern may be made of others (``%{HOUR}``); one that is named inside (``%{POSINT:port}``) gives a
field of its own beside that of the whole. Source: user guide,
CloudWatch-Logs-Transformation-Configurable, supported grok patterns; NUMBER, HOSTNAME and QS are in
its examples or in every grok.
"""

from __future__ import annotations

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_H = r"[0-9A-Fa-f]{1,4}"


def _ipv6() -> str:
    """Every form of an address: whole, with one ``::`` anywhere, with IPv4 at its end."""
    forms = [rf"(?:{_H}:){{6}}{_V4}", rf"(?:{_H}:){{7}}{_H}"]
    for before in range(6, -1, -1):
        head = rf"(?:{_H}(?::{_H}){{{before - 1}}})?" if before else ""
        after = 7 - before
        forms.append(rf"{head}::(?:{_H}(?::{_H}){{0,{after - 1}}})?")
        if after > 2:
            forms.append(rf"{head}::(?:{_H}:){{0,{after - 2}}}{_V4}")
    return f"(?:{'|'.join(sorted(forms, key=len, reverse=True))})"


_MONTHS = (
    r"\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b"
)
_DAYS = (
    r"(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|"
    r"Sun(?:day)?)"
)
_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
_QUOTED = r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
_SECOND = r"(?:60|[0-5]?\d)(?:[:.,]\d+)?"
_HOST = r"\b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\b"

PATTERNS = {
    "USERNAME": r"[a-zA-Z0-9._-]+", "USER": r"[a-zA-Z0-9._-]+",
    "INT": r"[+-]?\d+", "NUMBER": _NUMBER, "BASE10NUM": _NUMBER,
    "BASE16NUM": r"[+-]?(?:0[xX])?[0-9a-fA-F]+", "POSINT": r"\b[1-9]\d*\b", "NONNEGINT": r"\b\d+\b",
    "WORD": r"\b\w+\b", "NOTSPACE": r"\S+", "SPACE": r"\s*", "DATA": r".*?", "GREEDYDATA": r".*",
    "GREEDYDATA_MULTILINE": r"(?s:.*)", "QUOTEDSTRING": _QUOTED, "QS": _QUOTED,
    "UUID": r"[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}",
    "URN": r"urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:%[0-9a-fA-F]{2}|[0-9A-Za-z()+,.:=@;$_!*'/?#-])+",
    "ARN": r"arn:(?:aws|aws-cn|aws-us-gov):[^:/\s]+:[^:/\s]+:\d{12}:[^/\s]+(?:/[^/\s]+){0,4}",
    "CISCOMAC": r"(?:[A-Fa-f0-9]{4}\.){2}[A-Fa-f0-9]{4}",
    "WINDOWSMAC": r"(?:[A-Fa-f0-9]{2}-){5}[A-Fa-f0-9]{2}",
    "COMMONMAC": r"(?:[A-Fa-f0-9]{2}:){5}[A-Fa-f0-9]{2}",
    "MAC": "(?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})",
    "IPV6": _ipv6(), "IPV4": _V4, "IP": "(?:%{IPV6}|%{IPV4})",
    "HOSTNAME": _HOST, "HOST": _HOST, "IPORHOST": "(?:%{IP}|%{HOSTNAME})",
    "HOSTPORT": "%{IPORHOST}:%{POSINT:PORT}", "URIHOST": "%{IPORHOST}(?::%{POSINT:port})?",
    "UNIXPATH": r"(?:/[\w%!$@:.,+~?=&-]*)+", "WINPATH": r"(?:[A-Za-z]+:|\\)(?:\\[^\\?*]*)+",
    "PATH": "(?:%{UNIXPATH}|%{WINPATH})", "TTY": r"/dev/(?:pts|tty[pq]?)\w*/?\d*",
    "URIPROTO": r"[A-Za-z]+(?:\+[A-Za-z+]+)?",
    "URIPATH": r"(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+",
    "URIPARAM": r"\?[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\[\]<>-]*",
    "URIPATHPARAM": "%{URIPATH}(?:%{URIPARAM})?",
    "URI": "%{URIPROTO}://(?:%{USER}(?::[^@\\s]*)?@)?(?:%{IPORHOST}(?::%{POSINT})?)?"
           "(?:%{URIPATHPARAM})?",
    "MONTH": _MONTHS, "MONTHNUM": r"(?:1[0-2]|0?[1-9])", "MONTHNUM2": r"(?:0[1-9]|1[0-2])",
    "MONTHDAY": r"(?:0[1-9]|[12]\d|3[01]|[1-9])", "YEAR": r"(?:\d\d){1,2}", "DAY": _DAYS,
    "HOUR": r"(?:2[0-3]|[01]?\d)", "MINUTE": r"[0-5]\d", "SECOND": _SECOND,
    "ISO8601_SECOND": _SECOND, "TIME": "%{HOUR}:%{MINUTE}:%{SECOND}",
    "DATE_US": "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}",
    "DATE_EU": "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}", "DATE": "(?:%{DATE_US}|%{DATE_EU})",
    "ISO8601_TIMEZONE": "(?:Z|[+-]%{HOUR}:?%{MINUTE})",
    "TIMESTAMP_ISO8601":
        "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?"
        "(?:%{ISO8601_TIMEZONE})?",
    "DATESTAMP": "%{DATE}[- ]%{TIME}", "TZ": "(?:[PMCE][SD]T|UTC)",
    "DATESTAMP_RFC822": "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}",
    "DATESTAMP_RFC2822": "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}",
    "DATESTAMP_OTHER": "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}",
    "DATESTAMP_EVENTLOG": "%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}",
    "LOGLEVEL": r"(?i:alert|trace|debug|notice|info|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|"
                r"severe|emerg(?:ency)?)",
    "HTTPDATE": "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}",
    "SYSLOGTIMESTAMP": "%{MONTH} +%{MONTHDAY} %{TIME}", "PROG": r"[\w./%-]+",
    "SYSLOGPROG": r"%{PROG:program}(?:\[%{POSINT:pid}\])?", "SYSLOGHOST": "%{IPORHOST}",
    "SYSLOGFACILITY": r"<%{NONNEGINT:facility}\.%{NONNEGINT:priority}>",
}  # fmt: skip

#: What loses its quotes.
QUOTED = frozenset({"QUOTEDSTRING", "QS"})
#: Patterns of one match; those of them that may be there five times, or once; and those that may be
#: there five times all together.
MOST = 20
LIMITS = dict.fromkeys(
    (
        "NOTSPACE", "SPACE", "DATA", "GREEDYDATA", "ARN", "IPV6", "IP", "HOSTNAME", "HOST",
        "IPORHOST", "HOSTPORT", "URIHOST", "WINPATH", "PATH", "URIPARAM", "URIPATHPARAM", "URI",
        "SYSLOGHOST",
    ),
    5,
) | {"GREEDYDATA_MULTILINE": 1}  # fmt: skip
TOGETHER = frozenset(
    {"URI", "URIPARAM", "URIPATHPARAM", "SPACE", "DATA", "GREEDYDATA", "GREEDYDATA_MULTILINE"}
)
