"""Values of the command line on their way to a generator."""

from pathlib import Path
from typing import Any

import pytest

import echodfkd.synth
from echodfkd.errors import UsageError
from echodfkd.synth import options_of
from echodfkd.synth.request import build_generator, parse_ef


class Drawer:
    """Takes label maps, and says what it was given."""

    name, version = "drawer", "1"

    def __init__(self, mask: tuple[Path, ...] = (), device: str = "auto", steps: int = 7) -> None:
        self.given = {"mask": mask, "device": device, "steps": steps}


@pytest.fixture
def drawer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(echodfkd.synth.GENERATORS, "drawer", lambda: Drawer)


def test_what_is_given_arrives_and_the_rest_is_left_to_the_generator(drawer: None, tmp_path: Path) -> None:
    maps = [tmp_path / "a.png", tmp_path / "b.npz"]
    for path in maps:
        path.touch()
    built: Any = build_generator("drawer", mask=maps, device="cpu")
    assert built.given == {"mask": tuple(maps), "device": "cpu", "steps": 7}
    assert options_of("drawer") == {"mask", "device", "steps"}


def test_a_mask_that_is_absent_is_named(drawer: None, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--mask .*gone\.png is no file"):
        build_generator("drawer", mask=[tmp_path / "gone.png"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "--steps must be at least 1, got 0"),
        ({"batch": -1}, "--batch must be at least 1, got -1"),
        ({"guidance": -0.5}, "--guidance must be from 0 to 100, got -0.5"),
        ({"guidance": float("nan")}, "--guidance must be from 0 to 100, got nan"),
        ({"steps": 8}, "generator 'sim' has no option --steps$"),
        ({"weights": "x", "batch": 2}, "generator 'sim' has no option --weights, --batch$"),
    ],
)
def test_sampling_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_generator("sim", **options)


def test_the_simulator_takes_no_mask(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    path.touch()
    with pytest.raises(UsageError, match="generator 'sim' has no option --mask$"):
        build_generator("sim", mask=[path])


@pytest.mark.parametrize("text", ["4:60", "20:91", "60:20", "nan:50", "x:y"])
def test_an_ef_outside_5_to_90_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--ef must"):
        parse_ef(text)
    assert parse_ef("5:90") == (5.0, 90.0)


def test_prompts_arrive_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    class Teller(Drawer):
        def __init__(self, prompt: tuple[str, ...] = ()) -> None:
            self.given = {"prompt": prompt}

    monkeypatch.setitem(echodfkd.synth.GENERATORS, "teller", lambda: Teller)
    built: Any = build_generator("teller", prompt=["one", "two.txt"])
    assert built.given == {"prompt": ("one", "two.txt")}
    with pytest.raises(UsageError, match="generator 'sim' has no option --prompt$"):
        build_generator("sim", prompt=["one"])
