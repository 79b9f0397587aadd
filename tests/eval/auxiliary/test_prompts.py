import json
from pathlib import Path
from typing import Any

import pytest

from echodfkd.errors import EchoError, UsageError
from echodfkd.eval.auxiliary.prompts import Prompts, read_prompts


def written(folder: Path, content: Any) -> Path:
    path = folder / "prompts.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_keys_that_lack_fall_back_and_are_named(tmp_path: Path) -> None:
    found = read_prompts(written(tmp_path, {"wall": "heart muscle", "ef": ["EF <#>", "<#> percent"]}))
    assert (found.wall, found.ef, found.nothing) == ("heart muscle", ("EF <#>", "<#> percent"), "NOTHING")
    assert found.missing == ("closed", "open", "nothing", "left_ventricle")
    assert found.ef_prompts()[0][102] == "1 percent"
    own = read_prompts(written(tmp_path, {"ef": "EF <#>"}), Prompts(wall="mine"))
    assert (own.wall, own.ef) == ("mine", ("EF <#>",))


def test_a_whole_file_misses_nothing(tmp_path: Path) -> None:
    words = {"ef": ["<#>"], "closed": "a", "open": "b", "wall": "c", "nothing": "d", "left_ventricle": "e"}
    assert read_prompts(written(tmp_path, words)).missing == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"walls": "x"}, "unknown key 'walls'; known: ef, closed, open, wall, nothing, left_ventricle"),
        ({"missing": []}, "unknown key 'missing'"),
        ({"wall": 3}, "'wall' must be a text"),
        ({"wall": " "}, "'wall' must be a text"),
        ({"ef": []}, "'ef' must be a list of texts"),
        ({"ef": ["EF <#>", "EF"]}, "the EF prompt 'EF' lacks <#>"),
        (["wall"], "must hold names with texts; names: ef, closed"),
        ("{", "is not valid JSON"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(EchoError) as error:
        read_prompts(written(tmp_path, content))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_prompts(tmp_path / "absent.json")
