"""``synthetics_configuration``: which screenshots are taken, which metrics are published."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

#: Option -> its default, as documented.
OPTIONS: dict[str, Any] = {
    "screenshot_on_step_start": True,
    "screenshot_on_step_success": True,
    "screenshot_on_step_failure": True,
    "continue_on_step_failure": False,
    "failed_canary_metric": True,
    "failed_requests_metric": True,
    "2xx_metric": True,
    "4xx_metric": True,
    "5xx_metric": True,
    "step_duration_metric": True,
    "step_success_metric": True,
    "aggregated_failed_canary_metric": True,
    "aggregated_failed_requests_metric": True,
    "aggregated_2xx_metric": True,
    "aggregated_4xx_metric": True,
    "aggregated_5xx_metric": True,
    # Visual monitoring is documented for Node.js only; these are its options in Python's spelling.
    "visual_compare_with_base_run": False,
    "visual_variance_threshold_percentage": 0.0,
    "fail_canary_run_on_visual_variance": True,
}

_SCREENSHOTS = tuple(name for name in OPTIONS if name.startswith("screenshot"))
_STEPS = ("step_duration_metric", "step_success_metric")
_REQUESTS = ("failed_requests_metric", "2xx_metric", "4xx_metric", "5xx_metric")
_AGGREGATED = tuple(f"aggregated_{name}" for name in _REQUESTS)

#: Names in the documentation that are spelt like those for Node.js.
_SPELT = {
    "withAggregated2xxMetric": "aggregated_2xx_metric",
    "withAggregated4xxMetric": "aggregated_4xx_metric",
}


class SyntheticsConfiguration:
    """The options of a run. ``with_<option>(value)`` sets one and can be chained,
    ``get_<option>()`` reads one.
    """

    def __init__(self) -> None:
        self._set = dict(OPTIONS)
        fewer = os.environ.get("LABKIT_FEWER_PICTURES", "")
        if fewer:
            self._set["screenshot_on_step_start"] = False
        #: Whether of the steps that succeed only the last is photographed, at the end of the run.
        self.last_success_only = fewer == "last"

    def set_config(self, options: Mapping[str, Any]) -> SyntheticsConfiguration:
        """Set several options.

        Raises
        ------
        ValueError
            For an option that there is not: a canary whose switch does nothing is worse.
        """
        for name, value in options.items():
            self._put(name, value)
        return self

    def as_dict(self) -> dict[str, Any]:
        """All options."""
        return dict(self._set)

    def disable_step_screenshots(self) -> SyntheticsConfiguration:
        """Take no screenshots of steps."""
        return self._all(_SCREENSHOTS, False)

    def enable_step_screenshots(self) -> SyntheticsConfiguration:
        """Take screenshots before each step, after it, and when it fails."""
        return self._all(_SCREENSHOTS, True)

    def disable_step_metrics(self) -> SyntheticsConfiguration:
        """Publish no metrics of steps."""
        return self._all(_STEPS, False)

    def enable_step_metrics(self) -> SyntheticsConfiguration:
        """Publish the metrics of steps."""
        return self._all(_STEPS, True)

    def disable_request_metrics(self) -> SyntheticsConfiguration:
        """Publish no metrics of requests, neither of this canary nor of all."""
        return self._all(_REQUESTS + _AGGREGATED, False)

    def enable_request_metrics(self) -> SyntheticsConfiguration:
        """Publish both."""
        return self._all(_REQUESTS + _AGGREGATED, True)

    def disable_aggregated_request_metrics(self) -> SyntheticsConfiguration:
        """Publish no metrics of requests without the dimension ``CanaryName``."""
        return self._all(_AGGREGATED, False)

    def enable_aggregated_request_metrics(self) -> SyntheticsConfiguration:
        """Publish them."""
        return self._all(_AGGREGATED, True)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        option = _SPELT.get(name, "")
        if name.startswith("with_"):
            option = name[5:]
        elif name.startswith("get_") and name[4:] in OPTIONS:
            return lambda: self._set[name[4:]]
        if option not in OPTIONS:
            raise AttributeError(f"synthetics_configuration has no {name}")
        return lambda value: self._put(option, value)

    def _all(self, names: tuple[str, ...], value: bool) -> SyntheticsConfiguration:
        for name in names:
            self._put(name, value)
        return self

    def _put(self, name: str, value: Any) -> SyntheticsConfiguration:
        if name not in OPTIONS:
            known = ", ".join(OPTIONS)
            raise ValueError(f"synthetics_configuration has no option {name!r}; there are {known}")
        wanted = type(OPTIONS[name])
        good = isinstance(value, int | float) if wanted is float else isinstance(value, bool)
        if not good:
            kind = "a number" if wanted is float else "True or False"
            raise ValueError(f"{name} is {kind}, not {value!r}")
        self._set[name] = value
        return self


#: The options of this run.
CONFIGURATION = SyntheticsConfiguration()
