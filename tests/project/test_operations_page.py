"""docs/operations.md is what the code says: model, code and page agree."""

from pathlib import Path

from labkit import services

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_page_is_the_generated_one():
    """If this fails: ``labkit operations --markdown > docs/operations.md``."""
    assert PAGE.read_text(encoding="utf-8") == services.operations_page()


def test_the_page_tells_each_operation_once():
    text = services.operations_page()
    for service, names in services.model().items():
        section = text.split(f"\n## {service}\n")[1].split("\n## ")[0]
        for name in names:
            assert section.count(f"`{name}`") == 1, (service, name)
