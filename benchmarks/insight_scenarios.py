"""Weeks of calls with and without incidents, to judge the detector of CloudTrail Insights by.

Written, and frozen, before the detector. A scenario is five weeks of 50 callers: four to learn from
and one that is judged. Calls are counted by minute and by series: (source, name) for write calls,
(source, name, error code) for failed ones. Seeds below 100 are for designing; those from 1,000 are
looked at once, for the final figure.

What is innocent: office hours, quiet weekends, a nightly backup, a job each Sunday, a retry storm
of a handful of errors, and deployments at any hour, in every week, the last one up to half as large
again as any before. What is not: bursts of RunInstances, deleted snapshots, a throttled client, a
stolen key (refusals on three operations, then new users and machines). Incidents have any size from
hard to see to obvious: 5 to 60 calls a minute for 3 to 40 minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAY = 24 * 60
WEEKS = 5
MINUTES = WEEKS * 7 * DAY
#: The week that is judged begins here.
JUDGED = 4 * 7 * DAY
CALLERS = 50
DESIGN_SEEDS = range(0, 40)
FINAL_SEEDS = range(1_000, 1_200)

#: (source, name, error code) -> calls an hour of all callers together in office hours.
HABITS: dict[tuple[str, str, str], float] = {
    ("ec2.amazonaws.com", "RunInstances", ""): 4,
    ("ec2.amazonaws.com", "CreateTags", ""): 30,
    ("ec2.amazonaws.com", "DeleteSnapshot", ""): 1,
    ("ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", ""): 1,
    ("s3.amazonaws.com", "PutBucketTagging", ""): 2,
    ("iam.amazonaws.com", "CreateUser", ""): 0.1,
    ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", ""): 6,
    ("dynamodb.amazonaws.com", "UpdateTable", ""): 1,
    ("logs.amazonaws.com", "CreateLogStream", ""): 240,
    ("ec2.amazonaws.com", "DescribeInstances", "Client.RequestLimitExceeded"): 3,
    ("iam.amazonaws.com", "ListUsers", "AccessDenied"): 0.5,
    ("iam.amazonaws.com", "ListRoles", "AccessDenied"): 0.5,
    ("s3.amazonaws.com", "ListBuckets", "AccessDenied"): 1,
    ("ssm.amazonaws.com", "GetParameter", "ParameterNotFound"): 12,
}
KEYS = tuple(HABITS)
_RUN, _TAGS, _SNAPSHOT = KEYS[0], KEYS[1], KEYS[2]
_DEPLOYED = (KEYS[1], KEYS[6], KEYS[8])


@dataclass(frozen=True, slots=True)
class Incident:
    """What a detector should find.

    Parameters
    ----------
    kind:
        What happened.
    keys:
        The series that it shows in; finding any of them is enough.
    start, end:
        Minutes, ``end`` excluded.
    """

    kind: str
    keys: tuple[tuple[str, str, str], ...]
    start: int
    end: int


@dataclass(frozen=True)
class Scenario:
    """Counts of calls, and the truth about them.

    Parameters
    ----------
    minutes, keys, counts:
        Sparse counts in order of time: minute, number of the series in ``KEYS``, calls (int64).
    incidents:
        The truth.
    """

    minutes: np.ndarray
    keys: np.ndarray
    counts: np.ndarray
    incidents: tuple[Incident, ...]


def scenario(seed: int) -> Scenario:
    """Five weeks of a company."""
    rng = np.random.default_rng(seed)
    grid = np.zeros((len(KEYS), MINUTES), np.int64)
    minute = np.arange(MINUTES)
    hour, day = minute // 60 % 24, minute // DAY % 7
    office = (hour >= 8) & (hour < 18) & (day < 5)
    for row, key in enumerate(KEYS):
        everybody = HABITS[key] * rng.lognormal(0, 0.5, CALLERS)
        rate = everybody.sum() / CALLERS / 60 * np.where(office, 1.0, 0.08)
        rate *= np.repeat(rng.lognormal(0, 0.25, MINUTES // 60), 60)
        grid[row] = rng.poisson(rate)
    _jobs(rng, grid)
    _deployments(rng, grid)
    incidents = tuple(_incidents(rng, grid)) if seed % 4 else ()
    rows, at = np.nonzero(grid)
    order = np.lexsort((rows, at))
    rows, at = rows[order], at[order]
    return Scenario(at, rows, grid[rows, at], incidents)


def _jobs(rng: np.random.Generator, grid: np.ndarray) -> None:
    """The nightly backup deletes old snapshots; each Sunday somebody's program tags everything."""
    nightly = int(rng.integers(5, 25))
    for day in range(WEEKS * 7):
        start = day * DAY + 2 * 60 + int(rng.integers(0, 5))
        _pour(rng, grid, _SNAPSHOT, start, 6, nightly * rng.uniform(0.8, 1.2) / 6)
    weekly = int(rng.integers(100, 400))
    for week in range(WEEKS):
        start = week * 7 * DAY + 6 * DAY + 4 * 60 + int(rng.integers(0, 10))
        _pour(rng, grid, _TAGS, start, 10, weekly * rng.uniform(0.85, 1.15) / 10)
    for day in range(WEEKS * 7):
        if rng.random() < 0.3:
            _pour(rng, grid, KEYS[13], day * DAY + int(rng.integers(0, DAY - 10)), 2, 4)


