"""Principals by access key: deterministic, never real, unknown keys are the learner's."""

from labkit.core.call import Principal
from labkit.core.ids import Ids
from labkit.gateway.identity import Identities

ACCOUNT = "123456789012"


def test_the_learner():
    learner = Identities(Ids(0), ACCOUNT).learner()
    assert learner.arn == f"arn:aws:iam::{ACCOUNT}:user/learner"
    assert (learner.kind, learner.account) == ("IAMUser", ACCOUNT)
    assert learner.access_key_id.startswith("AKIA") and len(learner.access_key_id) == 20
    assert learner.principal_id.startswith("AIDA") and len(learner.principal_id) == 20


def test_the_same_seed_gives_the_same_keys_and_names_tell_them_apart():
    one, other = Identities(Ids(0), ACCOUNT), Identities(Ids(0), ACCOUNT)
    other.user("somebody first")
    assert one.user("auditor") == other.user("auditor")
    assert one.user("auditor") != one.user("auditer")
    assert (
        one.user("auditor").access_key_id
        != Identities(Ids(1), ACCOUNT).user("auditor").access_key_id
    )
    assert one.learner("210987654321").access_key_id != one.learner().access_key_id


def test_a_key_finds_its_principal_and_an_unknown_one_the_learner():
    identities = Identities(Ids(0), ACCOUNT)
    auditor = identities.user("auditor")
    assert identities.by_key(auditor.access_key_id) == auditor
    assert identities.by_key("AKIAREALLYSOMEBODYS1").name == "learner"
    assert identities.by_key(None).name == "learner"


def test_a_key_that_the_world_issued_is_found_there():
    audit = Principal("AssumedRole", ACCOUNT, "arn:aws:sts::1:assumed-role/audit/me", "AROA:me")
    identities = Identities(Ids(0), ACCOUNT, {"ASIA1": audit}.get)
    assert identities.by_key("ASIA1") is audit
    assert identities.by_key("ASIA2").name == "learner"
