"""PutDashboard, GetDashboard, ListDashboards, DeleteDashboards.

Source: botocore cloudwatch 2010-08-01; the API reference (aws-semantics 1.13, 11.1). AWS's model
names the validation error DashboardInvalidInputError; its code on the wire is
InvalidParameterInput.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from labkit.cloudwatch.api.paging import page
from labkit.cloudwatch.api.requests import invalid, parts
from labkit.cloudwatch.dashboards import MOST_NAME, Dashboard, Dashboards
from labkit.cloudwatch.engine.dashboard.schema import Problem
from labkit.core.call import Call
from labkit.core.clock import to_datetime
from labkit.core.errors import AwsError

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def put_dashboard(
    call: Call,
    /,
    *,
    DashboardName: str,
    DashboardBody: str,
    Tags: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """Make a dashboard, or replace all that is in one; tags count only when it is made.

    Returns
    -------
    dict
        ``DashboardValidationMessages``: warnings about what might not be drawn.

    Raises
    ------
    AwsError
        InvalidParameterInput with every error of the body, InvalidParameterValue for the name.
    """
    from labkit.cloudwatch.engine.dashboard.body import check

    held = _held(call)
    _check_name(DashboardName)
    checked = check(DashboardBody)
    if checked.errors:
        raise _refused(checked.errors)
    known = held.get(DashboardName)
    if known is None:
        most = call.quota("dashboards.tags")
        if len(Tags) > most:
            raise invalid(f"A dashboard can have at most {most} tags.")
        tags = {one["Key"]: one["Value"] for one in Tags}
        made = Dashboard(DashboardName, call.account, DashboardBody, call.now_us, tags)
        _all(call).add(made)
    else:
        known.body, known.modified_us = DashboardBody, call.now_us
    return {"DashboardValidationMessages": _messages(checked.warnings)}


def get_dashboard(call: Call, /, *, DashboardName: str) -> dict[str, Any]:
    """A dashboard's body as it was put, byte by byte.

    Raises
    ------
    AwsError
        ResourceNotFound, InvalidParameterValue.
    """
    _check_name(DashboardName)
    found = _held(call).get(DashboardName)
    if found is None:
        raise _missing([DashboardName])
    return {
        "DashboardArn": found.arn, "DashboardBody": found.body, "DashboardName": found.name,
    }  # fmt: skip


def list_dashboards(
    call: Call, /, *, DashboardNamePrefix: str | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    """The dashboards of the account in order of their names, 1,000 a page, in any Region.

    Raises
    ------
    AwsError
        InvalidParameterValue for a token of another request.
    """
    prefix = DashboardNamePrefix or ""
    found = [one for name, one in sorted(_held(call).items()) if name.startswith(prefix)]
    try:
        shown, token = page(found, call.quota("dashboards.list_page"), NextToken, prefix)
    except AwsError as problem:
        raise invalid(problem.message) from problem
    answer: dict[str, Any] = {
        "DashboardEntries": [
            {
                "DashboardName": one.name,
                "DashboardArn": one.arn,
                "LastModified": to_datetime(one.modified_us),
                "Size": len(one.body.encode()),
            }
            for one in shown
        ]
    }
    if token:
        answer["NextToken"] = token
    return answer


def delete_dashboards(call: Call, /, *, DashboardNames: Sequence[str]) -> dict[str, Any]:
    """Delete dashboards: all of them, or none when one of them is not there.

    Raises
    ------
    AwsError
        ResourceNotFound, InvalidParameterValue.
    """
    held = _held(call)
    for name in DashboardNames:
        _check_name(name)
    if missing := [name for name in DashboardNames if name not in held]:
        raise _missing(missing)
    for name in DashboardNames:
        _all(call).remove(call.account, name, call.now_us)
    return {}


def _all(call: Call) -> Dashboards:
    _, service = parts(call)
    return service.dashboards


def _held(call: Call) -> dict[str, Dashboard]:
    return _all(call).of(call.account)


def _check_name(name: str) -> None:
    if not name:
        raise invalid("The value for field DashboardName must not be empty.")
    if not _NAME.fullmatch(name):
        raise invalid(
            "The value for field DashboardName contains invalid characters. It can only contain "
            "alphanumerics, dash (-) and underscore (_).\n"
        )
    if len(name) > MOST_NAME:
        raise invalid(f"The value for field DashboardName is longer than {MOST_NAME} characters.")


def _refused(errors: Sequence[Problem]) -> AwsError:
    if not errors[0].path and len(errors) == 1 and "DashboardBody" in errors[0].message:
        return AwsError("InvalidParameterInput", errors[0].message)
    listed = json.dumps([{"dataPath": e.path, "message": e.message} for e in errors], indent=2)
    told = f"The dashboard body is invalid, there are {len(errors)} validation errors:\n{listed}"
    return AwsError(
        "InvalidParameterInput", told, extra={"dashboardValidationMessages": _messages(errors)}
    )


def _messages(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [{"DataPath": one.path, "Message": one.message} for one in problems]


def _missing(names: Sequence[str]) -> AwsError:
    return AwsError("ResourceNotFound", f"Dashboard {', '.join(names)} does not exist", status=404)
