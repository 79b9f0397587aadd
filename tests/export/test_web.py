"""The exported page in a real browser: what it finds is what `segment` finds, and nothing leaves it."""

import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest
from browser import HeadlessBrowser, Visit
from web_page import analysed, masks, wait

from echodfkd.readers import open_source
from echodfkd.readers.example import example_path
from echodfkd.segment.pipeline import Segmentation, segment
from echodfkd.students.onnx_segmenter import OnnxSegmenter
from echodfkd.synth.sim.generator import SimGenerator
from echodfkd.teachers import load_teacher

PHONE = 380  # pixels


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The real cine, a synthetic mp4, and a still picture as an mp4."""
    folder = tmp_path_factory.mktemp("clips")
    frames = SimGenerator(frames=64, size=128, fps=50.0).clip(2, 1).frames
    moving, still = folder / "moving.mp4", folder / "still.mp4"
    write_mp4(moving, frames, 50)
    write_mp4(still, np.repeat(frames[:1], 8, 0), 50)
    return {"cine": example_path(), "mp4": moving, "still": still}


def write_mp4(path: Path, frames: np.ndarray, rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "12"})
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode(None))


def by_segment(clip: Path) -> Segmentation:
    """`segment --model default`, its learned head with it."""
    return segment(open_source(clip), load_teacher("default", device="cpu", kind="model"))


def assert_agree(found: dict, ours: Segmentation) -> None:
    """Masks, and what a learned head made of them on both sides."""
    assert ours.result.ef_method == found["method"] == "learned-head:default"
    assert ours.result.ef_interval is not None
    assert found["interval"] == pytest.approx(ours.result.ef_interval, abs=1)
    sure = [beat["confidence"] for beat in found["beats"]]
    assert sure == pytest.approx([beat.confidence for beat in ours.result.beats], abs=0.05)
    theirs, own = masks(found), np.concatenate(list(ours.soft.masks()))
    dice = 2 * (theirs & own).sum((1, 2)) / np.maximum(theirs.sum((1, 2)) + own.sum((1, 2)), 1)
    assert theirs.shape == own.shape
    assert dice.mean() >= 0.99
    assert dice.min() >= 0.97
    assert found["ef"] == pytest.approx(ours.result.ef, abs=1)
    for kind, frames in (("ed", ours.result.ed_frames), ("es", ours.result.es_frames)):
        assert found["events"][kind] == pytest.approx(list(frames), abs=1)
    assert found["fps"] == pytest.approx(ours.result.fps, rel=1e-3)
    assert found["spacing"] == (
        None if ours.result.spacing_mm is None else pytest.approx(ours.result.spacing_mm)
    )


def test_it_finds_what_segment_finds_and_asks_nobody(
    browser: HeadlessBrowser, web_page, clips: dict[str, Path]
) -> None:
    with browser.visit(web_page.address) as seen:
        found = analysed(seen.page, clips["cine"])
        ours = by_segment(clips["cine"])
        assert_agree(found, ours)
        assert len(found["outlines"]) == len(ours.result)
        assert seen.errors == []
        assert all(address.startswith(web_page.address) for address in seen.requests)


def test_it_works_without_a_network_once_it_is_loaded_and_saves_what_it_found(
    browser: HeadlessBrowser, web_page, clips: dict[str, Path], tmp_path: Path
) -> None:
    with browser.visit(web_page.address) as seen:
        wait(seen.page, "document.getElementById('status').hidden")
        seen.page.context.set_offline(True)
        found = analysed(seen.page, clips["mp4"])
        saved = {}
        for kind in ("csv", "json", "png"):
            with seen.page.expect_download() as download:
                seen.page.click(f"#{kind}")
            assert download.value.suggested_filename == f"moving.{kind}" if kind != "csv" else True
            saved[kind] = tmp_path / f"saved.{kind}"
            download.value.save_as(saved[kind])
        assert any("spacing unknown" in line for line in found["warnings"])
        assert_settings_count(seen)
        assert seen.errors == []
    ours = by_segment(clips["mp4"])
    assert_agree(found, ours)
    exported = segment(open_source(clips["mp4"]), OnnxSegmenter(web_page.folder / "model.onnx")).result
    assert exported.ef_method == ours.result.ef_method
    assert exported.ef == pytest.approx(ours.result.ef, abs=0.5)
    rows = list(csv.DictReader(saved["csv"].open()))
    assert [float(row["area_px"]) for row in rows] == found["area"]
    assert [k for k, row in enumerate(rows) if row["event"] == "ED"] == found["events"]["ed"]
    figures = json.loads(saved["json"].read_text())
    assert figures["ef"] == pytest.approx(found["ef"], abs=0.01)
    assert figures["ef_interval"] == pytest.approx(found["interval"], abs=0.01)
    assert figures["ef_method"] == found["method"]
    assert set(figures) >= {
        "frames",
        "fps",
        "beats",
        "ed_frames",
        "heart_rate_bpm",
        "model",
        "warnings",
    }
    assert saved["png"].read_bytes().startswith(b"\x89PNG")


def assert_settings_count(seen: Visit) -> None:
    """Rate and spacing that the user says are computed with."""
    seen.page.click("summary")
    for field, value in (("fps", "25"), ("row", "0.5"), ("column", "0.5")):
        seen.page.fill(f"#{field}", value)
    seen.page.evaluate("globalThis.before = echodfkd.result()")
    seen.page.click("form button")
    wait(seen.page, "document.getElementById('status').hidden && echodfkd.result() !== before")
    after = seen.page.evaluate(
        "(({ fps, spacing, beats, warnings }) => ({ fps, spacing, beats, warnings }))(echodfkd.result())"
    )
    assert (after["fps"], after["spacing"]) == (25, [0.5, 0.5])
    assert all(beat["edvMl"] > beat["esvMl"] > 0 for beat in after["beats"])
    assert not any("spacing unknown" in line for line in after["warnings"])


def test_the_keyboard_does_it_all(browser: HeadlessBrowser, web_page, clips: dict[str, Path]) -> None:
    with browser.visit(web_page.address, still=True) as seen:
        page = seen.page
        wait(page, "document.getElementById('status').hidden")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "file"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "sample"
        page.keyboard.press("Enter")  # the clip that comes with the page
        wait(page, "document.getElementById('status').hidden && echodfkd.result() !== null")
        assert frame(seen) == 0  # no motion was asked for
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("ArrowRight")
        assert frame(seen) == 1
        events = page.evaluate("Object.values(echodfkd.result().events).flat()")
        assert events
        page.keyboard.press("n")
        assert frame(seen) in events
        page.keyboard.press("Space")
        wait(page, f"document.getElementById('seek').value != {frame(seen)}", 30)
        page.keyboard.press("Space")
        stopped = frame(seen)
        page.wait_for_timeout(300)
        assert frame(seen) == stopped
        page.keyboard.press("o")
        assert not page.is_checked("#outline")
        assert seen.errors == []


def frame(seen: Visit) -> int:
    return int(seen.page.evaluate("Number(document.getElementById('seek').value)"))


def test_it_fits_a_phone_by_day_and_by_night_and_takes_no_harm_from_bad_files(
    browser: HeadlessBrowser, web_page, clips: dict[str, Path], tmp_path: Path
) -> None:
    files = {"text.mp4": b"no video", "empty.dcm": b"", "cut.mp4": clips["mp4"].read_bytes()[:300]}
    with browser.visit(web_page.address, width=PHONE, still=True) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
            problem = analysed(seen.page, tmp_path / name)["problem"]
            assert problem.count("\n") == 0
            assert problem.startswith("This ")
        still = analysed(seen.page, clips["still"])
        assert still["ef"] is None
        assert any(line.startswith("Nothing moves") for line in still["warnings"])
        seen.page.click("summary")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE
        for scheme, paper in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(16, 21, 29)")):
            seen.page.emulate_media(color_scheme=scheme)
            assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == paper
        assert seen.errors == []


def test_opened_as_a_file_it_says_what_to_do(browser: HeadlessBrowser, web_page) -> None:
    with browser.visit((web_page.folder / "index.html").as_uri()) as seen:
        assert "python -m http.server" in seen.page.inner_text("#stage")


def test_a_browser_without_simd_is_told(browser: HeadlessBrowser, web_page) -> None:
    with browser.visit("about:blank") as seen:
        seen.page.add_init_script("WebAssembly.validate = () => false")
        seen.page.goto(web_page.address)
        assert "lacks WebAssembly SIMD" in seen.page.inner_text("#problem")
        assert seen.errors == []


def test_the_folder_holds_its_licences_and_fits_the_budget(web_page) -> None:
    page = (web_page.folder / "index.html").read_text(encoding="utf-8")
    assert "For research, not diagnosis" in page
    assert "MIT License" in (web_page.folder / "runtime" / "LICENSE.txt").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in (web_page.folder / "runtime").iterdir()) < 12_000_000
    facts = json.loads((web_page.folder / "export.json").read_text(encoding="utf-8"))
    assert facts["format"] == "web"
    assert facts["parity"]["dice"] >= 0.999
    lock = (Path(__file__).parents[2] / "echodfkd/export/web/package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
