"""The mapped folders have one name each, and the command line starts light."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ["torch", "cv2", "onnxruntime", "onnx", "matplotlib", "av", "decord", "pydicom", "scipy", "diffusers"]


def python(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-c", code]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", ["synth", "teachers", "eval"])
def test_bare_name_is_refused(name: str) -> None:
    """From the root, where the folder itself could be picked up."""
    done = python(f"import {name}", ROOT)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == f"ImportError: import this package as 'echodfkd.{name}', not as '{name}'"


@pytest.mark.parametrize("folder", ["root", "elsewhere"])
def test_mapped_names_import(folder: str, tmp_path: Path) -> None:
    code = "import echodfkd.synth, echodfkd.teachers, echodfkd.eval; print(echodfkd.synth.__name__)"
    done = python(code, ROOT if folder == "root" else tmp_path)
    assert (done.returncode, done.stdout) == (0, "echodfkd.synth\n"), done.stderr


@pytest.mark.parametrize("line", [["--help"], ["models", "--json"]])
def test_nothing_heavy_is_imported(line: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from echodfkd.cli import main; code = main(sys.argv[1:] or LINE); "
        f"heavy = set({HEAVY}) & set(sys.modules); print(heavy or '', file=sys.stderr); sys.exit(code)"
    )
    done = python(code.replace("LINE", repr(line)), tmp_path)
    assert (done.returncode, done.stderr) == (0, "\n")


def test_help_of_commands_is_light(tmp_path: Path) -> None:
    """Each command's own module and its --help import nothing heavy either."""
    code = (
        "import sys; from echodfkd.cli import COMMANDS, main\n"
        "for name in COMMANDS:\n"
        "    main([name, '--help'])\n"
        f"    heavy = set({HEAVY}) & set(sys.modules)\n"
        "    assert not heavy, (name, heavy)\n"
    )
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr
