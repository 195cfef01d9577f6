"""``labkit serve``: a lab behind an HTTP port, for every tool that takes an endpoint.

::

    labkit serve --port 4566                   starts at the real now and keeps pace with it
    labkit serve --speed 60                    an hour of the lab is a real minute
    labkit serve --speed 0                     stepped: time moves by calls and by the control path

Theory of operation
-------------------
**Live mode.** Virtual time is tied to real time by an anchor: at real instant R it was V, and since
then it runs ``speed`` times as fast. A pump thread lets the lab catch up twenty times a second, and
every request catches up first, so that a call is dated to the millisecond. Each call takes a
millisecond of its own, so a thousand calls a second may carry the lab ahead of its anchor: it then
waits until the anchor has caught up. Virtual time never runs backwards.

**The control path** is plain HTTP beside the AWS protocols::

    GET  /_labkit/health    {"status": "ok", ...}
    GET  /_labkit/clock     {"now": ..., "speed": 1.0, "paused": false}
    POST /_labkit/clock     {"advance_seconds": 3600}, {"speed": 60}, {"pause": true}
    GET  /_labkit/world     the world as lab.save writes it: seed, builder, journal
    GET  /_labkit/mailbox   the e-mails that have arrived
    POST /_labkit/mailbox   {"confirm": "<confirm_token>"}: follow the link of a confirmation
    POST /_labkit/throttle  {"service": "sqs", "operation": "SendMessage", "calls": 3}: lab.throttle
"""

from __future__ import annotations

import logging
import math
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from labkit.core.clock import MILLISECOND, SECOND, iso, machine_now_us, to_datetime
from labkit.core.errors import LabError
from labkit.core.jsontext import dumps, loads
from labkit.gateway.http_server import HttpServer
from labkit.gateway.wire import WireAnswer, WireRequest, answer
from labkit.lab import START, Lab
from labkit.otlp_door import is_otlp, take_otlp

log = logging.getLogger("labkit.serve")

CONTROL = "/_labkit/"
FASTEST = 1_000_000.0

_PUMP_SECONDS = 0.05


