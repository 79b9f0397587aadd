import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from small_clip import DIM, MEAN, STD, save_clip_model

from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.auxiliary.base import TextImage, kind_of, load_auxiliary
from echodfkd.eval.auxiliary.echoclip import load_echoclip
from echodfkd.eval.auxiliary.open_clip_model import BATCH, OpenClip, load_folder
from echodfkd.students.checkpoint import sha256

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 112, 112), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip_model(tmp_path_factory.mktemp("clip") / "echo-clip")


@pytest.fixture(scope="module")
def model(folder: Path) -> OpenClip:
    return load_folder(folder, "cpu", crop=0.1)


def test_embeddings_have_unit_length_and_the_size_that_the_file_says(model: OpenClip) -> None:
    seen, read = model.embed_frames(FRAMES), model.embed_text(["WALL", "NOTHING"])
    assert (seen.shape, seen.dtype, read.shape, read.dtype) == ((3, DIM), np.float32, (2, DIM), np.float32)
    for vectors in (seen, read):
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(vectors)), abs=1e-5)
    assert np.abs(read[0] - read[1]).max() > 1e-3
    assert isinstance(model, TextImage)
    assert kind_of(model) == "text-image"


def test_it_is_the_network_of_the_library(folder: Path, model: OpenClip) -> None:
    """Weights, mean and std, tokens: the same as open_clip's own loading makes of them."""
    import open_clip

    network = open_clip.create_model(f"local-dir:{folder}").eval()
    pictures = model.pictures(FRAMES)
    assert pictures.shape == (3, 3, 224, 224)
    with torch.inference_mode():
        seen = network.encode_image(pictures, normalize=True).numpy()
        read = network.encode_text(open_clip.tokenize(["LEFT VENTRICLE"]), normalize=True).numpy()
    assert model.embed_frames(FRAMES) == pytest.approx(seen, abs=1e-5)
    assert model.embed_text(["LEFT VENTRICLE"]) == pytest.approx(read, abs=1e-5)


