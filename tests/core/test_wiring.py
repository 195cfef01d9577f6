"""The two tables of wiring, and the seams that later parts fill."""

import pytest

from labkit import wiring
from labkit.core.facts import FACT_KINDS
from labkit.core.ports import PORTS


def test_every_kind_of_fact_is_heard_or_a_published_seam():
    heard = {row.kind for row in wiring.HEARERS}
    assert heard <= set(FACT_KINDS)
    assert heard.isdisjoint(wiring.UNHEARD_KINDS)
    assert heard | wiring.UNHEARD_KINDS == set(FACT_KINDS)


def test_every_port_has_one_answerer_or_is_a_published_seam():
    answered = [row.port for row in wiring.ANSWERS]
    assert len(set(answered)) == len(answered)
    assert set(answered).isdisjoint(wiring.UNANSWERED_PORTS)
    assert set(answered) | wiring.UNANSWERED_PORTS == set(PORTS)


def test_the_tables_can_be_read():
    text = wiring.table()
    for name in (*FACT_KINDS, *PORTS):
        assert name in text
    assert "nobody yet" in text


@pytest.mark.parametrize("kind", sorted(wiring.UNHEARD_KINDS))
@pytest.mark.xfail(strict=True, reason="a later part hears this kind of fact")
def test_seam_fact_is_heard(kind):
    assert kind in {row.kind for row in wiring.HEARERS}


@pytest.mark.parametrize("port", sorted(wiring.UNANSWERED_PORTS))
@pytest.mark.xfail(strict=True, reason="a later part answers this port")
def test_seam_port_is_answered(port):
    assert port in {row.port for row in wiring.ANSWERS}
