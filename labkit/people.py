"""The people of a lab: weeks of work that lie behind it (``lab.people``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from labkit.core.clock import Phase, to_us
from labkit.core.errors import AwsError, LabError

if TYPE_CHECKING:
    from labkit.lab import Lab
    from labkit.workloads.people import Episode

#: How far back a past may go: event history keeps no more.
MOST_DAYS = 90


class People:
    """Who works in the account: a past of their calls, and what went wrong in it.

    ``lab.people.week()`` and ``lab.people.month()`` put the work of the last 7 or 28 days into
    event history, as if the lab had been there; a journaled act, like every control.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def week(self, *episodes: Episode, regions: Sequence[str] | None = None) -> None:
        """The last seven days, up to now; arguments as in :meth:`past`."""
        self.past(*episodes, days=7, regions=regions)

    def month(self, *episodes: Episode, regions: Sequence[str] | None = None) -> None:
        """The last 28 days, up to now; arguments as in :meth:`past`."""
        self.past(*episodes, days=28, regions=regions)

    def past(
        self,
        *episodes: Episode,
        days: float,
        end: datetime | None = None,
        regions: Sequence[str] | None = None,
    ) -> None:
        """Let people have worked for a while.

        Parameters
        ----------
        episodes:
            What went wrong meanwhile (:meth:`episode`).
        days:
            How many days, 90 at most.
        end:
            Until when, an aware datetime that has passed; now when left out.
        regions:
            Where; where people work, and wherever an episode happens, when left out.

        Raises
        ------
        LabError
            For a stretch that is too long, has no end yet, or an episode outside of it.
        """
        from labkit.workloads.people import REGIONS

        lab = self._lab
        end = lab.now if end is None else end
        if end.tzinfo is None or end > lab.now:
            raise LabError("the end of a past is an aware datetime that has passed")
        if not 0 < days <= MOST_DAYS:
            raise LabError(f"a past has up to {MOST_DAYS} days (event history keeps no more)")
        start = end - timedelta(days=days)
        for episode in episodes:
            if not start <= episode.start < end:
                raise LabError(
                    f"{episode.kind} at {episode.start} is not within the past asked for"
                )
        where = regions or [*REGIONS, *(one.region for one in episodes)]
        lab._do(
            "people.past",
            start_us=to_us(start),
            end_us=to_us(end),
            regions=sorted(set(where)),
            episodes=[{**one.as_dict(), "start": to_us(one.start)} for one in episodes],
        )

    def work(
        self,
        *episodes: Episode,
        who: Sequence[str] | None = None,
        regions: Sequence[str] | None = None,
    ) -> None:
        """Let people work from now on, each call at its instant, until :meth:`rest`.

        Their calls are recorded, delivered by trails and matched by rules; they change no
        resources.

        Parameters
        ----------
        episodes:
            What will go wrong.
        who:
            Faces; when left out everybody but the three programs that call day and night
            (``shop-web``, ``watcher``, ``nightly``).
        regions:
            Where; where people work, and wherever an episode happens, when left out.

        Raises
        ------
        LabError
            For an unknown face, or an episode that lies behind.
        """
        from labkit.workloads.people import REGIONS
        from labkit.workloads.people_faces import FACES, PROGRAMS

        lab = self._lab
        chosen = [name for name in FACES if name not in PROGRAMS] if who is None else list(who)
        for name in chosen:
            if name not in FACES:
                raise LabError(f"nobody is called {name!r}; there are {', '.join(FACES)}")
        for episode in episodes:
            if episode.start < lab.now:
                raise LabError(f"{episode.kind} at {episode.start} lies behind; see people.past")
        where = regions or [*REGIONS, *(one.region for one in episodes)]
        lab._do(
            "people.work",
            regions=sorted(set(where)),
            who=chosen,
            episodes=[{**one.as_dict(), "start": to_us(one.start)} for one in episodes],
        )

    def rest(self) -> None:
        """Let everybody stop."""
        self._lab._do("people.work", regions=[], who=[], episodes=[])

    def _begin_work(
        self, regions: Sequence[str], who: Sequence[str], episodes: Sequence[Mapping[str, Any]]
    ) -> None:
        lab = self._lab
        lab.parts.at_work.begin(lab.account, regions, who, self.principals(), episodes)

    def _make_past(
        self,
        start_us: int,
        end_us: int,
        regions: Sequence[str],
        episodes: Sequence[Mapping[str, Any]],
    ) -> None:
        from labkit.core.clock import to_datetime
        from labkit.workloads.people import Episode, past

        lab = self._lab
        happened = [Episode(**{**one, "start": to_datetime(one["start"])}) for one in episodes]
        principals = self.principals()
        for region in regions:
            calls = past(
                lab.noise_seed, lab.account, region, start_us, end_us, principals, happened
            )
            lab.parts.cloudtrail.import_calls(lab.account, region, calls)

    def episode(
        self,
        kind: str,
        start: datetime,
        *,
        minutes: float = 30,
        size: float = 4,
        who: str = "",
        region: str = "us-east-1",
        source_ip: str = "",
    ) -> Episode:
        """Something out of the ordinary, for :meth:`past`.

        Parameters
        ----------
        kind:
            One of :data:`labkit.workloads.people.EPISODES`.
        start, minutes, size:
            When (aware), for how long, how much in the kind's unit.
        who, region:
            By whom (the kind's usual one when left out) and where.
        source_ip:
            From where a stolen key is used.

        Raises
        ------
        LabError
            When there can be no such episode.
        """
        from labkit.workloads.people import Episode

        return Episode(kind, start, minutes, size, who, region, source_ip)

    def deed(
        self,
        who: str,
        service: str,
        operation: str,
        *,
        at: datetime | None = None,
        source_ip: str = "",
        region: str | None = None,
        **parameters: Any,
    ) -> None:
        """Let somebody make one call, for real: it changes the account, and the trail has it.

        A call that is refused is a record too.

        Parameters
        ----------
        who:
            An IAM user who is allowed to (``lab.user("tomas", "AdministratorAccess")``), or
            ``role/session``: the user of the session's name takes the role on, and calls with it.
        service, operation:
            boto3's name of the service, AWS's name of the operation.
        at:
            When, an aware datetime; now when left out.
        source_ip:
            From where; from the usual address of whoever it is when left out.
        region:
            Where; the lab's own when left out.
        parameters:
            Of the operation, plain values.

        Raises
        ------
        LabError
            For a moment that lies behind, or an operation that the service does not have.
        """
        from labkit.gateway.acting import knows

        lab = self._lab
        at = at or lab.now
        if at < lab.now:
            raise LabError(f"{operation} at {at} lies behind: a deed happens now or later")
        if not knows(service, operation):
            raise LabError(f"boto3's {service} has no operation {operation}")
        lab._do(
            "people.deed", who=who, service=service, operation=operation, at_us=to_us(at),
            source_ip=source_ip, region=region or lab.region, parameters=parameters,
        )  # fmt: skip

    def _plan_deed(self, at_us: int, **deed: Any) -> None:
        clock = self._lab.world.clock
        clock.at(max(at_us, clock.now_us), Phase.STATE, "people.deed", deed, cause=())

    def _do_deed(self, deed: Mapping[str, Any]) -> None:
        from labkit.workloads.people_faces import CONSOLE, FACES, OFFICE

        lab, who = self._lab, deed["who"]
        role, _, name = who.rpartition("/")
        face = FACES.get(name)
        place = deed["source_ip"] or (face.source_ip if face else OFFICE)
        agent = face.user_agent if face else CONSOLE
        caller = lab.identities.user(name)
        with suppress(AwsError):  # who is refused has been refused: a record, and no more
            if role:
                arn = f"arn:aws:iam::{lab.account}:role/{role}"
                taken = {"RoleArn": arn, "RoleSessionName": name}
                answer = lab.acting.call(
                    caller, "sts", "AssumeRole", taken, deed["region"], {}, place, agent
                )
                caller = lab.identities.by_key(answer["Credentials"]["AccessKeyId"])
            lab.acting.call(
                caller, deed["service"], deed["operation"], deed["parameters"], deed["region"], {},
                place, agent,
            )  # fmt: skip

    def principals(self) -> dict[str, dict[str, str]]:
        """The principal of each face, and of ``root``, as records show them."""
        from labkit.workloads.people_faces import FACES

        identities, account = self._lab.identities, self._lab.account
        found = {"root": {**identities.root().to_dict(), "access_key_id": ""}}
        for face in FACES.values():
            user = identities.user(face.name)
            found[face.name] = user.to_dict()
            if face.role:
                role_id = "AROA" + identities.letters("role-id", account, face.role)
                found[face.name] = {
                    "kind": "AssumedRole",
                    "account": account,
                    "arn": f"arn:aws:sts::{account}:assumed-role/{face.role}/{face.name}",
                    "principal_id": f"{role_id}:{face.name}",
                    "access_key_id": "ASIA" + identities.letters("session", account, face.name),
                    "name": face.name,
                    "issuer_arn": f"arn:aws:iam::{account}:role/{face.role}",
                    "issuer_id": role_id,
                }
        return found

    def __repr__(self) -> str:
        return (
            "<people: week(), month(), past(days=), work(), rest(), episode(kind, start), "
            "deed(who, service, operation, at=), principals()>"
        )
