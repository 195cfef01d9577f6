"""Labs as far as the backing needs them; see backing_bench.py."""

from collections.abc import Iterator

import pytest
from backing_bench import START, Bench


@pytest.fixture()
def bench() -> Iterator[Bench]:
    """A fresh lab; closed afterwards, so that no test sees another's."""
    made = Bench()
    yield made
    made.world.close()


@pytest.fixture()
def make_bench() -> Iterator:
    """Makes any number of labs and closes them all."""
    made: list[Bench] = []

    def make(seed: str = "0", start_us: int = START) -> Bench:
        made.append(Bench(seed, start_us))
        return made[-1]

    yield make
    for one in made:
        one.world.close()
