"""The public names, and what importing them costs."""

import subprocess
import sys

import labkit


def test_all_is_honest():
    assert sorted(labkit.__all__) == ["Lab", "LabError", "__version__", "doctor"]
    for name in labkit.__all__:
        assert getattr(labkit, name) is not None
    assert dir(labkit) == labkit.__all__


def test_importing_labkit_imports_nothing_heavy():
    code = (
        "import sys, labkit; heavy = {'moto', 'duckdb', 'pandas', 'matplotlib', 'numpy', "
        "'botocore.handlers', 'boto3'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
