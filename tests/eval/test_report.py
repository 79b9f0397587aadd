import re
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest
from moving_ellipse import MovingEllipse

from echodfkd.errors import EchoError
from echodfkd.eval.report import plots, sections
from echodfkd.eval.report.content import Cell, Fact, Report, Score, Table
from echodfkd.eval.report.page import render, write_report
from echodfkd.eval.report.pictures import animation, contact_sheet
from echodfkd.segment.result import BeatResult, ModelCard, SegmentResult

CLIPS = [MovingEllipse(size=64).clip(0, index) for index in range(5)]
ROWS = [{"step": step, "loss": 1 / (step + 1)} for step in range(1, 40)] + [{"step": 39, "agreement": 0.93}]
TRUE, FOUND = [50.0, 60.0, 40.0, 65.0], [51.0, 58.0, 44.0, 66.0]
ERRORS = {"ED": [0, 1, -2, 0], "ES": [1, 1, 0]}


def result(**changes: object) -> SegmentResult:
    fields: dict = {
        "name": "cine",
        "fps": 30.0,
        "spacing_mm": (1.0, 1.0),
        "ed_frames": (4,),
        "es_frames": (14,),
        "area_px": 2000 + 600 * np.cos(2 * np.pi * (np.arange(30) - 4) / 20),
        "beats": (BeatResult(4, 14, 57.8, True, 90.0, 38.0, 80.0),),
        "ef": 57.8,
        "heart_rate_bpm": 90.0,
        "convention": "echonet",
        "orientation": "as stored",
        "model": ModelCard("default", "ab" * 32, "real-free"),
    }
    return SegmentResult(**(fields | changes))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "x.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=50)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        for grey in range(0, 200, 10):
            picture = np.full((64, 128, 3), grey, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def page(video: Path) -> str:
    scores = [
        Score("Dice per image", "student", 0.9123, 0.901, 0.92, 64, definition="mean over images"),
        Score("Parameters", "student", 611_185, digits=0),
        Score("Dice per image", "teacher", 0.9224, definition="mean over images"),
    ]
    parts = (
        sections.synthetic_samples(CLIPS, "Drawn from a seed."),
        sections.training(ROWS, "1,000 steps."),
        sections.scores(scores, "In short: <close> & good."),
        sections.ef_and_events(TRUE, FOUND, ERRORS, ""),
        sections.real_clip(result(), video, "A cine."),
        sections.manifest({"seed": 3, "teacher": {"name": "sim", "sha256": None}, "sizes": [1, 2]}),
    )
    return render(Report("Title", "Lead.", parts, (Fact("EF", "58 %", "note"),), made="echodfkd 0"))


class Outline(HTMLParser):
    """Tags that are open, texts of headings, and addresses that the page would ask for."""

    void = frozenset({"meta", "link", "img", "source", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [
            value or "" for key, value in attrs if key in {"src", "srcset", "href", "xlink:href"}
        ]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    return parser


def test_the_page_is_whole_and_asks_for_nothing(page: str) -> None:
    found = outline(page)
    assert found.open == []
    assert "script" not in found.seen
    assert found.addresses
    assert all(re.match(r"data:|#", address) for address in found.addresses)
    assert not re.search(r"url\(\s*['\"]?(?!#|data:)", page)
    assert "@import" not in page


def test_the_page_says_that_it_is_not_for_diagnosis(page: str) -> None:
    assert page.count("Research use only, not for diagnosis.") == 2  # above and below
    assert "real-free" in page


def test_it_suits_phones_dark_rooms_and_paper(page: str) -> None:
    assert 'name="viewport" content="width=device-width' in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert 'media="print, (prefers-reduced-motion: reduce)"' in page


def test_texts_are_escaped(page: str) -> None:
    assert "In short: &lt;close&gt; &amp; good." in page


def test_pictures_and_charts_have_words_for_those_who_cannot_see(page: str) -> None:
    assert page.count("<img") == len(re.findall(r'<img [^>]*alt="[^"]+"', page)) == 2
    assert page.count("<svg") == len(re.findall(r'role="img" aria-label="[^"]+"', page)) == 5


def test_the_page_is_the_same_every_time(page: str) -> None:
    def again() -> str:
        return render(Report("T", "L", (sections.training(ROWS, ""), sections.synthetic_samples(CLIPS, ""))))

    assert again() == again()


def test_write_report(tmp_path: Path) -> None:
    write_report(Report("T", "L", ()), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_score_table_puts_metrics_below_and_comparisons_beside_each_other() -> None:
    table = sections.score_table(
        [
            Score("Dice", "student", 0.9123, 0.901, 0.92, 64, definition="how"),
            Score("Parameters", "teacher", 39_800_000, digits=0),
            Score("ED error", "student", None, unit="frames", digits=1),
        ]
    )
    assert table.columns == ("", "student", "teacher")
    assert table.rows[0] == (Cell("Dice", "how"), Cell("0.912", "0.901 to 0.920, n = 64"), Cell("–"))
    assert table.rows[1][2] == Cell("39,800,000")
    assert table.rows[2][1] == Cell("–")


def test_a_score_with_a_unit() -> None:
    assert sections.score_text(Score("ED", "s", 2.04, unit="frames", digits=1)) == "2.0 frames"


def test_a_table_with_uneven_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells under 2 column heads"):
        Table(("a", "b"), ((Cell("x"),),))


def test_manifest_entries_are_flat() -> None:
    (table,) = sections.manifest(
        {"seed": 3, "teacher": {"name": "sim", "sha256": None}, "sizes": [1, 2]}
    ).blocks
    assert isinstance(table, Table)
    shown = [(name.text, value.text) for name, value in table.rows]
    assert shown == [("seed", "3"), ("teacher.name", "sim"), ("teacher.sha256", "–"), ("sizes", "1, 2")]


def test_result_table_says_what_ef_rests_on() -> None:
    rows = {head.text: cell for head, cell in sections.result_table(result()).rows}
    assert rows["Ejection fraction"] == Cell("58 %", "MOD-A4C, 1 complete beat")
    assert rows["Heart rate"].text == "90 per minute"
    assert rows["Remarks"].text == "None."
    nothing = result(ef=None, beats=(), heart_rate_bpm=None, ed_frames=(), warnings=("no LV found",))
    rows = {head.text: cell for head, cell in sections.result_table(nothing).rows}
    assert rows["Ejection fraction"] == Cell("–", "no beat found")
    assert rows["Remarks"].text == "no LV found"


@pytest.mark.parametrize(
    "svg",
    [
        pytest.param(lambda: plots.area_curve(result()), id="area"),
        pytest.param(lambda: plots.training_curve(ROWS), id="training"),
        pytest.param(lambda: plots.ef_scatter(TRUE, FOUND), id="scatter"),
        pytest.param(lambda: plots.bland_altman(TRUE, FOUND), id="bland-altman"),
        pytest.param(lambda: plots.event_histogram(ERRORS), id="events"),
        pytest.param(lambda: plots.event_histogram({"ED": [12.5, -30.0]}, "ms"), id="events in ms"),
    ],
)
def test_charts_are_one_svg_in_the_pages_ink(svg: object) -> None:
    text = svg()  # type: ignore[operator]
    assert text.startswith("<svg")
    assert text.rstrip().endswith("</svg>")
    assert outline(text).open == []
    assert "currentColor" in text
    assert plots.INK not in text
    head = text[: text.index(">")]
    assert "viewBox" in head
    assert not re.search(r" (width|height)=", head)  # as wide as its column


def test_bland_altman_states_bias_and_limits() -> None:
    # differences 1, -2, 4, 1: mean 1, sample standard deviation sqrt(18 / 3) = 2.449, times 1.96 = 4.80
    text = plots.bland_altman(TRUE, FOUND)
    for label in ("bias", "+1.0", "+1.96 SD", "+5.8", "−1.96 SD", "−3.8"):
        assert f">{label}<" in text


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.ef_scatter([1.0], [1.0, 2.0]), r"EF can be compared for pairs only: \(1,\) true"),
        (lambda: plots.ef_scatter([], []), "pairs only"),
        (lambda: plots.event_histogram({"ED": [], "ES": []}), "no event was matched"),
        (lambda: plots.training_curve([{"step": 1}]), "no row has a step and a loss"),
        (lambda: contact_sheet([]), "no clip"),
    ],
)
def test_nothing_to_draw_is_said(draw: object, message: str) -> None:
    with pytest.raises(EchoError, match=message):
        draw()  # type: ignore[operator]


def test_ef_and_events_leaves_out_what_there_is_not() -> None:
    assert len(sections.ef_and_events([], [], ERRORS, "").blocks) == 1
    assert len(sections.ef_and_events(TRUE, FOUND, {"ED": [], "ES": []}, "").blocks) == 2


def test_an_animation_and_its_still(video: Path) -> None:
    moving, still = animation(video, seconds=0.2)
    assert moving.startswith("data:image/webp;base64,")
    assert len(moving) > len(still) > 100
