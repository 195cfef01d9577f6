"""People: weeks of ordinary work of a company in AWS, and what goes wrong in it, as past calls.

Theory of operation
-------------------
The past is a pure function of (seed, account, Region, stretch, episodes). Each habit of
:mod:`people_faces <labkit.workloads.people_faces>` is a rate by minute of the week, times a factor
of its own for each day (somebody is ill, somebody is busy). For minute ``m`` since 1970 noise
(:mod:`labkit.workloads.noise`) gives a number ``u`` in [0, 1), and ``floor(rate + u)`` calls
happen: on average as many as the rate says. Since noise is asked by minute and not drawn from a
stream, Tuesday's calls are the same whether the week or the month around it was asked for.

An :class:`Episode` adds calls that are not anybody's habit. The night's intruder and Thursday's
release look alike in numbers; who, from where and with what tells them apart.

Everything comes out as columns (:class:`labkit.core.past_calls.PastCalls`): a month of all Regions
is some tens of thousands of calls and takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from labkit.core.clock import MINUTE, SECOND, to_us
from labkit.core.errors import LabError
from labkit.core.jsontext import dumps
from labkit.core.past_calls import Caller, Deed, PastCalls
from labkit.workloads import noise
from labkit.workloads.people_deeds import Things, assume, deed, pool
from labkit.workloads.people_faces import ASSUMED, CONSOLE, FACES, FOREIGN, HABITS, STRANGER

WEEK = 7 * 24 * 60
#: 1970-01-01 was a Thursday: so many minutes after a Monday.
_THURSDAY = 3 * 24 * 60
#: Regions in which somebody of the company works.
REGIONS = ("us-east-1", "eu-west-1")

#: kind -> what happens, what ``size`` means.
EPISODES = {
    "run_instances": "machines are started, `size` a minute",
    "deleted_snapshots": "snapshots are deleted, `size` a minute",
    "throttled_client": "a program asks too often and is refused, `size` times a minute",
    "stolen_key": "an access key is used from a strange address: who am I, what is here, what may "
    "I (refused), then machines, `size` a minute",
    "deployment": "a release outside the timetable, `size` calls a minute",
    "denied": "somebody tries what they may not, `size` times a minute",
    "deleted_subnet": "a subnet is deleted, after a refused attempt ten minutes before",
    "stopped_trail": "the trail `audit` is stopped",
    "root_sign_in": "the root user signs in to the console; `size` 1 with a second factor",
    "failing_sign_ins": "somebody fails to sign in, `size` times a minute",
}

#: Who does it when nobody is named.
_WHO = {
    "run_instances": "tomas", "deleted_snapshots": "tomas", "throttled_client": "shop-web",
    "stolen_key": "lena", "deployment": "chiara-ci", "denied": "jonas",
    "deleted_subnet": "chiara-ci", "stopped_trail": "tomas", "root_sign_in": "root",
    "failing_sign_ins": "mara",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Episode:
    """Something out of the ordinary in the past.

    Parameters
    ----------
    kind:
        One of :data:`EPISODES`.
    start:
        When, an aware datetime.
    minutes:
        How long.
    size:
        How much, as the kind says.
    who:
        A face, or ``root``; the kind's usual one when left out.
    region:
        Where; us-east-1 when left out. Of a stolen key it is where the machines are started.
    source_ip:
        From where a stolen key is used; a stranger's usual address when left out.

    Raises
    ------
    LabError
        For a kind or a face that there is not, a naive start, or a length or size below 0.
    """

    kind: str
    start: datetime
    minutes: float = 30
    size: float = 4
    who: str = ""
    region: str = "us-east-1"
    source_ip: str = ""

    def __post_init__(self) -> None:
        if self.kind not in EPISODES:
            raise LabError(f"no episode is called {self.kind!r}; there are {', '.join(EPISODES)}")
        if self.start.tzinfo is None:
            raise LabError("an episode's start is an aware datetime (tzinfo=UTC)")
        if self.minutes <= 0 or self.size < 0:
            raise LabError("an episode lasts some minutes, and its size is not below 0")
        if self.who and self.who != "root" and self.who not in FACES:
            raise LabError(f"nobody is called {self.who!r}; there are {', '.join(FACES)} and root")

    @property
    def whom(self) -> str:
        """Who does it."""
        return self.who or _WHO[self.kind]

    def as_dict(self) -> dict[str, Any]:
        """The fields, for the journal; ``Episode(**fields)`` is the episode again."""
        return asdict(self)


def _profiles() -> dict[str, np.ndarray]:
    minute = np.arange(WEEK)
    day, hour = minute // 1440, minute % 1440 / 60
    workday = day < 5
    office = workday & (hour >= 8) & (hour < 18)
    busy = np.where((hour >= 9) & (hour < 12) | (hour >= 13) & (hour < 17), 1.0, 0.5)
    tops = ((hour >= 10) & (hour < 10.2)) | ((hour >= 15) & (hour < 15.2))
    return {
        "office": office * busy,
        "always": np.ones(WEEK),
        "night": ((hour >= 2) & (hour < 2.3)) * 1.0,
        "sunday": ((day == 6) & (hour >= 3) & (hour < 3.25)) * 1.0,
        "deploys": (workday & tops) * 1.0,
        "release": ((day == 3) & (hour >= 20) & (hour < 20.4)) * 1.0,
    }


#: When a habit is lived: a factor for each minute of the week, from Monday 00:00 UTC.
PROFILES = _profiles()


class _Book:
    """Collects calls of one account and Region, and makes columns of them."""

    def __init__(self, principals: Mapping[str, Mapping[str, str]]) -> None:
        self._principals = principals
        self.deeds: list[Deed] = []
        self.callers: list[Caller] = []
        self._known: dict[tuple[str, str, str], int] = {}
        self.columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def caller(self, who: str, source_ip: str = "", user_agent: str = "") -> int:
        """The row of a face, from its own address unless another is given."""
        face = FACES.get(who)
        source_ip = source_ip or (face.source_ip if face else STRANGER)
        user_agent = user_agent or (face.user_agent if face else CONSOLE)
        key = (who, source_ip, user_agent)
        row = self._known.get(key)
        if row is None:
            row = self._known[key] = len(self.callers)
            self.callers.append(Caller(self._principals[who], source_ip, user_agent))
        return row

    def add(self, at_us: np.ndarray, caller: int, deeds: Sequence[Deed], which: np.ndarray) -> None:
        """Calls of one caller; ``which`` numbers the deed of each."""
        first = len(self.deeds)
        self.deeds.extend(deeds)
        self.columns.append((at_us, which + first, np.full(len(at_us), caller)))

    def one(self, at_us: int, caller: int, what: Deed) -> None:
        """A single call."""
        self.add(np.array([at_us], dtype=np.int64), caller, [what], np.zeros(1, dtype=np.int64))

    def closed(self, start_us: int, end_us: int, name: str) -> PastCalls:
        """Everything of ``[start_us, end_us)``, in order of time."""
        empty = np.empty(0, dtype=np.int64)
        at, what, who = (
            np.concatenate([part[n] for part in self.columns] or [empty]) for n in range(3)
        )
        inside = (at >= start_us) & (at < end_us)
        at, what, who = at[inside], what[inside], who[inside]
        order = np.argsort(at, kind="stable")
        return PastCalls(
            at[order], what[order].astype(np.int32), who[order].astype(np.int32),
            self.deeds, self.callers, name,
        )  # fmt: skip


def past(
    seed: int,
    account: str,
    region: str,
    start_us: int,
    end_us: int,
    principals: Mapping[str, Mapping[str, str]],
    episodes: Sequence[Episode] = (),
    *,
    who: Sequence[str] | None = None,
) -> PastCalls:
    """What people did in an account and Region.

    Parameters
    ----------
    seed:
        Of the noise.
    account, region:
        Where. IAM and sign-ins of the root user are us-east-1's.
    start_us, end_us:
        The stretch, microseconds, the end not included.
    principals:
        For each face, and for ``root``, the principal as facts carry it.
    episodes:
        What happens besides. Their instants may lie anywhere; what is outside the stretch is left
        out.
    who:
        Whose habits; everybody's when left out.
    """
    book = _Book(principals)
    things = Things(seed, account, region)
    first, last = start_us // MINUTE, -(-end_us // MINUTE)
    for habit in HABITS:
        lived = who is None or habit.who in who
        if lived and region in habit.regions and last > first:
            where = (seed, account, region, habit.who, habit.service, habit.operation)
            minutes = _minutes(where, habit.hourly / 60, PROFILES[habit.when], first, last)
            arn = principals[habit.who]["arn"]
            deeds = pool(things, habit.service, habit.operation, habit.error, arn)
            at = _moments(where, minutes)
            which = np.arange(len(at)) + int(minutes[0] if len(minutes) else 0)
            book.add(at, book.caller(habit.who), deeds, which % len(deeds))
    if region == "us-east-1":
        _mornings(book, account, principals, first, last, who)
    for number, episode in enumerate(episodes):
        for at_us, caller, what in _happen(book, things, episode, number):
            book.one(at_us, caller, what)
    return book.closed(start_us, end_us, f"people/{seed}/{account}/{region}/{start_us}")


def _unit(names: tuple[object, ...], first: int, last: int) -> np.ndarray:
    return (noise.uniform(noise.key_of(*names), first, last) + 1.0) * 0.5


def _minutes(
    where: tuple[object, ...], rate: float, profile: np.ndarray, first: int, last: int
) -> np.ndarray:
    """The minute of each call, some minutes more than once."""
    minute = np.arange(first, last, dtype=np.int64)
    days = minute // 1440
    busy = 0.6 + 0.8 * _unit((*where, "day"), int(days[0]), int(days[-1]) + 1)
    rates = rate * profile[(minute + _THURSDAY) % WEEK] * busy[days - days[0]]
    return np.repeat(minute, np.floor(rates + _unit(where, first, last)).astype(np.int64))


def _moments(where: tuple[object, ...], minutes: np.ndarray) -> np.ndarray:
    """An instant within its minute for each call, to the millisecond."""
    if not len(minutes):
        return np.empty(0, dtype=np.int64)
    # Calls of one minute are told apart by their place in it.
    place = np.arange(len(minutes)) - np.searchsorted(minutes, minutes)
    base = int(minutes[0])
    inside = _unit((*where, "second"), base, int(minutes[-1]) + 1 + int(place.max()))
    share = (inside[minutes - base + place] + place * 0.381966) % 1.0
    return minutes * MINUTE + (share * 59_999).astype(np.int64) * 1000


def _mornings(
    book: _Book,
    account: str,
    principals: Mapping[str, Mapping[str, str]],
    first: int,
    last: int,
    lived: Sequence[str] | None,
) -> None:
    """Who works as a role's session takes the role on each working day, at 08:05."""
    for who, session in ASSUMED:
        if lived is not None and session not in lived:
            continue
        what = assume(account, "us-east-1", dict(principals[who]), dict(principals[session]))
        for day in range(first // 1440, last // 1440 + 1):
            if (day + 3) % 7 < 5:
                book.one((day * 1440 + 485) * MINUTE + 12 * SECOND, book.caller(who), what)


def _spread(episode: Episode) -> Iterator[tuple[int, int]]:
    """(number, instant) of ``size`` calls a minute, evenly."""
    start_us = to_us(episode.start)
    for n in range(int(episode.minutes * episode.size)):
        yield n, start_us + int(n * MINUTE / episode.size) + (n * 7919 % 997) * 1000


_Call = tuple[int, int, Deed]


def _happen(book: _Book, things: Things, episode: Episode, number: int) -> Iterator[_Call]:
    kind, region = episode.kind, things.region
    if kind == "stolen_key":
        yield from _stolen(book, things, episode, number)
        return
    if kind in ("root_sign_in", "failing_sign_ins"):
        yield from _sign_ins(book, things, episode)
        return
    if region != episode.region:
        return
    caller = book.caller(episode.whom)
    arn = book.callers[caller].principal["arn"]
    start_us = to_us(episode.start)
    if kind == "deleted_subnet":
        again = start_us + 10 * MINUTE
        yield start_us, caller, deed(
            things, "ec2", "DeleteSubnet", number, "UnauthorizedOperation", arn
        )  # fmt: skip
        yield again, caller, deed(things, "ec2", "DeleteSubnet", number)
    elif kind == "stopped_trail":
        yield start_us, caller, deed(things, "cloudtrail", "StopLogging")
    else:
        for n, at_us in _spread(episode):
            yield at_us, caller, _burst(kind, things, 1000 * (number + 1) + n, arn)


_RELEASE = (("cloudformation", "UpdateStack"), ("lambda", "UpdateFunctionCode"),
            ("ec2", "RunInstances"), ("ec2", "CreateTags"),
            ("ec2", "TerminateInstances"))  # fmt: skip
_FORBIDDEN = (("iam", "CreateUser"), ("kms", "ListKeys"), ("iam", "ListUsers"),
              ("secretsmanager", "ListSecrets"), ("ec2", "DescribeInstances"))  # fmt: skip


def _burst(kind: str, things: Things, n: int, arn: str) -> Deed:
    if kind == "run_instances":
        return deed(things, "ec2", "RunInstances", n)
    if kind == "deleted_snapshots":
        return deed(things, "ec2", "DeleteSnapshot", n)
    if kind == "throttled_client":
        return deed(things, "ec2", "DescribeInstances", n, "RequestLimitExceeded")
    if kind == "denied":
        return _refused(things, *_FORBIDDEN[n % len(_FORBIDDEN)], n, arn)
    return deed(things, *_RELEASE[n % len(_RELEASE)], n)


def _refused(things: Things, service: str, operation: str, n: int, arn: str) -> Deed:
    code = "UnauthorizedOperation" if service == "ec2" else "AccessDenied"
    return deed(things, service, operation, n, code, arn)


#: What a stranger with a key does first: minutes after the start, service, operation, may it.
_LOOKING = (
    (0, "sts", "GetCallerIdentity", True), (0.4, "s3", "ListBuckets", True),
    (1.1, "iam", "ListUsers", False), (1.5, "iam", "ListAttachedUserPolicies", False),
    (2.2, "ec2", "DescribeRegions", True), (3.0, "ec2", "DescribeInstances", True),
    (4.5, "secretsmanager", "ListSecrets", False), (6.0, "iam", "CreateAccessKey", True),
    (7.5, "iam", "CreateUser", False), (9.0, "iam", "AttachUserPolicy", False),
)  # fmt: skip
#: Minutes from the first look to the first machine.
QUIET_MINUTES = 26


def _stolen(book: _Book, things: Things, episode: Episode, number: int) -> Iterator[_Call]:
    """First looks (in us-east-1), half an hour of nothing, then machines where nobody looks."""
    caller = book.caller(episode.whom, episode.source_ip or STRANGER, FOREIGN)
    arn = book.callers[caller].principal["arn"]
    start_us = to_us(episode.start)
    if things.region == "us-east-1":
        for after, service, operation, may in _LOOKING:
            made = (
                deed(things, service, operation, number)
                if may
                else _refused(things, service, operation, number, arn)
            )
            yield start_us + int(after * MINUTE), caller, made
    if things.region == episode.region:
        began_us = start_us + QUIET_MINUTES * MINUTE
        yield began_us - MINUTE, caller, deed(things, "ec2", "CreateKeyPair", number)
        opened = deed(things, "ec2", "AuthorizeSecurityGroupIngress", number)
        yield began_us - MINUTE // 2, caller, opened
        for n, at_us in _spread(episode):
            what = deed(things, "ec2", "RunInstances", 1000 * (number + 1) + n)
            yield at_us + QUIET_MINUTES * MINUTE, caller, what


def _sign_ins(book: _Book, things: Things, episode: Episode) -> Iterator[_Call]:
    root = episode.whom == "root"
    if things.region != ("us-east-1" if root else episode.region):
        return
    caller = book.caller(episode.whom, STRANGER, "Mozilla/5.0 (X11; Linux x86_64)")
    if episode.kind == "root_sign_in":
        yield to_us(episode.start), caller, _login(ok=True, mfa=episode.size == 1)
        return
    for _, at_us in _spread(episode):
        yield at_us, caller, _login(ok=False, mfa=False)


def _login(*, ok: bool, mfa: bool) -> Deed:
    asked, told = dumps({"mfa": mfa}), dumps({"ConsoleLogin": "Success" if ok else "Failure"})
    message = "" if ok else "Failed authentication"
    return Deed("signin", "ConsoleLogin", False, asked, told, "", message)
