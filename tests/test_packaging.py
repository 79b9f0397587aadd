"""pyproject.toml, the version, constraints.txt and the wheel's check agree with the source."""

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

import echodfkd

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "echodfkd": "echodfkd",
    "teachers": "echodfkd.teachers",
    "synth": "echodfkd.synth",
    "eval": "echodfkd.eval",
}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def constraints() -> list[str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def plain(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_on_disk_is_listed(project: dict[str, Any]) -> None:
    """A package that is not listed imports from a checkout and is absent from the wheel."""
    found = {
        ".".join([package, *init.parent.relative_to(ROOT / folder).parts])
        for folder, package in FOLDERS.items()
        for init in (ROOT / folder).rglob("*.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == found


def test_every_package_has_an_init(project: dict[str, Any]) -> None:
    by_package = {package: folder for folder, package in FOLDERS.items()}
    for package in project["tool"]["setuptools"]["packages"]:
        top = ".".join(package.split(".")[:2])
        base, name = (by_package[top], top) if top in by_package else ("echodfkd", "echodfkd")
        folder = ROOT.joinpath(base, *package.removeprefix(name).strip(".").split("."))
        assert (folder / "__init__.py").is_file(), package


def test_one_version(project: dict[str, Any]) -> None:
    version = project["project"]["version"]
    assert echodfkd.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_constraints_pin_every_dependency(project: dict[str, Any]) -> None:
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {plain(re.split(r"[<>=;\[ ]", line)[0]) for line in wanted}
    pinned = {plain(line.split("==")[0]) for line in constraints() if "==" in line}
    assert names <= pinned


def test_constraints_name_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    for line in constraints():
        assert re.fullmatch(r"[\w.-]+==[\w.+!-]+( ; .+)?", line), line


def test_wheel_check_finds_what_is_missing_and_what_is_foreign() -> None:
    check = runpy.run_path(str(ROOT / "scripts" / "wheel_contents.py"))
    wanted = check["expected"](ROOT)
    assert {"echodfkd/clip.py", "echodfkd/py.typed", "echodfkd/synth/__init__.py"} <= wanted
    assert check["problems"]([*wanted, "echodfkd-0.1.0.dist-info/RECORD"], wanted) == []
    assert check["problems"]([*(wanted - {"echodfkd/clip.py"}), "eval/__init__.py"], wanted) == [
        "missing from the wheel: echodfkd/clip.py",
        "should not be in the wheel: eval/__init__.py",
    ]
