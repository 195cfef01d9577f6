"""Multi checks in a canary's process: each step makes its request, handshake or query.

Names are those of the lab's site and of this machine; a DNS check is answered from the site's
names and records, since a lab has no network. TTL is 60 and answers are authoritative, as of a
hosted zone's own name server.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

from labkit.core.clock import machine_seconds
from labkit.synthetics.engine import checks
from labkit.synthetics.engine.checks import CheckFailed
from labkit.synthetics.runner.authenticating import Authentication

_TTL = 60
#: The largest response of an HTTP check, bytes.
_LARGEST_ANSWER = 1024 * 1024


class Checking:
    """The checks of one run.

    Parameters
    ----------
    config:
        The configuration, parsed.
    ports:
        Host name -> ports of HTTP and HTTPS.
    records:
        Further DNS records: (name, type) -> values.

    Raises
    ------
    checks.BadChecks
        For a configuration that can't be.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        ports: Mapping[str, Any],
        records: Mapping[tuple[str, str], tuple[str, ...]],
    ) -> None:
        self._steps = checks.validate(config)
        self._variables = {k: str(v) for k, v in dict(config.get("variables") or {}).items()}
        self._timeout = (config.get("globalSettings") or {}).get("stepTimeout", 30_000)
        self._agent = str((config.get("globalSettings") or {}).get("userAgent") or "")
        from aws_synthetics.selenium.http_step import ask

        self._authentication = Authentication(ask, machine_seconds)
        self._records = {(name, "A"): ("127.0.0.1",) for name in ports} | dict(records)

    def run(self) -> None:
        """Make all checks; later ones too when one fails, each a step of its own.

        Raises
        ------
        Exception
            When one of them failed, with all that did.
        """
        from aws_synthetics.selenium import synthetics_webdriver as webdriver

        failed = []
        kinds = {"HTTP": self._http, "DNS": self._dns, "SSL": self._ssl, "TCP": self._tcp}
        for step in self._steps:
            name = step["stepName"]

            def one(step: dict[str, Any] = step) -> None:
                filled = checks.fill(step, self._variables, self._authentication.secret)
                kinds[step["checkerType"]](filled)

            try:
                webdriver.execute_step(name, one)
            except Exception as problem:
                failed.append(f"'{name}': {problem}")
        if failed:
            raise CheckFailed(
                f"{len(failed)} of {len(self._steps)} checks failed: " + "; ".join(failed)
            )

    def _seconds(self, step: Mapping[str, Any], name: str = "timeout") -> float:
        return float(step.get(name, self._timeout)) / 1000

    def _http(self, step: dict[str, Any]) -> None:
        threading.Event().wait(min(float(step.get("waitTime", 0)), 60))
        headers = {str(k): str(v) for k, v in dict(step.get("headers") or {}).items()}
        if self._agent:
            headers.setdefault("User-Agent", self._agent)
        request = {"url": step["url"], "method": step["httpMethod"], "headers": headers,
                   "body": step.get("body"), "timeout": self._seconds(step)}  # fmt: skip
        # The guide's pages differ in how they write it.
        how = step.get("authentication") or step.get("Authentication")
        began = machine_seconds()
        answer = self._ask(request, how)
        if answer.status in (401, 407) and dict(how or {}).get("type", "").startswith("OAUTH"):
            answer = self._ask(request, how, again=True)
        took = (machine_seconds() - began) * 1000
        if len(answer.body) > _LARGEST_ANSWER:
            raise CheckFailed(f"{step['url']} answered more than 1 MB, as much as a check takes")
        for one in step.get("assertions") or []:
            kind = one["type"]
            if kind == "STATUS_CODE":
                checks.number("the status", answer.status, one)
            elif kind == "RESPONSE_TIME":
                checks.number("the response time in ms", round(took), one)
            elif kind == "BODY":
                checks.body(answer.body, one)
            else:
                _header(answer.headers, one)
        if not step.get("assertions") and not 200 <= answer.status <= 299:
            raise CheckFailed(f"{step['url']} answered {answer.status}")
        for extractor in step.get("extractors") or []:
            self._extract(answer.text, extractor)

    def _ask(self, request: dict[str, Any], how: Any, *, again: bool = False) -> Any:
        from aws_synthetics.common import synthetics_logger as logger
        from aws_synthetics.selenium.http_step import ask

        # The signature covers a body as it is sent.
        proof = self._authentication.headers(how, request, again=again)
        answer = ask({**request, "headers": {**request["headers"], **proof}})
        logger.debug("%s %s answered %s", request["method"], request["url"], answer.status)
        return answer

    def _extract(self, text: str, extractor: Mapping[str, Any]) -> None:
        import re

        value: Any = text
        if extractor.get("path"):
            there, value = checks.at_path(text, str(extractor["path"]))
            if not there:
                raise CheckFailed(f"{extractor['path']} is not in the body: nothing to extract")
        if extractor.get("regex"):
            found = re.search(str(extractor["regex"]), str(value))
            if found is None:
                raise CheckFailed(f"{extractor['regex']!r} finds nothing to extract")
            value = found.group(int(extractor.get("regexGroup", 0)))
        self._variables[str(extractor["name"])] = str(value)

    def _dns(self, step: dict[str, Any]) -> None:
        name, kind = step["domain"].rstrip("."), step.get("recordType", "A")
        values = self._records.get((name, kind), ())
        known = any(name == one for one, _ in self._records)
        if not values and not known:
            raise CheckFailed(f"{name}: no such name (NXDOMAIN)")
        for one in step.get("assertions") or []:
            if one["type"] == "RECORD_COUNT":
                checks.number(f"the number of {kind} records", len(values), one)
            elif one["type"] == "TTL":
                checks.number("the TTL", _TTL, one)
            elif one["type"] == "AUTHORITATIVE":
                checks.truth("whether the answer is authoritative", True, one)
            else:
                _any_value(f"the {kind} record of {name}", values, one)
        if not values and not step.get("assertions"):
            raise CheckFailed(f"{name} has no {kind} record")

    def _ssl(self, step: dict[str, Any]) -> None:
        host, port = step["hostname"], int(step.get("port", 443))
        context = ssl.create_default_context()
        context.check_hostname = bool(step.get("verifyHostname", True))
        expiry = [
            one for one in step.get("assertions") or [] if one["type"] == "CERTIFICATE_EXPIRY"
        ]
        if step.get("allowSelfSigned"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            with (
                socket.create_connection((host, port), self._seconds(step)) as plain,
                context.wrap_socket(plain, server_hostname=host) as secure,
            ):
                certificate = secure.getpeercert(binary_form=True) or b""
        except ssl.SSLCertVerificationError as problem:
            raise CheckFailed(f"the certificate of {host}: {problem.verify_message}") from None
        about = _certificate(certificate)
        for one in expiry:
            hours = about["seconds"] / 3600
            unit = one.get("unit", "DAYS")
            left = hours if unit == "HOURS" else hours / 24
            checks.number(f"the certificate's validity in {unit.lower()}", round(left, 2), one)
        for one in step.get("assertions") or []:
            if one["type"] != "CERTIFICATE_EXPIRY":
                who = "subject" if one["type"] == "CERTIFICATE_SUBJECT" else "issuer"
                field = str(one.get("field", "CN"))
                checks.text(f"the {who}'s {field}", about[who].get(field, ""), one)

    def _tcp(self, step: dict[str, Any]) -> None:
        host, port = step["hostname"], int(step["port"])
        asserted = step.get("assertions") or []
        wants = next((one for one in asserted if one["type"] == "CONNECTION_SUCCESSFUL"), None)
        connect = self._seconds(step, "connectionTimeout") if "connectionTimeout" in step else 3.0
        answer = b""
        try:
            with socket.create_connection((host, port), connect) as place:
                if step.get("sendData"):
                    place.sendall(_bytes(step["sendData"], step.get("encoding", "UTF-8")))
                if step.get("expectedResponse") or any(
                    one["type"] == "RESPONSE_DATA" for one in asserted
                ):
                    place.settimeout(float(step.get("readTimeout", 2000)) / 1000)
                    answer = place.recv(65_536)
        except OSError as problem:
            if wants is not None and wants.get("value") is False:
                return
            raise CheckFailed(f"no connection to {host}:{port}: {problem}") from None
        if wants is not None:
            checks.truth(f"whether {host}:{port} takes a connection", True, wants)
        encoding = step.get("encoding")
        told = _told(answer, encoding)
        expected = step.get("expectedResponse")
        if expected and expected not in told:
            raise CheckFailed(f"{host}:{port} answered {told[:120]!r}, not {expected!r}")
        for one in asserted:
            if one["type"] == "RESPONSE_DATA":
                checks.text("the response", _told(answer, one.get("encoding", encoding)), one)


def _told(answer: bytes, encoding: Any) -> str:
    """A response as its check or assertion reads it: UTF-8, ASCII or HEX."""
    return answer.hex() if encoding == "HEX" else answer.decode("utf-8", "replace")


def _header(headers: Mapping[str, str], one: Mapping[str, Any]) -> None:
    name = str(one.get("headerName", ""))
    found = headers.get(name.lower())
    if one["operator"] == "EXIST":
        checks.truth(f"whether there is a header {name}", found is not None, one)
    elif found is None:
        raise CheckFailed(f"there is no header {name}")
    else:
        checks.text(f"the header {name}", found, one)


def _any_value(what: str, values: tuple[str, ...], one: Mapping[str, Any]) -> None:
    """One of several records has to hold; with a negation all of them."""
    hold: Callable[[str], None] = lambda value: checks.text(what, value, one)  # noqa: E731
    negated = one["operator"].startswith("NOT_")
    problem: CheckFailed | None = None if values else CheckFailed(f"there is no {what[4:]}")
    for value in values:
        try:
            hold(value)
        except CheckFailed as failed:
            problem = failed
            if negated:
                raise
        else:
            if not negated:
                return
    if problem is not None:
        raise problem


def _certificate(certificate: bytes) -> dict[str, Any]:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    from labkit.core.clock import machine_now_us, to_us

    made = x509.load_der_x509_certificate(certificate)
    names = {
        "CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME,
        "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "C": NameOID.COUNTRY_NAME,
        "ST": NameOID.STATE_OR_PROVINCE_NAME, "L": NameOID.LOCALITY_NAME,
    }  # fmt: skip

    def told(name: x509.Name) -> dict[str, str]:
        found = {key: name.get_attributes_for_oid(oid) for key, oid in names.items()}
        return {key: str(values[0].value) for key, values in found.items() if values}

    left = to_us(made.not_valid_after_utc) - machine_now_us()
    return {
        "seconds": left / 1_000_000, "subject": told(made.subject), "issuer": told(made.issuer),
    }  # fmt: skip


def _bytes(text: str, encoding: str) -> bytes:
    return bytes.fromhex(text) if encoding == "HEX" else text.encode()
