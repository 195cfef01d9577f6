"""``%%athena`` in a kernel of its own: the frame, a name for it, Athena's errors."""

import pytest

CELLS = (
    "import labkit\nlab = labkit.Lab()",
    "%%athena\nSELECT 'x' AS a, 2 AS b",
    "%%athena default >> kept\nSELECT 3 AS n",
    "int(kept['n'].sum()), kept.attrs['scanned_bytes']",
    "%%athena\nSELECT * FROM nowhere",
    "%%athena default >> no-name\nSELECT 1",
    "lab.close()",
)


@pytest.mark.long
def test_cells_of_a_notebook(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in CELLS])
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", allow_errors=True,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()  # fmt: skip
    shown = [cell.outputs[0] if cell.outputs else None for cell in notebook.cells]
    first = shown[1].data["text/plain"].split()
    assert first == ["a", "b", "0", "x", "2"]
    assert shown[2] is None
    assert shown[3].data["text/plain"] == "(3, 0)"
    assert (shown[4].ename, shown[4].evalue) == (
        "LabError",
        "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nowhere' does not exist",
    )
    assert "a name to keep the frame under" in shown[5].evalue
