"""labkit: a small AWS on virtual time, inside a notebook, for learning monitoring and audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Lab", "LabError", "__version__", "doctor"]

if TYPE_CHECKING:
    from labkit.checkup import doctor
    from labkit.core.errors import LabError
    from labkit.lab import Lab


def __getattr__(name: str) -> Any:
    """The public names, imported when first asked for: ``import labkit`` stays quick."""
    if name == "Lab":
        from labkit.lab import Lab

        return Lab
    if name == "LabError":
        from labkit.core.errors import LabError

        return LabError
    if name == "doctor":
        from labkit.checkup import doctor

        return doctor
    raise AttributeError(f"module 'labkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
