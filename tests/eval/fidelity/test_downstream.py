import pytest
from sim_clips import FPS, Exact, sim_clips

from echodfkd.cli import main
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.fidelity.downstream import Budget, distilled, downstream, split

SMALL = Budget(steps=2, batch=2, judged=2)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipSet:
    root = tmp_path_factory.mktemp("downstream") / "clips"
    line = [
        "synth",
        str(root),
        "--clips",
        "6",
        "--frames",
        "10",
        "--size",
        "64",
        "--fps",
        str(FPS),
        "--quiet",
    ]
    assert main(line) == 0
    return ClipSet.open(root)


def test_a_student_is_distilled_and_nothing_is_left(clips: ClipSet) -> None:
    teacher = Exact(sim_clips(1))
    first, again = (distilled(clips, teacher, SMALL, device="cpu") for _ in range(2))
    assert first.digest == again.digest
    assert not list(clips.root.glob("**/*.safetensors"))


def test_it_is_judged_by_labels(clips: ClipSet) -> None:
    figure = downstream(clips, Exact(sim_clips(1)), clips, SMALL, device="cpu")
    assert figure.name == "downstream_dice"
    assert 0 <= figure.value < 1
    assert figure.n == 20
    assert "Dice per image to labels of 2 clips of clips; student micro, 2 steps" in figure.definition
    assert "teacher exact" in figure.definition


def test_it_is_judged_in_held_out_worlds(clips: ClipSet) -> None:
    figure = downstream(clips, Exact(sim_clips(1)), None, SMALL, device="cpu")
    assert figure.n == 4 * 32
    assert "4 clips of held-out worlds of sim" in figure.definition


def test_halves_share_no_clip(clips: ClipSet) -> None:
    learn, judge = split(clips)
    names = [[record.name for record in part.records] for part in (learn, judge)]
    assert sorted(names[0] + names[1]) == sorted(record.name for record in clips.records)
    with pytest.raises(UsageError, match="holds 3 clips: too few to learn from and judge by"):
        split(ClipSet(clips.root, clips.records[:3]))


def test_a_set_too_small_to_learn_from(clips: ClipSet) -> None:
    with pytest.raises(EchoError, match="1 clips to train on"):
        distilled(ClipSet(clips.root, clips.records[:1]), Exact(sim_clips(1)), SMALL, device="cpu")


def test_a_budget_says_what_it_is() -> None:
    assert str(Budget(steps=7)) == (
        "student micro, 7 steps on batches of 4 clips of 8 frames, seed 0, one training run"
    )