def _deployments(rng: np.random.Generator, grid: np.ndarray) -> None:
    """Releases at any hour; every week has some, and the judged week one that is larger."""
    size = rng.uniform(2, 8)
    largest = 0.0
    for week in range(WEEKS):
        for _ in range(int(rng.integers(2, 5))):
            start = week * 7 * DAY + int(rng.integers(0, 7 * DAY - 60))
            rate = size * rng.uniform(0.6, 1.2)
            if week < WEEKS - 1:
                largest = max(largest, rate)
            for key in _DEPLOYED:
                _pour(rng, grid, key, start, int(rng.integers(4, 15)), rate)
    start = JUDGED + int(rng.integers(0, 7 * DAY - 60))
    for key in _DEPLOYED:
        _pour(rng, grid, key, start, int(rng.integers(4, 15)), largest * rng.uniform(1.0, 1.5))


def _incidents(rng: np.random.Generator, grid: np.ndarray) -> list[Incident]:
    found = []
    kinds = ("run_instances", "deleted_snapshots", "throttled_client", "stolen_key")
    for part in range(int(rng.integers(1, 4))):
        kind = kinds[int(rng.integers(0, len(kinds)))]
        start = JUDGED + part * 2 * DAY + int(rng.integers(0, 2 * DAY - 120))
        rate = float(np.exp(rng.uniform(np.log(5), np.log(60))))
        length = int(np.exp(rng.uniform(np.log(3), np.log(40))))
        if kind == "run_instances":
            keys = [_RUN]
        elif kind == "deleted_snapshots":
            keys, rate = [_SNAPSHOT], max(rate, 12)
        elif kind == "throttled_client":
            keys, rate = [KEYS[9]], rate * 2
        else:
            keys = [KEYS[10], KEYS[11], KEYS[12]]
        for key in keys:
            _pour(rng, grid, key, start, length, rate)
        end = start + length
        if kind == "stolen_key":
            keys = [*keys, KEYS[5], _RUN]
            _pour(rng, grid, KEYS[5], end + 20, 10, 2)
            _pour(rng, grid, _RUN, end + 30, length, rate)
            end += 30 + length
        found.append(Incident(kind, tuple(keys), start, end))
    return found


def _pour(
    rng: np.random.Generator,
    grid: np.ndarray,
    key: tuple[str, str, str],
    start: int,
    length: int,
    rate: float,
) -> None:
    """Add ``rate`` calls a minute for ``length`` minutes."""
    stop = min(start + length, MINUTES)
    grid[KEYS.index(key), start:stop] += rng.poisson(rate, stop - start)
