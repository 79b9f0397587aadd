"""Starting several real processes that work together, as a launcher on a cluster does."""

import os
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TIMEOUT_S = 240  # for the busiest machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """The environment of a rank: tests' own modules are found, and each process computes on one thread."""
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | more


def torchrun(
    ranks: int, arguments: list[str], folder: Path, *, new_group: bool = False
) -> subprocess.Popen[str]:
    """`torchrun` on this host; what each rank prints is in `folder`, and torchrun's own words in `stderr`."""
    line = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks)]
    line += ["--master-port", str(free_port()), "--log-dir", str(folder), "--redirects", "3", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        line, env=environment(), stdout=pipe, stderr=pipe, text=True, start_new_session=new_group
    )


def finished(run: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of a run, and what it said on stderr."""
    said = run.communicate(timeout=TIMEOUT_S)[1]
    return run.returncode, said


def printed(folder: Path, rank: int, stream: str = "stdout") -> str:
    """What a rank of a finished `torchrun` printed."""
    (path,) = folder.glob(f"*/attempt_0/{rank}/{stream}.log")
    return path.read_text()
