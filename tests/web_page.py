"""The exported page's own JavaScript, run in Node: what the page computes must be what `segment` computes."""

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

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


def wait(page: "Page", what: str, seconds: float = 240) -> None:
    """Until an expression is true on a page, whose policy allows no eval as Playwright's own waits need."""
    end = time.monotonic() + seconds
    while not page.evaluate(what):
        assert time.monotonic() < end, f"the page never came to {what}"
        page.wait_for_timeout(100)


def analysed(page: "Page", clip: Path) -> dict[str, Any]:
    """What the page finds in a clip that is handed to it: `problem` (its line) or `result`."""
    wait(page, "document.getElementById('status').hidden")
    page.evaluate("globalThis.before = echodfkd.result()")
    page.set_input_files("#file", clip)
    done = "echodfkd.result() !== before || !document.getElementById('problem').hidden"
    wait(page, f"document.getElementById('status').hidden && ({done})")
    if page.is_visible("#problem"):
        return {"problem": page.inner_text("#problem")}
    return dict(page.evaluate(RESULT))


RESULT = """
() => {
  const { view, probs, ...found } = echodfkd.result();
  const text = (bytes) => btoa(bytes.reduce((all, one) => all + String.fromCharCode(one), ''));
  return { ...found, probs: probs.map(text) };
}
"""


def masks(result: dict[str, Any], size: int = 112) -> np.ndarray:
    """The clean masks on the input's grid, bool (T, H, W), laid back as the page does it."""
    shape = (result["width"], result["height"])
    probs = [base64.b64decode(one) for one in result["probs"]]
    cases = ((prob, size, result["window"], *shape) for prob in probs)
    found = javascript("analyse.js", "layBack", *cases)
    assert [one["area"] for one in found] == result["area"]
    return np.stack([one["mask"].reshape(shape[::-1]) > 0 for one in found])
