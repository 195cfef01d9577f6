"""Seam of VPC flow logs: who gathers their records is told that one was made.

moto keeps flow logs and writes nothing. A flow log that moto has made is handed to the mounted
world's listener (``vpc.py``), whichever way it was made.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import listener, seam


@seam("moto.ec2.models.flow_logs")
def _hook_flow_logs(module: ModuleType) -> None:
    backend = module.FlowLogsBackend
    create = backend.create_flow_logs

    def create_flow_logs(self: Any, *args: Any, **kwargs: Any) -> Any:
        made, refused = create(self, *args, **kwargs)
        vpc = listener("vpc")
        for log in made if vpc is not None else ():
            vpc.created(log)
        return made, refused

    backend.create_flow_logs = create_flow_logs
