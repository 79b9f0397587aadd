"""The exported page's own JavaScript, run in Node: what the page computes must be what `segment` computes."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WEB = Path(__file__).parent.parent / "echodfkd" / "export" / "web"
CALL = Path(__file__).parent / "export" / "web" / "call.mjs"


def node() -> str:
    """Path of Node; without one the test is skipped."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no Node: install it to test the page's modules by themselves")
    return found


def javascript(module: str, name: str, *cases: tuple[Any, ...]) -> list[Any]:
    """What a function of one of the page's modules returns for each tuple of arguments.

    uint8 arrays go in and come out flat, as Uint8Array; other arrays as lists.
    """
    lines = [json.dumps({"module": module, "name": name, "args": case}, default=_encoded) for case in cases]
    command = [node(), str(CALL), str(WEB)]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line, object_hook=_decoded) for line in done.stdout.splitlines()]


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        value = np.frombuffer(value, np.uint8)
    value = np.asarray(value)
    if value.dtype in (np.uint8, np.bool_):
        return {"u8": base64.b64encode(value.astype(np.uint8).tobytes()).decode()}
    return value.tolist()


def _decoded(value: dict[str, Any]) -> Any:
    return np.frombuffer(base64.b64decode(value["u8"]), np.uint8) if set(value) == {"u8"} else value
