from pathlib import Path

import pytest
import torch
from small_semantic_diffusion import SIZE, TINY

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.codec import GammaKL, load_codec
from echodfkd.synth.diffusion.corpus import Corpus
from echodfkd.synth.diffusion.run import WEIGHTS, Asked, train_part
from echodfkd.synth.semantic_diffusion.generator import SemanticDiffusionGenerator
from echodfkd.synth.semantic_diffusion.parts import PARTS, SCALES, TELLERS, codec_network, denoiser, parts
from echodfkd.synth.semantic_diffusion.variants import VARIANTS
from echodfkd.synth.systems import codec_of, part_of

CLIPS = 4


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of a VAE and what works behind it, of tiny networks."""
    folder = tmp_path_factory.mktemp("semantic")
    for part, codec in (("vae-64", None), ("gamma-64", folder / "vae-64")):
        asked = Asked(folder / part, clips=CLIPS, codec=codec, keep=folder / "kept", device="cpu")
        rows = [*train_part(parts(TINY)[part], TINY.recipe, asked)]
        assert [row["step"] for row in rows] == [1, 2, 3]
    return folder


def test_runs_are_what_the_generator_reads(root: Path) -> None:
    generator = SemanticDiffusionGenerator(weights=str(root), steps=2, device="cpu")
    assert generator.clip(0, 0).frames.shape == (1, SIZE, SIZE)
    known = networks.described(root / "gamma-64" / WEIGHTS)[1]
    assert (known["size"], known["variant"]) == (SIZE, "gamma-64")
    assert isinstance(load_codec(root / "vae-64"), GammaKL)


def test_both_views_are_learned_with_their_masks(root: Path) -> None:
    corpus = Corpus(root / "kept")
    assert corpus.views == ["a4c", "a2c"] * (CLIPS // 2)
    which, places = torch.arange(CLIPS).numpy(), torch.zeros(CLIPS, 1).long().numpy()
    assert TELLERS["view"](corpus, which, places)[:, 0].tolist() == [0, 1, 0, 1]
    value = TELLERS["mask"](corpus, which, places)
    assert value.shape == (CLIPS, 5, 1, SIZE, SIZE)
    assert torch.equal(value[:, 1, 0] > 0, torch.from_numpy((corpus.labels[:, 0] == 1) & (corpus.sector > 0)))


def test_another_codec_is_refused(root: Path, tmp_path: Path) -> None:
    asked = Asked(tmp_path / "run", clips=CLIPS, codec=root / "vae-64", keep=root / "kept", device="cpu")
    with pytest.raises(UsageError, match="works behind semantic-diffusion:vae-128, which --codec does not"):
        next(iter(train_part(parts(TINY)["gamma-128"], TINY.recipe, asked)))


def test_every_part_has_a_name_of_its_own() -> None:
    for name, part in PARTS.items():
        assert part.name == f"semantic-diffusion:{name}"
        assert part_of(part.name) is part
        assert part.codec == name.startswith("gamma") and (not part.codec or part.behind in PARTS)


def test_codecs_are_found_by_the_part_that_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echodfkd.synth.systems.FOLDER", tmp_path / "package")
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    (tmp_path / "generator-echonet-synthetic-vae.safetensors").touch()
    (tmp_path / "generator-semantic-diffusion-vae-128.safetensors").touch()
    assert codec_of("semantic-diffusion:gamma-64") is None
    found = codec_of("semantic-diffusion:gamma-128")
    assert found is not None and found.stem.endswith("vae-128")


@pytest.mark.parametrize(("name", "factor"), [("edm", 1), ("gamma-64", 4), ("gamma-128", 2)])
def test_the_papers_configuration_can_be_built(name: str, factor: int) -> None:
    with torch.device("meta"):
        network = denoiser(VARIANTS[name], SCALES["paper"]).network
        codec = codec_network(factor, SCALES["paper"]) if factor > 1 else None
    config = networks.config_of(network)
    assert config["channels"] == [192, 384, 576, 768] and config["blocks"] == 3
    assert config["attention"] == [256 // factor // 2**level <= 32 for level in range(4)]
    assert codec is None or 2 ** len(codec.config.block_out_channels) == factor
