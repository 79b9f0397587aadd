"""`echodfkd models`."""

import json

import pytest

from echodfkd.catalogue import catalogue
from echodfkd.cli import main


def test_json_has_every_entry_and_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [(e["kind"], e["name"]) for e in entries] == [(e.kind, e.name) for e in catalogue()]
    for entry in entries:
        assert {"what", "source", "licence", "bytes", "needs", "state", "ready"} <= entry.keys()
        assert entry["ready"] == (entry["state"] == "ready")


def test_table_is_not_cut_when_it_goes_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    assert "smp:ARCH:ENCODER" in out


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
