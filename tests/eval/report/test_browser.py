"""The report of a real small evaluation in a real browser."""

import base64
import re
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from browser import HeadlessBrowser, Visit
from PIL import Image

from echodfkd.cli import main

SMALL = 3_000_000  # bytes
PHONE = 380  # pixels
CONTRAST = """
(chosen) => {
  const numbers = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (rgb) => rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
  const paper = light(numbers(getComputedStyle(document.body).backgroundColor));
  return [...document.querySelectorAll(chosen)].map(one => {
    const style = getComputedStyle(one);
    const ink = light(numbers(one.closest('svg') ? style.fill : style.color));
    return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
  });
}
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of the simulator, two students, and a judge that is validated."""
    root = tmp_path_factory.mktemp("report")
    clips, output = str(root / "clips"), root / "out"
    assert main(["synth", clips, "--clips", "3", "--frames", "16", "--fps", "12", "--quiet"]) == 0
    judge = ["--auxiliary", "simclip", "--validate-auxiliary"]
    line = ["eval", "tiny", "default", clips, *judge, "--device", "cpu", "--quiet"]
    assert main([*line, "--output", str(output)]) == 0
    return output / "report.html"


def test_nothing_is_logged_nothing_asked_for_and_every_picture_shows(
    browser: HeadlessBrowser, report: Path
) -> None:
    with browser.visit(report.as_uri()) as seen:
        assert seen.errors == []
        assert seen.requests == [report.as_uri()]
        pictures = seen.page.evaluate("[...document.images].map(one => one.complete && one.naturalWidth)")
        assert len(pictures) == 4  # three loops and the contact sheet
        assert min(pictures) > 0
        charts = "[...document.querySelectorAll('svg')].map(one => one.getBoundingClientRect())"
        boxes = seen.page.evaluate(f"{charts}.map(box => [box.width, box.height])")
        assert len(boxes) == 10
        assert all(width > 100 and height > 60 for width, height in boxes)


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone(browser: HeadlessBrowser, report: Path, dark: bool) -> None:
    with browser.visit(report.as_uri(), width=PHONE, dark=dark) as seen:
        for opened in (False, True):
            seen.page.evaluate(
                f"document.querySelectorAll('details').forEach(one => one.open = {str(opened).lower()})"
            )
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE
        wide = "[...document.querySelectorAll('.scroll')].some(one => one.scrollWidth > one.clientWidth)"
        assert seen.page.evaluate(wide)  # so it is the tables' own boxes that scroll


def test_light_and_dark_differ_and_both_can_be_read(browser: HeadlessBrowser, report: Path) -> None:
    papers = []
    for dark in (False, True):
        with browser.visit(report.as_uri(), dark=dark) as seen:
            papers.append(paper(seen))
            text = seen.page.evaluate(
                CONTRAST, "p:not(.warning), h1, h2, h3, figcaption, td, small, svg text"
            )
            assert len(text) > 100
            assert min(text) >= 4.5
    assert papers == ["rgb(255, 255, 255)", "rgb(16, 21, 29)"]


def test_it_prints_on_white_with_everything_unfolded(browser: HeadlessBrowser, report: Path) -> None:
    with browser.visit(report.as_uri(), dark=True) as seen:
        height = "Math.min(...[...document.querySelectorAll('details .blocks')].map(one => one.offsetHeight))"
        seen.page.emulate_media(media="print")
        assert paper(seen) == "rgb(255, 255, 255)"
        assert seen.page.evaluate(height) > 50
        assert seen.page.pdf().startswith(b"%PDF")


def test_it_moves_unless_the_reader_wants_no_motion(browser: HeadlessBrowser, report: Path) -> None:
    frames = []
    for still in (False, True):
        with browser.visit(report.as_uri(), still=still) as seen:
            source = seen.page.evaluate("document.querySelector('.loop img').currentSrc")
            picture = Image.open(BytesIO(base64.b64decode(source.split(",")[1])))
            frames.append(getattr(picture, "n_frames", 1))
    assert 10 < frames[0] <= 24
    assert frames[1] == 1


def test_headings_are_in_order_and_nothing_has_two_things_of_one_name(
    browser: HeadlessBrowser, report: Path
) -> None:
    with browser.visit(report.as_uri()) as seen:
        found = seen.page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map(one => +one.tagName[1])"
        )
        assert found[0] == 1
        assert found.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in pairwise(found))
        unnamed = "img:not([alt]), img[alt=''], [role=img]:not([aria-label]), th:not([scope])"
        assert seen.page.evaluate(f'document.querySelectorAll("{unnamed}").length') == 0


def test_it_is_small_and_says_what_it_must(report: Path) -> None:
    page = report.read_text(encoding="utf-8")
    assert len(page.encode()) < SMALL
    for heading in (
        "Scores", "Best, median and worst clip", "Model against model", "Ejection fraction and timing",
        "Size, speed and Dice", "Does the judge deserve trust?", "How each figure was computed", "Manifest",
    ):  # fmt: skip
        assert f"<h2>{heading}</h2>" in page
    assert page.count("not independent") >= 3
    assert re.search(r"echodfkd eval tiny default clips --auxiliary simclip", page)
    assert "DeepLabV3" in page


def paper(seen: Visit) -> str:
    """The colour of the page."""
    return str(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