def test_a_tenth_is_cut_off_each_side_and_mean_and_std_are_read(model: OpenClip) -> None:
    inner = FRAMES[0, 11:101, 11:101]  # int(112 * 0.1) = 11
    scaled = cv2.resize(inner, (224, 224), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    picture = model.pictures(FRAMES[:1])[0].numpy()
    for channel in range(3):
        assert np.abs(picture[channel] - (scaled - MEAN[channel]) / STD[channel]).max() < 1e-5


def test_frames_of_any_shape(model: OpenClip) -> None:
    wide = np.pad(FRAMES, ((0, 0), (0, 0), (40, 40)))
    assert np.array_equal(model.pictures(wide), model.pictures(FRAMES))


def test_more_than_a_batch(model: OpenClip) -> None:
    many = np.concatenate([np.zeros((BATCH, 112, 112), np.uint8), FRAMES[:1]])
    assert model.embed_frames(many)[-1] == pytest.approx(model.embed_frames(FRAMES[:1])[0], abs=1e-5)


def test_only_echoclip_is_cropped_and_independent(folder: Path, tmp_path: Path) -> None:
    echo = load_auxiliary(str(folder), "cpu")
    other = load_auxiliary(str(shutil.copytree(folder, tmp_path / "other")), "cpu")
    assert isinstance(echo, OpenClip)
    assert isinstance(other, OpenClip)
    assert (echo.crop, echo.note, echo.name) == (0.1, "", "echo-clip")
    assert (other.crop, other.note, other.name) == (0.0, "its training data is unknown", "other")
    assert echo.digest == sha256(folder / "open_clip_pytorch_model.bin")


def test_a_file_or_safetensors_will_do(folder: Path, model: OpenClip, tmp_path: Path) -> None:
    file = load_auxiliary(str(folder / "open_clip_pytorch_model.bin"), "cpu")
    safe = load_folder(save_clip_model(tmp_path / "safe", "open_clip_model.safetensors"), "cpu", crop=0.1)
    assert isinstance(file, OpenClip)
    for one in (file, safe):
        assert one.embed_frames(FRAMES) == pytest.approx(model.embed_frames(FRAMES), abs=1e-5)


def test_wrappers_prefixes_and_holders_are_taken_off(folder: Path, tmp_path: Path, model: OpenClip) -> None:
    shutil.copytree(folder, tmp_path / "wrapped")
    path = tmp_path / "wrapped" / "open_clip_pytorch_model.bin"
    state = {f"module.{name}": value for name, value in torch.load(path).items()}
    torch.save({"epoch": 3, "state_dict": state}, path)
    assert load_folder(tmp_path / "wrapped", "cpu", crop=0.1).embed_frames(FRAMES) == pytest.approx(
        model.embed_frames(FRAMES), abs=1e-5
    )


def test_echoclip_comes_from_the_model_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    with pytest.raises(EchoError) as error:
        load_auxiliary("echoclip", "cpu")
    for word in (
        "hf-hub:mkaichristensen/echo-clip",
        "academic",
        "600 MB",
        "login",
        str(tmp_path / "echo-clip"),
    ):
        assert word in str(error.value)
    assert "\n" not in str(error.value)
    shutil.copytree(folder, tmp_path / "echo-clip")
    found = load_auxiliary("echoclip", "cpu")
    assert (found.name, getattr(found, "crop", None)) == ("echoclip", 0.1)
    assert load_echoclip(folder / "open_clip_pytorch_model.bin", "cpu").digest == found.digest


class Danger:
    """Would write a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_pickle_that_runs_code_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "bad")
    torch.save({"a": Danger(tmp_path / "ran")}, tmp_path / "bad" / "open_clip_pytorch_model.bin")
    with pytest.raises(EchoError, match="is refused: to load it would call"):
        load_folder(tmp_path / "bad", "cpu")
    assert not (tmp_path / "ran").exists()


def _edited(folder: Path, target: Path, **changes: Any) -> Path:
    shutil.copytree(folder, target)
    config = json.loads((target / "open_clip_config.json").read_text())
    for key, value in changes.items():
        config["model_cfg"][key] = {**config["model_cfg"][key], **value}
    (target / "open_clip_config.json").write_text(json.dumps(config))
    return target


def test_another_architecture_is_one_clear_line(folder: Path, tmp_path: Path) -> None:
    other = _edited(folder, tmp_path / "deeper", text_cfg={"layers": 3})
    with pytest.raises(EchoError, match=r"do not fit: transformer\.resblocks\.2\.ln_1\.weight is missing"):
        load_folder(other, "cpu")
    none = _edited(folder, tmp_path / "none", vision_cfg={"timm_model_name": "no_such_net"})
    with pytest.raises(EchoError, match="describes a model that cannot be built: .*no_such_net"):
        load_folder(none, "cpu")


def test_nothing_is_fetched_for_a_local_folder(folder: Path, tmp_path: Path) -> None:
    remote = _edited(folder, tmp_path / "remote", text_cfg={"hf_model_name": "someone/bert"})
    with pytest.raises(UsageError, match="takes someone/bert from the hub, and nothing is fetched"):
        load_folder(remote, "cpu")


def test_what_is_missing_is_said(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "a")
    (tmp_path / "a" / "open_clip_pytorch_model.bin").unlink()
    with pytest.raises(EchoError, match="holds no weights: looked for open_clip_model.safetensors"):
        load_folder(tmp_path / "a", "cpu")
    (tmp_path / "a" / "open_clip_config.json").write_text("[]")
    (tmp_path / "a" / "open_clip_pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(EchoError, match="does not describe an open_clip model"):
        load_folder(tmp_path / "a", "cpu")
    (tmp_path / "a" / "open_clip_config.json").unlink()
    with pytest.raises(EchoError, match=r"has no open_clip_config\.json"):
        load_auxiliary(str(tmp_path / "a" / "open_clip_pytorch_model.bin"), "cpu")


def test_a_named_hub_id_is_taken_from_the_hubs_own_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was fetched once is there offline; EchoCLIP is known by its id."""
    commit = "0" * 40
    kept = tmp_path / "models--mkaichristensen--echo-clip"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text(commit)
    shutil.copytree(folder, kept / "snapshots" / commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = load_auxiliary("hf-hub:mkaichristensen/echo-clip", "cpu")
    assert isinstance(found, OpenClip)
    assert (found.name, found.crop, found.note) == ("mkaichristensen-echo-clip", 0.1, "")


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EchoError, match="the hub's nobody/no-clip could not be fetched") as error:
        load_auxiliary("hf-hub:nobody/no-clip", "cpu")
    assert "\n" not in str(error.value)
