"""Where botocore would send a call: worked out once for each operation of a client.

botocore evaluates a service's rules for endpoints at each call, a tenth of a small one. They depend
on the client and, for some operations, on parameters (a bucket's name is part of the host). A call
that stays in the kernel and whose parameters have no part in it goes where the last one went.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Services whose rules look at each call by handlers of their own.
_EACH_CALL = {"s3", "s3control"}


class KeptEndpoints:
    """In place of a client's resolver of endpoints.

    Parameters
    ----------
    resolver:
        botocore's own; whatever else is asked of it, it answers.
    stays:
        Whether the call under way stays in the kernel.
    """

    def __init__(self, resolver: Any, stays: Callable[[], bool]) -> None:
        self._resolver, self._stays = resolver, stays
        self._kept: dict[str, Any] = {}

    def construct_endpoint(
        self, operation_model: Any, call_args: Mapping[str, Any], request_context: dict[str, Any]
    ) -> Any:
        """URL, headers and properties of the endpoint of a call."""
        name = operation_model.name
        named = any(one.member_name in call_args for one in operation_model.context_parameters)
        if name in self._kept and not named and self._stays():
            return self._kept[name]
        made = self._resolver.construct_endpoint(
            operation_model=operation_model, call_args=call_args, request_context=request_context
        )
        if not (
            named
            or operation_model.operation_context_parameters
            or operation_model.service_model.service_name in _EACH_CALL
        ):
            self._kept[name] = made
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolver, name)
