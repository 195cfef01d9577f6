"""What the halves of a lab share: declared here, set by :class:`labkit.lab.Lab`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.controls import Elapsed
    from labkit.core.journal import Entry, SavedWorld
    from labkit.core.world import World
    from labkit.gateway.boto3_hook import Door
    from labkit.gateway.dispatch import Dispatch
    from labkit.gateway.identity import Identities
    from labkit.lab import Lab
    from labkit.parts import Parts


class LabState:
    """A lab's parts, and what each half asks of the others."""

    seed: int
    start: datetime
    account: str
    region: str
    noise_seed: int
    builder: str
    builder_args: Mapping[str, Any]
    errors: list[tuple[Entry, str]]
    world: World
    identities: Identities
    parts: Parts
    dispatch: Dispatch
    _door: Door | None
    _lent: Lab | None
    _clients: dict[tuple[str, str, str], Any]
    _methods: dict[str, Callable[..., Any]]

    def _check_open(self) -> None:
        raise NotImplementedError

    def _check_still(self) -> None:
        raise NotImplementedError

    def _do(self, name: str, /, **arguments: Any) -> Any:
        raise NotImplementedError

    def _hear(self, *, settle: bool = True) -> None:
        raise NotImplementedError

    def _repeat(self, saved: SavedWorld) -> None:
        raise NotImplementedError

    def _pass_until(
        self, target_us: int, *, since_us: int | None = None, mails_before: int | None = None
    ) -> Elapsed:
        raise NotImplementedError
