import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusion_material import clip_set, vae
from safetensors.torch import save_file

from echodfkd.errors import EchoError, UsageError
from echodfkd.students.checkpoint import sha256
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.run import WEIGHTS, Asked, Part, load_codec, train_part
from echodfkd.synth.diffusion.training import Recipe, Training
from echodfkd.synth.echonet_synthetic import PARTS

SOURCE = {"frames": 4, "fps": 32.0, "size": 32}
TINY = Recipe(steps=3, batch=2, warmup=1, note_every=1, save_every=1, show_every=100)


def tiny(name: str) -> Part:
    """A part on clips of 4 frames of 32 x 32."""
    return replace(PARTS[name], shape=Shape(4, 32.0, 32), source=SOURCE, clips=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained VAE, its clips drawn from `sim`."""
    folder = tmp_path_factory.mktemp("run") / "vae"
    rows = [*train_part(tiny("vae"), TINY, Asked(folder, keep=folder.parent / "kept", device="cpu"))]
    assert [row["step"] for row in rows] == [1, 2, 3]
    return folder


def test_a_run_leaves_its_networks_and_what_made_them(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["weights_sha256"] == sha256(run / WEIGHTS)
    assert manifest["request"]["task"] == "vae"
    assert manifest["request"]["clips"]["generator"] == "sim"
    assert manifest["request"]["recipe"]["steps"] == 3
    assert manifest["last_row"]["step"] == 3
    parts, known = networks.load(run / WEIGHTS)
    assert {*parts} == {"vae"}
    assert (known["part"], known["patch"], known["codec_sha256"]) == ("vae", 2, None)


def test_the_latents_of_what_it_learned_have_unit_spread(run: Path) -> None:
    from echodfkd.synth.diffusion.codec import to_signal
    from echodfkd.synth.diffusion.corpus import Corpus, as_tensor

    frames = to_signal(as_tensor(Corpus(run.parent / "kept").frames))[:, None]
    latents = load_codec(run).encode(frames[:, :, ::8])
    assert torch.allclose(latents.mean((0, 2, 3, 4)), torch.zeros(4), atol=0.05)
    assert torch.allclose(latents.std((0, 2, 3, 4)), torch.ones(4), atol=0.05)


def test_parts_behind_the_codec_share_its_clips(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a clip was drawn again")

    monkeypatch.setattr("echodfkd.synth.sim.generator.SimGenerator.clip", refuse)
    asked = Asked(tmp_path / "lidm", codec=run, keep=run.parent / "kept", device="cpu")
    assert len([*train_part(tiny("lidm"), TINY, asked)]) == 3
    known = networks.load(tmp_path / "lidm" / WEIGHTS)[1]
    assert known["codec_sha256"] == load_codec(run).digest()
    assert (known["frames"], known["fps"]) == (4, 32.0)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_killed_run_ends_with_the_bytes_of_an_undisturbed_one(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    learn = Training.learn

    def killed(training: Training) -> dict[str, float]:
        if training.step == cut:
            raise KeyboardInterrupt
        return learn(training)

    asked = Asked(tmp_path / "vae", keep=run.parent / "kept", device="cpu")
    monkeypatch.setattr(Training, "learn", killed)
    if cut < TINY.steps:
        with pytest.raises(KeyboardInterrupt):
            [*train_part(tiny("vae"), TINY, asked)]
        assert not (tmp_path / "vae" / WEIGHTS).exists()
    else:
        [*train_part(tiny("vae"), TINY, asked)]
    monkeypatch.setattr(Training, "learn", learn)
    torch.rand(3)
    rows = [*train_part(tiny("vae"), TINY, replace(asked, resume=True))]
    assert [row["step"] for row in rows] == [1, 2, 3][cut:]
    assert (tmp_path / "vae" / WEIGHTS).read_bytes() == (run / WEIGHTS).read_bytes()
    manifest = json.loads((tmp_path / "vae" / "manifest.json").read_text())
    assert (manifest["complete"], manifest["last_row"]["step"]) == (True, 3)


def test_a_run_is_not_overwritten(run: Path) -> None:
    asked = Asked(run, keep=run.parent / "kept", device="cpu")
    with pytest.raises(UsageError, match="holds a run already; add --resume"):
        next(train_part(tiny("vae"), TINY, asked))
    other = replace(TINY, seed=1)
    with pytest.raises(UsageError, match="holds a run with another recipe"):
        next(train_part(tiny("vae"), other, replace(asked, resume=True)))


def test_a_clip_set_is_learned_from_as_it_is(tmp_path: Path) -> None:
    clip_set(tmp_path / "clips", size=32)
    asked = Asked(tmp_path / "run", data=tmp_path / "clips", device="cpu")
    [*train_part(tiny("vae"), replace(TINY, steps=1), asked)]
    facts = json.loads((tmp_path / "run" / "corpus" / "facts.json").read_text())
    assert [name.split("-")[0] for name in facts["names"]] == ["uneven"] * len(facts["names"])
    assert not (tmp_path / "run" / "corpus" / "clips").exists()


def published(folder: Path, network: Any) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(networks.config_of(network)))
    save_file(network.state_dict(), folder / networks.PUBLISHED)
    return folder


def test_codecs_of_every_kind_are_loaded(run: Path, tmp_path: Path) -> None:
    for path in (run, run / WEIGHTS):
        assert (load_codec(path).patch, load_codec(path).channels) == (2, 4)
    assert load_codec(published(tmp_path / "vae", vae(1))).patch == 1


def test_what_is_no_codec_is_refused_before_a_run_begins(tmp_path: Path) -> None:
    from diffusion_material import image_unet

    unet = image_unet()
    networks.save({"denoiser": unet}, {}, tmp_path / "unet.safetensors")
    networks.save({"vae": vae()}, {}, tmp_path / "patchless.safetensors")
    (tmp_path / "empty").mkdir()
    cases: list[tuple[Path | None, str]] = [
        (None, "lidm works behind a codec, and none is installed: name one with --codec"),
        (tmp_path / "none", "no such codec: "),
        (tmp_path / "empty", r"holds no config\.json and no "),
        (tmp_path / "unet.safetensors", "holds no codec: it has no AutoencoderKL"),
        (tmp_path / "patchless.safetensors", "or does not say its patch"),
        (published(tmp_path / "unet", unet), "holds no codec"),
    ]
    for codec, message in cases:
        with pytest.raises(EchoError, match=message):
            next(train_part(tiny("lidm"), TINY, Asked(tmp_path / "run", codec=codec, device="cpu")))
        assert not (tmp_path / "run").exists()


def test_bad_sources_are_refused_before_a_run_begins(tmp_path: Path) -> None:
    output = tmp_path / "run"
    for asked in (Asked(output, generator="magic"), Asked(output, data=tmp_path / "none")):
        with pytest.raises(UsageError):
            next(train_part(tiny("vae"), TINY, asked))
        assert not output.exists()


def test_a_decoder_trained_anew_draws_the_same_latents_otherwise(run: Path, tmp_path: Path) -> None:
    asked = Asked(tmp_path / "decoder", codec=run, keep=run.parent / "kept", device="cpu")
    assert len([*train_part(tiny("decoder"), TINY, asked)]) == 3
    before, after = load_codec(run), load_codec(tmp_path / "decoder")
    latents = torch.ones(1, 4, 1, 4, 4)
    assert before.digest() == after.digest()
    assert not torch.equal(before.decode(latents), after.decode(latents))
