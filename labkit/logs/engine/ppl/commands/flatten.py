"""``flatten object as (a, b)``: the keys of an object become columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.logs.engine.opensearch.rows import WrongValue
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.values import Value, quoted

if TYPE_CHECKING:
    from labkit.logs.engine.ppl.compiling import Compiler
    from labkit.logs.engine.ppl.reading import Reader


@dataclass(frozen=True, slots=True)
class Flatten(plan.Command):
    """``names``: what the columns are called, in the order of the keys."""

    #: The names of the fields in the events are looked for.
    samples: ClassVar[bool] = True
    of: plan.Name
    names: tuple[str, ...] = ()

    @property
    def made(self) -> tuple[str, ...]:
        """The names of the columns, as far as they are said."""
        return self.names

    def __str__(self) -> str:
        names = f" as ({', '.join(self.names)})" if self.names else ""
        return f"flatten {self.of.name}{names}"


def read(reader: Reader, tree: Any) -> Flatten:
    """The plan of the rule."""
    of, *names = tree.children
    told = tuple(name.name for name in reader.names(names))
    return Flatten(reader.name(of), told, span=reader.span(tree))


def add(compiler: Compiler, command: Flatten) -> None:
    """By their places where names are said; else by the keys that a sample of events has."""
    source = compiler.held_json(command.of)
    made = []
    if command.names:
        for place, name in enumerate(command.names):
            key = f"list_extract(json_keys({source}), {place + 1})"
            made.append((name, _text(f"json_extract({source}, concat('/', {key}))")))
    else:
        keys = compiler.keys_of(command.of.name)
        if not keys and compiler.sampled:
            raise WrongValue(f"{command.of.name} is no object in the events of this range")
        for key in keys:
            pointer = "/" + key.replace("~", "~0").replace("/", "~1")
            made.append((key, _text(f"json_extract({source}, {quoted(pointer)})")))
    compiler.shown = [name for name in compiler.names() if name != command.of.name]
    if made:
        compiler.show(made)


def _text(sql: str) -> Value:
    return Value(f"os_json_text({sql})", "text")
