from pathlib import Path

import pytest

from echodfkd.errors import UsageError
from echodfkd.synth.diffusion.run import Part
from echodfkd.synth.systems import SYSTEMS, codec_of, part_of


def test_every_part_is_found_by_its_name() -> None:
    for system, parts in SYSTEMS.items():
        for name, part in parts().items():
            assert isinstance(part, Part)
            assert part_of(f"{system}:{name}" if name else system) is part


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "unknown system 'nothing'; choose from: diffecho, echonet-synthetic, "),
        ("echonet-synthetic", "unknown part 'echonet-synthetic'; choose from: echonet-synthetic:decoder, "),
        (
            "echonet-synthetic:gan",
            "unknown part 'echonet-synthetic:gan'; choose from: echonet-synthetic:decoder",
        ),
        ("free-echo:", "unknown part 'free-echo:'; choose from: free-echo"),
        ("free-echo:vae", "unknown part 'free-echo:vae'; choose from: free-echo"),
    ],
)
def test_what_is_not_there_is_refused_with_the_choices(name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        part_of(name)
    assert str(caught.value).startswith(message)


def test_codecs_are_found_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("echodfkd.synth.systems.FOLDER", tmp_path / "package")
    monkeypatch.setenv("ECHODFKD_HOME", str(tmp_path))
    assert codec_of("flow") is None
    shared, own = (tmp_path / f"generator-{name}-vae.safetensors" for name in ("echonet-synthetic", "flow"))
    shared.touch()
    assert codec_of("flow") == codec_of("echonet-synthetic:lidm") == shared
    own.touch()
    assert codec_of("flow") == own
