import json
import subprocess
import sys
from pathlib import Path

import pytest
from launch import HERE, environment, finished, free_port, printed, torchrun

from echodfkd.errors import EchoError, UsageError
from echodfkd.ranks import ALONE, LOST, SRUN, Ranks, joined, world_asked_for

JOBS = str(HERE / "rank_jobs.py")
LAUNCHER = [
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
    "SLURM_STEP_NUM_NODES",
    *SRUN.values(),
]


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHER:
        monkeypatch.delenv(name, raising=False)


def test_alone_is_everything_at_once() -> None:
    with joined() as ranks:
        assert ranks is ALONE
    assert (ALONE.rank, ALONE.world, ALONE.main) == (0, 1, True)
    assert list(ALONE.mine([4, 5, 6])) == [4, 5, 6]
    assert ALONE.gather("value") == ["value"]
    assert ALONE.on_main(lambda: 7) == 7
    assert [ALONE.total("a", 1), ALONE.total("a", 3), ALONE.total("b", 1)] == [1, 3, 1]


@pytest.mark.parametrize("world", [1, 2, 3, 9])
def test_each_item_has_one_rank(world: int) -> None:
    items = list(range(7))
    shares = [Ranks(rank, world).mine(items) for rank in range(world)]
    assert sorted(item for share in shares for item in share) == items
    assert all(item % world == rank for rank, share in enumerate(shares) for item in share)


def test_alone_imports_nothing_heavy() -> None:
    code = (
        "import sys; from echodfkd.ranks import joined\nwith joined('auto') as ranks: ranks.wait()\n"
        "assert not {'torch', 'accelerate'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_launchers_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert world_asked_for() == 1
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert world_asked_for() == 1, "no launcher says the world's size alone"
    monkeypatch.setenv("RANK", "2")
    assert world_asked_for() == 4
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "8")
    assert world_asked_for() == 4, "torchrun inside of srun"
    monkeypatch.delenv("WORLD_SIZE")
    assert world_asked_for() == 8


def test_srun_on_several_hosts_needs_to_know_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STEP_NUM_TASKS": "2", "PROCID": "0", "LOCALID": "0", "STEP_NUM_NODES": "2"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    with pytest.raises(UsageError, match="export MASTER_ADDR="), joined():
        pass


def test_nonsense_of_the_launcher_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "many")
    with pytest.raises(UsageError, match="the launcher's WORLD_SIZE is 'many'"), joined():
        pass


def test_two_processes_work_together(tmp_path: Path) -> None:
    code, said = finished(torchrun(2, [JOBS, "everything"], tmp_path))
    assert code == 0, said
    seen = [json.loads(printed(tmp_path, rank)) for rank in (0, 1)]
    assert [one["rank"] for one in seen] == [0, 1]
    assert [one["world"] for one in seen] == [2, 2]
    assert [one["backend"] for one in seen] == ["gloo", "gloo"]
    assert [one["mine"] for one in seen] == [[0, 2, 4, 6], [1, 3, 5]]
    assert seen[0]["gathered"] == seen[1]["gathered"] == [{"from": 0}, {"from": 1}]
    assert seen[0]["main"] == seen[1]["main"], "one process made it"
    assert [(one["total"], one["untold"]) for one in seen] == [(3, 0), (3, 0)]
    assert [one["refused"] for one in seen] == ["no such folder", "rank 0 stopped: no such folder"]


def test_rank_that_dies_ends_the_others_at_once(tmp_path: Path) -> None:
    """Started as srun does it, where nothing but the ranks themselves notices."""
    port = str(free_port())
    runs = []
    for rank in (0, 1):
        told = environment(SLURM_PROCID=str(rank), SLURM_LOCALID=str(rank), SLURM_STEP_NUM_TASKS="2")
        told["MASTER_PORT"] = port
        line = [sys.executable, JOBS, "one_dies"]
        runs.append(subprocess.Popen(line, env=told, stderr=subprocess.PIPE, text=True))
    survivor, killed = (finished(run) for run in runs)
    assert killed[0] == -9
    assert survivor[0] == 1
    assert survivor[1].splitlines()[-1] == f"error: {LOST}"


def test_failure_on_the_only_rank_is_its_own() -> None:
    def refuse() -> None:
        raise EchoError("no such folder")

    with pytest.raises(EchoError, match=r"^no such folder$"):
        ALONE.on_main(refuse)
