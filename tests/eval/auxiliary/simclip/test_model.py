from pathlib import Path

import numpy as np
import pytest
import torch
from dark_cavity import beating

from echodfkd.errors import EchoError
from echodfkd.eval.auxiliary.base import OverlapReader, TextImage, kind_of, load_auxiliary
from echodfkd.eval.auxiliary.simclip.model import SimClip, likely, load_simclip, middle_square
from echodfkd.eval.auxiliary.simclip.network import SimClipNetwork
from echodfkd.students.checkpoint import save_network, sha256

OPTIONS = {"width": 0.3, "depth": 1, "dimensions": 16}
VIDEO, MASK = beating(5)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    found = tmp_path_factory.mktemp("simclip") / "auxiliary.safetensors"
    config = {"architecture": "simclip", "options": OPTIONS, "claim": "real-free", "size": 112}
    save_network(SimClipNetwork(**OPTIONS), config, found)  # type: ignore[arg-type]
    return found


@pytest.fixture(scope="module")
def model(path: Path) -> SimClip:
    return load_simclip(path, "cpu")


def test_it_is_a_text_image_model_that_reads_overlap(model: SimClip, path: Path) -> None:
    assert isinstance(model, TextImage)
    assert isinstance(model, OverlapReader)
    assert kind_of(model) == "text-image"
    assert (model.name, model.claim, model.digest) == ("simclip", "real-free", sha256(path))
    assert "not independent" in model.note


def test_embeddings_are_of_unit_length(model: SimClip) -> None:
    for vectors, count in ((model.embed_frames(VIDEO), 5), (model.embed_text(["wall", "EF 55%"]), 2)):
        assert vectors.shape == (count, 16)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(count), abs=1e-5)


def test_frames_of_any_size_are_read(model: SimClip) -> None:
    wide = np.pad(VIDEO, ((0, 0), (0, 0), (20, 20)))
    assert middle_square(wide).shape == VIDEO.shape
    assert model.embed_frames(wide) == pytest.approx(model.embed_frames(VIDEO), abs=1e-6)
    twice = VIDEO.repeat(2, 1).repeat(2, 2)
    assert model.embed_frames(twice) == pytest.approx(model.embed_frames(VIDEO), abs=1e-5)


def test_overlap_is_a_share_and_sees_the_mask(model: SimClip) -> None:
    found = model.overlap(VIDEO, MASK)
    assert found.shape == (5,)
    assert ((found >= 0) & (found <= 1)).all()
    assert not np.allclose(found, model.overlap(VIDEO, ~MASK), atol=1e-6)


def test_likely_is_a_softmax() -> None:
    assert likely(np.log(np.array([[1.0, 3.0]], np.float32)))[0] == pytest.approx([0.25, 0.75])


def test_a_run_folder_and_a_file_are_auxiliaries(path: Path) -> None:
    assert isinstance(load_auxiliary(str(path), "cpu"), SimClip)
    assert isinstance(load_auxiliary(str(path.parent), "cpu"), SimClip)


def test_weights_of_another_architecture_are_refused(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    config = {"architecture": "simclip", "options": {**OPTIONS, "depth": 2}, "size": 112}
    save_network(SimClipNetwork(**OPTIONS), config, other)  # type: ignore[arg-type]
    with pytest.raises(EchoError, match="does not fit simclip"):
        load_simclip(other)
    save_network(SimClipNetwork(**OPTIONS), config | {"architecture": "tiny"}, other)  # type: ignore[arg-type]
    with pytest.raises(EchoError, match="holds 'tiny', not simclip"):
        load_simclip(other)
