"""What ranks of a test do: `python rank_jobs.py JOB`, started several times."""

import json
import os
import signal
import sys
import time

from echodfkd.errors import EchoError
from echodfkd.ranks import Ranks, joined


def everything(ranks: Ranks) -> dict[str, object]:
    """One call of each kind; rank 1 is the slower one."""
    import torch.distributed as dist

    time.sleep(0.5 * ranks.rank)
    seen: dict[str, object] = {"rank": ranks.rank, "world": ranks.world, "backend": dist.get_backend()}
    seen["mine"] = list(ranks.mine(list(range(7))))
    seen["gathered"] = ranks.gather({"from": ranks.rank})
    seen["main"] = ranks.on_main(lambda: ["made by", os.getpid()])
    ranks.count("things")
    ranks.wait()
    seen["counted"] = ranks.count("things") > 2
    try:
        ranks.on_main(refuse)
    except EchoError as error:
        seen["refused"] = str(error)
    return seen


def refuse() -> None:
    raise EchoError("no such folder")


def one_dies(ranks: Ranks) -> dict[str, object]:
    """Rank 1 is killed while the others wait for it."""
    if ranks.rank == 1:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    ranks.wait()
    return {}


if __name__ == "__main__":
    try:
        with joined() as ranks:
            print(json.dumps({"everything": everything, "one_dies": one_dies}[sys.argv[1]](ranks)))
    except EchoError as error:
        sys.exit(f"error: {error}")
