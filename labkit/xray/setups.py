"""``lab.xray.explain_setup(...)``: will traces of this program arrive, and if not, why not?

What is asked about is a resource of the lab (an instance, a task, an environment, a function), or a
document that nobody has deployed yet (a task definition, files of a source bundle, a command line).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabError
from labkit.core.verdict import Verdict
from labkit.core.world import World
from labkit.xray.engine.setups import beanstalk, ec2, ecs, functions, on_premises
from labkit.xray.engine.setups.finding import ACTIONS

if TYPE_CHECKING:
    from labkit.views.drawing import Drawing


class Setups:
    """The part of X-Ray's showing that is about set-ups."""

    world: World
    account: str
    region: str

    def explain_setup(
        self,
        what: str | Mapping[str, Any],
        *,
        account: str | None = None,
        region: str | None = None,
        **more: Any,
    ) -> Verdict[bool]:
        """Whether traces of a program arrive from where it runs, with the reasons.

        Parameters
        ----------
        what:
            An instance id; the ARN or name of an ECS task, a task definition, a Lambda function or
            an Elastic Beanstalk environment; a task definition or a container definition itself (a
            dictionary with ``containerDefinitions`` or ``image``); files of a source bundle (path
            -> text); the command line of a daemon on premises (``"./xray -o -n us-east-2"``).
        account, region:
            Where; the lab's own when left out.
        more:
            What the explanation of the kind takes besides, see :mod:`labkit.xray.engine.setups`:
            ``role=`` and ``allowed=`` for documents, ``daemon_address=``, ``container=``,
            ``credentials=`` ...

        Returns
        -------
        Verdict
            True when traces arrive. The reasons of False are what is to be mended, in the order in
            which a segment would meet it.

        Raises
        ------
        LabError
            When there is no such resource.
        """
        return self.setup(what, account or self.account, region or self.region, **more)[2]

    def traces_arrive(self, account: str, region: str, what: str) -> bool:
        """The port ``traces_arrive``."""
        try:
            return self.explain_setup(what, account=account, region=region).value
        except LabError:
            return False

    def setup(
        self, what: str | Mapping[str, Any], account: str, region: str, **more: Any
    ) -> tuple[str, Mapping[str, Any], Verdict[bool]]:
        """The kind of a set-up, what is known of it, and the verdict."""
        if isinstance(what, Mapping):
            return self._of_document(what, account, more)
        words = what.split()
        if len(words) > 1 or what.endswith("/xray"):
            more.setdefault("credentials", "")
            return "on_premises", {}, on_premises.explain(what, **more)
        found = dict(self.world.ports.tracing_setup(account, region, what))
        kind = found.pop("kind")
        if not kind:
            raise LabError(
                f"there is no instance, task, task definition, function or environment {what!r} "
                f"in {region}"
            )
        told = {name: value for name, value in found.items() if name != "instance_id"}
        if kind == "ecs":
            senders = [found["task_definition"], found["daemon"] or {}]
            roles = [one.get("taskRoleArn") or found["instance_role"] for one in senders]
            side_car = any(
                ecs.is_daemon(one) for one in found["task_definition"]["containerDefinitions"]
            )
            role = str((roles[0] if side_car or not found["daemon"] else roles[1]) or "")
            allowed = self._allowed(role, account)
            return kind, found | {"role": role}, ecs.explain(**{"allowed": allowed} | told | more)
        explain = {"ec2": ec2, "lambda": functions, "beanstalk": beanstalk}[kind].explain
        allowed = self._allowed(str(found["role"]), account)
        verdict: Verdict[bool] = explain(**{"allowed": allowed} | told | more)
        return kind, found, verdict

    def _of_document(
        self, what: Mapping[str, Any], account: str, more: dict[str, Any]
    ) -> tuple[str, Mapping[str, Any], Verdict[bool]]:
        role = str(more.pop("role", "") or "")
        if role and not role.startswith("arn:"):
            role = f"arn:aws:iam::{account}:role/{role}"
        if {"containerDefinitions", "image", "portMappings"} & what.keys():
            given: dict[str, Any] = {"containerDefinitions": [dict(what)]}
            if "containerDefinitions" in what:
                given = dict(what)
            if role:
                given["taskRoleArn"] = role
            role = str(given.get("taskRoleArn") or "")
            if role and "allowed" not in more:
                more["allowed"] = self._allowed(role, account)
            return "ecs", {"task_definition": given, "role": role}, ecs.explain(given, **more)
        if role and "allowed" not in more:
            more["allowed"] = self._allowed(role, account)
        files = {str(path): str(text) for path, text in what.items()}
        return "beanstalk", {"files": files, "role": role}, beanstalk.explain(files, role, **more)

    def _allowed(self, role: str, account: str) -> list[str] | None:
        """The X-Ray actions that a role of the lab may do; None without a role."""
        if not role:
            return None
        allowed = self.world.ports.allowed
        return [action for action in ACTIONS if allowed(role, action, "*", "", account)]

    def view_setup(self, what: str | Mapping[str, Any], **more: Any) -> Drawing:
        """:meth:`explain_setup`, drawn."""
        from labkit.xray.views.setup import setup_view

        return setup_view(self.explain_setup(what, **more))
