"""Put the browser runtime of the exported page into the package, from npm: web_runtime.py (needs npm).

The versions are those of echodfkd/export/web/package-lock.json, which names hashes, no addresses. To change
them, edit package.json and run there: `npm install --omit-lockfile-registry-resolved --package-lock-only`.
"""

import lzma
import shutil
import subprocess
import tempfile
from importlib.metadata import distribution
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "echodfkd" / "export" / "web"
RUNTIME = WEB / "runtime"
PLAIN, GPU = (
    "wasm",
    "webgpu",
)  # what browsers without WebGPU load, and those with it: a file more, half to load
SCRIPTS = {  # of onnxruntime-web's dist folder -> ours; .js, since every host knows what that is
    "ort.wasm.min.mjs": f"{PLAIN}.js",
    "ort-wasm-simd-threaded.mjs": f"{PLAIN}-loader.js",
    "ort.jspi.min.mjs": f"{GPU}.js",
    "ort-wasm-simd-threaded.jspi.mjs": f"{GPU}-loader.js",
}
PROGRAMS = {
    "ort-wasm-simd-threaded.wasm": f"{PLAIN}.xz",
    "ort-wasm-simd-threaded.jspi.wasm": f"{GPU}.xz",
}
NOTICES = ("LICENSE", "ThirdPartyNotices.txt")  # npm's package lacks them, PyPI's of the same source has them


def main() -> None:
    """Install from the lock into a temporary folder and copy what the page needs."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WEB / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
        dist = Path(folder, "node_modules", "onnxruntime-web", "dist")
        RUNTIME.mkdir(exist_ok=True)
        for theirs, ours in SCRIPTS.items():
            text = (dist / theirs).read_text(encoding="utf-8")
            lines = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL")]
            (RUNTIME / ours).write_text("\n".join(lines) + "\n", encoding="utf-8")
        for theirs, ours in PROGRAMS.items():
            packed = lzma.compress((dist / theirs).read_bytes(), preset=9 | lzma.PRESET_EXTREME)
            (RUNTIME / ours).write_bytes(packed)
    licences = distribution("onnxruntime").locate_file("onnxruntime")
    for name in NOTICES:
        shutil.copy(Path(str(licences)) / name, RUNTIME / f"{Path(name).stem}.txt")
    for path in sorted(RUNTIME.iterdir()):
        print(f"{path.stat().st_size:>10} {path.name}")


if __name__ == "__main__":
    main()
