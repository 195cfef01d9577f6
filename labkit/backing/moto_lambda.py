"""Seams of Lambda: moto keeps functions, labkit runs them.

moto runs a function in a Docker container, for which there is no room in a notebook. Every way to
that container, its own internal ones included (secrets, subscriptions), goes through
``LambdaFunction.invoke``; with a listener that method asks labkit instead.

Queues and streams call functions from inside ``add_message``, ``put_record`` and ``add``, at once
and within the sender's own call. Their lists of mappings are emptied, and the arrival is told to
the listener, which polls on the lab's clock.

Repaired on the way: what moto does not keep (dead-letter and logging configuration, revisions), and
what it does not refuse (code that is no zip, reserved variables, a role that Lambda may not assume,
two permissions of one name). Messages are AWS's where they are known.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

from labkit.backing import function_code
from labkit.backing.moto_random import mock_random
from labkit.backing.moto_seams import listener, seam


class LambdaListener(Protocol):
    """What the hooks ask and tell."""

    def internal(self, function: Any, body: str) -> tuple[bytes, bool]:
        """One of moto's services invokes a function and waits: payload, and whether it failed."""

    def notified(self, arn: str, payload: str, principal: str, source_arn: str) -> str:
        """A service invokes a function and does not wait; the error code when it may not."""

    def trusted(self, role_arn: str) -> bool:
        """Whether Lambda may assume a role."""

    def traces(self, role_arn: str) -> bool:
        """Whether a role may send segments to X-Ray."""

    def changed(self, function_arn: str) -> None:
        """A function has changed or is gone."""

    def mapped(self, mapping: Any) -> None:
        """An event source mapping was made or changed; raise to refuse it."""

    def unmapped(self, uuid: str) -> None:
        """An event source mapping is gone."""

    def arrived(self, source_arn: str) -> None:
        """Something arrived in a queue or stream."""


def _listener() -> Any:
    return listener("lambda")


#: Variables that a function may not set (developer guide, "Reserved environment variables").
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


# -- functions ------------------------------------------------------------------------------------
@seam("moto.awslambda.models")
def _keep_everything(module: ModuleType) -> None:
    function = module.LambdaFunction
    make, configuration = function.__init__, function.get_configuration
    update = function.update_configuration

    def __init__(self: Any, account_id: str, spec: Any, region: str, version: Any = 1) -> None:
        if _listener() is None:
            make(self, account_id, spec, region, version)
            return
        _check(module, spec)
        self.labkit_dead_letter = ""
        self.labkit_logging = {}
        make(self, account_id, spec, region, version)
        self.logs_backend = None  # never used, and copied whole with every copy of a function
        _take(self, spec)

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        told: dict[str, Any] = configuration(self, on_create)
        if not hasattr(self, "labkit_revision"):
            return told
        told = {name: value for name, value in told.items() if value is not None}
        told["RevisionId"] = self.labkit_revision
        told["LoggingConfig"] = {
            "LogFormat": "Text",
            "LogGroup": f"/aws/lambda/{self.function_name}",
            **self.labkit_logging,
        }
        if self.labkit_dead_letter:
            told["DeadLetterConfig"] = {"TargetArn": self.labkit_dead_letter}
        return told

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        if _listener() is None:
            return dict(update(self, config_updates))
        _check(module, config_updates)
        _same_revision(module, self, config_updates)
        known = {k: v for k, v in config_updates.items() if k != "Environment"}
        if "Role" in known:
            _trusted(module, known["Role"])
        mode = (config_updates.get("TracingConfig") or self.tracing_config or {}).get("Mode")
        _traceable(module, known.get("Role") or self.role, mode)
        update(self, known)
        if "Environment" in config_updates:
            self.environment_vars = config_updates["Environment"].get("Variables", {})
        _take(self, config_updates)
        self.last_modified = module.iso_8601_datetime_with_nanoseconds()
        _listener().changed(self.function_arn)
        told: dict[str, Any] = self.get_configuration()
        return told

    function.__init__ = __init__
    function.get_configuration = get_configuration
    function.update_configuration = update_configuration


