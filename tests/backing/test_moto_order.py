"""What moto collects in sets it shows in the order of collecting."""

import ast
import copy
import pickle

import pytest
from test_moto_sources import FILES, MOTO

from labkit.backing.moto_order import MODULES, OrderedSet

LETTERS = list("qwertzuiop")


#: Modules that name ``set`` and need no other one -> why.
OTHERWISE = {
    "moto.ec2.models.transit_gateway_attachments": "registry of backends: a slot of moto_state",
    "moto.ec2.models.vpc_peering_connections": "registry of backends: a slot of moto_state",
    "moto.moto_api._internal.models": "addresses that moto's proxy server passes through",
    "moto.utilities.paginator": "asks isinstance only",
}


def test_every_module_that_uses_set_has_another_one():
    using = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # Called, or handed over as in defaultdict(set); annotations do neither.
            handed = [node.func, *node.args] if isinstance(node, ast.Call) else []
            if any(isinstance(n, ast.Name) and n.id == "set" for n in handed):
                parts = ("moto", *path.relative_to(MOTO).with_suffix("").parts)
                using.add(".".join(parts).removesuffix(".__init__"))
    assert using - set(OTHERWISE) == set(MODULES)


def test_it_is_walked_in_the_order_of_adding():
    ordered = OrderedSet(LETTERS)
    assert list(ordered) == LETTERS and ordered == set(LETTERS) and len(ordered) == 10
    ordered.add("a")
    ordered.add("q")
    ordered.discard("w")
    ordered.discard("w")
    ordered.remove("e")
    assert list(ordered) == [*"qrtzuiop", "a"] and "e" not in ordered
    assert ordered.pop() == "q" and ordered.pop() == "r"
    with pytest.raises(KeyError):
        ordered.remove("q")
    assert ",".join(ordered) == "t,z,u,i,o,p,a" and sorted(ordered)[0] == "a"
    ordered.clear()
    assert not ordered and list(ordered) == []
    with pytest.raises(KeyError):
        ordered.pop()


@pytest.mark.parametrize("kind", [set, OrderedSet])
def test_sums_and_differences_keep_the_order_and_agree_with_real_sets(kind):
    left, right = OrderedSet(LETTERS), kind("poiabc")
    for made, real in (
        (left | right, set(LETTERS) | set(right)),
        (left & right, set(LETTERS) & set(right)),
        (left - right, set(LETTERS) - set(right)),
        (left ^ right, set(LETTERS) ^ set(right)),
        (left.union("ab", "c"), set(LETTERS).union("ab", "c")),
        (left.difference("qw", "e"), set(LETTERS).difference("qw", "e")),
    ):
        assert isinstance(made, OrderedSet) and made == real
        known = [item for item in LETTERS if item in made]
        assert list(made)[: len(known)] == known
    changed = left.copy()
    changed |= right
    changed -= OrderedSet("q")
    changed &= OrderedSet("abcwert")
    changed ^= OrderedSet("wx")
    assert changed == set("abcert") | {"x"}
    changed.update("m", ["n"])
    changed.difference_update("x")
    changed.intersection_update("abcertmn")
    changed.symmetric_difference_update("a")
    assert changed == set("bcertmn")
    with pytest.raises(TypeError):
        left | ["a"]


def test_copies_are_ordered_and_real_sets_count_as_sets():
    ordered = OrderedSet(LETTERS)
    for again in (copy.copy(ordered), copy.deepcopy(ordered), pickle.loads(pickle.dumps(ordered))):
        assert list(again) == LETTERS and again is not ordered
    assert isinstance(set(), OrderedSet) and not isinstance([], OrderedSet)
    assert repr(OrderedSet("ab")) == "OrderedSet(['a', 'b'])"


def test_addresses_come_back_in_the_order_in_which_they_were_freed(bench):
    ec2 = bench.client("ec2")

    def launch(count):
        made = ec2.run_instances(ImageId="ami-0", MinCount=count, MaxCount=count)["Instances"]
        return [one["InstanceId"] for one in made], [one["PrivateIpAddress"] for one in made]

    ids, first = launch(5)
    bench.advance(15)
    ec2.terminate_instances(InstanceIds=ids)
    _, second = launch(5)
    assert second == first


def test_groups_of_an_interface_are_shown_as_given(bench):
    ec2 = bench.client("ec2")
    groups = [
        ec2.create_security_group(GroupName=f"g{n}", Description="g")["GroupId"] for n in range(8)
    ]
    made = ec2.run_instances(ImageId="ami-0", MinCount=1, MaxCount=1, SecurityGroupIds=groups)[
        "Instances"
    ][0]
    shown = [group["GroupId"] for group in made["NetworkInterfaces"][0]["Groups"]]
    assert shown == groups
