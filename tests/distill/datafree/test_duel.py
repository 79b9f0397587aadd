from pathlib import Path

import pytest
import torch
from dark_is_lv import easy_teacher

from echodfkd.distill.datafree.duel import Duel
from echodfkd.distill.datafree.plan import Plan, Terms
from echodfkd.distill.datafree.teacher import OpenTeacher
from echodfkd.errors import EchoError
from echodfkd.students.networks import build_network

SMALL = Plan(steps=40, batch=2, frames=2, ahead=2, room=8, warmup=2)


def duel(plan: Plan = SMALL) -> Duel:
    torch.manual_seed(0)
    return Duel(build_network("tiny"), OpenTeacher(easy_teacher()), plan, 32)


def test_the_artist_comes_near_the_statistics_and_fills_the_bank() -> None:
    ours = duel()
    first = ours.draw()
    for _ in range(30):
        last = ours.draw()
    assert last["statistics"] < first["statistics"] / 2
    assert last["area"] < 0.05
    assert len(ours.bank.frames) == 8


def test_drawing_leaves_the_student_alone_and_teaching_the_artist() -> None:
    ours = duel()
    weights = [p.clone() for p in ours.student.parameters()]
    ours.draw()
    assert all(torch.equal(a, b) for a, b in zip(weights, ours.student.parameters(), strict=True))
    drawing = [p.clone() for p in ours.artist.parameters()]
    ours.imitate()
    assert all(torch.equal(a, b) for a, b in zip(drawing, ours.artist.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(weights, ours.student.parameters(), strict=True))


def test_it_seeks_what_the_student_gets_wrong() -> None:
    """With that term alone the artist's clips get harder for a student that does not learn."""
    alone = Terms(statistics=0.0, area=0.0, doubt=0.0, discrepancy=1.0)
    ours = duel(Plan(batch=2, frames=2, terms=alone))
    found = [ours.draw()["discrepancy"] for _ in range(25)]
    assert sum(found[-5:]) > 1.2 * sum(found[:5])


def test_a_loss_that_is_not_finite_stops_it() -> None:
    ours = duel()
    with torch.no_grad():
        ours.artist.last.weight.fill_(float("nan"))  # type: ignore[union-attr, operator]
    with pytest.raises(EchoError, match="training diverged: the loss of step 0"):
        ours.turn()


def test_a_damaged_checkpoint_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(EchoError, match="cannot resume from"):
        duel().load(tmp_path / "last.pt")
