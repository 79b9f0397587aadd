import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
import torch
from moving_ellipse import MovingEllipse
from torch import Tensor

from echodfkd.distill.data import GeneratorExamples, Masks
from echodfkd.distill.kept import BLOCK, KeptClips, KeptExamples, order
from echodfkd.errors import EchoError, UsageError
from echodfkd.ranks import Ranks

CLIPS = BLOCK + 3  # the last block is a smaller one
PARTS = ["frames", "taught", "exact", "tissues"]


class Space(NamedTuple):
    free: int


def drawn(exact: bool = True) -> GeneratorExamples:
    return GeneratorExamples([MovingEllipse(frames=2)], 0, CLIPS, 32, exact=exact, tissues=exact)


def kept(folder: Path, **changed: Any) -> KeptClips:
    request = {"parameters": [{"range": (0.5, 1.0)}], "clips": CLIPS, "frames": 2, "size": 32, "exact": True}
    return KeptClips(folder, request | changed)


def dark(frames: Tensor) -> Masks[Tensor]:
    """A teacher for whom the LV is what is dark."""
    return Masks(255 - frames)


def arrays(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.npy"))}


def test_everything_comes_back_as_it_was_drawn_and_labelled(tmp_path: Path) -> None:
    kept(tmp_path / "kept").fill(drawn(), dark, 0)
    for index in (0, CLIPS - 1):
        frames, (_, exact, tissues, _) = drawn()[index]
        found = kept(tmp_path / "kept").load(index, exact=True)
        assert np.array_equal(found.frames, frames)
        assert np.array_equal(found.masks.taught, 255 - frames)
        assert np.array_equal(found.masks.exact, exact)
        assert np.array_equal(found.masks.tissues, tissues)
        assert kept(tmp_path / "kept").load(index, exact=False).masks[1:] == (None, None, None)
    for part in PARTS:
        assert np.load(tmp_path / "kept" / f"{part}.npy").shape == (CLIPS, 2, 32, 32)


def test_the_bytes_are_the_same_for_any_number_of_workers_and_after_interruption(tmp_path: Path) -> None:
    kept(tmp_path / "whole").fill(drawn(), dark, 0)
    kept(tmp_path / "workers").fill(drawn(), dark, 2)
    seen = 0

    def cut(frames: Tensor) -> Masks[Tensor]:
        nonlocal seen
        seen += 1
        if seen == 2:
            raise KeyboardInterrupt
        return dark(frames)

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path / "cut").fill(drawn(), cut, 0)
    assert kept(tmp_path / "cut").done() == BLOCK
    assert arrays(tmp_path / "cut") != arrays(tmp_path / "whole")
    later = []
    kept(tmp_path / "cut").fill(drawn(), lambda frames: later.append(len(frames)) or dark(frames), 0)
    assert later == [CLIPS - BLOCK]  # what was there is not made again
    assert set(arrays(tmp_path / "whole")) == {f"{part}.npy" for part in PARTS}
    assert arrays(tmp_path / "whole") == arrays(tmp_path / "workers") == arrays(tmp_path / "cut")


def test_a_full_folder_asks_no_one(tmp_path: Path) -> None:
    kept(tmp_path / "kept").fill(drawn(), dark, 0)
    before = arrays(tmp_path / "kept")
    kept(tmp_path / "kept").fill(drawn(), lambda _: pytest.fail("labelled again"), 0)
    assert arrays(tmp_path / "kept") == before


def test_without_exact_masks_two_arrays_do(tmp_path: Path) -> None:
    kept(tmp_path / "kept", exact=False).fill(drawn(exact=False), dark, 0)
    assert set(arrays(tmp_path / "kept")) == {"frames.npy", "taught.npy"}


def test_a_folder_of_another_request_is_refused(tmp_path: Path) -> None:
    kept(tmp_path / "kept").fill(drawn(), dark, 0)
    with pytest.raises(UsageError, match="keeps clips of another clips, exact; choose another --keep"):
        kept(tmp_path / "kept", clips=4, exact=False).done()
    assert kept(tmp_path / "kept").done() == CLIPS


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else; choose another --keep"):
        kept(tmp_path).fill(drawn(), dark, 0)
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "echodfkd run"}))
    with pytest.raises(UsageError, match="holds something else"):
        kept(tmp_path).fill(drawn(), dark, 0)
    assert {path.name for path in tmp_path.iterdir()} == {"letter.txt", "manifest.json"}


def test_a_disk_that_is_too_small_is_named_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Space(CLIPS * 2 * 32 * 32 * 4 - 1))
    with pytest.raises(EchoError, match=r"needs 0\.0 GB and its disk has 0\.0 GB free: free some space"):
        kept(tmp_path / "kept").fill(drawn(), dark, 0)
    assert not any((tmp_path / "kept").iterdir())


def test_every_pass_sees_every_clip_in_an_order_of_its_own(tmp_path: Path) -> None:
    clips = kept(tmp_path / "kept")
    clips.fill(drawn(), dark, 0)
    examples = KeptExamples(clips, 5, 3 * CLIPS, exact=True)
    assert len(examples) == 3 * CLIPS
    orders = [order(CLIPS, 5, turn).tolist() for turn in range(3)]
    assert orders[0] == list(range(CLIPS))  # as they would be drawn
    assert all(sorted(one) == orders[0] for one in orders)
    assert orders[1] != orders[2] != orders[0] != orders[1]
    assert order(CLIPS, 6, 1).tolist() != orders[1]
    for index in (0, CLIPS + 2, 3 * CLIPS - 1):
        wanted = drawn()[orders[index // CLIPS][index % CLIPS]]
        assert torch.equal(torch.from_numpy(examples[index].frames), torch.from_numpy(wanted.frames))


def test_how_far_teachers_disagree_is_kept_too(tmp_path: Path) -> None:
    def unsure(frames: Tensor) -> Masks[Tensor]:
        return Masks(255 - frames, spread=frames // 2)

    kept(tmp_path / "kept", spread=True).fill(drawn(), unsure, 0)
    found = kept(tmp_path / "kept", spread=True).load(1, exact=False)
    assert found.masks.spread is not None
    assert np.array_equal(found.masks.spread, found.frames // 2)
    with pytest.raises(UsageError, match="another spread"):
        kept(tmp_path / "kept", spread=False).done()


def test_ranks_share_a_folder(tmp_path: Path) -> None:
    """Two ranks one after the other: each does its blocks, and together they leave what one leaves."""
    kept(tmp_path / "one").fill(drawn(), dark, 0)
    for rank in (0, 1):
        made: list[int] = []
        kept(tmp_path / "two").fill(
            drawn(), lambda x, made=made: made.append(len(x)) or dark(x), 0, ranks=Half(rank)
        )
        assert made == [[BLOCK], [CLIPS - BLOCK]][rank]
    assert arrays(tmp_path / "two") == arrays(tmp_path / "one")


class Half(Ranks):
    """A rank of two that need not wait for the other: the main rank's answers are kept for it."""

    answers: ClassVar[list[Any]] = []

    def __init__(self, rank: int) -> None:
        super().__init__(rank, 2)

    def on_main(self, function: Callable[[], Any]) -> Any:
        if self.main:
            self.answers[:] = [function()]
        return self.answers[0]
