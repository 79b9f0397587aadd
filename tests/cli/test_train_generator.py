from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moving_ellipse import MovingEllipse

from echodfkd.cli import main
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.corpus import Shape
from echodfkd.synth.diffusion.run import WEIGHTS
from echodfkd.synth.echonet_synthetic import PARTS
from echodfkd.synth.write import write_clip_set

TINY = ["--clips", "2", "--steps", "2", "--batch", "2", "--device", "cpu"]


@pytest.fixture(scope="module", autouse=True)
def small_parts() -> Any:
    """The parts as they are, but on clips of 4 frames of 32 x 32."""
    source = {"frames": 4, "fps": 32.0, "size": 32}
    with pytest.MonkeyPatch.context() as patch:
        for name, part in [*PARTS.items()]:
            patch.setitem(PARTS, name, replace(part, shape=Shape(4, 32.0, 32), source=source))
        yield


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("train") / "vae"
    assert main(["train", "echonet-synthetic:vae", "--output", str(run), *TINY, "--quiet"]) == 0
    return run


def test_a_vae_then_what_works_behind_it(
    vae: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [*networks.load(vae / WEIGHTS)[0]] == ["vae"]
    capsys.readouterr()
    for part in ("lidm", "lvdm"):
        run = tmp_path / part
        line = ["train", f"echonet-synthetic:{part}", "--output", str(run), "--codec", str(vae)]
        assert main([*line, "--keep", str(tmp_path / "kept"), *TINY, "--rate", "0.001"]) == 0
        assert [*networks.load(run / WEIGHTS)[0]] == ["denoiser"]
        out = capsys.readouterr().out
        assert "step 2: loss " in out
        assert f"{run / WEIGHTS}: the trained echonet-synthetic:{part}" in out


def test_a_run_goes_on_only_when_asked_to(vae: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["train", "echonet-synthetic:vae", "--output", str(vae), *TINY]
    before = (vae / WEIGHTS).read_bytes()
    assert main(line) == 2
    assert "holds a run already; add --resume to go on with it" in capsys.readouterr().err
    assert main([*line, "--resume", "--seed", "1"]) == 2
    assert "holds a run with another recipe" in capsys.readouterr().err
    assert main([*line, "--resume"]) == 0
    assert (vae / WEIGHTS).read_bytes() == before


def test_a_clip_set_and_the_codec_in_the_users_folder(
    vae: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip_set(MovingEllipse(size=32), tmp_path / "clips", clips=2)
    monkeypatch.setattr("echodfkd.synth.systems.FOLDER", tmp_path / "package")
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path / "home"))
    line = ["train", "echonet-synthetic:lidm", str(tmp_path / "clips"), "--output", str(tmp_path / "run")]
    line += [*TINY[2:], "--quiet"]
    assert main(line) == 2
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "generator-echonet-synthetic-vae.safetensors").write_bytes(
        (vae / WEIGHTS).read_bytes()
    )
    assert main(line) == 0
    assert (tmp_path / "run" / WEIGHTS).is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["echonet-synthetic"], "unknown part 'echonet-synthetic'; choose from: echonet-synthetic:decoder, "),
        (["echonet-synthetic:gan"], "unknown part 'echonet-synthetic:gan'; choose from: "),
        (["magic:vae"], "unknown system 'magic:vae'; choose from: "),
        (["echonet-synthetic:lidm", "--codec", "nowhere"], "no such codec: nowhere"),
        (["echonet-synthetic:vae", "--codec", "."], "works behind no codec: leave --codec out"),
        (
            ["echonet-synthetic:vae", "--precision", "fp8"],
            "unknown precision 'fp8'; choose from: ",
        ),
        (["echonet-synthetic:vae", "--rate", "0"], "--rate must be above 0, got 0"),
        (["echonet-synthetic:vae", "--generator", "magic"], "unknown generator 'magic'"),
        (["echonet-synthetic:vae", "nowhere"], "no such folder: nowhere"),
        (["echonet-synthetic:vae", "here", "--clips", "3"], "--clips says how many to draw"),
        (["echonet-synthetic:vae", "--clips", "0"], "--clips"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["train", *arguments, "--output", str(tmp_path / "run"), "--device", "cpu"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "run").exists()


def test_a_codec_that_is_none_is_one_line(
    vae: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes((vae / WEIGHTS).read_bytes()[:999])
    line = [
        "train",
        "echonet-synthetic:lidm",
        "--output",
        str(tmp_path / "run"),
        "--codec",
        str(broken),
        *TINY,
    ]
    assert main(line) == 1
    assert "is not a readable safetensors file" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
