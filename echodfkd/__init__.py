"""Data-free distillation toolkit for echocardiography. For research, not for diagnosis."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from echodfkd.student import Student as Student

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`Student` when it is asked for: what it needs takes time to import."""
    if name != "Student":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from echodfkd.student import Student

    return Student
