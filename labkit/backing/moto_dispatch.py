"""One HTTP request in, moto's answer out: no socket, no patched botocore, no ``mock_aws``.

moto finds a request's handler by matching its URL against the patterns of a hundred services, its
region by a regular expression on the URL (which takes ``bucket.s3.amazonaws.com`` for the region
``s3``), and its account by an environment variable, a header or the access key. Here the caller
knows service, account and region, so only the patterns of that service are tried, compiled once,
and two seams let moto take account and region from the call under way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape

from labkit.backing.moto_seams import seam
from labkit.backing.moto_serialize import quick_request
from labkit.core.jsontext import dumps


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Parameters
    ----------
    status:
        HTTP status.
    headers:
        As moto named them; look them up without regard to case.
    body:
        The whole body.
    problem:
        The exception inside moto behind a 500 or 501, else None.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    problem: BaseException | None = None

    def header(self, name: str, default: str = "") -> str:
        """A header's value, whatever its case."""
        for key, value in self.headers.items():
            if key.lower() == name.lower():
                return value
        return default


#: (account, region) of the calls under way, innermost last.
_calls: list[tuple[str, str]] = []

#: botocore's service names that moto's folders spell otherwise.
_FOLDERS = {"lambda": "awslambda", "neptune": "rds"}

_AWS_HOST = re.compile(r"(^|\.)amazonaws\.com(\.cn)?$|(^|\.)api\.aws$|(^|\.)on\.aws$")


_ACCOUNT_HOST = re.compile(r"\d{12}\.(streams-)?ddb\.")


@cache
def _endpoint_prefix(service: str) -> str:
    """How the host of a service's endpoint begins (``dynamodbstreams`` -> ``streams.dynamodb``)."""
    from moto.core.utils import get_service_model

    return str(get_service_model(service).endpoint_prefix)


def folder_of(service: str) -> str:
    """moto's name for a botocore service (``lambda`` -> ``awslambda``)."""
    plain = service.replace("-", "")
    return _FOLDERS.get(plain, plain)


def dispatch(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    account: str,
    region: str,
    service: str,
) -> tuple[Answer, BaseException | None]:
    """Hand one request to moto.

    A URL of a host that is not AWS's (``http://127.0.0.1:4566/bucket/key``) is taken for one of the
    service's endpoint in the region, path as it is.

    Returns
    -------
    The answer, and the exception that moto broke with, if it did.
    """
    from moto.core.request import Request

    parts = urlsplit(url)
    host = parts.hostname or ""
    # botocore puts the account into some hosts, whose form moto does not know.
    if not _AWS_HOST.search(host) or _ACCOUNT_HOST.match(host):
        prefix = _endpoint_prefix(service)
        endpoint = prefix if service in ("iam", "sts") else f"{prefix}.{region}"
        parts = parts._replace(scheme="https", netloc=f"{endpoint}.amazonaws.com")
        url = urlunsplit(parts)
        headers = {k: v for k, v in headers.items() if k.lower() != "host"}
    clean = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))
    handler = _handler(service, clean)
    if handler is None:
        missing = NotImplementedError(f"moto has no {service} handler for {method} {clean}")
        return _broken(service, missing, 501), missing
    # S3 takes a body without a length for an empty one.
    sized = {k: v for k, v in headers.items() if k.lower() != "content-length"}
    request = quick_request(method, parts, sized, body)
    if request is None:
        request = Request.from_primitives(
            method, url, {**sized, "Content-Length": str(len(body))}, body
        )
    _calls.append((account, region))
    try:
        status, given, content = _run(handler, request)
    except NotImplementedError as problem:
        return _broken(service, problem, 501), problem
    except Exception as problem:  # whatever breaks inside moto is reported, never lost
        return _broken(service, problem, 500), problem
    finally:
        _calls.pop()
    answered = {str(name): str(value) for name, value in dict(given).items()}
    return Answer(int(status), answered, _bytes(content)), None


def _run(handler: Callable[..., Any], request: Any) -> Any:
    from botocore.exceptions import ClientError
    from werkzeug.exceptions import HTTPException

    try:
        answer = handler(request, request.raw_url, request.headers)
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()
    except ClientError as error:
        return 400, {}, error.response["Error"]["Message"]
    return answer if isinstance(answer, tuple) else (200, {}, answer)


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode("utf-8")
    if content is None:
        return b""
    return b"".join(part if isinstance(part, bytes) else part.encode("utf-8") for part in content)


@cache
def _patterns(service: str) -> list[tuple[re.Pattern[str], Callable[..., Any]]]:
    urls = import_module(f"moto.{folder_of(service)}.urls")
    return [
        (re.compile(path.format(base)), handler)
        for base in urls.url_bases
        for path, handler in urls.url_paths.items()
    ]


def _handler(service: str, clean_url: str) -> Callable[..., Any] | None:
    for pattern, handler in _patterns(service):
        if pattern.match(clean_url):
            return handler
    return None


# -- account and region
@seam("moto.core.responses")
def _take_account_and_region(module: ModuleType) -> None:
    response = module.BaseResponse
    account_of, region_of = response.get_current_account, response.get_region_from_url

    def get_current_account(self: Any) -> str:
        return _calls[-1][0] if _calls else account_of(self)

    def get_region_from_url(self: Any, request: Any, full_url: str) -> str:
        return _calls[-1][1] if _calls else region_of(self, request, full_url)

    response.get_current_account = get_current_account
    response.get_region_from_url = get_region_from_url


@seam("moto.s3.responses")
def _take_region_in_s3(module: ModuleType) -> None:
    region_of = module.parse_region_from_url

    def parse_region_from_url(url: str, use_default_region: bool = True) -> Any:
        return _calls[-1][1] if _calls else region_of(url, use_default_region)

    module.parse_region_from_url = parse_region_from_url  # type: ignore[attr-defined]


# -- when moto breaks
_ERRORS = {
    "json": ("application/x-amz-json-1.1", '{{"__type":{code_json},"message":{text_json}}}'),
    "rest-xml": (
        "application/xml",
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Error><Code>{code}</Code><Message>{text}</Message></Error>",
    ),
    "ec2": (
        "text/xml",
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
        "<Message>{text}</Message></Error></Errors><RequestID>labkit</RequestID></Response>",
    ),
    "query": (
        "text/xml",
        '<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error><Type>Receiver</Type>'
        "<Code>{code}</Code><Message>{text}</Message></Error>"
        "<RequestId>labkit</RequestId></ErrorResponse>",
    ),
}
_ERRORS["rest-json"] = _ERRORS["json"]


def _broken(service: str, problem: BaseException, status: int) -> Answer:
    """The answer for an exception inside moto, worded so that nobody blames AWS or themselves."""
    from moto.core.utils import get_service_model

    try:
        protocol = str(get_service_model(service).protocol)
    except Exception:  # a service that not even botocore knows
        protocol = "json"
    code = "NotImplemented" if status == 501 else "InternalFailure"
    text = (
        f"labkit's backing (moto) broke on this {service} call: {type(problem).__name__}: {problem}"
        if status == 500
        else f"labkit's backing (moto) does not have this {service} call yet: {problem}"
    )
    kind, template = _ERRORS.get(protocol, _ERRORS["query"])
    body = template.format(
        code=code, text=escape(text), code_json=dumps(code), text_json=dumps(text)
    )
    headers = {"content-type": kind, "x-amzn-errortype": code}
    return Answer(status, headers, body.encode("utf-8"), problem)
