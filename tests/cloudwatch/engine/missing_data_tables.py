"""AWS's own tables of how alarms treat missing data, read as they are printed."""

import pytest

#: CloudWatch user guide, "Configuring how alarms treat missing data": newest on the right,
#: 0 fine, X breaching, - missing; columns missing, ignore, breaching, notBreaching.
TABLES = """
M=3 N=3
0 - X - X | OK                | OK     | OK    | OK
0 - - - - | OK                | OK     | OK    | OK
- - - - - | INSUFFICIENT_DATA | RETAIN | ALARM | OK
0 X X - X | ALARM             | ALARM  | ALARM | ALARM
- - X - - | ALARM             | RETAIN | ALARM | OK
M=2 N=3
0 - X - X | ALARM             | ALARM  | ALARM | ALARM
0 0 X 0 X | ALARM             | ALARM  | ALARM | ALARM
0 - X - - | OK                | OK     | ALARM | OK
- - - - 0 | OK                | OK     | ALARM | OK
- - - X - | ALARM             | RETAIN | ALARM | OK
"""
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def cells():
    """One parameter set for each cell: notation, M, treatment, decision; N is 3."""
    m = 0
    for line in TABLES.strip().splitlines():
        if line.startswith("M="):
            m = int(line[2])
            continue
        notation, *wanted = (part.strip() for part in line.split("|"))
        for treatment, decision in zip(TREATMENTS, wanted, strict=True):
            yield pytest.param(
                notation, m, treatment, decision, id=f"{m}of3 {notation} {treatment}"
            )