@seam("moto.awslambda.models")
def _mind_the_code(module: ModuleType) -> None:
    function = module.LambdaFunction
    set_code, set_version = function._set_function_code, function.set_version

    def _set_function_code(self: Any, updated_spec: dict[str, Any]) -> None:
        if _listener() is None:
            set_code(self, updated_spec)
            return
        _same_revision(module, self, updated_spec)
        try:
            set_code(self, updated_spec)
        except ValueError as problem:  # moto means an error of the API
            raise module.InvalidParameterValueException(str(problem.args[-1])) from problem
        if updated_spec.get("DryRun"):
            return
        if "ImageUri" not in updated_spec:
            try:
                function_code.check(self.code_bytes)
            except function_code.BadZip as problem:
                raise module.InvalidParameterValueException(str(problem)) from problem
        self.labkit_revision = str(mock_random().uuid4())
        if hasattr(self, "function_arn"):
            self.last_modified = module.iso_8601_datetime_with_nanoseconds()
            _listener().changed(self.function_arn)

    def published(self: Any, version: int) -> None:
        set_version(self, version)
        if _listener() is not None:
            self.labkit_revision = str(mock_random().uuid4())

    function._set_function_code = _set_function_code
    function.set_version = published


def _take(function: Any, given: dict[str, Any]) -> None:
    """What moto does not keep."""
    if "DeadLetterConfig" in given:
        function.labkit_dead_letter = (given["DeadLetterConfig"] or {}).get("TargetArn", "")
    if "LoggingConfig" in given:
        function.labkit_logging = {k: v for k, v in (given["LoggingConfig"] or {}).items() if v}
    if given.get("EphemeralStorage"):
        function.ephemeral_storage = given["EphemeralStorage"]["Size"]
    if given.get("TracingConfig"):
        function.tracing_config = given["TracingConfig"]
    function.labkit_revision = str(mock_random().uuid4())


def _check(module: ModuleType, given: dict[str, Any]) -> None:
    """What AWS refuses and moto does not."""
    for name, member, low, high in (
        ("Timeout", "timeout", 1, 900),
        ("MemorySize", "memorySize", 128, 10240),
    ):
        value = given.get(name)
        if value is not None and not low <= value <= high:
            side = f"greater than or equal to {low}"
            if value > high:
                side = f"less than or equal to {high}"
            raise module.ValidationException(str(value), member, f"Member must have value {side}")
    taken = sorted(RESERVED & set((given.get("Environment") or {}).get("Variables", {})))
    if taken:
        raise module.InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(taken)}"
        )
    creating = "Code" in given
    if creating and given.get("PackageType", "Zip") == "Zip":
        missing = [name for name in ("Runtime", "Handler") if not given.get(name)]
        if missing:
            raise module.InvalidParameterValueException(
                "Runtime and Handler are mandatory parameters for functions created with "
                "deployment packages."
            )


def _same_revision(module: ModuleType, function: Any, given: dict[str, Any]) -> None:
    wanted = given.get("RevisionId")
    if wanted and wanted != getattr(function, "labkit_revision", wanted):
        from moto.awslambda.exceptions import PreconditionFailedException

        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id"
        )


def _traceable(module: ModuleType, role: str, mode: str | None) -> None:
    if mode == "Active" and not _listener().traces(role):
        raise module.InvalidParameterValueException(
            "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
        )


def _trusted(module: ModuleType, role: str) -> None:
    if not _listener().trusted(role):
        raise module.InvalidParameterValueException(
            "The role defined for the function cannot be assumed by Lambda."
        )


@seam("moto.awslambda.models")
def _run_here(module: ModuleType) -> None:
    function, storage = module.LambdaFunction, module.LambdaStorage
    invoke, put, delete = function.invoke, storage.put_function, storage.del_function

    def invoked(self: Any, body: str, request_headers: Any, response_headers: Any) -> Any:
        functions = _listener()
        if functions is None:
            return invoke(self, body, request_headers, response_headers)
        payload, failed = functions.internal(self, body or "{}")
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return payload

    def put_function(self: Any, fn: Any) -> None:
        put(self, fn)
        if _listener() is not None:
            try:
                _trusted(module, fn.role)
                _traceable(module, fn.role, (fn.tracing_config or {}).get("Mode"))
            except Exception:
                del self._functions[fn.function_name]
                raise

    def del_function(self: Any, name_or_arn: str, qualifier: str | None = None) -> None:
        functions = _listener()
        if functions is not None:
            functions.changed(
                self.get_function_by_name_or_arn_with_qualifier(name_or_arn).function_arn
            )
        delete(self, name_or_arn, qualifier)

    function.invoke = invoked
    storage.put_function, storage.del_function = put_function, del_function


@seam("moto.awslambda.policy")
def _name_permissions_once(module: ModuleType) -> None:
    policy = module.Policy
    add, principal = policy.add_statement, policy.principal_formatter

    def add_statement(self: Any, raw: str, qualifier: str | None = None) -> Any:
        if _listener() is not None:
            import json

            from moto.awslambda.exceptions import LambdaClientError

            sid = json.loads(raw).get("StatementId")
            if sid and any(statement.get("Sid") == sid for statement in self.statements):
                problem = LambdaClientError(
                    "ResourceConflictException",
                    f"The statement id ({sid}) provided already exists. Please provide a new "
                    "statement id, or remove the existing statement.",
                )
                problem.code = 409
                raise problem
        return add(self, raw, qualifier)

    def principal_formatter(self: Any, obj: Any) -> Any:
        if isinstance(obj, str) and len(obj) == 12 and obj.isdigit():
            return {"AWS": f"arn:aws:iam::{obj}:root"}
        if isinstance(obj, str) and obj.startswith("arn:"):
            return {"AWS": obj}
        return principal(self, obj)

    policy.add_statement, policy.principal_formatter = add_statement, principal_formatter


