"""What surrounds a script inside its process: names, requests, files, and AWS.

Put in place once, before the script is loaded:

- **Names**: the hosts of the run's site lead to their ports on this machine, whatever library asks.
- **Loopback only**: an audit hook refuses every connection that leaves the machine. Python lets no
  script take an audit hook away again; what a script starts beside Python is not held back.
- **Requests** through ``http.client`` (``urllib``, ``requests``, ``urllib3``) are told to the
  runner, for the metrics 2xx, 4xx, 5xx and Failed requests, and a response ends at 20 MB.
- **/tmp** is the run's own folder, since what a script leaves there becomes an artifact.
- **AWS**: boto3's calls go to the lab, once boto3 is imported.
"""

from __future__ import annotations

import builtins
import errno
import importlib.abc
import importlib.machinery
import io
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from labkit.synthetics.engine.run import RESPONSE_CAP

Tell = Callable[..., None]

_HERE = ("localhost", "127.0.0.1", "::1")


class ResponseTooLarge(OSError):
    """A server sent more than a canary takes."""


def guard_network(ports: Mapping[str, tuple[int, int]]) -> None:
    """Lead the site's names to this machine, and refuse whatever is elsewhere.

    Parameters
    ----------
    ports:
        Host name -> (port of HTTP, port of HTTPS).
    """
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in ports:
            plain, secure = ports[name]
            number = {"http": 80, "https": 443}.get(port, port)
            return real("127.0.0.1", {80: plain, 443: secure}.get(number, number), *args, **kwargs)
        if name is None or name in _HERE or is_loopback(name):
            return real(host, port, *args, **kwargs)
        raise socket.gaierror(
            socket.EAI_NONAME, f"{name}: a canary of a lab reaches sites of this machine only"
        )

    socket.getaddrinfo = getaddrinfo
    for name in ("gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, lambda host, _all=name: _by_name(getaddrinfo, host, _all))
    sys.addaudithook(_refuse_elsewhere)


def _by_name(look_up: Callable[..., Any], host: str, which: str) -> Any:
    address = look_up(host, 0, socket.AF_INET)[0][4][0]
    return address if which == "gethostbyname" else (host, [], [address])


def _refuse_elsewhere(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        return
    where = arguments[1]
    if isinstance(where, tuple) and where and not is_loopback(str(where[0])):
        raise OSError(
            errno.ENETUNREACH, f"{where[0]}: a canary of a lab reaches sites of this machine only"
        )


def is_loopback(host: str) -> bool:
    """Whether a host, given as an address, is this machine."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in _HERE


class _Capped(io.RawIOBase):
    """A response's stream that ends with an error after so many bytes."""

    def __init__(self, stream: Any, where: str) -> None:
        self._stream, self._where, self._left = stream, where, RESPONSE_CAP

    def readable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """Of the socket."""
        return int(self._stream.fileno())

    def readinto(self, place: Any) -> int:
        """Read what is there."""
        data = self._stream.read1(len(place))
        place[: len(data)] = data
        self._left -= len(data)
        if self._left < 0:
            raise ResponseTooLarge(
                f"{self._where} sent more than {RESPONSE_CAP // 1_000_000} MB, which is as much as "
                "a canary takes"
            )
        return len(data)

    def close(self) -> None:
        """Close the stream behind it, too."""
        self._stream.close()
        super().close()


def watch_requests(tell: Tell, seconds: Callable[[], float], own_ports: set[int]) -> None:
    """Tell the runner of every request through ``http.client``, and cap responses.

    Parameters
    ----------
    tell:
        ``tell("http", ...)``.
    seconds:
        A monotonic clock.
    own_ports:
        Ports that are no sites (the browser's driver).
    """
    from http.client import HTTPConnection, HTTPResponse, HTTPSConnection

    watch = _Watch(tell, seconds, own_ports)
    HTTPConnection.putrequest = watch.putting(  # type: ignore[method-assign]
        HTTPConnection.putrequest
    )
    HTTPConnection.getresponse = watch.getting(  # type: ignore[method-assign]
        HTTPConnection.getresponse
    )
    HTTPSConnection.connect = watch.connecting(  # type: ignore[method-assign]
        HTTPSConnection.connect
    )
    HTTPConnection.connect = watch.connecting(  # type: ignore[method-assign]
        HTTPConnection.connect
    )
    HTTPResponse.__init__ = watch.responding(  # type: ignore[method-assign]
        HTTPResponse.__init__
    )


class _Watch:
    """Methods of ``http.client`` that tell what they do."""

    def __init__(self, tell: Tell, seconds: Callable[[], float], own_ports: set[int]) -> None:
        self._tell, self._seconds, self._own = tell, seconds, own_ports

    def putting(self, real: Callable[..., Any]) -> Any:
        """A request begins."""

        def putrequest(one: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            one._labkit_record = self._begun(method, _address(one, url))
            if one.port not in self._own:
                self._tell("asks", url=one._labkit_record["url"])
            return real(one, method, url, *args, **kwargs)

        return putrequest

    def getting(self, real: Callable[..., Any]) -> Any:
        """The head of a response comes, or none."""

        def getresponse(one: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                answer = real(one, *args, **kwargs)
            except Exception as problem:
                self._ended(one, 0, _named(problem))
                raise
            self._ended(one, answer.status, "", answer.getheaders())
            return answer

        return getresponse

    def connecting(self, real: Callable[..., Any]) -> Any:
        """A connection is made, or not."""

        def connect(one: Any) -> None:
            try:
                real(one)
            except Exception as problem:
                one.__dict__.setdefault("_labkit_record", self._begun("GET", _address(one, "/")))
                self._ended(one, 0, _named(problem))
                raise

        return connect

    def responding(self, real: Callable[..., Any]) -> Any:
        """A response's stream ends at the cap."""

        def __init__(one: Any, sock: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            real(one, sock, *args, **kwargs)
            try:
                port = sock.getpeername()[1]
            except OSError:
                port = 0
            if port not in self._own:
                one.fp = io.BufferedReader(_Capped(one.fp, "the server"))

        return __init__

    def _begun(self, method: str, url: str) -> dict[str, Any]:
        return {"method": method, "url": url, "start": self._seconds()}

    def _ended(self, one: Any, status: int, error: str, headers: Any = ()) -> None:
        record = one.__dict__.pop("_labkit_record", None)
        if record is None or one.port in self._own:
            return
        self._tell(
            "http", **record, status=status, error=error, headers=[list(pair) for pair in headers],
            ms=(self._seconds() - record["start"]) * 1000,
        )  # fmt: skip


def _address(one: Any, path: str) -> str:
    """The URL of a request through a connection."""
    from http.client import HTTPSConnection

    if "://" in path:
        return path
    secure = isinstance(one, HTTPSConnection)
    port = "" if one.port == (443 if secure else 80) else f":{one.port}"
    return f"{'https' if secure else 'http'}://{one.host}{port}{path}"


def _named(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"


#: Functions of ``os`` on one path, and on two.
_ONE_PATH = (
    "open", "mkdir", "makedirs", "listdir", "scandir", "stat", "lstat", "remove", "unlink", "rmdir",
    "chmod", "utime", "access", "truncate", "readlink", "statvfs",
)  # fmt: skip
_TWO_PATHS = ("rename", "replace", "link", "symlink")


def own_tmp(folder: str) -> None:
    """Let ``/tmp`` be a folder of the run's, in Python's own functions on files.

    What Python itself is installed in stays where it is, also below ``/tmp``: botocore reads its
    models when the script makes its first client. So do the run's own files beside that folder:
    requests looks whether the bundle of authorities is there.
    """
    installed = tuple({os.path.join(one, "")
                       for one in (sys.prefix, sys.base_prefix, *sys.path, os.path.dirname(folder))
                       if one.startswith("/tmp/")})  # fmt: skip

    def there(path: Any) -> Any:
        try:
            text = os.fspath(path)
        except TypeError:
            return path
        if not isinstance(text, str):
            return path
        if text == "/tmp":
            return folder
        if text.startswith("/tmp/") and not text.startswith(installed):
            return os.path.join(folder, text[5:])
        return path

    def moved(real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda path=".", *args, **kwargs: real(there(path), *args, **kwargs)

    def both(real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda src, dst, *args, **kwargs: real(there(src), there(dst), *args, **kwargs)

    builtins.open = io.open = moved(io.open)
    for name in _ONE_PATH:
        setattr(os, name, moved(getattr(os, name)))
    for name in _TWO_PATHS:
        setattr(os, name, both(getattr(os, name)))


class _WhenImported(importlib.abc.MetaPathFinder):
    """Does something right after one module was loaded."""

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name, self._then = name, then

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """The module's own specification, its loader followed by what is to be done."""
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        load, then = spec.loader.exec_module, self._then

        def exec_module(module: Any) -> None:
            load(module)
            then()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def trust_the_site(bundle: str) -> None:
    """Let scripts that name ``certifi``'s bundle of authorities trust the site's own.

    ``urllib3.PoolManager(ca_certs=certifi.where())`` is in many of them; what the environment says
    (``SSL_CERT_FILE``) is not asked then.
    """

    def then() -> None:
        for name in ("certifi", "certifi.core"):
            if name in sys.modules:
                sys.modules[name].where = lambda: bundle  # type: ignore[attr-defined]

    if bundle:
        when_imported("certifi", then)


def when_imported(name: str, then: Callable[[], None]) -> None:
    """Do something right after a module was loaded, whoever imports it."""
    sys.meta_path.insert(0, _WhenImported(name, then))


def call_the_lab(place: socket.socket, called: Callable[[], None]) -> None:
    """Let boto3's calls go to the lab, once somebody imports it.

    Parameters
    ----------
    place:
        The socket of calls.
    called:
        Told once when boto3 was imported: the run now depends on more than the site.
    """

    class _Real:
        """What a call takes is the machine's time here; nothing is added."""

        elapsed_us = 0

        def elapse(self, _us: int) -> None:
            """Nothing."""

    def then() -> None:
        from labkit.backing.lambda_runtime.aws_calls import Calls

        kept = socket.getaddrinfo
        Calls(place, _Real()).install()  # type: ignore[arg-type]
        socket.getaddrinfo = kept  # the run's own guard knows the site's names
        called()

    when_imported("botocore.client", then)
