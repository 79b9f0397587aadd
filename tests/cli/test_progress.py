"""Progress: nothing for the quick, lines for logs, a bar for terminals."""

import io
import itertools
from collections.abc import Iterator

import pytest
from rich.console import Console

from echodfkd.cli import progress
from echodfkd.cli.progress import Bars, line, lines, tracker
from echodfkd.progress import silent


@pytest.fixture
def seconds_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock on which every look costs one second."""
    clock: Iterator[int] = itertools.count()
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))


def test_quick_loops_show_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(tracker(quiet=False)(range(5), "labelling")) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_quiet_is_silent() -> None:
    assert tracker(quiet=True) is silent


def test_slow_loops_print_plain_lines(seconds_pass: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Looks at the clock at seconds 1, 2, ...: a line at 2, another ten seconds later, one at the end."""
    assert len(list(lines(range(14), "labelling"))) == 14
    assert capsys.readouterr().err.splitlines() == [
        "labelling 2/14, 12 s left",
        "labelling 12/14, 2 s left",
        "labelling 14/14, took 15 s",
    ]


def test_lines_without_a_total(seconds_pass: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(list(lines(iter(c for c in "abc"), "reading"))) == 3
    assert capsys.readouterr().err.splitlines() == ["reading 2, 2 s so far", "reading 3/3, took 4 s"]


def test_line_says_the_time_left() -> None:
    assert line("labelling", 40, 200, 3.0) == "labelling 40/200, 12 s left"


def test_bar_appears_when_patience_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.05)
    shown = io.StringIO()
    bars = Bars(Console(file=shown, force_terminal=True, width=100))
    for clip in bars(range(2), "labelling"):
        for _ in bars("abc", "frames"):
            progress.time.sleep(0.05)
        assert clip < 2
    assert "labelling" in shown.getvalue()
    assert "1/2" in shown.getvalue()
    assert "frames" in shown.getvalue()
    assert bars.progress.tasks == []


def test_bar_of_an_abandoned_loop_is_taken_down() -> None:
    bars = Bars(Console(file=io.StringIO(), force_terminal=True))
    loop = bars(range(3), "labelling")
    assert next(loop) == 0
    assert len(bars.progress.tasks) == 1
    del loop
    assert bars.progress.tasks == []
