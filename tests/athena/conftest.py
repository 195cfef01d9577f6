"""A trail's bucket with three days of files, and its table."""

import pytest
from athenakit import BUCKET, DDL, put_trail, record

DAYS = (3, 4, 5)


@pytest.fixture
def trail(lab):
    """The sizes of the files, by day."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    lab.athena.query(DDL)
    sizes = {}
    for day in DAYS:
        records = [
            record(name, f"2026-01-{day:02d}T0{hour}:00:00Z", user)
            for hour, (name, user) in enumerate(
                [("RunInstances", "ada"), ("StopInstances", "bob"), ("RunInstances", "ada")]
            )
        ]
        sizes[day] = put_trail(s3, f"2026/01/{day:02d}", records)
        lab.athena.query(
            "ALTER TABLE cloudtrail_logs ADD PARTITION (region='us-east-1', year='2026', "
            f"month='01', day='{day:02d}') LOCATION "
            f"'s3://{BUCKET}/AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/{day:02d}/'"
        )
    return sizes