@seam("moto.awslambda.models")
def _keep_one_event_config(module: ModuleType) -> None:
    """PutFunctionEventInvokeConfig replaces, Update changes what is named; moto shows the first."""
    backend = module.LambdaBackend
    put = backend.put_function_event_invoke_config

    def put_config(self: Any, function_name: str, config: dict[str, Any]) -> Any:
        if _listener() is not None:
            self.get_function(function_name).event_invoke_config.clear()
        return put(self, function_name, config)

    def update_config(self: Any, function_name: str, config: dict[str, Any]) -> Any:
        if _listener() is None:
            return put(self, function_name, config)
        known = self.get_function(function_name).event_invoke_config
        return put_config(self, function_name, {**(known[0].config if known else {}), **config})

    backend.put_function_event_invoke_config = put_config
    backend.update_function_event_invoke_config = update_config


# -- event sources --------------------------------------------------------------------------------
@seam("moto.awslambda.models")
def _map_on_the_clock(module: ModuleType) -> None:
    backend = module.LambdaBackend
    create, update = backend.create_event_source_mapping, backend.update_event_source_mapping
    delete = backend.delete_event_source_mapping

    def refusing(self: Any, work: Callable[..., Any], *args: Any) -> Any:
        try:
            return work(self, *args)
        except ValueError as problem:  # moto means an error of the API
            raise module.InvalidParameterValueException(str(problem.args[-1])) from problem

    def created(self: Any, spec: dict[str, Any]) -> Any:
        functions = _listener()
        if functions is None:
            return create(self, spec)
        esm = refusing(self, create, spec)
        _unhook(module, self, esm)
        esm.last_modified = module.unix_time_millis() / 1000
        try:
            functions.mapped(esm)
        except Exception:
            del self._event_source_mappings[esm.uuid]
            raise
        return esm

    def updated(self: Any, uuid: str, spec: dict[str, Any]) -> Any:
        functions = _listener()
        if functions is None:
            return update(self, uuid, spec)
        esm = refusing(self, update, uuid, spec)
        if esm is not None:
            esm.last_modified = module.unix_time_millis() / 1000
            functions.mapped(esm)
        return esm

    def deleted(self: Any, uuid: str) -> Any:
        functions = _listener()
        if functions is not None:
            functions.unmapped(uuid)
        return delete(self, uuid)

    backend.create_event_source_mapping = created
    backend.update_event_source_mapping = updated
    backend.delete_event_source_mapping = deleted


def _unhook(module: ModuleType, backend: Any, esm: Any) -> None:
    """Take a mapping out of the source's own list, so that the source does not call."""
    account, region = backend.account_id, backend.region_name
    sources = [
        *module.sqs_backends[account][region].queues.values(),
        *module.dynamodb_backends[account][region].tables.values(),
        *module.kinesis_backends[account][region].streams.values(),
    ]
    for source in sources:
        mappings = getattr(source, "lambda_event_source_mappings", {})
        for key in [key for key, one in mappings.items() if one is esm]:
            del mappings[key]


def _telling(owner: Any, name: str, arn_of: Callable[[Any], str]) -> None:
    """Let a method of moto's tell the listener, afterwards, that something arrived."""
    method = getattr(owner, name)

    def told(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = method(self, *args, **kwargs)
        functions = _listener()
        if functions is not None:
            functions.arrived(arn_of(self))
        return answer

    setattr(owner, name, told)


@seam("moto.sqs.models")
def _tell_of_messages(module: ModuleType) -> None:
    _telling(module.Queue, "add_message", lambda queue: str(queue.queue_arn))


@seam("moto.kinesis.models")
def _tell_of_records(module: ModuleType) -> None:
    _telling(module.Stream, "put_record", lambda stream: str(stream.arn))


def _stream_arn(shard: Any) -> str:
    return f"{shard.table.table_arn}/stream/{shard.table.latest_stream_label}"


# A seam is put in at once where moto is loaded already, so what it uses stands above it.
@seam("moto.dynamodb.models.table")
def _tell_of_changes(module: ModuleType) -> None:
    _telling(module.StreamShard, "add", _stream_arn)
