"""Unreadable clips among many: each is skipped, counted and listed; too many stop the run."""

from pathlib import Path

from echodfkd.errors import EchoError
from echodfkd.filelist import Record

CORRUPT_SHARE = 0.01  # more unreadable clips than this share of the set stop the run; one never does


def problem_of(record: Record, error: EchoError) -> str:
    """What is wrong with a clip, for a list beside results: its file's name, not the whole path."""
    return str(error).replace(str(record.path), record.path.name)


def stop_if_too_many(corrupt: int, clips: int, root: Path, first: str) -> None:
    """Raise EchoError when `corrupt` of the `clips` in `root` are more than a set may hold.

    Args:
        first: what is wrong with the first of them.
    """
    if corrupt > max(1, int(CORRUPT_SHARE * clips)):
        raise EchoError(f"over 1% of the {clips} clips of {root} are unreadable, the first: {first}")
    if corrupt == clips:
        raise EchoError(f"none of the {clips} clips of {root} could be read: {first}")
