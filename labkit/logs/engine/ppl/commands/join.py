"""``left join left=l, right=r on l.id = r.id `group` ``: rows of another group that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.reading import Reader


def read(reader: Reader, tree: Any) -> plan.Join:
    """The plan of the rule: inner where nothing is said."""
    side = next((one for one in tree.children if getattr(one, "data", "") == "side"), None)
    sides = next((one for one in tree.children if getattr(one, "data", "") == "join_sides"), None)
    condition, joined = tree.children[-2:]
    kind = "inner"
    if side is not None:
        which, more = side.children
        if str(which).lower() != "left" or str(more or "outer").lower() != "outer":
            raise QueryError.at("a join is inner or left", reader.span(side))
        kind = "left"
    text = reader.text[reader.span(tree).start :][:5].lower()
    if text == "cross":
        raise QueryError.at("a join is inner or left", reader.span(tree))
    if sides is None:
        raise QueryError.at(
            "both sides need a name: join left=l, right=r on l.id = r.id `group`",
            reader.span(tree),
        )
    left, right = reader.names([one for one in sides.children if hasattr(one, "data")])[:2]
    if joined.data == "joined_query":
        query = reader.inner(joined.children[0])
    else:
        query = plan.Query(plan.Source(groups=(reader.name(joined.children[0]).name,)), ())
    return plan.Join(
        kind, left.name, right.name, reader.expr(condition), query, span=reader.span(tree)
    )
