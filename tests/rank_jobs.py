"""What ranks of a test do: `python rank_jobs.py JOB`, started several times."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from dark_cavity import DarkCavity

from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError
from echodfkd.ranks import Ranks, joined
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.synth.write import write_clip_set
from echodfkd.teachers.label import label_clip_set

SIM = {"frames": 8, "size": 64}
CLIPS, SEED = 20, 7


def everything(ranks: Ranks) -> dict[str, object]:
    """One call of each kind; rank 1 is the slower one."""
    import torch.distributed as dist

    time.sleep(0.5 * ranks.rank)
    seen: dict[str, object] = {"rank": ranks.rank, "world": ranks.world, "backend": dist.get_backend()}
    seen["mine"] = list(ranks.mine(list(range(7))))
    seen["gathered"] = ranks.gather({"from": ranks.rank})
    seen["main"] = ranks.on_main(lambda: ["made by", os.getpid()])
    ranks.total("things", 1 + ranks.rank)
    ranks.wait()
    seen["total"] = ranks.total("things", 1 + ranks.rank)
    seen["untold"] = ranks.total("others", 0)
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


def synth_and_label(ranks: Ranks, root: Path, damaged: Path) -> dict[str, object]:
    """Complete the set `root`, label it with the embedded teacher, and label the set `damaged`."""
    from echodfkd.teachers import load_teacher

    shares: list[tuple[str, int | None]] = []

    def track(items: Iterable, description: str, total: int | None = None) -> Iterator:
        shares.append((description, total))
        yield from items

    made = write_clip_set(SimGenerator(**SIM), root, clips=CLIPS, seed=SEED, ranks=ranks, track=track)
    labelled = label_clip_set(ClipSet.open(root), load_teacher("sim", device="cpu"), ranks=ranks, track=track)
    done = label_clip_set(ClipSet.open(damaged), DarkCavity(size=64), ranks=ranks, track=track)
    seen: dict[str, object] = {"rank": ranks.rank, "world": ranks.world, "shares": shares}
    seen |= {"made": made.made, "labelled": labelled.made, "damaged": done.made, "corrupt": done.corrupt}
    return seen


JOBS = {"everything": everything, "one_dies": one_dies, "synth_and_label": synth_and_label}

if __name__ == "__main__":
    job, *paths = sys.argv[1:]
    try:
        with joined() as ranks:
            print(json.dumps(JOBS[job](ranks, *map(Path, paths))))
    except EchoError as error:
        sys.exit(f"error: {error}")
