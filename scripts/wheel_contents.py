"""Check that a wheel holds the files of the four source folders and nothing else: wheel_contents.py WHEEL."""

import re
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 90_000_000  # bytes


def expected(root: Path = ROOT) -> set[str]:
    """Paths in the wheel of every source file, weight and template, by pyproject's package-dir."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    folders: dict[str, str] = project["tool"]["setuptools"]["package-dir"]
    return {
        f"{package.replace('.', '/')}/{path.relative_to(root / folder).as_posix()}"
        for package, folder in folders.items()
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def problems(names: Iterable[str], wanted: set[str]) -> list[str]:
    """What is missing from the wheel's `names` and what has no business there, a line each."""
    held = {name for name in names if not re.match(r"echodfkd-[^/]+\.dist-info/", name)}
    missing = [f"missing from the wheel: {name}" for name in sorted(wanted - held)]
    return missing + [f"should not be in the wheel: {name}" for name in sorted(held - wanted)]


def main(wheel: Path) -> int:
    """Print what is wrong with the wheel; 0 when nothing is."""
    found = problems(zipfile.ZipFile(wheel).namelist(), expected())
    size = wheel.stat().st_size
    if size > BUDGET:
        found.append(f"{wheel.name} has {size / 1e6:.1f} MB; the budget is {BUDGET / 1e6:.0f} MB")
    print("\n".join(found) or f"{wheel.name}: {len(expected())} files, {size / 1e6:.1f} MB, as it should be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
