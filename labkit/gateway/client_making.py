"""What botocore works out anew for each client, though it is the same for all: kept.

A session makes a client by wrapping each of its service's operations (EC2 has 800) and translating
the names of some 150 events. Both depend on the models alone; a world has several clients of its
own, so that half of the time of a small world went there.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary


def install() -> None:
    """Let botocore keep both, for the rest of the process; to be called once."""
    from botocore.client import ClientCreator
    from botocore.hooks import EventAliaser

    ClientCreator._create_methods = keeping(ClientCreator._create_methods)
    EventAliaser.__copy__ = sharing(EventAliaser.__copy__)


def keeping(original: Any) -> Any:
    """``ClientCreator._create_methods`` that wraps the operations of a service once per loader.

    A loader gives the same models for life. Who makes the class adds methods to what is returned
    (``upload_file``), so each gets a dictionary of its own.
    """
    kept: WeakKeyDictionary[Any, dict[tuple[str, str], dict[str, Any]]] = WeakKeyDictionary()

    def _create_methods(creator: Any, service_model: Any) -> dict[str, Any]:
        of_loader = kept.setdefault(creator._loader, {})
        key = (service_model.service_name, service_model.api_version)
        if key not in of_loader:
            of_loader[key] = original(creator, service_model)
        return dict(of_loader[key])

    return _create_methods


def sharing(original: Any) -> Any:
    """``EventAliaser.__copy__`` whose copies share what the names of events are translated to."""

    def copied(aliaser: Any) -> Any:
        twin = original(aliaser)
        twin._alias_name_cache = aliaser._alias_name_cache
        return twin

    return copied
