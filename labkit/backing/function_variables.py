"""The environment variables of a function."""

from __future__ import annotations

import os

from labkit.backing.function_environments import Function
from labkit.backing.lambda_runtime import datagrams
from labkit.core.call import Principal
from labkit.core.ids import Ids


def variables(function: Function, role: Principal, log_stream: str, ids: Ids) -> dict[str, str]:
    """The environment of a worker: the function's own variables, and Lambda's, which win.

    Parameters
    ----------
    function, role:
        Which, and who it is when it calls.
    log_stream:
        Where it logs.
    ids:
        What its keys are drawn from.
    """
    own = {
        "PATH": f"/usr/local/bin:{os.defpath}",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_ACCESS_KEY_ID": role.access_key_id,
        "AWS_SECRET_ACCESS_KEY": ids.digest("secret", role.access_key_id).hex()[:40],
        "AWS_SESSION_TOKEN": ids.digest("token", role.access_key_id).hex(),
        "AWS_EC2_METADATA_DISABLED": "true",
        **datagrams.VARIABLES,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return {**function.variables, **own}
