"""How a command ends when it does not succeed: one line on stderr and an exit code."""

import errno
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from echodfkd.errors import EchoError

INTERRUPTED = 130
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived: unwind as for Ctrl-C, so that unfinished files are removed."""


@contextmanager
def failing_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into `Terminated` in this process; forked workers still die of it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    owner = os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            raise Terminated
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def report(error: BaseException, debug: bool = False) -> int:
    """Print what went wrong on one line of stderr, after the traceback with `debug`; return the exit code."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    _drop_broken_stdout(error)
    if isinstance(error, BrokenPipeError):
        return 1  # the reader stopped reading (`| head`): it does not want to hear about it
    if debug:
        traceback.print_exception(error)
    # Suspended generators (progress bars, open writers) hang on the traceback: let them clean up first.
    traceback.clear_frames(error.__traceback__)
    message, code = explain(error)
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return code


def explain(error: BaseException) -> tuple[str, int]:
    """The message for the user and the exit code that belong to an exception."""
    match error:
        case Terminated():
            return "terminated", INTERRUPTED
        case KeyboardInterrupt() | typer.Abort():
            return "interrupted", INTERRUPTED
        case EchoError():
            return _own_words(str(error)), error.exit_code
        case typer.TyperException():
            return _with_hint(error), error.exit_code
        case Exception() if _disk_is_full(error):
            name = _file(error) or "the output"
            return f"disk full while writing {name}; free some space and run again", 1
        case OSError(strerror=str(reason)) if _file(error):
            return f"{_file(error)}: {reason}", 1
        case MemoryError():
            return "out of memory; try smaller or fewer clips at a time", 1
    return f"unexpected {type(error).__name__}: {error}; run again with --debug for the traceback", 1


def _own_words(message: str) -> str:
    """The message itself: torch hands on an error of a loader's worker with its whole traceback as text."""
    found = re.findall(r"^[\w.]+Error: (.+)", message, re.MULTILINE)
    return found[-1] if found and message.startswith("Caught ") else message


def _disk_is_full(error: Exception) -> bool:
    """Libraries in other languages (safetensors) pass the system's error on as text."""
    return getattr(error, "errno", None) in DISK_FULL or os.strerror(errno.ENOSPC) in str(error)


def _file(error: Exception) -> str | None:
    name = getattr(error, "filename2", None) or getattr(error, "filename", None)
    return os.fsdecode(name) if isinstance(name, str | bytes) else None


def _with_hint(error: typer.TyperException) -> str:
    """Click's message for a line it cannot parse, and where to read how it should look."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "echodfkd"
    return f"{error.format_message().rstrip('.')} (see '{command} --help')"


def _drop_broken_stdout(error: BaseException) -> None:
    """If stdout cannot be written any more, send the rest nowhere: Python would complain again at exit."""
    try:
        sys.stdout.flush()
        broken = isinstance(error, BrokenPipeError)
    except OSError:
        broken = True
    if broken:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
