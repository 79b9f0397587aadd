import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusion_material import clip_set, corpus, vae

from echodfkd.clip import Clip
from echodfkd.clipset import ClipSet
from echodfkd.errors import EchoError, UsageError
from echodfkd.synth.diffusion.codec import FrameKL, to_signal
from echodfkd.synth.diffusion.corpus import FACTS, Corpus, Shape, as_tensor, picked

SHAPE = Shape(8, 50.0, 16)


def test_a_set_becomes_arrays(tmp_path: Path) -> None:
    made = corpus(tmp_path)
    assert len(made) == 3
    assert made.frames.shape == made.labels.shape == (3, 8, 16, 16)
    assert made.sector.shape == (3, 16, 16)
    assert made.length.tolist() == [4, 8, 8]
    assert np.isnan(made.ef[0])
    assert made.ef[1:].tolist() == [31, 32]
    assert made.names == [f"uneven-0-{n:06d}" for n in range(3)]
    assert made.labelled
    clips = ClipSet.open(tmp_path / "clips")
    for number, name in enumerate(made.names):
        clip = clips.load(name)
        long = min(len(clip), 8)
        assert np.array_equal(made.frames[number, :long], clip.frames[:long])
        assert clip.mask is not None
        assert np.array_equal(made.labels[number, :long], clip.mask[:long])


def test_workers_may_finish_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def backwards(function: Any, workers: int) -> Iterator[Any]:
        yield lambda items: map(function, reversed([*items]))

    data = clip_set(tmp_path / "clips", 4)
    one = Corpus.of(data, SHAPE, tmp_path / "one")
    monkeypatch.setattr("echodfkd.synth.diffusion.corpus.worker_pool", backwards)
    two = Corpus.of(data, SHAPE, tmp_path / "two", workers=2)
    assert one.names == two.names
    assert np.array_equal(one.frames, two.frames)


def test_what_was_left_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = corpus(tmp_path)

    def refuse(*_: object) -> Clip:
        raise AssertionError("a clip was decoded again")

    monkeypatch.setattr(ClipSet, "load", refuse)
    again = Corpus.of(ClipSet.open(tmp_path / "clips"), SHAPE, tmp_path / "corpus")
    assert np.array_equal(first.frames, again.frames)
    assert again.length.tolist() == [4, 8, 8]


def test_a_set_that_moved_is_known_again(tmp_path: Path) -> None:
    corpus(tmp_path)
    (tmp_path / "clips").rename(tmp_path / "moved")
    Corpus.of(ClipSet.open(tmp_path / "moved"), SHAPE, tmp_path / "corpus")


@pytest.mark.parametrize("change", ["seed", "count", "shape"])
def test_another_set_is_refused(tmp_path: Path, change: str) -> None:
    corpus(tmp_path)
    shape = Shape(8, 25.0, 16) if change == "shape" else SHAPE
    other = clip_set(tmp_path / "other", 2 if change == "count" else 3, seed=1 if change == "seed" else 0)
    with pytest.raises(UsageError, match="holds what was cut from other clips; choose another folder"):
        Corpus.of(other, shape, tmp_path / "corpus")


def test_a_run_cut_short_starts_again(tmp_path: Path) -> None:
    made = corpus(tmp_path)
    (tmp_path / "corpus" / FACTS).unlink()
    (tmp_path / "corpus" / "frames.bin").write_bytes(b"half")
    assert np.array_equal(corpus(tmp_path).frames, made.frames)


def test_a_damaged_array_is_one_line(tmp_path: Path) -> None:
    corpus(tmp_path)
    (tmp_path / "corpus" / "labels.bin").write_bytes(b"half")
    with pytest.raises(EchoError, match=r"labels\.bin is damaged: delete .+corpus and run again"):
        corpus(tmp_path)


def test_one_split_alone(tmp_path: Path) -> None:
    data = clip_set(tmp_path / "clips", 8)
    splits = {record.split for record in data.records}
    for split in splits:
        made = Corpus.of(data, SHAPE, tmp_path / split, split=split)
        assert {*made.names} == {record.name for record in data.select(split)}


def test_latents_are_those_of_the_frames_and_made_once(tmp_path: Path) -> None:
    made, codec = corpus(tmp_path), FrameKL(vae(), 2)
    latents = made.latents(codec, "one")
    assert latents.shape == (3, 4, 8, 4, 4)
    assert latents.dtype == np.float16
    expected = codec.encode(to_signal(torch.from_numpy(made.frames[1].copy()))[None, None])[0]
    assert np.allclose(latents[1], expected.numpy(), atol=2e-3)
    other = FrameKL(vae(scaling_factor=3.0), 2)
    assert np.array_equal(made.latents(other, "one"), latents)  # not made again
    assert not np.allclose(made.latents(other, "two"), latents)


def test_every_example_is_seen_before_any_comes_again() -> None:
    for count, batch in ((10, 3), (4, 9), (5, 5)):
        seen = np.concatenate([picked(count, batch, step, 7) for step in range(count)])
        for turn in seen.reshape(-1, count):
            assert sorted(turn.tolist()) == [*range(count)]
    assert picked(100, 50, 0, 7).tolist() != picked(100, 50, 0, 8).tolist()
    assert picked(100, 50, 0, 7).tolist() != picked(100, 50, 2, 7).tolist()


def test_tensors_of_arrays_are_copies() -> None:
    array = np.arange(3, dtype=np.uint8)
    tensor = as_tensor(array)
    tensor += 1
    assert tensor.dtype == torch.float32
    assert array.tolist() == [0, 1, 2]


def test_facts_are_json(tmp_path: Path) -> None:
    corpus(tmp_path)
    facts = json.loads((tmp_path / "corpus" / FACTS).read_text())
    assert facts["ef"][0] is None
