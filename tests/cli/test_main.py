"""The skeleton of the command line: help, exit codes, one line per failure."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import echodfkd
from echodfkd.cli import COMMANDS, Entry, main
from echodfkd.errors import EchoError, UsageError

Raising = Callable[[BaseException], None]


def add_command(monkeypatch: pytest.MonkeyPatch, boom: Callable[..., None]) -> None:
    """Put a command `boom` into the table, in a module of its own as every command is."""
    module = types.ModuleType("boom_module")
    module.boom = boom  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "boom_module", module)
    monkeypatch.setitem(COMMANDS, "boom", Entry("boom_module:boom", "Fail.", "echodfkd boom"))


@pytest.fixture
def command_raises(monkeypatch: pytest.MonkeyPatch) -> Raising:
    """Make a command `boom` that raises the exception given."""

    def prepare(error: BaseException) -> None:
        def boom(debug: bool = False) -> None:
            raise error

        add_command(monkeypatch, boom)

    return prepare


def test_command_for_one_process_refuses_to_be_started_several_times(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["eval", "default", "clips"]) == 2
    assert capsys.readouterr().err == (
        "error: eval is work for one process: start it without torchrun or srun\n"
    )


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (EchoError("clip.avi: no frames"), 1, "error: clip.avi: no frames"),
        (UsageError("unknown teacher 'x'"), 2, "error: unknown teacher 'x'"),
        (EchoError("two\nlines"), 1, "error: two lines"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/a.npz"),
            1,
            "error: disk full while writing out/a.npz; free some space and run again",
        ),
        (
            RuntimeError("I/O error: No space left on device (os error 28)"),
            1,
            "error: disk full while writing the output; free some space and run again",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "out"), 1, "error: out: Permission denied"),
        (MemoryError(), 1, "error: out of memory; try smaller or fewer clips at a time"),
        (
            ValueError("axis 3\nis out of bounds"),
            1,
            "error: unexpected ValueError: axis 3 is out of bounds; run again with --debug for the traceback",
        ),
    ],
)
def test_failure_is_one_line(
    error: BaseException,
    code: int,
    line: str,
    command_raises: Raising,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command_raises(error)
    assert main(["boom"]) == code
    assert capsys.readouterr() == ("", line + "\n")


def test_open_generators_clean_up_before_the_error_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A progress bar must be off the screen, a temporary file removed, by the time the line appears."""

    def items() -> Iterator[int]:
        try:
            yield 1
        finally:
            print("bar removed", file=sys.stderr)

    def boom() -> None:
        for _ in items():
            raise EchoError("broken")

    add_command(monkeypatch, boom)
    assert main(["boom"]) == 1
    assert capsys.readouterr().err == "bar removed\nerror: broken\n"


@pytest.mark.parametrize("arguments", [["boom", "--debug"], ["--debug", "boom"]])
def test_debug_shows_the_traceback(
    arguments: list[str], command_raises: Raising, capsys: pytest.CaptureFixture[str]
) -> None:
    command_raises(EchoError("broken"))
    assert main(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "error: broken"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--nonsense"], "error: No such option: --nonsense (see 'echodfkd --help')"),
        (["models", "--xyz"], "error: No such option: --xyz (see 'echodfkd models --help')"),
        (
            ["modles"],
            "error: No such command 'modles'. Did you mean 'models'? (see 'echodfkd --help')",
        ),
        (["models", "--device", "tpu"], "error: unknown device 'tpu'; choose from: auto, cpu, cuda, mps"),
        (["models", "--seed"], "error: Option '--seed' requires an argument (see 'echodfkd --help')"),
    ],
)
def test_wrong_line_exits_2_with_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", line + "\n")


@pytest.mark.parametrize("seed", ["-1", str(2**32)])  # torch takes no seeds beyond 64 bits, and scales them
def test_a_seed_out_of_range_is_refused(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--seed", seed]) == 2
    error = capsys.readouterr().err
    assert "--seed" in error
    assert error.count("\n") == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"echodfkd {echodfkd.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(re.search(rf"^  {name}  ", out, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_common_options_and_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: echodfkd {name} ")
    for option in ("--seed N", "--device auto|cpu|cuda|mps", "--quiet", "--debug"):
        assert option in out
    assert f"Example:\n    {COMMANDS[name].example}" in out
    assert COMMANDS[name].example.startswith(f"echodfkd {name}")


LONG = """
import sys, time, types
from echodfkd import cli
def wait():
    try:
        print("waiting", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)
module = types.ModuleType("waiting"); module.wait = wait; sys.modules["waiting"] = module
cli.COMMANDS["wait"] = cli.Entry("waiting:wait", "Wait.", "echodfkd wait")
sys.exit(cli.main(["wait"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "line"), [(signal.SIGINT, "error: interrupted"), (signal.SIGTERM, "error: terminated")]
)
def test_signal_cleans_up_and_exits_130(number: signal.Signals, line: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "cleaned up\n", line + "\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_behind_stdout() -> None:
    with Path("/dev/full").open("w") as full:
        line = [sys.executable, "-m", "echodfkd", "models", "--json"]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    expected = "error: disk full while writing the output; free some space and run again\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_closed_pipe_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    line = [sys.executable, "-m", "echodfkd", "models", "--json"]
    done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_help_is_quick() -> None:
    """`--help` costs less than half a second over what typer and rich cost to import."""

    def best_of_three(*line: str) -> float:
        times = []
        for _ in range(3):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *line], capture_output=True, check=True, timeout=60)
            times.append(time.perf_counter() - begun)
        return min(times)

    base = best_of_three("-c", "import typer, rich")
    assert best_of_three("-m", "echodfkd", "--help") < base + 0.5