class Live:
    """A lab's clock, tied to the machine's.

    Parameters
    ----------
    lab:
        Whose clock.
    speed:
        Virtual seconds to a real one; 0 leaves the clock standing (stepped).
    real_now_us:
        The machine's clock; another one in tests.
    """

    def __init__(
        self, lab: Lab, speed: float, real_now_us: Callable[[], int] = machine_now_us
    ) -> None:
        self._lab = lab
        self._real_now_us = real_now_us
        self._speed = _checked_speed(speed)
        self._paused = False
        self._anchor = (real_now_us(), lab.world.clock.now_us)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        #: The last exception that an event of the clock ended in.
        self.problem = ""
        self._pass_stepped = lab.dispatch.pass_seconds
        lab.dispatch.pass_seconds = self._pass_seconds

    @property
    def running(self) -> bool:
        """Whether virtual time moves by itself."""
        return self._speed > 0 and not self._paused

    # -- the pump
    def start(self) -> None:
        """Let the pump run."""
        self._thread = threading.Thread(target=self._pump, name="labkit-pump", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the pump, and wake whoever waits for time to pass. Idempotent."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _pump(self) -> None:
        while not self._stop.wait(_PUMP_SECONDS):
            self.catch_up()

    def catch_up(self) -> None:
        """Let the lab's time pass up to where real time is; whatever happens in it is survived."""
        if not self.running:
            return
        try:
            with self._lab.world.lock:
                self._catch_up()
        except Exception as problem:
            self.problem = f"{type(problem).__name__}: {problem}"
            log.exception("an event of the lab's clock failed")

    def _catch_up(self) -> None:
        clock = self._lab.world.clock
        if not self.running or self._lab.dispatch.busy:
            return
        real_us, virtual_us = self._anchor
        target = virtual_us + int((self._real_now_us() - real_us) * self._speed)
        target -= target % MILLISECOND
        self._lab._hear(settle=False)
        if target > clock.now_us:
            clock.run_until(target)

    def _pass_seconds(self, seconds: float) -> None:
        """How time passes for a long poll: really, while the clock runs by itself."""
        clock = self._lab.world.clock
        if not self.running:
            self._pass_stepped(seconds)
            return
        goal = clock.now_us + int(seconds * SECOND)
        while clock.now_us < goal and self.running:
            left = (goal - clock.now_us) / SECOND / self._speed
            if self._stop.wait(min(max(left, 0.001), 0.25)):
                break
            self.catch_up()
        if clock.now_us < goal:  # stopped or paused meanwhile: nobody shall hang on it
            self._pass_stepped((goal - clock.now_us) / SECOND)

    # -- control
    def _tie(self) -> None:
        self._anchor = (self._real_now_us(), self._lab.world.clock.now_us)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of virtual time pass at once."""
        with self._lab.world.lock:
            self._catch_up()
            self._lab.advance(seconds=seconds)
            self._tie()

    def set_speed(self, speed: float) -> None:
        """From now on ``speed`` virtual seconds to a real one."""
        speed = _checked_speed(speed)
        with self._lab.world.lock:
            self._catch_up()
            self._speed = speed
            self._tie()

    def pause(self, paused: bool) -> None:
        """Hold the clock, or let it go on from where it stands."""
        with self._lab.world.lock:
            self._catch_up()
            self._paused = paused
            self._tie()

    def state(self) -> dict[str, Any]:
        """What ``GET /_labkit/clock`` answers."""
        self.catch_up()
        return {
            "now": iso(self._lab.world.clock.now_us, millis=True),
            "speed": self._speed,
            "paused": self._paused,
        }


def _checked_speed(speed: float) -> float:
    if isinstance(speed, bool) or not isinstance(speed, int | float):
        raise LabError("speed is a number: virtual seconds to a real one")
    if not math.isfinite(speed) or not 0 <= speed <= FASTEST:
        raise LabError(f"speed is between 0 and {FASTEST:.0f}")
    return float(speed)


class Service:
    """A lab, its live clock and its HTTP server, together.

    Parameters
    ----------
    lab:
        The lab; it stays open when the service is closed.
    port:
        0 takes any free one.
    speed:
        See :class:`Live`.
    more:
        Further arguments of :class:`labkit.gateway.http_server.HttpServer`.
    """

    def __init__(self, lab: Lab, port: int = 0, *, speed: float = 0.0, **more: Any) -> None:
        self.lab = lab
        self.server = HttpServer(self.handle, port, **more)
        self.live = Live(lab, speed)

    @property
    def url(self) -> str:
        """The endpoint."""
        return self.server.url

    def start(self) -> Service:
        """Begin to answer, and let time run."""
        self.server.start()
        self.live.start()
        return self

    def stop(self) -> None:
        """End every thread. Idempotent."""
        self.live.stop()
        self.server.stop()
        self.lab.dispatch.pass_seconds = self.live._pass_stepped

    def __enter__(self) -> Service:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # -- requests
    def handle(self, request: WireRequest) -> WireAnswer:
        """Answer a request: the control path's here, all others by the lab."""
        if request.target.startswith(CONTROL):
            return self._control(request)
        self.live.catch_up()
        door = self.lab._door
        # Both doors tell CloudTrail of the learner's laptop, not of a loopback address.
        request = WireRequest(
            request.method,
            request.target,
            request.headers,
            request.body,
            door.source_ip if door is not None else request.source_ip,
        )
        if is_otlp(request):
            return take_otlp(self.lab, request)
        return answer(self.lab.dispatch, request)

    def _control(self, request: WireRequest) -> WireAnswer:
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        if host not in ("127.0.0.1", "localhost", "[::1]"):  # a name that was bent to this machine
            return _told(403, {"error": "the control path answers to this machine's names only"})
        path = request.target.partition("?")[0].removeprefix(CONTROL).strip("/")
        try:
            wish = loads(request.body) if request.method == "POST" else None
        except ValueError:
            return _told(400, {"error": "the body is not JSON"})
        if request.method not in ("GET", "POST") or (
            request.method == "POST" and not isinstance(wish, dict)
        ):
            return _told(400, {"error": "GET, or POST with a JSON object"})
        try:
            if path == "clock":
                return _told(200, self._clock(wish))
            if path == "mailbox":
                return _told(200, self._mailbox(wish))
            if path == "throttle" and wish is not None:
                self.lab.throttle(**wish)
                return _told(200, {"throttled": self.lab.dispatch.throttles.table()})
            if path == "world" and wish is None:
                return WireAnswer(200, {"content-type": "application/json"}, self._world())
            if path == "health" and wish is None:
                return _told(200, self._health())
        except LabError as problem:
            return _told(400, {"error": str(problem)})
        except (TypeError, ValueError, OverflowError) as problem:
            return _told(400, {"error": str(problem)})
        return _told(404, {"error": "there are health, clock, mailbox, throttle and world"})

    def _world(self) -> bytes:
        with self.lab.world.lock:
            return self.lab.saved().text().encode()

    def _clock(self, wish: dict[str, Any] | None) -> dict[str, Any]:
        if wish is not None:
            unknown = set(wish) - {"advance_seconds", "speed", "pause"}
            if unknown or not wish:
                raise LabError("the clock takes advance_seconds, speed and pause")
            if "pause" in wish:
                if not isinstance(wish["pause"], bool):
                    raise LabError("pause is true or false")
                self.live.pause(wish["pause"])
            if "speed" in wish:
                self.live.set_speed(wish["speed"])
            if "advance_seconds" in wish:
                seconds = wish["advance_seconds"]
                if isinstance(seconds, bool) or not isinstance(seconds, int | float):
                    raise LabError("advance_seconds is a number")
                self.live.advance(seconds)
        return self.live.state()

    def _health(self) -> dict[str, Any]:
        return {
            "status": "ok" if not self.live.problem else "troubled",
            "problem": self.live.problem,
            "calls": self.lab.dispatch.seen,
            "account": self.lab.account,
            "region": self.lab.region,
        }

    def _mailbox(self, wish: dict[str, Any] | None) -> dict[str, Any]:
        if wish is not None:
            token = wish.get("confirm")
            if set(wish) != {"confirm"} or not isinstance(token, str):
                raise LabError('the mailbox takes {"confirm": "<confirm_token>"}')
            return {"subscription_arn": self.lab._confirm(token)}
        with self.lab.world.lock:
            mails = list(self.lab.mailbox)
        return {
            "mails": [
                {
                    "at": mail.at.astimezone(UTC).isoformat(),
                    "to": mail.to,
                    "subject": mail.subject,
                    "body": mail.body,
                    "topic_arn": mail.topic_arn,
                    "confirm_token": mail.confirm_token,
                }
                for mail in mails
            ]
        }


def _told(status: int, tree: dict[str, Any]) -> WireAnswer:
    return WireAnswer(status, {"content-type": "application/json"}, dumps(tree).encode() + b"\n")


def exports(lab: Lab, url: str) -> str:
    """The lines that point a shell's AWS tools at a lab."""
    key = lab.identities.learner().access_key_id
    return "\n".join(
        [
            f"export AWS_ENDPOINT_URL={url}",
            f"export AWS_ACCESS_KEY_ID={key}",
            f"export AWS_SECRET_ACCESS_KEY={lab.identities.secret_for(key)}",
            f"export AWS_DEFAULT_REGION={lab.region}",
            # Live Tail's host is "streaming-logs." and the endpoint's, which no resolver knows.
            "export AWS_DISABLE_HOST_PREFIX_INJECTION=true",
        ]
    )


def serve(
    port: int,
    speed: float,
    start: str | None,
    seed: int,
    say: Callable[[str], Any],
    *,
    exercise: str | None = None,
    learner: str | None = None,
) -> int:
    """Serve a fresh lab, or an exercise's world, until Ctrl-C or SIGTERM; the exit status.

    Parameters
    ----------
    port, speed, seed:
        As the options say.
    start:
        ISO 8601; the real now when left out, and the lab's own start with ``speed`` 0.
    say:
        Prints a line.
    exercise, learner:
        The chapter whose world is served, and whose variant; its time starts where the exercise
        does, and ``seed`` and ``start`` do not count.
    """
    try:
        begin = _begin(start, _checked_speed(speed))
        lab = _exercise_lab(exercise, learner) if exercise else Lab(seed, begin, active=False)
    except (LabError, ValueError) as problem:
        say(f"labkit serve: {problem}")
        return 2
    try:
        try:
            service = Service(lab, port, speed=speed)
        except OSError as problem:
            say(f"labkit serve: port {port} can't be had: {problem.strerror or problem}")
            return 1
        done = threading.Event()
        before = {
            number: signal.signal(number, lambda *_: done.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            with service:
                say(exports(lab, service.url))
                pace = f"at speed {speed:g}" if speed else "stepped by calls and the control path"
                # Its table of old host names goes before the endpoint for sqs and rds.
                say("# the aws CLI, version 1: aws sqs --endpoint-url $AWS_ENDPOINT_URL ...")
                say(
                    f"# labkit at {service.url}, {iso(lab.world.clock.now_us)}, {pace}; Ctrl-C ends"
                )
                while not done.wait(1.0):
                    pass
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    finally:
        lab.close()
    say("# labkit has ended")
    return 0


def _exercise_lab(chapter: str, learner: str | None) -> Lab:
    from labkit.course import worlds
    from labkit.course.progress import progress_of

    return worlds.open_lab(chapter, progress_of(learner).learner, active=False)


def _begin(start: str | None, speed: float) -> datetime:
    if start is not None:
        moment = datetime.fromisoformat(start)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if speed == 0:
        return START
    now_us = machine_now_us()
    return to_datetime(now_us - now_us % MILLISECOND)
